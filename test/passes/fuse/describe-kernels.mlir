// Kernels state what they read and write; sizes that only the run knows are products of dims.
// RUN: pebble-opt %s -pass-pipeline='builtin.module(describe-kernels)' | FileCheck %s

// CHECK-LABEL: func.func private @add
// CHECK-SAME: mem.macs = 0 : i64, mem.spec = #mem.kernel_spec<reads = [128, 32], writes = [128], scratch = 0>
func.func private @add(%x: tensor<4x8xf32>, %b: tensor<8xf32>) -> tensor<4x8xf32>
    attributes {nn.nodes = ["add"]} {
  %0 = nn.add %x, %b : (tensor<4x8xf32>, tensor<8xf32>) -> tensor<4x8xf32>
  return %0 : tensor<4x8xf32>
}

// CHECK-LABEL: func.func private @pool
// CHECK-SAME: reads = ["96 * in0[0] * in0[2]"],
// CHECK-SAME: writes = ["48 * in0[0] * (((in0[2] - 1) floordiv 2) + 1)"], scratch = 0>
func.func private @pool(%x: tensor<?x3x?x8xf32>) -> tensor<?x3x?x4xf32>
    attributes {nn.nodes = ["pool"]} {
  %0 = nn.max_pool %x {kernel_shape = array<i64: 3, 2>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 0, 1, 0>, ceil_mode = false, auto_pad = 0 : i64} : (tensor<?x3x?x8xf32>) -> tensor<?x3x?x4xf32>
  return %0 : tensor<?x3x?x4xf32>
}

// What depends on data has no expression.
// CHECK-LABEL: func.func private @repeat
// CHECK-SAME: reads = ["4 * in0[0]", 8], writes = ["dynamic"], scratch = 0>
func.func private @repeat(%x: tensor<?xf32>, %n: tensor<1xi64>) -> tensor<?xf32>
    attributes {nn.nodes = ["repeat"]} {
  %0 = nn.tile %x, %n : (tensor<?xf32>, tensor<1xi64>) -> tensor<?xf32>
  return %0 : tensor<?xf32>
}

// CHECK-LABEL: func.func private @scratch
// CHECK-SAME: scratch = 512>
func.func private @scratch(%x: tensor<4xf32>) -> tensor<4xf32> attributes {nn.nodes = ["s"]} {
  %0 = nn.softmax %x {axis = 0 : i64, mem.scratch = 512 : i64} : (tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// 2 * 4 elements, 3 products each; the layer behind it has none.
// CHECK-LABEL: func.func private @product
// CHECK-SAME: mem.macs = 24 : i64
func.func private @product(%x: tensor<2x3xf32>, %w: tensor<3x4xf32>) -> tensor<2x4xf32>
    attributes {nn.nodes = ["product"]} {
  %0 = nn.matmul %x, %w : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<2x4xf32>
  %1 = nn.relu %0 : (tensor<2x4xf32>) -> tensor<2x4xf32>
  return %1 : tensor<2x4xf32>
}

// 16 * 32 elements of 8 products each, as 16 channels are in two groups, and 16 * 16 of 9.
// CHECK-LABEL: func.func private @images
// CHECK-SAME: mem.macs = 6400 : i64
func.func private @images(%x: tensor<1x4x4x16xui8>, %w: tensor<2x1x2x16x4xi8>,
    %d: tensor<1x3x16x4xi8>, %b: tensor<32xi32>, %m: tensor<32xf32>,
    %c: tensor<16xi32>, %n: tensor<16xf32>) -> (tensor<1x4x4x32xui8>, tensor<1x4x4x16xui8>)
    attributes {nn.nodes = ["images"]} {
  %0 = qnn.conv_packed %x, %w, %b, %m {kernel_shape = array<i64: 1, 1>,
      strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>,
      group = 2 : i64, channels = 32 : i64, runs = 1 : i64, input_zero_point = 128 : i64,
      zero_point = 0 : i64, low = 0 : i64, high = 255 : i64}
      : (tensor<1x4x4x16xui8>, tensor<2x1x2x16x4xi8>, tensor<32xi32>, tensor<32xf32>)
      -> tensor<1x4x4x32xui8>
  %1 = qnn.depthwise_packed %x, %d, %c, %n {kernel_shape = array<i64: 3, 3>,
      strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>,
      input_zero_point = 128 : i64, zero_point = 0 : i64, low = 0 : i64, high = 255 : i64}
      : (tensor<1x4x4x16xui8>, tensor<1x3x16x4xi8>, tensor<16xi32>, tensor<16xf32>)
      -> tensor<1x4x4x16xui8>
  return %0, %1 : tensor<1x4x4x32xui8>, tensor<1x4x4x16xui8>
}

// CHECK-LABEL: func.func private @product_of_unknown_size
// CHECK-NOT: mem.macs
// CHECK-SAME: mem.spec
func.func private @product_of_unknown_size(%x: tensor<?x3xf32>, %w: tensor<3x4xf32>)
    -> tensor<?x4xf32> attributes {nn.nodes = ["product"]} {
  %0 = nn.matmul %x, %w : (tensor<?x3xf32>, tensor<3x4xf32>) -> tensor<?x4xf32>
  return %0 : tensor<?x4xf32>
}

// What is no kernel reads and writes nothing itself; its work is that of its launches.
// CHECK-LABEL: func.func @main
// CHECK-NOT: mem.spec
// CHECK-SAME: mem.macs = 48 : i64
func.func @main(%x: tensor<2x3xf32>, %y: tensor<2x3xf32>, %w: tensor<3x4xf32>)
    -> (tensor<2x4xf32>, tensor<2x4xf32>) {
  %0 = nn.launch @product(%x, %w) : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<2x4xf32>
  %1 = nn.launch @product(%y, %w) : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<2x4xf32>
  return %0, %1 : tensor<2x4xf32>, tensor<2x4xf32>
}
