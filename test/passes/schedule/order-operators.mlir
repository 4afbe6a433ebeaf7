// One branch after the other, so that the large value of only one is alive.
// RUN: pebble-opt %s -order-operators | FileCheck %s

// Side by side both large values and a small one are alive, 9216 bytes.
// CHECK-LABEL: func.func @main
// CHECK-SAME: mem.live_bytes = 6144 : i64, mem.live_lower_bound = 6144 : i64
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
func.func private @widen(tensor<256xf32>) -> tensor<1024xf32>
func.func private @narrow(tensor<1024xf32>) -> tensor<256xf32>
func.func private @add(tensor<256xf32>, tensor<256xf32>) -> tensor<256xf32>
