// A large elementwise kernel is shared between threads, a small one is not.
// RUN: pebble-opt %s -pass-pipeline='builtin.module(lower-kernels,outline-parallel)' | FileCheck %s

// CHECK-LABEL: func.func private @large
// CHECK: mem.parallel @large_part0_entry
// CHECK: func.func private @large_part0(
// CHECK: scf.for
// CHECK-LABEL: func.func private @small
// CHECK-NOT: mem.parallel
// CHECK: scf.for
func.func private @large(%x: tensor<200000xf32>) -> tensor<200000xf32> attributes {nn.nodes = ["a"]} {
  %0 = nn.relu %x : (tensor<200000xf32>) -> tensor<200000xf32>
  return %0 : tensor<200000xf32>
}
func.func private @small(%x: tensor<20xf32>) -> tensor<20xf32> attributes {nn.nodes = ["b"]} {
  %0 = nn.relu %x : (tensor<20xf32>) -> tensor<20xf32>
  return %0 : tensor<20xf32>
}
