// Values that are known are computed at compile time.
// RUN: pebble-opt %s -canonicalize | FileCheck %s

// CHECK-LABEL: func @shape
func.func @shape(%x: tensor<2x3xf32>) -> tensor<2xi64> {
  // CHECK: nn.constant dense<[2, 3]>
  // CHECK-NOT: nn.shape_of
  %0 = nn.shape_of %x : (tensor<2x3xf32>) -> tensor<2xi64>
  return %0 : tensor<2xi64>
}

// A dim that only the run knows keeps the op.
// CHECK-LABEL: func @dynamic_shape
func.func @dynamic_shape(%x: tensor<?x3xf32>) -> tensor<2xi64> {
  // CHECK: nn.shape_of
  %0 = nn.shape_of %x : (tensor<?x3xf32>) -> tensor<2xi64>
  return %0 : tensor<2xi64>
}

// Layers have no side effects: what nobody reads goes.
// CHECK-LABEL: func @unused
func.func @unused(%x: tensor<3xf32>) -> tensor<3xf32> {
  // CHECK-NEXT: return %arg0
  %0 = nn.exp %x : (tensor<3xf32>) -> tensor<3xf32>
  return %x : tensor<3xf32>
}
