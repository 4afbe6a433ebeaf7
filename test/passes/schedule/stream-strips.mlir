// Where rows alone need too much, the first layers are computed in strips of columns.
// RUN: pebble-opt %s -pass-pipeline='builtin.module(bufferize-program,stream-layers{alignment=1 capacity=1500 extra-work=100 microkernels=conv=f,depthwise=f},func.func(plan-memory),verify-accesses)' \
// RUN:   | FileCheck %s
// RUN: pebble-opt %s -pass-pipeline='builtin.module(bufferize-program,stream-layers{alignment=1 capacity=1500 list-points microkernels=conv=f,depthwise=f},func.func(plan-memory),verify-accesses)' \
// RUN:   | FileCheck %s --check-prefix=NONE

// The right strip begins at column 8 of @wide's result; the left one needs that column, too. It is
// computed twice: 16 rows of 16 channels with 8 products.
// CHECK-LABEL: func.func @main
// CHECK-SAME: mem.arena_bytes = 1456 : i64
// CHECK-SAME: mem.extra_products = 2048 : i64
// CHECK: scf.for %[[Y:.*]] = %
// CHECK: mem.row %{{.*}}[%{{.*}}] column 0 : memref<1x16x16x8xi8> to memref<1x1x9x8xi8>
// CHECK: mem.row %{{.*}}[%[[Y]]] column 0 : memref<1x8x8x16xi8> to memref<1x1x4x16xi8>
// CHECK: mem.launch @narrow_ring3_columns0_4
// CHECK: scf.for %[[Y:.*]] = %
// CHECK: mem.row %{{.*}}[%{{.*}}] column 8 : memref<1x16x16x8xi8> to memref<1x1x8x8xi8>
// CHECK: mem.row %{{.*}}[%[[Y]]] column 4 : memref<1x8x8x16xi8> to memref<1x1x4x16xi8>
// CHECK: mem.launch @narrow_ring3_columns4_8
// CHECK: func.func private @narrow_ring3_columns4_8
// CHECK-SAME: mem.columns = array<i64: 8, 8, 4, 4>

// NONE-LABEL: func.func @main
// NONE-SAME: mem.arena_bytes = 1792 : i64
// NONE-SAME: mem.extra_products = 0 : i64
// NONE-SAME: mem.points = [{{.*}}array<i64: 1792, 0,
// NONE-SAME: array<i64: 1456, 2048,
func.func @main(%x: tensor<1x16x16x8xui8>) -> tensor<16xui8> {
  %v = nn.constant dense<1> : tensor<1x1x2x16x4xi8>
  %w = nn.constant dense<1> : tensor<1x3x16x4xi8>
  %b = nn.constant dense<0> : tensor<16xi32>
  %m = nn.constant dense<1.0> : tensor<16xf32>
  %0 = nn.launch @wide(%x, %v, %b, %m) : (tensor<1x16x16x8xui8>, tensor<1x1x2x16x4xi8>, tensor<16xi32>, tensor<16xf32>) -> tensor<1x16x16x16xui8>
  %1 = nn.launch @narrow(%0, %w, %b, %m) : (tensor<1x16x16x16xui8>, tensor<1x3x16x4xi8>, tensor<16xi32>, tensor<16xf32>) -> tensor<1x8x8x16xui8>
  %2 = nn.launch @all(%1) : (tensor<1x8x8x16xui8>) -> tensor<16xui8>
  return %2 : tensor<16xui8>
}
func.func private @wide(%x: tensor<1x16x16x8xui8>, %w: tensor<1x1x2x16x4xi8>, %b: tensor<16xi32>, %m: tensor<16xf32>) -> tensor<1x16x16x16xui8> attributes {nn.nodes = ["wide"]} {
  %0 = qnn.conv_packed %x, %w, %b, %m {kernel_shape = array<i64: 1, 1>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, group = 1 : i64, channels = 16 : i64, runs = 1 : i64, input_zero_point = 0 : i64, zero_point = 0 : i64, low = 0 : i64, high = 255 : i64} : (tensor<1x16x16x8xui8>, tensor<1x1x2x16x4xi8>, tensor<16xi32>, tensor<16xf32>) -> tensor<1x16x16x16xui8>
  return %0 : tensor<1x16x16x16xui8>
}
func.func private @narrow(%x: tensor<1x16x16x16xui8>, %w: tensor<1x3x16x4xi8>, %b: tensor<16xi32>, %m: tensor<16xf32>) -> tensor<1x8x8x16xui8> attributes {nn.nodes = ["narrow"]} {
  %0 = qnn.depthwise_packed %x, %w, %b, %m {kernel_shape = array<i64: 3, 3>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 1, 1>, input_zero_point = 0 : i64, zero_point = 0 : i64, low = 0 : i64, high = 255 : i64} : (tensor<1x16x16x16xui8>, tensor<1x3x16x4xi8>, tensor<16xi32>, tensor<16xf32>) -> tensor<1x8x8x16xui8>
  return %0 : tensor<1x8x8x16xui8>
}
func.func private @all(%x: tensor<1x8x8x16xui8>) -> tensor<16xui8> attributes {nn.nodes = ["all"]} {
  %axes = nn.constant dense<[0, 1, 2]> : tensor<3xi64>
  %0 = nn.reduce_max %x, %axes {keepdims = false, noop_with_empty_axes = false} : (tensor<1x8x8x16xui8>, tensor<3xi64>) -> tensor<16xui8>
  return %0 : tensor<16xui8>
}
