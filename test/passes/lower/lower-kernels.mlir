// Elementwise layers become one loop; a layer without an emitter calls the kernel library.
// RUN: pebble-opt %s -pass-pipeline='builtin.module(lower-kernels)' | FileCheck %s

// CHECK-LABEL: func.func private @chain
// CHECK-COUNT-1: scf.for
// CHECK: arith.addf
// CHECK: memref.store
// CHECK-NOT: scf.for
// CHECK: return
func.func private @chain(%x: tensor<4x8xf32>) -> tensor<4x8xf32> attributes {nn.nodes = ["a"]} {
  %0 = nn.add %x, %x : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %1 = nn.relu %0 : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return %1 : tensor<4x8xf32>
}

// CHECK-LABEL: func.func private @library
// CHECK: mem.library "pebble_kernel_softmax_f32"
func.func private @library(%x: tensor<4x8xf32>) -> tensor<4x8xf32> attributes {nn.nodes = ["b"]} {
  %0 = nn.softmax %x {axis = 1 : i64} : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return %0 : tensor<4x8xf32>
}
