// Layers run row by row, what lies between them is a ring, and the result lies over dead rows.
// RUN: pebble-opt %s -pass-pipeline='builtin.module(bufferize-program,stream-layers{alignment=1 microkernels=conv=f,depthwise=f},func.func(plan-memory),verify-accesses)' \
// RUN:   | FileCheck %s
// RUN: pebble-opt %s -pass-pipeline='builtin.module(bufferize-program,stream-layers{alignment=1 budget=100000 microkernels=conv=f,depthwise=f},func.func(plan-memory),verify-accesses)' \
// RUN:   | FileCheck %s --check-prefix=ENOUGH
// RUN: pebble-opt %s -pass-pipeline='builtin.module(bufferize-program,stream-layers{alignment=1 microkernels=conv=f,depthwise=f regions=near=1024,far},func.func(plan-memory{regions=near=1024,far}),verify-accesses)' \
// RUN:   | FileCheck %s --check-prefix=REGIONS

// The ring is read most for its size; the operand does not fit beside it.
// REGIONS-LABEL: func.func @main
// REGIONS-SAME: mem.arena_bytes = 2816 : i64
// REGIONS-SAME: mem.regions = [#mem.region<name = "near", capacity = 1024, bytes = 768, lower_bound = 768>, #mem.region<name = "far", bytes = 2048, lower_bound = 2048>]
// REGIONS-DAG: mem.slot 0 : memref<1x3x16x16xi8>
// REGIONS-DAG: mem.slot {{.*}} region 1 : memref<1x16x16x8xi8>
// REGIONS-DAG: mem.slot {{.*}} region 1 : memref<1x8x8x16xi8>
// REGIONS: scf.for

// The operand's 2048 bytes, three rows of @wide's result, and no more for @narrow's.
// CHECK-LABEL: func.func @main
// CHECK-SAME: mem.arena_bytes = 2816 : i64, mem.arena_lower_bound = 2816 : i64
// CHECK-DAG: %{{.*}} = mem.input 0 : memref<1x16x16x8xi8>
// CHECK-DAG: %[[A:.*]] = mem.slot {{.*}} : memref<1x16x16x8xi8>
// CHECK-DAG: %[[RING:.*]] = mem.slot {{.*}} : memref<1x3x16x16xi8>
// CHECK-DAG: %[[B:.*]] = mem.slot {{.*}} : memref<1x8x8x16xi8>
// CHECK: scf.for %[[Y:.*]] = %
// CHECK: scf.for %[[Z:.*]] = %
// CHECK: %[[FROM:.*]] = mem.row %[[A]][%[[Z]]] : memref<1x16x16x8xi8> to memref<1x1x16x8xi8>
// CHECK: %[[TO:.*]] = mem.row %[[RING]][%[[Z]]] : memref<1x3x16x16xi8> to memref<1x1x16x16xi8>
// CHECK: mem.launch @wide_row ins(%[[FROM]], {{.*}}) outs(%[[TO]] :
// CHECK: %[[MADE:.*]] = mem.row %[[B]][%[[Y]]] : memref<1x8x8x16xi8> to memref<1x1x8x16xi8>
// CHECK: mem.launch @narrow_ring3 ins(%[[RING]], {{.*}}) outs(%[[MADE]] : {{.*}}) row(%[[Y]])
// CHECK: func.func private @wide_row(%{{.*}}: tensor<1x1x16x8xui8>, {{.*}}) -> tensor<1x1x16x16xui8>
// CHECK: func.func private @narrow_ring3(%{{.*}}: tensor<1x16x16x16xui8>
// CHECK-SAME: mem.ring_rows = 3 : i64

// ENOUGH-LABEL: func.func @main
// ENOUGH-NOT: scf.for
// ENOUGH: return
func.func @main(%x: tensor<1x16x16x8xui8>) -> tensor<16xui8> {
  %v = nn.constant dense<1> : tensor<1x1x2x16x4xi8>
  %w = nn.constant dense<1> : tensor<1x3x16x4xi8>
  %b = nn.constant dense<0> : tensor<16xi32>
  %m = nn.constant dense<1.0> : tensor<16xf32>
  %0 = nn.launch @pass(%x) : (tensor<1x16x16x8xui8>) -> tensor<1x16x16x8xui8>
  %1 = nn.launch @wide(%0, %v, %b, %m) : (tensor<1x16x16x8xui8>, tensor<1x1x2x16x4xi8>, tensor<16xi32>, tensor<16xf32>) -> tensor<1x16x16x16xui8>
  %2 = nn.launch @narrow(%1, %w, %b, %m) : (tensor<1x16x16x16xui8>, tensor<1x3x16x4xi8>, tensor<16xi32>, tensor<16xf32>) -> tensor<1x8x8x16xui8>
  %3 = nn.launch @all(%2) : (tensor<1x8x8x16xui8>) -> tensor<16xui8>
  return %3 : tensor<16xui8>
}
func.func private @pass(%x: tensor<1x16x16x8xui8>) -> tensor<1x16x16x8xui8> attributes {nn.nodes = ["pass"]} {
  %0 = nn.transpose %x {permutation = array<i64: 0, 2, 1, 3>} : (tensor<1x16x16x8xui8>) -> tensor<1x16x16x8xui8>
  return %0 : tensor<1x16x16x8xui8>
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
