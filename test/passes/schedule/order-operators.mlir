// Operators in the order that keeps the fewest bytes alive; the plan needs as many.
// RUN: pebble-opt %s -split-input-file -order-operators | FileCheck %s
// RUN: pebble-opt %s -split-input-file \
// RUN:   -pass-pipeline='builtin.module(order-operators,bufferize-program,write-in-place,func.func(plan-memory))' \
// RUN:   | FileCheck %s --check-prefix=PLAN

// One branch after the other, so that the large value of only one is alive: side by side both and a
// small one are, 9216 bytes.
// CHECK-LABEL: func.func @main
// CHECK-SAME: mem.live_bytes = 6144 : i64, mem.live_lower_bound = 6144 : i64
// PLAN-LABEL: func.func @main
// PLAN-SAME: mem.arena_bytes = 6144 : i64
func.func @main(%x: tensor<256xf32>) -> tensor<256xf32> {
  // CHECK: %[[WIDE:.*]] = nn.launch @widen
  // CHECK: %[[NARROW:.*]] = nn.launch @narrow(%[[WIDE]])
  // CHECK: %[[WIDE2:.*]] = nn.launch @widen
  // CHECK: %[[NARROW2:.*]] = nn.launch @narrow(%[[WIDE2]])
  // CHECK: %[[SUM:.*]] = nn.launch @add(%[[NARROW]], %[[NARROW2]])
  // CHECK: return %[[SUM]]
  %0 = nn.launch @widen(%x) : (tensor<256xf32>) -> tensor<1024xf32>
  %1 = nn.launch @widen(%x) : (tensor<256xf32>) -> tensor<1024xf32>
  %2 = nn.launch @narrow(%0) : (tensor<1024xf32>) -> tensor<256xf32>
  %3 = nn.launch @narrow(%1) : (tensor<1024xf32>) -> tensor<256xf32>
  %4 = nn.launch @add(%2, %3) : (tensor<256xf32>, tensor<256xf32>) -> tensor<256xf32>
  return %4 : tensor<256xf32>
}
func.func private @widen(%x: tensor<256xf32>) -> tensor<1024xf32> {
  %n = nn.constant dense<4> : tensor<1xi64>
  %r = nn.tile %x, %n : (tensor<256xf32>, tensor<1xi64>) -> tensor<1024xf32>
  return %r : tensor<1024xf32>
}
func.func private @narrow(%x: tensor<1024xf32>) -> tensor<256xf32> {
  %w = nn.constant dense<1.0> : tensor<1024x256xf32>
  %r = nn.matmul %x, %w : (tensor<1024xf32>, tensor<1024x256xf32>) -> tensor<256xf32>
  return %r : tensor<256xf32>
}
func.func private @add(%x: tensor<256xf32>, %y: tensor<256xf32>) -> tensor<256xf32> {
  %r = nn.add %x, %y : (tensor<256xf32>, tensor<256xf32>) -> tensor<256xf32>
  return %r : tensor<256xf32>
}

// -----

// The activation is written over its operand. So its branch needs 6144 bytes while it runs, and comes
// second, when only 512 are alive beside it; with two buffers it would need 8192 and better be first.
// CHECK-LABEL: func.func @main
// CHECK-SAME: mem.live_bytes = 6656 : i64, mem.live_lower_bound = 6656 : i64
// PLAN-LABEL: func.func @main
// PLAN-SAME: mem.arena_bytes = 6656 : i64
func.func @main(%x: tensor<64xf32>) -> tensor<2x64xf32> {
  // CHECK: %[[OTHER:.*]] = nn.launch @widen_other
  // CHECK: %[[FEW:.*]] = nn.launch @narrow_other(%[[OTHER]])
  // CHECK: %[[WIDE:.*]] = nn.launch @widen
  // CHECK: %[[ACTIVE:.*]] = nn.launch @activate(%[[WIDE]])
  // CHECK: %[[NARROW:.*]] = nn.launch @narrow(%[[ACTIVE]])
  // CHECK: nn.launch @join(%[[NARROW]], %[[FEW]])
  %0 = nn.launch @widen(%x) : (tensor<64xf32>) -> tensor<16x64xf32>
  %1 = nn.launch @activate(%0) : (tensor<16x64xf32>) -> tensor<16x64xf32>
  %2 = nn.launch @narrow(%1) : (tensor<16x64xf32>) -> tensor<8x64xf32>
  %3 = nn.launch @widen_other(%x) : (tensor<64xf32>) -> tensor<20x64xf32>
  %4 = nn.launch @narrow_other(%3) : (tensor<20x64xf32>) -> tensor<2x64xf32>
  %5 = nn.launch @join(%2, %4) : (tensor<8x64xf32>, tensor<2x64xf32>) -> tensor<2x64xf32>
  return %5 : tensor<2x64xf32>
}
func.func private @widen(%x: tensor<64xf32>) -> tensor<16x64xf32> {
  %s = nn.constant dense<[16, 64]> : tensor<2xi64>
  %r = nn.broadcast_to %x, %s : (tensor<64xf32>, tensor<2xi64>) -> tensor<16x64xf32>
  return %r : tensor<16x64xf32>
}
func.func private @activate(%x: tensor<16x64xf32>) -> tensor<16x64xf32> {
  %r = nn.relu %x : (tensor<16x64xf32>) -> tensor<16x64xf32>
  return %r : tensor<16x64xf32>
}
func.func private @narrow(%x: tensor<16x64xf32>) -> tensor<8x64xf32> {
  %w = nn.constant dense<1.0> : tensor<8x16xf32>
  %r = nn.matmul %w, %x : (tensor<8x16xf32>, tensor<16x64xf32>) -> tensor<8x64xf32>
  return %r : tensor<8x64xf32>
}
func.func private @widen_other(%x: tensor<64xf32>) -> tensor<20x64xf32> {
  %s = nn.constant dense<[20, 64]> : tensor<2xi64>
  %r = nn.broadcast_to %x, %s : (tensor<64xf32>, tensor<2xi64>) -> tensor<20x64xf32>
  return %r : tensor<20x64xf32>
}
func.func private @narrow_other(%x: tensor<20x64xf32>) -> tensor<2x64xf32> {
  %w = nn.constant dense<1.0> : tensor<2x20xf32>
  %r = nn.matmul %w, %x : (tensor<2x20xf32>, tensor<20x64xf32>) -> tensor<2x64xf32>
  return %r : tensor<2x64xf32>
}
func.func private @join(%x: tensor<8x64xf32>, %y: tensor<2x64xf32>) -> tensor<2x64xf32> {
  %w = nn.constant dense<1.0> : tensor<2x8xf32>
  %0 = nn.matmul %w, %x : (tensor<2x8xf32>, tensor<8x64xf32>) -> tensor<2x64xf32>
  %r = nn.add %0, %y : (tensor<2x64xf32>, tensor<2x64xf32>) -> tensor<2x64xf32>
  return %r : tensor<2x64xf32>
}
// -----

// The same before a branch.
// CHECK-LABEL: func.func @main
// CHECK-SAME: mem.live_bytes = 6656 : i64, mem.live_lower_bound = 6656 : i64
// PLAN-LABEL: func.func @main
// PLAN-SAME: mem.arena_bytes = 6656 : i64
func.func @main(%x: tensor<64xf32>, %c: tensor<i1>) -> tensor<2x64xf32> {
  // CHECK: nn.launch @widen_other(
  // CHECK: nn.launch @widen(
  %0 = nn.launch @widen(%x) : (tensor<64xf32>) -> tensor<16x64xf32>
  %1 = nn.launch @activate(%0) : (tensor<16x64xf32>) -> tensor<16x64xf32>
  %2 = nn.launch @narrow(%1) : (tensor<16x64xf32>) -> tensor<8x64xf32>
  %3 = nn.launch @widen_other(%x) : (tensor<64xf32>) -> tensor<20x64xf32>
  %4 = nn.launch @narrow_other(%3) : (tensor<20x64xf32>) -> tensor<2x64xf32>
  %5 = nn.if %c : (tensor<i1>) -> tensor<2x64xf32> {
    nn.yield %4 : tensor<2x64xf32>
  } else {
    %6 = nn.launch @join(%2, %4) : (tensor<8x64xf32>, tensor<2x64xf32>) -> tensor<2x64xf32>
    nn.yield %6 : tensor<2x64xf32>
  }
  return %5 : tensor<2x64xf32>
}
func.func private @widen(%x: tensor<64xf32>) -> tensor<16x64xf32> {
  %s = nn.constant dense<[16, 64]> : tensor<2xi64>
  %r = nn.broadcast_to %x, %s : (tensor<64xf32>, tensor<2xi64>) -> tensor<16x64xf32>
  return %r : tensor<16x64xf32>
}
func.func private @activate(%x: tensor<16x64xf32>) -> tensor<16x64xf32> {
  %r = nn.relu %x : (tensor<16x64xf32>) -> tensor<16x64xf32>
  return %r : tensor<16x64xf32>
}
func.func private @narrow(%x: tensor<16x64xf32>) -> tensor<8x64xf32> {
  %w = nn.constant dense<1.0> : tensor<8x16xf32>
  %r = nn.matmul %w, %x : (tensor<8x16xf32>, tensor<16x64xf32>) -> tensor<8x64xf32>
  return %r : tensor<8x64xf32>
}
func.func private @widen_other(%x: tensor<64xf32>) -> tensor<20x64xf32> {
  %s = nn.constant dense<[20, 64]> : tensor<2xi64>
  %r = nn.broadcast_to %x, %s : (tensor<64xf32>, tensor<2xi64>) -> tensor<20x64xf32>
  return %r : tensor<20x64xf32>
}
func.func private @narrow_other(%x: tensor<20x64xf32>) -> tensor<2x64xf32> {
  %w = nn.constant dense<1.0> : tensor<2x20xf32>
  %r = nn.matmul %w, %x : (tensor<2x20xf32>, tensor<20x64xf32>) -> tensor<2x64xf32>
  return %r : tensor<2x64xf32>
}
func.func private @join(%x: tensor<8x64xf32>, %y: tensor<2x64xf32>) -> tensor<2x64xf32> {
  %w = nn.constant dense<1.0> : tensor<2x8xf32>
  %0 = nn.matmul %w, %x : (tensor<2x8xf32>, tensor<8x64xf32>) -> tensor<2x64xf32>
  %r = nn.add %0, %y : (tensor<2x64xf32>, tensor<2x64xf32>) -> tensor<2x64xf32>
  return %r : tensor<2x64xf32>
}

// -----

// What a branch yields is not dead when it is read last by its own name.
// CHECK-LABEL: func.func @main
// CHECK-SAME: mem.live_bytes = 12288 : i64
// PLAN-LABEL: func.func @main
// PLAN-SAME: mem.arena_bytes = 12288 : i64
func.func @main(%x: tensor<64xf32>, %c: tensor<i1>) -> tensor<16x64xf32> {
  %0 = nn.launch @widen(%x) : (tensor<64xf32>) -> tensor<16x64xf32>
  %1 = nn.if %c : (tensor<i1>) -> tensor<16x64xf32> {
    nn.yield %0 : tensor<16x64xf32>
  } else {
    %4 = nn.launch @widen(%x) : (tensor<64xf32>) -> tensor<16x64xf32>
    nn.yield %4 : tensor<16x64xf32>
  }
  %2 = nn.launch @activate(%0) : (tensor<16x64xf32>) -> tensor<16x64xf32>
  %3 = nn.launch @add(%1, %2) : (tensor<16x64xf32>, tensor<16x64xf32>) -> tensor<16x64xf32>
  return %3 : tensor<16x64xf32>
}
func.func private @widen(%x: tensor<64xf32>) -> tensor<16x64xf32> {
  %s = nn.constant dense<[16, 64]> : tensor<2xi64>
  %r = nn.broadcast_to %x, %s : (tensor<64xf32>, tensor<2xi64>) -> tensor<16x64xf32>
  return %r : tensor<16x64xf32>
}
func.func private @activate(%x: tensor<16x64xf32>) -> tensor<16x64xf32> {
  %r = nn.relu %x : (tensor<16x64xf32>) -> tensor<16x64xf32>
  return %r : tensor<16x64xf32>
}
func.func private @add(%x: tensor<16x64xf32>, %y: tensor<16x64xf32>) -> tensor<16x64xf32> {
  %r = nn.add %x, %y : (tensor<16x64xf32>, tensor<16x64xf32>) -> tensor<16x64xf32>
  return %r : tensor<16x64xf32>
}
