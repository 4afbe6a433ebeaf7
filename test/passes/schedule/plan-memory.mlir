// Buffers that are alive together get their own place in the arena; a dead one's place is used again.
// RUN: pebble-opt %s -pass-pipeline='builtin.module(bufferize-program,func.func(plan-memory))' \
// RUN:   | FileCheck %s
// RUN: pebble-opt %s -pass-pipeline='builtin.module(bufferize-program,func.func(plan-memory{regions=near=1024,far}),verify-accesses)' \
// RUN:   | FileCheck %s --check-prefix=REGIONS
// RUN: pebble-opt %s -pass-pipeline='builtin.module(bufferize-program,func.func(plan-memory{regions=near=4096,far}),verify-accesses)' \
// RUN:   | FileCheck %s --check-prefix=NEAR
// RUN: pebble-opt %s -pass-pipeline='builtin.module(bufferize-program,func.func(plan-memory{regions=near=1024,far=512}))' \
// RUN:   | FileCheck %s --check-prefix=SMALL
// RUN: not pebble-opt %s -pass-pipeline='builtin.module(bufferize-program,func.func(plan-memory{regions=near,far=64}))' 2>&1 \
// RUN:   | FileCheck %s --check-prefix=FAULT

// One of two that are alive together fits near; what reads and writes all of them is the same.
// REGIONS-LABEL: func.func @main
// REGIONS-SAME: mem.arena_bytes = 2048 : i64, mem.arena_lower_bound = 2048 : i64
// REGIONS-SAME: mem.regions = [#mem.region<name = "near", capacity = 1024, bytes = 1024, lower_bound = 1024>, #mem.region<name = "far", bytes = 1024, lower_bound = 1024>]
// REGIONS-DAG: mem.slot 0 region 1 : memref<256xf32>
// REGIONS-DAG: mem.slot 0 : memref<256xf32>

// NEAR: mem.regions = [#mem.region<name = "near", capacity = 4096, bytes = 2048, lower_bound = 2048>]
// NEAR-NOT: region 1

// SMALL: mem.conflict = ["{{.*}} (1024 bytes)"
// SMALL-SAME: #mem.region<name = "far", capacity = 512, bytes = 1024, lower_bound = 1024>

// FAULT: the memory regions are not as they must be: 'near' has no size: only the last may have as much as is needed

// CHECK-LABEL: func.func @main
// CHECK-SAME: mem.arena_bytes = 2048 : i64, mem.arena_lower_bound = 2048 : i64
func.func @main(%x: tensor<256xf32>) -> tensor<256xf32> {
  // CHECK-NOT: memref.alloc
  // CHECK: %[[A:.*]] = mem.slot [[FIRST:.*]] : memref<256xf32>
  // CHECK: outs(%[[A]] :
  // CHECK: %[[B:.*]] = mem.slot [[SECOND:.*]] : memref<256xf32>
  // CHECK: ins(%[[A]] : {{.*}} outs(%[[B]] :
  // CHECK: %[[C:.*]] = mem.slot [[FIRST]] : memref<256xf32>
  // CHECK: ins(%[[B]] : {{.*}} outs(%[[C]] :
  // CHECK-NOT: memref.alloc
  // CHECK: return
  %0 = nn.launch @relu(%x) : (tensor<256xf32>) -> tensor<256xf32>
  %1 = nn.launch @relu(%0) : (tensor<256xf32>) -> tensor<256xf32>
  %2 = nn.launch @relu(%1) : (tensor<256xf32>) -> tensor<256xf32>
  %3 = nn.launch @relu(%2) : (tensor<256xf32>) -> tensor<256xf32>
  return %3 : tensor<256xf32>
}
func.func private @relu(%x: tensor<256xf32>) -> tensor<256xf32> attributes {nn.nodes = ["relu"]} {
  %0 = nn.relu %x : (tensor<256xf32>) -> tensor<256xf32>
  return %0 : tensor<256xf32>
}
