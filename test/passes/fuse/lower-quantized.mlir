// RUN: pebble-opt %s --lower-quantized | FileCheck %s

!x = !quant.uniform<i8:f32, 0.5:-1>
!w = !quant.uniform<i8:f32:0, {0.25, 0.5}>
!y = !quant.uniform<i8:f32, 1.0>

// Codes are held with 128 added: the zero points become 127 and 128. The bias is
// -127 * (1 + 2 + 3) for the first channel.
// CHECK-LABEL: @conv
// CHECK: %[[F:.*]] = nn.bitwise_xor
// CHECK: %[[I:.*]] = nn.transpose %[[F]] {permutation = array<i64: 0, 2, 3, 1>}
// CHECK-DAG: %[[B:.*]] = nn.constant dense<[-762, -1905, 0, {{.*}}]> : tensor<16xi32>
// CHECK-DAG: %[[M:.*]] = nn.constant dense<[1.250000e-01, 2.500000e-01, 0.000000e+00, {{.*}}]> : tensor<16xf32>
// CHECK: %[[R:.*]] = qnn.conv_packed %[[I]], %{{.*}}, %[[B]], %[[M]] {{.*}}high = 255 : i64, input_zero_point = 127 : i64, {{.*}}low = 128 : i64, {{.*}}zero_point = 128 : i64
// CHECK: nn.transpose %[[R]] {permutation = array<i64: 0, 3, 1, 2>}
func.func @conv(%x: tensor<1x3x4x4xi8>) -> tensor<1x2x4x4xi8> {
  %wc = nn.constant dense<[[[[1]], [[2]], [[3]]], [[[4]], [[5]], [[6]]]]> : tensor<2x3x1x1xi8>
  %xq = qnn.storage_cast %x : tensor<1x3x4x4xi8> -> tensor<1x3x4x4x!x>
  %wq = qnn.storage_cast %wc : tensor<2x3x1x1xi8> -> tensor<2x3x1x1x!w>
  %y = qnn.conv %xq, %wq {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>,
      pads = array<i64: 0, 0, 0, 0>, group = 1 : i64, auto_pad = 0 : i64, low = 0 : i64}
      : (tensor<1x3x4x4x!x>, tensor<2x3x1x1x!w>) -> tensor<1x2x4x4x!y>
  %c = qnn.storage_cast %y : tensor<1x2x4x4x!y> -> tensor<1x2x4x4xi8>
  return %c : tensor<1x2x4x4xi8>
}

// Signed codes between layers never exist: the transpose moves unsigned ones.
// CHECK-LABEL: @between
// CHECK-NOT: xi8>
// CHECK: nn.transpose {{.*}} : (tensor<2x3xui8>) -> tensor<3x2xui8>
// CHECK: return
func.func @between(%x: tensor<2x3xf32>) -> tensor<3x2xf32> {
  %q = qnn.quantize %x : tensor<2x3xf32> -> tensor<2x3x!x>
  %c = qnn.storage_cast %q : tensor<2x3x!x> -> tensor<2x3xi8>
  %t = nn.transpose %c {permutation = array<i64: 1, 0>} : (tensor<2x3xi8>) -> tensor<3x2xi8>
  %r = qnn.storage_cast %t : tensor<3x2xi8> -> tensor<3x2x!x>
  %f = qnn.dequantize %r : tensor<3x2x!x> -> tensor<3x2xf32>
  return %f : tensor<3x2xf32>
}

// Weights of layers that stay in f32 are constants.
// CHECK-LABEL: @weights
// CHECK: nn.constant dense<[-2.500000e-01, 5.000000e-01]> : tensor<2xf32>
func.func @weights() -> tensor<2xf32> {
  %c = nn.constant dense<[-1, 1]> : tensor<2xi8>
  %q = qnn.storage_cast %c : tensor<2xi8> -> tensor<2x!w>
  %f = qnn.dequantize %q : tensor<2x!w> -> tensor<2xf32>
  return %f : tensor<2xf32>
}

// Weights of 9 bits once their zero point is taken off do not fit the kernels.
// CHECK-LABEL: @wide_weights
// CHECK: nn.matmul {{.*}} : (tensor<2x2xi32>, tensor<2x1xi32>) -> tensor<2x1xi32>
func.func @wide_weights(%x: tensor<2x2xui8>) -> tensor<2x1xui8> {
  %wc = nn.constant dense<[[0], [255]]> : tensor<2x1xui8>
  %xq = qnn.storage_cast %x : tensor<2x2xui8> -> tensor<2x2x!quant.uniform<u8:f32, 0.5:3>>
  %wq = qnn.storage_cast %wc : tensor<2x1xui8> -> tensor<2x1x!quant.uniform<u8:f32, 0.5:3>>
  %y = qnn.matmul %xq, %wq : (tensor<2x2x!quant.uniform<u8:f32, 0.5:3>>,
      tensor<2x1x!quant.uniform<u8:f32, 0.5:3>>) -> tensor<2x1x!quant.uniform<u8:f32, 1.0>>
  %c = qnn.storage_cast %y : tensor<2x1x!quant.uniform<u8:f32, 1.0>> -> tensor<2x1xui8>
  return %c : tensor<2x1xui8>
}

// CHECK-LABEL: @max_pool
// CHECK: qnn.max_bytes
func.func @max_pool(%x: tensor<1x3x8x8xui8>) -> tensor<1x3x4x4xui8> {
  %r = nn.max_pool %x {kernel_shape = array<i64: 2, 2>, strides = array<i64: 2, 2>,
      dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, ceil_mode = false,
      auto_pad = 0 : i64} : (tensor<1x3x8x8xui8>) -> tensor<1x3x4x4xui8>
  return %r : tensor<1x3x4x4xui8>
}

// A pool that no kernel computes rounds as the kernels do, with the zero point added, and keeps its
// bounds.
// CHECK-LABEL: @line_pool
// CHECK: %[[M:.*]] = nn.avg_pool
// CHECK: %[[S:.*]] = nn.div %[[M]], %{{.*}}
// CHECK: %[[Z:.*]] = nn.add %[[S]], %{{.*}}
// CHECK: %[[R:.*]] = nn.round %[[Z]]
// CHECK: nn.max
// CHECK: nn.cast
func.func @line_pool(%x: tensor<1x3x8xui8>) -> tensor<1x3x7xui8> {
  %q = qnn.storage_cast %x : tensor<1x3x8xui8> -> tensor<1x3x8x!quant.uniform<u8:f32, 0.5:7>>
  %r = qnn.avg_pool %q {kernel_shape = array<i64: 2>, strides = array<i64: 1>,
      dilations = array<i64: 1>, pads = array<i64: 0, 0>, ceil_mode = false, auto_pad = 0 : i64,
      count_include_pad = false, low = 100 : i64} : (tensor<1x3x8x!quant.uniform<u8:f32, 0.5:7>>)
      -> tensor<1x3x7x!quant.uniform<u8:f32, 0.25:100>>
  %c = qnn.storage_cast %r : tensor<1x3x7x!quant.uniform<u8:f32, 0.25:100>> -> tensor<1x3x7xui8>
  return %c : tensor<1x3x7xui8>
}

// Weights of 4 bits stay two a byte: step 0 and 4 of the reduction share one. Their codes, 0 to 15,
// stand for numbers from -2 on.
// CHECK-LABEL: @half_bytes
// CHECK-DAG: %[[W:.*]] = nn.constant dense<{{.*}}[65, 34, 35, 36]{{.*}}> : tensor<1x1x1x16x4xui8>
// CHECK-DAG: %[[T:.*]] = nn.constant dense<[-2, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]> : tensor<16xi8>
// CHECK: qnn.conv_packed %{{.*}}, %[[W]], %{{.*}}, %{{.*}}, %[[T]]
func.func @half_bytes(%x: tensor<2x5xui8>) -> tensor<2x1xui8> {
  %wc = nn.constant dense<[[1], [2], [3], [4], [4]]> : tensor<5x1xui8>
  %xq = qnn.storage_cast %x : tensor<2x5xui8> -> tensor<2x5x!quant.uniform<u8:f32, 0.5:3>>
  %wq = qnn.storage_cast %wc : tensor<5x1xui8> -> tensor<5x1x!quant.uniform<u4:f32, 0.5:2>>
  %y = qnn.matmul %xq, %wq : (tensor<2x5x!quant.uniform<u8:f32, 0.5:3>>,
      tensor<5x1x!quant.uniform<u4:f32, 0.5:2>>) -> tensor<2x1x!quant.uniform<u8:f32, 1.0>>
  %c = qnn.storage_cast %y : tensor<2x1x!quant.uniform<u8:f32, 1.0>> -> tensor<2x1xui8>
  return %c : tensor<2x1xui8>
}

// Sums of codes of 16 bits take 64.
// CHECK-LABEL: @wide_activations
// CHECK: %[[S:.*]] = nn.matmul {{.*}} -> tensor<2x1xi64>
// CHECK: nn.cast {{.*}} {to = i16}
func.func @wide_activations(%x: tensor<2x2xi16>) -> tensor<2x1xi16> {
  %wc = nn.constant dense<[[1], [2]]> : tensor<2x1xi8>
  %xq = qnn.storage_cast %x : tensor<2x2xi16> -> tensor<2x2x!quant.uniform<i16:f32, 0.5>>
  %wq = qnn.storage_cast %wc : tensor<2x1xi8> -> tensor<2x1x!quant.uniform<i8:f32, 0.5>>
  %y = qnn.matmul %xq, %wq : (tensor<2x2x!quant.uniform<i16:f32, 0.5>>,
      tensor<2x1x!quant.uniform<i8:f32, 0.5>>) -> tensor<2x1x!quant.uniform<i16:f32, 1.0>>
  %c = qnn.storage_cast %y : tensor<2x1x!quant.uniform<i16:f32, 1.0>> -> tensor<2x1xi16>
  return %c : tensor<2x1xi16>
}

// Activations of 6 bits are clamped to their codes, held as bytes.
// CHECK-LABEL: @narrow_activations
// CHECK: qnn.conv_packed {{.*}}high = 63 : i64, input_zero_point = 32 : i64, {{.*}}low = 0 : i64
func.func @narrow_activations(%x: tensor<2x2xui8>) -> tensor<2x1xui8> {
  %wc = nn.constant dense<[[1], [2]]> : tensor<2x1xi8>
  %xq = qnn.storage_cast %x : tensor<2x2xui8> -> tensor<2x2x!quant.uniform<u6:f32, 0.5:32>>
  %wq = qnn.storage_cast %wc : tensor<2x1xi8> -> tensor<2x1x!quant.uniform<i8:f32, 0.5>>
  %y = qnn.matmul %xq, %wq : (tensor<2x2x!quant.uniform<u6:f32, 0.5:32>>,
      tensor<2x1x!quant.uniform<i8:f32, 0.5>>) -> tensor<2x1x!quant.uniform<u6:f32, 1.0>>
  %c = qnn.storage_cast %y : tensor<2x1x!quant.uniform<u6:f32, 1.0>> -> tensor<2x1xui8>
  return %c : tensor<2x1xui8>
}

// The second of two activations is packed when the model runs.
// CHECK-LABEL: @batch_matmul
// CHECK: %[[P:.*]], %[[S:.*]] = qnn.pack_bytes %arg1
// CHECK: qnn.product_bytes %arg0, %[[P]], %{{.*}} {columns = 5 : i64,
func.func @batch_matmul(%a: tensor<2x3x4xui8>, %b: tensor<2x4x5xui8>) -> tensor<2x3x5xui8> {
  %aq = qnn.storage_cast %a : tensor<2x3x4xui8> -> tensor<2x3x4x!quant.uniform<u8:f32, 0.5:3>>
  %bq = qnn.storage_cast %b : tensor<2x4x5xui8> -> tensor<2x4x5x!quant.uniform<u8:f32, 0.5:3>>
  %y = qnn.batch_matmul %aq, %bq : (tensor<2x3x4x!quant.uniform<u8:f32, 0.5:3>>,
      tensor<2x4x5x!quant.uniform<u8:f32, 0.5:3>>) -> tensor<2x3x5x!quant.uniform<u8:f32, 1.0>>
  %c = qnn.storage_cast %y : tensor<2x3x5x!quant.uniform<u8:f32, 1.0>> -> tensor<2x3x5xui8>
  return %c : tensor<2x3x5xui8>
}
