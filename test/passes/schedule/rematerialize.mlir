// A wide copy is made again right before its late reader, where that lowers the arena.
// RUN: pebble-opt %s --split-input-file --verify-diagnostics --pass-pipeline='builtin.module(rematerialize{schedule=builtin.module(bufferize-program,write-in-place,func.func(plan-memory))})' | FileCheck %s
// RUN: pebble-opt %s --split-input-file --pass-pipeline='builtin.module(rematerialize{extra-work=30 schedule=builtin.module(bufferize-program,write-in-place,func.func(plan-memory))})' 2>/dev/null | FileCheck %s --check-prefix=EXTRA

// CHECK-LABEL: func.func @main
// CHECK-SAME: mem.live_bytes = 6400
// expected-remark @below {{computed again: a node without a name; the arena has 6400 bytes instead of 8192, for 1024 elements and 0 multiply-adds more}}
func.func @main(%x: tensor<64xf32>) -> tensor<4x64xf32> {
  // CHECK: %[[NARROW:.*]] = nn.launch @move
  // CHECK: %[[WIDE:.*]] = nn.launch @widen(%[[NARROW]])
  // CHECK: %[[EARLY:.*]] = nn.launch @early(%[[WIDE]])
  // CHECK: %[[MIDDLE:.*]] = nn.launch @middle(%[[EARLY]])
  // CHECK: %[[AGAIN:.*]] = nn.launch @widen(%[[NARROW]])
  // CHECK: %[[NAME:.*]] = nn.reshape %[[AGAIN]]
  // CHECK: nn.launch @late(%[[NAME]], %[[MIDDLE]])
  %shape = nn.constant dense<[16, 64]> : tensor<2xi64>
  %0 = nn.launch @move(%x) : (tensor<64xf32>) -> tensor<64xf32>
  %1 = nn.launch @widen(%0) : (tensor<64xf32>) -> tensor<4x4x64xf32>
  %2 = nn.reshape %1, %shape {allowzero = false} : (tensor<4x4x64xf32>, tensor<2xi64>) -> tensor<16x64xf32>
  %3 = nn.launch @early(%1) : (tensor<4x4x64xf32>) -> tensor<8x64xf32>
  %4 = nn.launch @middle(%3) : (tensor<8x64xf32>) -> tensor<8x64xf32>
  %5 = nn.launch @late(%2, %4) : (tensor<16x64xf32>, tensor<8x64xf32>) -> tensor<4x64xf32>
  return %5 : tensor<4x64xf32>
}
func.func private @move(%x: tensor<64xf32>) -> tensor<64xf32> {
  %r = nn.softmax %x {axis = 0 : i64} : (tensor<64xf32>) -> tensor<64xf32>
  return %r : tensor<64xf32>
}
func.func private @widen(%x: tensor<64xf32>) -> tensor<4x4x64xf32> {
  %s = nn.constant dense<[4, 4, 64]> : tensor<3xi64>
  %r = nn.broadcast_to %x, %s : (tensor<64xf32>, tensor<3xi64>) -> tensor<4x4x64xf32>
  return %r : tensor<4x4x64xf32>
}
func.func private @early(%x: tensor<4x4x64xf32>) -> tensor<8x64xf32> {
  %w = nn.constant dense<1.0> : tensor<8x16xf32>
  %s = nn.constant dense<[16, 64]> : tensor<2xi64>
  %f = nn.reshape %x, %s {allowzero = false} : (tensor<4x4x64xf32>, tensor<2xi64>) -> tensor<16x64xf32>
  %r = nn.matmul %w, %f : (tensor<8x16xf32>, tensor<16x64xf32>) -> tensor<8x64xf32>
  return %r : tensor<8x64xf32>
}
func.func private @middle(%x: tensor<8x64xf32>) -> tensor<8x64xf32> {
  %w = nn.constant dense<1.0> : tensor<8x8xf32>
  %r = nn.matmul %w, %x : (tensor<8x8xf32>, tensor<8x64xf32>) -> tensor<8x64xf32>
  return %r : tensor<8x64xf32>
}
func.func private @late(%x: tensor<16x64xf32>, %y: tensor<8x64xf32>) -> tensor<4x64xf32> {
  %v = nn.constant dense<1.0> : tensor<4x16xf32>
  %w = nn.constant dense<1.0> : tensor<4x8xf32>
  %0 = nn.matmul %v, %x : (tensor<4x16xf32>, tensor<16x64xf32>) -> tensor<4x64xf32>
  %1 = nn.matmul %w, %y : (tensor<4x8xf32>, tensor<8x64xf32>) -> tensor<4x64xf32>
  %r = nn.add %0, %1 : (tensor<4x64xf32>, tensor<4x64xf32>) -> tensor<4x64xf32>
  return %r : tensor<4x64xf32>
}

// -----

// Random numbers are drawn once, and products are computed once.
// CHECK-LABEL: func.func @main
// EXTRA: mem.extra_products = 4096 : i64
// EXTRA: nn.launch @draw
// EXTRA-NEXT: %[[PRODUCT:.*]] = nn.launch @product(%[[X:.*]]) :
// EXTRA-NEXT: nn.launch @join
// EXTRA-NEXT: nn.launch @product
// EXTRA-NEXT: %[[AGAIN:.*]] = nn.launch @product(%[[X]]) :
// EXTRA-NEXT: nn.launch @last(%{{.*}}, %[[AGAIN]], %{{.*}})
// expected-remark @below {{nothing is computed again: that would not lower the 4096 bytes of the arena}}
func.func @main(%x: tensor<16x16xf32>) -> tensor<4x16xf32> attributes {mem.macs = 15360 : i64} {
  // CHECK-COUNT-5: nn.launch
  // CHECK-NOT: nn.launch
  %0 = nn.launch @draw() : () -> tensor<16x16xf32>
  %1 = nn.launch @product(%x) : (tensor<16x16xf32>) -> tensor<16x16xf32>
  %2 = nn.launch @join(%0, %1) : (tensor<16x16xf32>, tensor<16x16xf32>) -> tensor<16x16xf32>
  %3 = nn.launch @product(%2) : (tensor<16x16xf32>) -> tensor<16x16xf32>
  %4 = nn.launch @last(%0, %1, %3) : (tensor<16x16xf32>, tensor<16x16xf32>, tensor<16x16xf32>) -> tensor<4x16xf32>
  return %4 : tensor<4x16xf32>
}
func.func private @draw() -> tensor<16x16xf32> {
  %s = nn.constant dense<[16, 16]> : tensor<2xi64>
  %r = nn.random %s {to = f32, distribution = 0 : i64, seed = 7 : i64, a = 0.0 : f64, b = 1.0 : f64} : (tensor<2xi64>) -> tensor<16x16xf32>
  return %r : tensor<16x16xf32>
}
func.func private @product(%x: tensor<16x16xf32>) -> tensor<16x16xf32> {
  %w = nn.constant dense<1.0> : tensor<16x16xf32>
  %r = nn.matmul %w, %x : (tensor<16x16xf32>, tensor<16x16xf32>) -> tensor<16x16xf32>
  return %r : tensor<16x16xf32>
}
func.func private @join(%x: tensor<16x16xf32>, %y: tensor<16x16xf32>) -> tensor<16x16xf32> {
  %r = nn.matmul %x, %y : (tensor<16x16xf32>, tensor<16x16xf32>) -> tensor<16x16xf32>
  return %r : tensor<16x16xf32>
}
func.func private @last(%x: tensor<16x16xf32>, %y: tensor<16x16xf32>, %z: tensor<16x16xf32>) -> tensor<4x16xf32> {
  %w = nn.constant dense<1.0> : tensor<4x16xf32>
  %0 = nn.matmul %w, %x : (tensor<4x16xf32>, tensor<16x16xf32>) -> tensor<4x16xf32>
  %1 = nn.matmul %w, %y : (tensor<4x16xf32>, tensor<16x16xf32>) -> tensor<4x16xf32>
  %2 = nn.matmul %w, %z : (tensor<4x16xf32>, tensor<16x16xf32>) -> tensor<4x16xf32>
  %3 = nn.add %0, %1 : (tensor<4x16xf32>, tensor<4x16xf32>) -> tensor<4x16xf32>
  %r = nn.add %2, %3 : (tensor<4x16xf32>, tensor<4x16xf32>) -> tensor<4x16xf32>
  return %r : tensor<4x16xf32>
}

// -----

// CHECK-LABEL: func.func @main
// expected-remark @below {{nothing is computed again: the model has control flow, or tensors whose sizes only the run knows}}
func.func @main(%x: tensor<?xf32>) -> tensor<?xf32> {
  // CHECK-COUNT-2: nn.launch
  %0 = nn.launch @twice(%x) : (tensor<?xf32>) -> tensor<?xf32>
  %1 = nn.launch @twice(%0) : (tensor<?xf32>) -> tensor<?xf32>
  return %1 : tensor<?xf32>
}
func.func private @twice(%x: tensor<?xf32>) -> tensor<?xf32> {
  %r = nn.add %x, %x : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  return %r : tensor<?xf32>
}
