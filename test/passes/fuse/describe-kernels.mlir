// Kernels state what they read and write; sizes that only the run knows are products of dims.
// RUN: pebble-opt %s -pass-pipeline='builtin.module(describe-kernels)' | FileCheck %s

// CHECK-LABEL: func.func private @add
// CHECK-SAME: mem.spec = #mem.kernel_spec<reads = [128, 32], writes = [128], scratch = 0>
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

// What is no kernel states nothing.
// CHECK-LABEL: func.func @main
// CHECK-NOT: mem.spec
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}
