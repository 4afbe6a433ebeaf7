// RUN: pebble-opt %s --form-integer-layers | FileCheck %s

!x = !quant.uniform<u8:f32, 0.5:128>
!w = !quant.uniform<i8:f32, 0.25>
!b = !quant.uniform<i32:f32, 0.125>
!y = !quant.uniform<i8:f32, 1.0:-128>
!z = !quant.uniform<i8:f32, 1.0:3>

// Relu is a bound: the code of 0 is 3.
// CHECK-LABEL: @conv_relu
// CHECK: qnn.conv %arg0, %{{.*}} bias(%{{.*}}) {{.*}}low = 3 : i64
// CHECK-NOT: nn.relu
func.func @conv_relu(%x: tensor<1x3x8x8x!x>) -> tensor<1x4x8x8x!z> {
  %wc = nn.constant dense<1> : tensor<4x3x1x1xi8>
  %bc = nn.constant dense<7> : tensor<4xi32>
  %wq = qnn.storage_cast %wc : tensor<4x3x1x1xi8> -> tensor<4x3x1x1x!w>
  %bq = qnn.storage_cast %bc : tensor<4xi32> -> tensor<4x!b>
  %xf = qnn.dequantize %x : tensor<1x3x8x8x!x> -> tensor<1x3x8x8xf32>
  %wf = qnn.dequantize %wq : tensor<4x3x1x1x!w> -> tensor<4x3x1x1xf32>
  %bf = qnn.dequantize %bq : tensor<4x!b> -> tensor<4xf32>
  %y = nn.conv %xf, %wf bias(%bf) {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>,
      pads = array<i64: 0, 0, 0, 0>, group = 1 : i64, auto_pad = 0 : i64}
      : (tensor<1x3x8x8xf32>, tensor<4x3x1x1xf32>, tensor<4xf32>) -> tensor<1x4x8x8xf32>
  %r = nn.relu %y : (tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
  %q = qnn.quantize %r : tensor<1x4x8x8xf32> -> tensor<1x4x8x8x!z>
  return %q : tensor<1x4x8x8x!z>
}

// A relu at the lowest code changes nothing.
// CHECK-LABEL: @matmul_relu
// CHECK: qnn.matmul %arg0, %{{.*}} :
func.func @matmul_relu(%x: tensor<2x3x!x>) -> tensor<2x4x!y> {
  %wc = nn.constant dense<1> : tensor<3x4xi8>
  %wq = qnn.storage_cast %wc : tensor<3x4xi8> -> tensor<3x4x!w>
  %xf = qnn.dequantize %x : tensor<2x3x!x> -> tensor<2x3xf32>
  %wf = qnn.dequantize %wq : tensor<3x4x!w> -> tensor<3x4xf32>
  %y = nn.matmul %xf, %wf : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<2x4xf32>
  %r = nn.relu %y : (tensor<2x4xf32>) -> tensor<2x4xf32>
  %q = qnn.quantize %r : tensor<2x4xf32> -> tensor<2x4x!y>
  return %q : tensor<2x4x!y>
}

// The f32 sum is a result, too.
// CHECK-LABEL: @used_otherwise
// CHECK-NOT: qnn.matmul
func.func @used_otherwise(%x: tensor<2x3x!x>) -> (tensor<2x4x!y>, tensor<2x4xf32>) {
  %wc = nn.constant dense<1> : tensor<3x4xi8>
  %wq = qnn.storage_cast %wc : tensor<3x4xi8> -> tensor<3x4x!w>
  %xf = qnn.dequantize %x : tensor<2x3x!x> -> tensor<2x3xf32>
  %wf = qnn.dequantize %wq : tensor<3x4x!w> -> tensor<3x4xf32>
  %y = nn.matmul %xf, %wf : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<2x4xf32>
  %q = qnn.quantize %y : tensor<2x4xf32> -> tensor<2x4x!y>
  return %q, %y : tensor<2x4x!y>, tensor<2x4xf32>
}

// CHECK-LABEL: @weights_at_run_time
// CHECK-NOT: qnn.matmul
func.func @weights_at_run_time(%x: tensor<2x3x!x>, %w: tensor<3x4x!w>) -> tensor<2x4x!y> {
  %xf = qnn.dequantize %x : tensor<2x3x!x> -> tensor<2x3xf32>
  %wf = qnn.dequantize %w : tensor<3x4x!w> -> tensor<3x4xf32>
  %y = nn.matmul %xf, %wf : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<2x4xf32>
  %q = qnn.quantize %y : tensor<2x4xf32> -> tensor<2x4x!y>
  return %q : tensor<2x4x!y>
}

// CHECK-LABEL: @other_layers
// CHECK: qnn.add %arg0, %arg1
// CHECK: qnn.mul %arg0, %arg1 {high = 5 : i64, low = 1 : i64}
// CHECK: qnn.softmax %arg0 {axis = 1 : i64}
// CHECK: qnn.concat %arg0, %arg1 {axis = 0 : i64}
func.func @other_layers(%a: tensor<2x4x!x>, %b: tensor<2x4x!y>)
    -> (tensor<2x4x!z>, tensor<2x4x!z>, tensor<2x4x!z>, tensor<4x4x!z>) {
  %low = nn.constant dense<-2.0> : tensor<f32>
  %high = nn.constant dense<2.0> : tensor<f32>
  %af = qnn.dequantize %a : tensor<2x4x!x> -> tensor<2x4xf32>
  %bf = qnn.dequantize %b : tensor<2x4x!y> -> tensor<2x4xf32>
  %s = nn.add %af, %bf : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  %sq = qnn.quantize %s : tensor<2x4xf32> -> tensor<2x4x!z>
  %p = nn.mul %af, %bf : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  %pl = nn.max %p, %low : (tensor<2x4xf32>, tensor<f32>) -> tensor<2x4xf32>
  %ph = nn.min %pl, %high : (tensor<2x4xf32>, tensor<f32>) -> tensor<2x4xf32>
  %pq = qnn.quantize %ph : tensor<2x4xf32> -> tensor<2x4x!z>
  %m = nn.softmax %af {axis = 1 : i64} : (tensor<2x4xf32>) -> tensor<2x4xf32>
  %mq = qnn.quantize %m : tensor<2x4xf32> -> tensor<2x4x!z>
  %c = nn.concat %af, %bf {axis = 0 : i64} : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<4x4xf32>
  %cq = qnn.quantize %c : tensor<4x4xf32> -> tensor<4x4x!z>
  return %sq, %pq, %mq, %cq : tensor<2x4x!z>, tensor<2x4x!z>, tensor<2x4x!z>, tensor<4x4x!z>
}

// CHECK-LABEL: @pools
// CHECK: qnn.avg_pool %arg0
// CHECK: qnn.global_avg_pool %arg0
func.func @pools(%a: tensor<1x3x8x8x!x>) -> (tensor<1x3x4x4x!y>, tensor<1x3x1x1x!y>) {
  %axes = nn.constant dense<[2, 3]> : tensor<2xi64>
  %af = qnn.dequantize %a : tensor<1x3x8x8x!x> -> tensor<1x3x8x8xf32>
  %p = nn.avg_pool %af {kernel_shape = array<i64: 2, 2>, strides = array<i64: 2, 2>,
      dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, ceil_mode = false,
      auto_pad = 0 : i64, count_include_pad = false} : (tensor<1x3x8x8xf32>) -> tensor<1x3x4x4xf32>
  %pq = qnn.quantize %p : tensor<1x3x4x4xf32> -> tensor<1x3x4x4x!y>
  %m = nn.reduce_mean %af, %axes {keepdims = true} : (tensor<1x3x8x8xf32>, tensor<2xi64>) -> tensor<1x3x1x1xf32>
  %mq = qnn.quantize %m : tensor<1x3x1x1xf32> -> tensor<1x3x1x1x!y>
  return %pq, %mq : tensor<1x3x4x4x!y>, tensor<1x3x1x1x!y>
}

// CHECK-LABEL: @two_activations
// CHECK: qnn.batch_matmul %arg0, %arg1
func.func @two_activations(%a: tensor<2x3x4x!x>, %b: tensor<2x4x5x!x>) -> tensor<2x3x5x!y> {
  %af = qnn.dequantize %a : tensor<2x3x4x!x> -> tensor<2x3x4xf32>
  %bf = qnn.dequantize %b : tensor<2x4x5x!x> -> tensor<2x4x5xf32>
  %y = nn.matmul %af, %bf : (tensor<2x3x4xf32>, tensor<2x4x5xf32>) -> tensor<2x3x5xf32>
  %q = qnn.quantize %y : tensor<2x3x5xf32> -> tensor<2x3x5x!y>
  return %q : tensor<2x3x5x!y>
}

// Stride 2 has four phases; each output channel is four of a convolution, put between each other.
// CHECK-LABEL: @transposed
// CHECK: %[[W:.*]] = nn.constant dense<{{.*}}1{{.*}}2{{.*}}3{{.*}}4{{.*}}> : tensor<4x1x1x1xi8>
// CHECK: %[[C:.*]] = qnn.conv %arg0, %{{.*}} -> tensor<1x4x3x3x!quant
// CHECK: nn.transpose %{{.*}} {permutation = array<i64: 0, 1, 4, 2, 5, 3>}
// CHECK: nn.slice {{.*}} -> tensor<1x1x6x6xi8>
func.func @transposed(%x: tensor<1x1x3x3x!x>) -> tensor<1x1x6x6x!y> {
  %wc = nn.constant dense<[[[[1, 2], [3, 4]]]]> : tensor<1x1x2x2xi8>
  %wq = qnn.storage_cast %wc : tensor<1x1x2x2xi8> -> tensor<1x1x2x2x!w>
  %xf = qnn.dequantize %x : tensor<1x1x3x3x!x> -> tensor<1x1x3x3xf32>
  %wf = qnn.dequantize %wq : tensor<1x1x2x2x!w> -> tensor<1x1x2x2xf32>
  %y = nn.conv_transpose %xf, %wf {strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>,
      pads = array<i64: 0, 0, 0, 0>, output_padding = array<i64: 0, 0>, output_shape = array<i64>,
      group = 1 : i64, auto_pad = 0 : i64}
      : (tensor<1x1x3x3xf32>, tensor<1x1x2x2xf32>) -> tensor<1x1x6x6xf32>
  %q = qnn.quantize %y : tensor<1x1x6x6xf32> -> tensor<1x1x6x6x!y>
  return %q : tensor<1x1x6x6x!y>
}
