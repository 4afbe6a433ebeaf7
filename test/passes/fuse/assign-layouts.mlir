// A convolution with constant weights computes channels-last on packed weights and skips its padding.
// RUN: pebble-opt %s -pass-pipeline='builtin.module(func.func(assign-layouts))' | FileCheck %s

// CHECK-LABEL: func.func @conv
func.func @conv(%x: tensor<1x3x8x8xf32>) -> tensor<1x16x8x8xf32> {
  // CHECK: nn.transpose {{.*}} -> tensor<1x8x8x3xf32>
  // CHECK-NOT: nn.pad
  // CHECK: nn.conv_nhwc {{.*}}pads = array<i64: 1, 1, 1, 1>{{.*}}tensor<1x1x3x3x3x32xf32>) -> tensor<1x8x8x16xf32>
  // CHECK: nn.transpose {{.*}} -> tensor<1x16x8x8xf32>
  %w = nn.constant dense<1.0> : tensor<16x3x3x3xf32>
  %y = nn.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, group = 1 : i64, auto_pad = 0 : i64} : (tensor<1x3x8x8xf32>, tensor<16x3x3x3xf32>) -> tensor<1x16x8x8xf32>
  return %y : tensor<1x16x8x8xf32>
}

// Zeros that the model puts around the image are padding too; other values are not.
// CHECK-LABEL: func.func @pad_before
func.func @pad_before(%x: tensor<1x4x8x8xf32>) -> (tensor<1x4x4x4xf32>, tensor<1x2x8x8xf32>) {
  // CHECK-NOT: nn.pad
  // CHECK: nn.depthwise_nhwc {{.*}}pads = array<i64: 0, 0, 1, 1>
  // CHECK: nn.pad
  // CHECK: nn.conv_nhwc {{.*}}pads = array<i64: 0, 0, 0, 0>
  %amounts = nn.constant dense<[0, 0, 0, 0, 0, 0, 1, 1]> : tensor<8xi64>
  %p = nn.pad %x, %amounts {mode = 0 : i64} : (tensor<1x4x8x8xf32>, tensor<8xi64>) -> tensor<1x4x9x9xf32>
  %v = nn.constant dense<1.0> : tensor<4x1x3x3xf32>
  %0 = nn.conv %p, %v {strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, group = 4 : i64, auto_pad = 0 : i64} : (tensor<1x4x9x9xf32>, tensor<4x1x3x3xf32>) -> tensor<1x4x4x4xf32>
  %one = nn.constant dense<1.0> : tensor<f32>
  %q = nn.pad %x, %amounts value(%one) {mode = 0 : i64} : (tensor<1x4x8x8xf32>, tensor<8xi64>, tensor<f32>) -> tensor<1x4x9x9xf32>
  %w = nn.constant dense<1.0> : tensor<2x4x2x2xf32>
  %1 = nn.conv %q, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, group = 1 : i64, auto_pad = 0 : i64} : (tensor<1x4x9x9xf32>, tensor<2x4x2x2xf32>) -> tensor<1x2x8x8xf32>
  return %0, %1 : tensor<1x4x4x4xf32>, tensor<1x2x8x8xf32>
}

// Zeros times a weight that is not finite are a NaN, and where most of a long row of taps is in the
// padding, the code of the tiles would be long: there the image gets its padding first.
// CHECK-LABEL: func.func @padding_first
func.func @padding_first(%x: tensor<1x1x8x8xf32>, %y: tensor<1x3x32x32xf32>)
    -> (tensor<1x2x8x8xf32>, tensor<1x2x32x32xf32>) {
  // CHECK: nn.pad {{.*}} -> tensor<1x10x10x1xf32>
  // CHECK: nn.conv_nhwc {{.*}}pads = array<i64: 0, 0, 0, 0>
  // CHECK: nn.pad {{.*}} -> tensor<1x56x56x3xf32>
  // CHECK: nn.conv_nhwc {{.*}}pads = array<i64: 0, 0, 0, 0>
  %v = nn.constant dense<0x7F800000> : tensor<2x1x3x3xf32>
  %0 = nn.conv %x, %v {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, group = 1 : i64, auto_pad = 0 : i64} : (tensor<1x1x8x8xf32>, tensor<2x1x3x3xf32>) -> tensor<1x2x8x8xf32>
  %w = nn.constant dense<1.0> : tensor<2x3x3x3xf32>
  %1 = nn.conv %y, %w {strides = array<i64: 1, 1>, dilations = array<i64: 12, 12>, pads = array<i64: 12, 12, 12, 12>, group = 1 : i64, auto_pad = 0 : i64} : (tensor<1x3x32x32xf32>, tensor<2x3x3x3xf32>) -> tensor<1x2x32x32xf32>
  return %0, %1 : tensor<1x2x8x8xf32>, tensor<1x2x32x32xf32>
}

// Batch and image sides may be unknown; the declared padding is made as it is.
// CHECK-LABEL: func.func @dynamic
func.func @dynamic(%x: tensor<?x3x?x?xf32>) -> tensor<?x16x?x?xf32> {
  // CHECK: %[[PADS:.*]] = nn.constant dense<[0, 1, 1, 0, 0, 1, 2, 0]>
  // CHECK: nn.transpose {{.*}} -> tensor<?x?x?x3xf32>
  // CHECK: nn.pad {{.*}}, %[[PADS]] {{.*}} -> tensor<?x?x?x3xf32>
  // CHECK: nn.conv_nhwc {{.*}} -> tensor<?x?x?x16xf32>
  // CHECK: nn.transpose {{.*}} -> tensor<?x16x?x?xf32>
  %w = nn.constant dense<1.0> : tensor<16x3x3x3xf32>
  %y = nn.conv %x, %w {strides = array<i64: 1, 2>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 2>, group = 1 : i64, auto_pad = 0 : i64} : (tensor<?x3x?x?xf32>, tensor<16x3x3x3xf32>) -> tensor<?x16x?x?xf32>
  return %y : tensor<?x16x?x?xf32>
}

// CHECK-LABEL: func.func @dynamic_pool
func.func @dynamic_pool(%x: tensor<?x3x8x?xf32>) -> tensor<?x3x4x?xf32> {
  // CHECK: nn.pool_nhwc average, {{.*}}pads = array<i64: 0, 1, 0, 1>{{.*}} -> tensor<?x4x?x3xf32>
  %y = nn.avg_pool %x {kernel_shape = array<i64: 2, 2>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 1, 0, 1>, ceil_mode = false, auto_pad = 0 : i64, count_include_pad = false} : (tensor<?x3x8x?xf32>) -> tensor<?x3x4x?xf32>
  return %y : tensor<?x3x4x?xf32>
}

// Padding that follows from an unknown side stays with the kernel library, and so does a last window
// that may be cut; an unknown batch alone does not matter to either.
// CHECK-LABEL: func.func @padding_of_unknown_size
func.func @padding_of_unknown_size(%x: tensor<1x3x8x?xf32>, %b: tensor<?x3x8x8xf32>)
    -> (tensor<1x16x8x?xf32>, tensor<1x3x4x?xf32>, tensor<?x3x4x4xf32>) {
  // CHECK: nn.conv %
  // CHECK: nn.max_pool
  // CHECK: nn.pool_nhwc max, {{.*}} -> tensor<?x4x4x3xf32>
  %w = nn.constant dense<1.0> : tensor<16x3x3x3xf32>
  %0 = nn.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, group = 1 : i64, auto_pad = 1 : i64} : (tensor<1x3x8x?xf32>, tensor<16x3x3x3xf32>) -> tensor<1x16x8x?xf32>
  %1 = nn.max_pool %x {kernel_shape = array<i64: 2, 2>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, ceil_mode = true, auto_pad = 0 : i64} : (tensor<1x3x8x?xf32>) -> tensor<1x3x4x?xf32>
  %2 = nn.max_pool %b {kernel_shape = array<i64: 2, 2>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, ceil_mode = true, auto_pad = 0 : i64} : (tensor<?x3x8x8xf32>) -> tensor<?x3x4x4xf32>
  return %0, %1, %2 : tensor<1x16x8x?xf32>, tensor<1x3x4x?xf32>, tensor<?x3x4x4xf32>
}

// A transposed convolution whose windows do not overlap is a product of matrices; others stay.
// CHECK-LABEL: func.func @conv_transpose
func.func @conv_transpose(%x: tensor<1x4x3x5xf32>, %b: tensor<8xf32>)
    -> (tensor<1x8x6x10xf32>, tensor<1x8x7x11xf32>) {
  // CHECK: %[[X:.*]] = nn.transpose %arg0 {{.*}} -> tensor<1x3x5x4xf32>
  // CHECK: %[[M:.*]] = nn.matmul_packed %[[X]], {{.*}}tensor<1x4x32xf32>) -> tensor<1x3x5x32xf32>
  // CHECK: %[[R:.*]] = nn.reshape %[[M]], {{.*}} -> tensor<3x5x2x16xf32>
  // CHECK: %[[T:.*]] = nn.transpose %[[R]] {permutation = array<i64: 0, 2, 1, 3>}
  // CHECK: %[[P:.*]] = nn.reshape %[[T]], {{.*}} -> tensor<1x6x10x8xf32>
  // CHECK: %[[A:.*]] = nn.add %[[P]], %arg1
  // CHECK: nn.transpose %[[A]] {{.*}} -> tensor<1x8x6x10xf32>
  // CHECK: nn.conv_transpose
  %w = nn.constant dense<1.0> : tensor<4x8x2x2xf32>
  %y = nn.conv_transpose %x, %w bias(%b) {strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, output_padding = array<i64: 0, 0>, output_shape = array<i64>, group = 1 : i64, auto_pad = 0 : i64} : (tensor<1x4x3x5xf32>, tensor<4x8x2x2xf32>, tensor<8xf32>) -> tensor<1x8x6x10xf32>
  %v = nn.constant dense<1.0> : tensor<4x8x3x3xf32>
  %z = nn.conv_transpose %x, %v {strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, output_padding = array<i64: 0, 0>, output_shape = array<i64>, group = 1 : i64, auto_pad = 0 : i64} : (tensor<1x4x3x5xf32>, tensor<4x8x3x3xf32>) -> tensor<1x8x7x11xf32>
  return %y, %z : tensor<1x8x6x10xf32>, tensor<1x8x7x11xf32>
}
