// A loop that is all of its kernel is shared by the launch's threads; any other runs on one.
// RUN: pebble-opt %s -pass-pipeline='builtin.module(spread-threads)' | FileCheck %s

// CHECK-LABEL: func.func private @shared
// CHECK-SAME: mem.threads = 200
// CHECK-DAG: %[[INDEX:.*]] = call @pebble_thread_index
// CHECK-DAG: %[[COUNT:.*]] = call @pebble_thread_count
// CHECK: scf.for
func.func private @shared(%x: memref<200xf32>) attributes {nn.nodes = ["a"]} {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %size = arith.constant 200 : index
  %value = arith.constant 0.0 : f32
  scf.parallel (%i) = (%zero) to (%size) step (%one) {
    memref.store %value, %x[%i] : memref<200xf32>
  }
  return
}

// The second loop may read what another thread of the first one writes.
// CHECK-LABEL: func.func private @two_loops
// CHECK-SAME: mem.threads = 1 :
// CHECK-NOT: pebble_thread_index
// CHECK-COUNT-2: scf.for
func.func private @two_loops(%x: memref<200xf32>, %y: memref<200xf32>) attributes {nn.nodes = ["b"]} {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %size = arith.constant 200 : index
  %value = arith.constant 0.0 : f32
  scf.parallel (%i) = (%zero) to (%size) step (%one) {
    memref.store %value, %x[%i] : memref<200xf32>
  }
  scf.parallel (%i) = (%zero) to (%size) step (%one) {
    %read = memref.load %x[%zero] : memref<200xf32>
    memref.store %read, %y[%i] : memref<200xf32>
  }
  return
}
// CHECK-NOT: scf.parallel
