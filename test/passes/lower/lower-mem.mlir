// Buffers become addresses in the environment; what can fail is followed by a conditional return.
// RUN: pebble-opt %s -pass-pipeline='builtin.module(lower-mem)' | FileCheck %s
// RUN: pebble-opt %s -pass-pipeline='builtin.module(lower-mem{trace=true})' \
// RUN:   | FileCheck %s --check-prefix=TRACE

// CHECK-LABEL: func.func @main
// CHECK-SAME: (%[[ENV:.*]]: !llvm.ptr, %[[INPUTS:.*]]: !llvm.ptr) -> i32
func.func @main(%env: !llvm.ptr, %inputs: !llvm.ptr) -> i32 {
  // Field 0 of the first entry of the input table is its data.
  // CHECK: %[[X:.*]] = llvm.getelementptr %[[INPUTS]][0, 0]
  // CHECK: llvm.load %[[X]]
  %x = mem.input 0 : memref<4xf32>
  // The arena is field 2, constants field 1 of the environment.
  // CHECK: %[[ARENA_AT:.*]] = llvm.getelementptr %[[ENV]][0, 2]
  // CHECK: %[[ARENA:.*]] = llvm.load %[[ARENA_AT]]
  // CHECK: llvm.getelementptr %[[ARENA]][{{.*}}] : (!llvm.ptr, i64) -> !llvm.ptr, i8
  %slot = mem.slot 128 : memref<4xf32>
  // CHECK: llvm.getelementptr %[[ENV]][0, 1]
  %constant = mem.constant offset 64 dense<1.0> : tensor<4xf32> : memref<4xf32>
  // A host that listens hears of the kernel, by its index, before it runs.
  // TRACE: %[[LISTENS:.*]] = llvm.icmp "ne"
  // TRACE: scf.if %[[LISTENS]]
  // TRACE: %[[INDEX:.*]] = arith.constant 0 : i32
  // TRACE: llvm.call {{.*}}, %[[INDEX]]) : !llvm.ptr, (!llvm.ptr, i32) -> ()
  // TRACE: call @kernel(
  // CHECK-NOT: scf.if
  // CHECK: %[[STATUS:.*]] = call @kernel(%[[ENV]],
  // CHECK: call @pebble.exit_if(%[[STATUS]])
  mem.launch @kernel ins(%x, %constant : memref<4xf32>, memref<4xf32>) outs(%slot : memref<4xf32>)
  // The host's callback gives the output's memory; none is an error.
  // CHECK: llvm.icmp "eq"
  // CHECK: call @pebble.exit_if
  %output = mem.output 0 [] : memref<4xf32>
  // CHECK: "llvm.intr.memcpy"
  mem.copy %slot, %output : memref<4xf32>, memref<4xf32>
  %status = arith.constant 0 : i32
  return %status : i32
}

// CHECK-LABEL: func.func private @kernel
// CHECK: call @pebble_kernel_softmax_f32
func.func private @kernel(%env: !llvm.ptr, %x: !llvm.ptr, %w: !llvm.ptr, %r: !llvm.ptr) -> i32
    attributes {mem.spec = #mem.kernel_spec<reads = [16, 16], writes = [16], scratch = 0>} {
  %slot = mem.slot 0 : memref<4xf32>
  %status = mem.library "pebble_kernel_softmax_f32" ins(%slot : memref<4xf32>)
      outs(%slot : memref<4xf32>)
      {present = array<i1: true>, dtypes = array<i32: 1, 1>, ints = array<i64: 0>,
       floats = array<f64>}
  return %status : i32
}

// CHECK-NOT: mem.

// The regions are field 8 of the environment; the first is the arena.
// CHECK-LABEL: func.func @regions
func.func @regions(%env: !llvm.ptr, %inputs: !llvm.ptr) -> i32 {
  // CHECK: %[[TABLE_AT:.*]] = llvm.getelementptr %[[ENV:.*]][0, 8]
  // CHECK: %[[TABLE:.*]] = llvm.load %[[TABLE_AT]]
  // CHECK: %[[ENTRY:.*]] = llvm.getelementptr %[[TABLE]][2] : (!llvm.ptr) -> !llvm.ptr, !llvm.ptr
  // CHECK: %[[REGION:.*]] = llvm.load %[[ENTRY]]
  // CHECK: llvm.getelementptr %[[REGION]][{{.*}}] : (!llvm.ptr, i64) -> !llvm.ptr, i8
  %far = mem.slot 128 region 2 : memref<4xf32>
  // CHECK: llvm.getelementptr %{{.*}}[0, 2]
  %near = mem.slot 128 : memref<4xf32>
  mem.copy %far, %near : memref<4xf32>, memref<4xf32>
  %status = arith.constant 0 : i32
  return %status : i32
}

// Words of the plan lie in the arena, and so do the buffers that it places.
// CHECK-LABEL: func.func @planned
func.func @planned(%env: !llvm.ptr, %inputs: !llvm.ptr) -> i32 {
  // CHECK: %[[N:.*]] = llvm.load {{.*}} -> i64
  // CHECK: arith.index_cast %[[N]]
  %n = mem.planned 192
  %at = mem.planned 136
  // CHECK: llvm.getelementptr {{.*}} : (!llvm.ptr, i64) -> !llvm.ptr, i8
  %buffer = mem.placed %at[%n] : memref<?xf32>
  // CHECK: llvm.store
  mem.set_planned 192, %n
  // CHECK: %[[STATUS:.*]] = call @pebble_place_buffers(
  // CHECK: call @pebble.exit_if(%[[STATUS]])
  mem.place_buffers(%n) base 384 plan 128 {table = array<i64: 1, 4, 0, 5>}
  mem.copy %buffer, %buffer : memref<?xf32>, memref<?xf32>
  %status = arith.constant 0 : i32
  return %status : i32
}
