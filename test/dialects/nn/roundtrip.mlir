// What is printed is read again. One op of each form that the dialect has.
// RUN: pebble-opt %s | pebble-opt | FileCheck %s

// CHECK-LABEL: func @elementwise
func.func @elementwise(%x: tensor<2x3xf32>, %y: tensor<3xf32>, %c: tensor<2x1xi1>) -> tensor<2x3xf32> {
  // CHECK: nn.add %{{.*}}, %{{.*}} : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  %0 = nn.add %x, %y : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  // CHECK: nn.compare lt, %{{.*}}, %{{.*}} : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xi1>
  %1 = nn.compare lt, %0, %y : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xi1>
  // CHECK: nn.cast %{{.*}} {to = ui8} : (tensor<2x3xi1>) -> tensor<2x3xui8>
  %2 = nn.cast %1 {to = ui8} : (tensor<2x3xi1>) -> tensor<2x3xui8>
  // CHECK: nn.select
  %3 = nn.select %c, %x, %y : (tensor<2x1xi1>, tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  return %3 : tensor<2x3xf32>
}

// CHECK-LABEL: func @kernels
func.func @kernels(%x: tensor<1x3x8x8xf32>, %w: tensor<16x3x3x3xf32>, %b: tensor<16xf32>) -> tensor<1x16xf32> {
  // CHECK: nn.conv %{{.*}}, %{{.*}} bias(%{{.*}}) {
  %0 = nn.conv %x, %w bias(%b) {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>,
      pads = array<i64: 1, 1, 1, 1>, group = 1 : i64, auto_pad = 0 : i64}
      : (tensor<1x3x8x8xf32>, tensor<16x3x3x3xf32>, tensor<16xf32>) -> tensor<1x16x8x8xf32>
  // CHECK: nn.constant dense<[2, 3]> : tensor<2xi64>
  %axes = nn.constant dense<[2, 3]> : tensor<2xi64>
  // CHECK: nn.reduce_mean %{{.*}}, %{{.*}} {keepdims = false}
  %1 = nn.reduce_mean %0, %axes {keepdims = false} : (tensor<1x16x8x8xf32>, tensor<2xi64>) -> tensor<1x16xf32>
  return %1 : tensor<1x16xf32>
}

// CHECK-LABEL: func @dynamic
func.func @dynamic(%x: tensor<?x4xf16>) -> tensor<?x?xf16> {
  // CHECK: nn.shape_of %{{.*}} : (tensor<?x4xf16>) -> tensor<2xi64>
  %shape = nn.shape_of %x : (tensor<?x4xf16>) -> tensor<2xi64>
  // CHECK: nn.reshape %{{.*}}, %{{.*}} {allowzero = false}
  %0 = nn.reshape %x, %shape {allowzero = false} : (tensor<?x4xf16>, tensor<2xi64>) -> tensor<?x?xf16>
  return %0 : tensor<?x?xf16>
}

// CHECK-LABEL: func @control
func.func @control(%c: tensor<i1>, %n: tensor<i64>, %x: tensor<3xf32>) -> tensor<3xf32> {
  // CHECK: nn.if %{{.*}} : (tensor<i1>) -> tensor<3xf32> {
  %0 = nn.if %c : (tensor<i1>) -> tensor<3xf32> {
    nn.yield %x : tensor<3xf32>
  } else {
    %1 = nn.neg %x : (tensor<3xf32>) -> tensor<3xf32>
    nn.yield %1 : tensor<3xf32>
  }
  // CHECK: nn.loop %{{.*}}, %{{.*}} iter(%{{.*}}) : (tensor<i64>, tensor<i1>, tensor<3xf32>) -> tensor<3xf32> {
  %2 = nn.loop %n, %c iter(%0) : (tensor<i64>, tensor<i1>, tensor<3xf32>) -> tensor<3xf32> {
  ^bb0(%i: tensor<i64>, %go: tensor<i1>, %v: tensor<3xf32>):
    %3 = nn.add %v, %x : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
    nn.yield %go, %3 : tensor<i1>, tensor<3xf32>
  }
  return %2 : tensor<3xf32>
}
