// RUN: pebble-opt %s --annotate-code-ranges | FileCheck %s

!x = !quant.uniform<u8:f32, 1.0:3>
!w = !quant.uniform<i8:f32, 1.0>
!b = !quant.uniform<i32:f32, 1.0>
!y = !quant.uniform<u8:f32, 4.0>

// The input is anything from 0 to 255, less its zero point. The sums of the channels are from
// 3 * -3 to 3 * 252, 5, and from -2 * 252 to -2 * -3; a quarter of that is rounded and saturated.
// CHECK-LABEL: @bounds
// CHECK: qnn.conv {{.*}}qnn.ranges = {axis = 1 : i64, high = array<i64: 189, 1, 2>, low = array<i64: 0, 1, 0>, nodes = ["conv"]}
// CHECK: qnn.add {{.*}}qnn.ranges = {axis = 1 : i64, high = array<i64: 255, 2, 4>, low = array<i64: 0, 2, 0>, nodes = ["sum"]}
func.func @bounds(%x: tensor<1x1x8x8x!x>) -> tensor<1x3x8x8x!y> {
  %wc = nn.constant dense<[[[[3]]], [[[0]]], [[[-2]]]]> : tensor<3x1x1x1xi8>
  %wq = qnn.storage_cast %wc : tensor<3x1x1x1xi8> -> tensor<3x1x1x1x!w>
  %bc = nn.constant dense<[0, 5, 0]> : tensor<3xi32>
  %bq = qnn.storage_cast %bc : tensor<3xi32> -> tensor<3x!b>
  %c = qnn.conv %x, %wq bias(%bq) {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>,
      pads = array<i64: 0, 0, 0, 0>, group = 1 : i64, auto_pad = 0 : i64}
      : (tensor<1x1x8x8x!x>, tensor<3x1x1x1x!w>, tensor<3x!b>) -> tensor<1x3x8x8x!y> loc("conv")
  %s = qnn.add %c, %c : (tensor<1x3x8x8x!y>, tensor<1x3x8x8x!y>) -> tensor<1x3x8x8x!y> loc("sum")
  return %s : tensor<1x3x8x8x!y>
}

// Taps over the edge read nothing: at least one of three is over it at the ends, none in between.
// The input is 7 or more and at most 9, so that a sum is from 7 + 7 to 9 + 9 + 9.
// CHECK-LABEL: @edges
// CHECK: qnn.conv {{.*}}qnn.ranges = {axis = 1 : i64, high = array<i64: 27>, low = array<i64: 14>
func.func @edges(%x: tensor<1x1x1x8x!quant.uniform<u8:f32, 1.0>>) -> tensor<1x1x1x8x!quant.uniform<u8:f32, 1.0>> {
  %one = nn.constant dense<1> : tensor<1x1x1x1xi8>
  %oneq = qnn.storage_cast %one : tensor<1x1x1x1xi8> -> tensor<1x1x1x1x!w>
  %x79 = qnn.conv %x, %oneq {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>,
      pads = array<i64: 0, 0, 0, 0>, group = 1 : i64, auto_pad = 0 : i64, low = 7 : i64,
      high = 9 : i64} : (tensor<1x1x1x8x!quant.uniform<u8:f32, 1.0>>, tensor<1x1x1x1x!w>)
      -> tensor<1x1x1x8x!quant.uniform<u8:f32, 1.0>>
  %wc = nn.constant dense<1> : tensor<1x1x1x3xi8>
  %wq = qnn.storage_cast %wc : tensor<1x1x1x3xi8> -> tensor<1x1x1x3x!w>
  %c = qnn.conv %x79, %wq {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>,
      pads = array<i64: 0, 1, 0, 1>, group = 1 : i64, auto_pad = 0 : i64}
      : (tensor<1x1x1x8x!quant.uniform<u8:f32, 1.0>>, tensor<1x1x1x3x!w>)
      -> tensor<1x1x1x8x!quant.uniform<u8:f32, 1.0>> loc("edges")
  return %c : tensor<1x1x1x8x!quant.uniform<u8:f32, 1.0>>
}
