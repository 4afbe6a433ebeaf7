// Elementwise layers of one iteration shape share a group; what only renames memory stays outside.
// RUN: pebble-opt %s -pass-pipeline='builtin.module(func.func(form-kernels))' | FileCheck %s

// CHECK-LABEL: func.func @chain
func.func @chain(%x: tensor<4x16xf32>, %b: tensor<16xf32>) -> tensor<4x16xf32> {
  // CHECK: nn.fused
  // CHECK: nn.add
  // CHECK-NEXT: nn.relu
  // CHECK-NEXT: nn.tanh
  // CHECK-NEXT: nn.yield
  // CHECK-NOT: nn.fused
  // CHECK: return
  %0 = nn.add %x, %b : (tensor<4x16xf32>, tensor<16xf32>) -> tensor<4x16xf32>
  %1 = nn.relu %0 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %2 = nn.tanh %1 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  return %2 : tensor<4x16xf32>
}

// CHECK-LABEL: func.func @renaming
func.func @renaming(%x: tensor<4x16xf32>) -> tensor<64xf32> {
  // CHECK: nn.fused
  // CHECK: nn.relu
  // CHECK: nn.yield
  // CHECK: nn.reshape
  // CHECK: nn.fused
  // CHECK: nn.exp
  // CHECK: nn.yield
  %shape = nn.constant dense<64> : tensor<1xi64>
  %0 = nn.relu %x : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %1 = nn.reshape %0, %shape {allowzero = false} : (tensor<4x16xf32>, tensor<1xi64>) -> tensor<64xf32>
  %2 = nn.exp %1 : (tensor<64xf32>) -> tensor<64xf32>
  return %2 : tensor<64xf32>
}

// A layer between two members of a group would wait for itself if it stayed outside and they joined.
// CHECK-LABEL: func.func @cycle
func.func @cycle(%x: tensor<8x8xf32>) -> tensor<8x8xf32> {
  // CHECK: nn.relu
  // CHECK: nn.yield
  // CHECK: nn.softmax
  // CHECK: nn.add
  // CHECK: return
  %0 = nn.relu %x : (tensor<8x8xf32>) -> tensor<8x8xf32>
  %1 = nn.softmax %0 {axis = 1 : i64} : (tensor<8x8xf32>) -> tensor<8x8xf32>
  %2 = nn.add %0, %1 : (tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<8x8xf32>
  return %2 : tensor<8x8xf32>
}

// Unknown dims are equal when they are one expression of the inputs' dims.
// CHECK-LABEL: func.func @same_unknown_dims
func.func @same_unknown_dims(%x: tensor<?x?x8xf32>, %b: tensor<1x8xf32>) -> tensor<?x?x8xf32> {
  // CHECK-COUNT-1: nn.fused
  // CHECK: nn.relu
  // CHECK: nn.add
  // CHECK: nn.mul
  // CHECK: nn.yield
  // CHECK-NOT: nn.fused
  // CHECK: return
  %0 = nn.relu %x : (tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  %1 = nn.add %0, %b : (tensor<?x?x8xf32>, tensor<1x8xf32>) -> tensor<?x?x8xf32>
  %2 = nn.mul %1, %x : (tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  return %2 : tensor<?x?x8xf32>
}

// CHECK-LABEL: func.func @other_unknown_dims
func.func @other_unknown_dims(%x: tensor<?x8xf32>, %y: tensor<?x8xf32>) -> tensor<?x8xf32> {
  // CHECK-COUNT-2: nn.fused
  %0 = nn.relu %x : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %1 = nn.add %0, %y : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %1 : tensor<?x8xf32>
}

// CHECK-LABEL: func.func @named_unknown_dims
func.func @named_unknown_dims(%x: tensor<?x8xf32> {nn.dims = ["n", ""]},
                              %y: tensor<?x8xf32> {nn.dims = ["n", ""]}) -> tensor<?x8xf32> {
  // CHECK-COUNT-1: nn.fused
  // CHECK-NOT: nn.fused
  // CHECK: return
  %0 = nn.relu %x : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %1 = nn.add %0, %y : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %1 : tensor<?x8xf32>
}
