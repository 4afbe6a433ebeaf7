// RUN: pebble-opt %s --propagate-qdq | FileCheck %s

!q = !quant.uniform<i8:f32, 0.5:3>

// CHECK-LABEL: @transpose
// CHECK: %[[C:.*]] = qnn.storage_cast %{{.*}} : tensor<2x3x!quant.uniform{{.*}}> -> tensor<2x3xi8>
// CHECK: %[[T:.*]] = nn.transpose %[[C]] {{.*}} : (tensor<2x3xi8>) -> tensor<3x2xi8>
// CHECK: %[[Q:.*]] = qnn.storage_cast %[[T]]
// CHECK: qnn.dequantize %[[Q]] {{.*}} -> tensor<3x2xf32>
func.func @transpose(%x: tensor<2x3x!q>) -> tensor<3x2xf32> {
  %f = qnn.dequantize %x : tensor<2x3x!q> -> tensor<2x3xf32>
  %t = nn.transpose %f {permutation = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  return %t : tensor<3x2xf32>
}

// Scales of a dim move with the dim.
// CHECK-LABEL: @axis
// CHECK: qnn.dequantize %{{.*}} : tensor<3x2x!quant.uniform<i8:f32:1, {{.*}}>> -> tensor<3x2xf32>
func.func @axis(%x: tensor<2x3x!quant.uniform<i8:f32:0, {0.5, 0.25}>>) -> tensor<3x2xf32> {
  %f = qnn.dequantize %x : tensor<2x3x!quant.uniform<i8:f32:0, {0.5, 0.25}>> -> tensor<2x3xf32>
  %t = nn.transpose %f {permutation = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  return %t : tensor<3x2xf32>
}

// CHECK-LABEL: @hoist
// CHECK: %[[R:.*]] = nn.exp
// CHECK: %[[Q:.*]] = qnn.quantize %[[R]] : tensor<2x3xf32>
// CHECK: nn.transpose {{.*}} : (tensor<2x3xi8>) -> tensor<3x2xi8>
func.func @hoist(%x: tensor<2x3xf32>) -> tensor<3x2x!q> {
  %e = nn.exp %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %t = nn.transpose %e {permutation = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  %q = qnn.quantize %t : tensor<3x2xf32> -> tensor<3x2x!q>
  return %q : tensor<3x2x!q>
}

// CHECK-LABEL: @concat
// CHECK: nn.concat {{.*}} : (tensor<2xi8>, tensor<2xi8>) -> tensor<4xi8>
func.func @concat(%x: tensor<2x!q>, %y: tensor<2x!q>) -> tensor<4xf32> {
  %a = qnn.dequantize %x : tensor<2x!q> -> tensor<2xf32>
  %b = qnn.dequantize %y : tensor<2x!q> -> tensor<2xf32>
  %c = nn.concat %a, %b {axis = 0 : i64} : (tensor<2xf32>, tensor<2xf32>) -> tensor<4xf32>
  return %c : tensor<4xf32>
}

// Zeros are the zero point.
// CHECK-LABEL: @pad
// CHECK: %[[Z:.*]] = nn.constant dense<3> : tensor<i8>
// CHECK: nn.pad %{{.*}}, %{{.*}} value(%[[Z]])
func.func @pad(%x: tensor<2x!q>) -> tensor<4xf32> {
  %p = nn.constant dense<[1, 1]> : tensor<2xi64>
  %a = qnn.dequantize %x : tensor<2x!q> -> tensor<2xf32>
  %c = nn.pad %a, %p {mode = 0 : i64} : (tensor<2xf32>, tensor<2xi64>) -> tensor<4xf32>
  return %c : tensor<4xf32>
}

// Order is kept.
// CHECK-LABEL: @arg_max
// CHECK: %[[C:.*]] = qnn.storage_cast %arg0
// CHECK: nn.arg_max %[[C]] {{.*}} : (tensor<2x3xi8>) -> tensor<2xi64>
func.func @arg_max(%x: tensor<2x3x!q>) -> tensor<2xi64> {
  %f = qnn.dequantize %x : tensor<2x3x!q> -> tensor<2x3xf32>
  %r = nn.arg_max %f {axis = 1 : i64, keepdims = false, select_last_index = false}
      : (tensor<2x3xf32>) -> tensor<2xi64>
  return %r : tensor<2xi64>
}

// 1.5 is the number of code 6; 0.3 is that of none.
// CHECK-LABEL: @select
// CHECK: %[[S:.*]] = nn.constant dense<6> : tensor<i8>
// CHECK: nn.select %{{.*}}, %{{.*}}, %[[S]] : (tensor<2xi1>, tensor<2xi8>, tensor<i8>) -> tensor<2xi8>
// CHECK: nn.select {{.*}} -> tensor<2xf32>
func.func @select(%c: tensor<2xi1>, %x: tensor<2x!q>) -> (tensor<2xf32>, tensor<2xf32>) {
  %exact = nn.constant dense<1.5> : tensor<f32>
  %other = nn.constant dense<0.3> : tensor<f32>
  %f = qnn.dequantize %x : tensor<2x!q> -> tensor<2xf32>
  %a = nn.select %c, %f, %exact : (tensor<2xi1>, tensor<2xf32>, tensor<f32>) -> tensor<2xf32>
  %b = nn.select %c, %f, %other : (tensor<2xi1>, tensor<2xf32>, tensor<f32>) -> tensor<2xf32>
  return %a, %b : tensor<2xf32>, tensor<2xf32>
}

// A pool between a convolution and its quantization would keep the convolution in f32.
// CHECK-LABEL: @pool
// CHECK: %[[C:.*]] = nn.conv
// CHECK: qnn.quantize %[[C]]
// CHECK: nn.max_pool {{.*}}xi8>
func.func @pool(%x: tensor<1x1x4x4xf32>) -> tensor<1x1x2x2x!q> {
  %w = nn.constant dense<1.0> : tensor<1x1x1x1xf32>
  %y = nn.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>,
      pads = array<i64: 0, 0, 0, 0>, group = 1 : i64, auto_pad = 0 : i64}
      : (tensor<1x1x4x4xf32>, tensor<1x1x1x1xf32>) -> tensor<1x1x4x4xf32>
  %p = nn.max_pool %y {kernel_shape = array<i64: 2, 2>, strides = array<i64: 2, 2>,
      dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, ceil_mode = false,
      auto_pad = 0 : i64} : (tensor<1x1x4x4xf32>) -> tensor<1x1x2x2xf32>
  %q = qnn.quantize %p : tensor<1x1x2x2xf32> -> tensor<1x1x2x2x!q>
  return %q : tensor<1x1x2x2x!q>
}
