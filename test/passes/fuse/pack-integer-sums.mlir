// RUN: pebble-opt %s --pack-integer-sums --canonicalize | FileCheck %s

// The zero point is known when the model runs: the bias is its product with the sums of the weights,
// 4 and 6, and the scale is an operand.
// CHECK-LABEL: @product
// CHECK-SAME: %[[X:.*]]: tensor<5x2xui8>, %[[Z:.*]]: tensor<ui8>, %[[S:.*]]: tensor<f32>
// CHECK-DAG: %[[SUMS:.*]] = nn.constant dense<[4, 6, 0, {{.*}}]> : tensor<16xi32>
// CHECK-DAG: %[[N:.*]] = nn.mul %[[SUMS]], %{{.*}} : (tensor<16xi32>, tensor<i32>) -> tensor<16xi32>
// CHECK-DAG: %[[B:.*]] = nn.sub %{{.*}}, %[[N]]
// CHECK-DAG: %[[M:.*]] = nn.mul {{.*}} -> tensor<16xf32>
// CHECK: %[[R:.*]] = qnn.conv_sums %{{.*}}, %{{.*}}, %[[B]], %[[M]], %{{.*}} {{{.*}}to = f32} : (tensor<1x1x5x2xui8>, tensor<1x1x1x16x4xi8>, tensor<16xi32>, tensor<16xf32>, tensor<1xui8>) -> tensor<1x1x5x2xf32>
// CHECK: nn.reshape %[[R]]
// CHECK-NOT: nn.matmul
func.func @product(%x: tensor<5x2xui8>, %z: tensor<ui8>, %s: tensor<f32>) -> tensor<5x2xf32> {
  %w = nn.constant dense<[[1, 2], [3, 4]]> : tensor<2x2xi32>
  %xw = nn.cast %x {to = i32} : (tensor<5x2xui8>) -> tensor<5x2xi32>
  %zw = nn.cast %z {to = i32} : (tensor<ui8>) -> tensor<i32>
  %c = nn.sub %xw, %zw : (tensor<5x2xi32>, tensor<i32>) -> tensor<5x2xi32>
  %p = nn.matmul %c, %w : (tensor<5x2xi32>, tensor<2x2xi32>) -> tensor<5x2xi32>
  %f = nn.cast %p {to = f32} : (tensor<5x2xi32>) -> tensor<5x2xf32>
  %y = nn.mul %f, %s : (tensor<5x2xf32>, tensor<f32>) -> tensor<5x2xf32>
  return %y : tensor<5x2xf32>
}

// Padding reads the zero point, once a channel. Signed codes get 128 more.
// CHECK-LABEL: @convolution
// CHECK: %[[F:.*]] = nn.bitwise_xor
// CHECK: qnn.conv_sums {{.*}}pads = array<i64: 1, 1, 1, 1>{{.*}}to = i32} {{.*}}tensor<3xui8>) -> tensor<1x4x4x2xi32>
func.func @convolution(%x: tensor<1x3x4x4xi8>, %z: tensor<1xi8>) -> tensor<1x2x4x4xi32> {
  %w = nn.constant dense<1> : tensor<2x3x3x3xi32>
  %xw = nn.cast %x {to = i32} : (tensor<1x3x4x4xi8>) -> tensor<1x3x4x4xi32>
  %zw = nn.cast %z {to = i32} : (tensor<1xi8>) -> tensor<1xi32>
  %c = nn.sub %xw, %zw : (tensor<1x3x4x4xi32>, tensor<1xi32>) -> tensor<1x3x4x4xi32>
  %y = nn.conv %c, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>,
      pads = array<i64: 1, 1, 1, 1>, group = 1 : i64, auto_pad = 0 : i64}
      : (tensor<1x3x4x4xi32>, tensor<2x3x3x3xi32>) -> tensor<1x2x4x4xi32>
  return %y : tensor<1x2x4x4xi32>
}

// Weights from 5 to 255 do not fit bytes: 133 less do, and are given back for each input.
// CHECK-LABEL: @wide_weights
// CHECK-DAG: nn.constant dense<[-133, 0, {{.*}}]> : tensor<16xi32>
// CHECK: qnn.conv_sums
func.func @wide_weights(%x: tensor<5x2xui8>) -> tensor<5x1xi32> {
  %w = nn.constant dense<[[5], [255]]> : tensor<2x1xi32>
  %xw = nn.cast %x {to = i32} : (tensor<5x2xui8>) -> tensor<5x2xi32>
  %p = nn.matmul %xw, %w : (tensor<5x2xi32>, tensor<2x1xi32>) -> tensor<5x1xi32>
  return %p : tensor<5x1xi32>
}

// Large weights are not folded before.
// CHECK-LABEL: @unfolded
// CHECK-DAG: nn.constant dense<{{.*}}[-1, -1, 0, 0], [-2, -2, 0, 0],{{.*}}> : tensor<1x1x1x16x4xi8>
// CHECK: qnn.conv_sums
func.func @unfolded(%x: tensor<5x2xui8>) -> tensor<5x2xi32> {
  %w = nn.constant dense<[[2, 2], [2, 2]]> : tensor<2x2xui8>
  %z = nn.constant dense<[3, 4]> : tensor<2xi32>
  %ww = nn.cast %w {to = i32} : (tensor<2x2xui8>) -> tensor<2x2xi32>
  %wc = nn.sub %ww, %z : (tensor<2x2xi32>, tensor<2xi32>) -> tensor<2x2xi32>
  %xw = nn.cast %x {to = i32} : (tensor<5x2xui8>) -> tensor<5x2xi32>
  %p = nn.matmul %xw, %wc : (tensor<5x2xi32>, tensor<2x2xi32>) -> tensor<5x2xi32>
  return %p : tensor<5x2xi32>
}

// Numbers that are no bytes.
// CHECK-LABEL: @words
// CHECK: nn.matmul
func.func @words(%x: tensor<5x2xi32>) -> tensor<5x1xi32> {
  %w = nn.constant dense<1> : tensor<2x1xi32>
  %p = nn.matmul %x, %w : (tensor<5x2xi32>, tensor<2x1xi32>) -> tensor<5x1xi32>
  return %p : tensor<5x1xi32>
}
