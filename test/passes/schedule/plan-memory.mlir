// Buffers that are alive together get their own place in the arena; a dead one's place is used again.
// RUN: pebble-opt %s -pass-pipeline='builtin.module(bufferize-program,func.func(plan-memory))' \
// RUN:   | FileCheck %s

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
