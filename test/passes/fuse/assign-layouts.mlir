// A convolution with constant weights computes channels-last on packed weights, its padding apart.
// RUN: pebble-opt %s -pass-pipeline='builtin.module(func.func(assign-layouts))' | FileCheck %s

// CHECK-LABEL: func.func @conv
func.func @conv(%x: tensor<1x3x8x8xf32>) -> tensor<1x16x8x8xf32> {
  // CHECK: nn.transpose {{.*}} -> tensor<1x8x8x3xf32>
  // CHECK: nn.pad {{.*}} -> tensor<1x10x10x3xf32>
  // CHECK: nn.conv_nhwc {{.*}}tensor<1x1x3x3x3x32xf32>) -> tensor<1x8x8x16xf32>
  // CHECK: nn.transpose {{.*}} -> tensor<1x16x8x8xf32>
  %w = nn.constant dense<1.0> : tensor<16x3x3x3xf32>
  %y = nn.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, group = 1 : i64, auto_pad = 0 : i64} : (tensor<1x3x8x8xf32>, tensor<16x3x3x3xf32>) -> tensor<1x16x8x8xf32>
  return %y : tensor<1x16x8x8xf32>
}

// Sizes that only the run knows stay with the kernel library.
// CHECK-LABEL: func.func @dynamic
func.func @dynamic(%x: tensor<?x3x8x8xf32>) -> tensor<?x16x8x8xf32> {
  // CHECK-NOT: nn.transpose
  // CHECK: nn.conv %
  %w = nn.constant dense<1.0> : tensor<16x3x3x3xf32>
  %y = nn.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, group = 1 : i64, auto_pad = 0 : i64} : (tensor<?x3x8x8xf32>, tensor<16x3x3x3xf32>) -> tensor<?x16x8x8xf32>
  return %y : tensor<?x16x8x8xf32>
}
