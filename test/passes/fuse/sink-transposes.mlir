// Transposes move below what does not mind them, and go when they meet their inverse.
// RUN: pebble-opt %s -pass-pipeline='builtin.module(func.func(sink-transposes))' | FileCheck %s

// CHECK-LABEL: func.func @cancel
func.func @cancel(%a: tensor<1x4x5x6xf32>, %b: tensor<1x4x5x6xf32>) -> tensor<1x4x5x6xf32> {
  // CHECK-NOT: nn.transpose
  // CHECK: nn.add {{.*}} -> tensor<1x4x5x6xf32>
  // CHECK-NOT: nn.transpose
  // CHECK: return
  %0 = nn.transpose %a {permutation = array<i64: 0, 3, 1, 2>} : (tensor<1x4x5x6xf32>) -> tensor<1x6x4x5xf32>
  %1 = nn.transpose %b {permutation = array<i64: 0, 3, 1, 2>} : (tensor<1x4x5x6xf32>) -> tensor<1x6x4x5xf32>
  %2 = nn.add %0, %1 : (tensor<1x6x4x5xf32>, tensor<1x6x4x5xf32>) -> tensor<1x6x4x5xf32>
  %3 = nn.transpose %2 {permutation = array<i64: 0, 2, 3, 1>} : (tensor<1x6x4x5xf32>) -> tensor<1x4x5x6xf32>
  return %3 : tensor<1x4x5x6xf32>
}

// An operand that is not transposed the same way keeps the transpose where it is.
// CHECK-LABEL: func.func @disagree
func.func @disagree(%a: tensor<1x4x5x6xf32>, %b: tensor<1x6x4x5xf32>) -> tensor<1x6x4x5xf32> {
  // CHECK: nn.transpose
  // CHECK: nn.add
  %0 = nn.transpose %a {permutation = array<i64: 0, 3, 1, 2>} : (tensor<1x4x5x6xf32>) -> tensor<1x6x4x5xf32>
  %1 = nn.add %0, %b : (tensor<1x6x4x5xf32>, tensor<1x6x4x5xf32>) -> tensor<1x6x4x5xf32>
  return %1 : tensor<1x6x4x5xf32>
}

// Unknown sizes move along; where only dims of size 1 move and one size is unknown, a reshape does.
// CHECK-LABEL: func.func @dynamic
func.func @dynamic(%a: tensor<?x4x?x6xf32>) -> tensor<?x6x1x1xf32> {
  // CHECK-NOT: nn.transpose
  // CHECK: %[[SHAPE:.*]] = nn.constant dense<[-1, 6, 1, 1]>
  // CHECK: %[[MEAN:.*]] = nn.reduce_mean %arg0, {{.*}} -> tensor<?x1x1x6xf32>
  // CHECK: nn.reshape %[[MEAN]], %[[SHAPE]] {{.*}} -> tensor<?x6x1x1xf32>
  %axes = nn.constant dense<[2, 3]> : tensor<2xi64>
  %0 = nn.transpose %a {permutation = array<i64: 0, 3, 1, 2>} : (tensor<?x4x?x6xf32>) -> tensor<?x6x4x?xf32>
  %1 = nn.reduce_mean %0, %axes {keepdims = true} : (tensor<?x6x4x?xf32>, tensor<2xi64>) -> tensor<?x6x1x1xf32>
  return %1 : tensor<?x6x1x1xf32>
}
