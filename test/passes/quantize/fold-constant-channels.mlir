// RUN: pebble-opt %s --fold-constant-channels --canonicalize --verify-diagnostics | FileCheck %s

!x = !quant.uniform<u8:f32, 1.0>
!w = !quant.uniform<i8:f32, 1.0>
!b = !quant.uniform<i32:f32, 1.0>
!ws = !quant.uniform<i8:f32:0, {1.0, 2.0, 4.0}>

// Channel 1 is 7 whatever the input is; it adds 7 * 20 to the sum of channel 0 and 7 * 21 to the
// other one. Weights and bias are what the values say, channel by channel.
// CHECK-LABEL: @into_bias
// CHECK-DAG: nn.constant dense<{{\[\[\[\[1\]\]\], \[\[\[3\]\]\]\]}}> : tensor<2x1x1x1xi8>
// CHECK-DAG: nn.constant dense<{{\[\[\[\[10\]\], \[\[30\]\]\], \[\[\[11\]\], \[\[31\]\]\]\]}}> : tensor<2x2x1x1xi8>
// CHECK-DAG: nn.constant dense<[141, 149]> : tensor<2xi32>
// CHECK: qnn.conv %arg0, %{{.*}} -> tensor<1x2x8x8x!quant
// CHECK: qnn.conv %{{.*}} -> tensor<1x2x8x8x!quant
// expected-remark @+1 {{4 of 5 output channels, 384 of 576 multiply-adds and 6 of 9 weights}}
func.func @into_bias(%x: tensor<1x1x8x8x!x>) -> tensor<1x2x8x8x!x> {
  %wc = nn.constant dense<[[[[1]]], [[[0]]], [[[3]]]]> : tensor<3x1x1x1xi8>
  %wq = qnn.storage_cast %wc : tensor<3x1x1x1xi8> -> tensor<3x1x1x1x!w>
  %bc = nn.constant dense<[0, 7, 0]> : tensor<3xi32>
  %bq = qnn.storage_cast %bc : tensor<3xi32> -> tensor<3x!b>
  %y = qnn.conv %x, %wq bias(%bq) {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>,
      pads = array<i64: 0, 0, 0, 0>, group = 1 : i64, auto_pad = 0 : i64}
      : (tensor<1x1x8x8x!x>, tensor<3x1x1x1x!w>, tensor<3x!b>) -> tensor<1x3x8x8x!x>
  %vc = nn.constant dense<[[[[10]], [[20]], [[30]]], [[[11]], [[21]], [[31]]]]> : tensor<2x3x1x1xi8>
  %vq = qnn.storage_cast %vc : tensor<2x3x1x1xi8> -> tensor<2x3x1x1x!w>
  %cc = nn.constant dense<[1, 2]> : tensor<2xi32>
  %cq = qnn.storage_cast %cc : tensor<2xi32> -> tensor<2x!b>
  %z = qnn.conv %y, %vq bias(%cq) {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>,
      pads = array<i64: 0, 0, 0, 0>, group = 1 : i64, auto_pad = 0 : i64}
      : (tensor<1x3x8x8x!x>, tensor<2x3x1x1x!w>, tensor<2x!b>) -> tensor<1x2x8x8x!x>
  return %z : tensor<1x2x8x8x!x>
}

// A layer without a bias gets one; scales of channels that go, go along.
// CHECK-LABEL: @per_channel
// CHECK-DAG: nn.constant dense<40> : tensor<1xi32>
// CHECK: qnn.conv %arg0, %{{.*}}!quant.uniform<i8:f32:0, {1.000000e+00,4.000000e+00}>>) -> tensor<1x2x8x8x!quant
// CHECK: qnn.conv %{{.*}} bias({{.*}} -> tensor<1x1x8x8x!quant
// expected-remark @+1 {{3 of 4 output channels}}
func.func @per_channel(%x: tensor<1x1x8x8x!x>) -> tensor<1x1x8x8x!x> {
  %wc = nn.constant dense<[[[[1]]], [[[0]]], [[[3]]]]> : tensor<3x1x1x1xi8>
  %wq = qnn.storage_cast %wc : tensor<3x1x1x1xi8> -> tensor<3x1x1x1x!ws>
  %y = qnn.conv %x, %wq {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>,
      pads = array<i64: 0, 0, 0, 0>, group = 1 : i64, auto_pad = 0 : i64, low = 2 : i64}
      : (tensor<1x1x8x8x!x>, tensor<3x1x1x1x!ws>) -> tensor<1x3x8x8x!x>
  %vc = nn.constant dense<[[[[10]], [[20]], [[30]]]]> : tensor<1x3x1x1xi8>
  %vq = qnn.storage_cast %vc : tensor<1x3x1x1xi8> -> tensor<1x3x1x1x!w>
  %z = qnn.conv %y, %vq {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>,
      pads = array<i64: 0, 0, 0, 0>, group = 1 : i64, auto_pad = 0 : i64}
      : (tensor<1x3x8x8x!x>, tensor<1x3x1x1x!w>) -> tensor<1x1x8x8x!x>
  return %z : tensor<1x1x8x8x!x>
}

// Padding reads as the zero point 0: channel 0 is 0 and goes, channel 1 is 7 and stays.
// CHECK-LABEL: @behind_padding
// CHECK: qnn.conv %arg0, %{{.*}} -> tensor<1x2x8x8x!quant
// CHECK: qnn.conv %{{.*}} -> tensor<1x1x8x8x!quant
// expected-remark @+1 {{3 of 4 output channels}}
func.func @behind_padding(%x: tensor<1x1x8x8x!x>) -> tensor<1x1x8x8x!x> {
  %wc = nn.constant dense<[[[[0]]], [[[0]]], [[[3]]]]> : tensor<3x1x1x1xi8>
  %wq = qnn.storage_cast %wc : tensor<3x1x1x1xi8> -> tensor<3x1x1x1x!w>
  %bc = nn.constant dense<[0, 7, 0]> : tensor<3xi32>
  %bq = qnn.storage_cast %bc : tensor<3xi32> -> tensor<3x!b>
  %y = qnn.conv %x, %wq bias(%bq) {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>,
      pads = array<i64: 0, 0, 0, 0>, group = 1 : i64, auto_pad = 0 : i64}
      : (tensor<1x1x8x8x!x>, tensor<3x1x1x1x!w>, tensor<3x!b>) -> tensor<1x3x8x8x!x>
  %vc = nn.constant dense<1> : tensor<1x3x3x3xi8>
  %vq = qnn.storage_cast %vc : tensor<1x3x3x3xi8> -> tensor<1x3x3x3x!w>
  %z = qnn.conv %y, %vq {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>,
      pads = array<i64: 1, 1, 1, 1>, group = 1 : i64, auto_pad = 0 : i64}
      : (tensor<1x3x8x8x!x>, tensor<1x3x3x3x!w>) -> tensor<1x1x8x8x!x>
  return %z : tensor<1x1x8x8x!x>
}

// Through a depthwise layer, a table, a pool and a reshape, to the rows of a matrix.
// CHECK-LABEL: @chain
// CHECK: qnn.conv %arg0, %{{.*}} -> tensor<1x2x8x8x!quant
// CHECK: qnn.conv {{.*}} group = 2 {{.*}} -> tensor<1x2x4x4x!quant
// CHECK: qnn.lookup {{.*}} -> tensor<1x2x4x4x!quant
// CHECK: nn.max_pool {{.*}} -> tensor<1x2x2x2xui8>
// CHECK: nn.reshape {{.*}} -> tensor<1x8xui8>
// CHECK: qnn.matmul {{.*}} (tensor<1x8x!quant{{.*}}>, tensor<8x2x!quant
// expected-remark @+1 {{6 of 8 output channels, 432 of 648 multiply-adds and 36 of 54 weights}}
func.func @chain(%x: tensor<1x1x8x8x!x>) -> tensor<1x2x!x> {
  %wc = nn.constant dense<[[[[1]]], [[[0]]], [[[3]]]]> : tensor<3x1x1x1xi8>
  %wq = qnn.storage_cast %wc : tensor<3x1x1x1xi8> -> tensor<3x1x1x1x!w>
  %y = qnn.conv %x, %wq {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>,
      pads = array<i64: 0, 0, 0, 0>, group = 1 : i64, auto_pad = 0 : i64}
      : (tensor<1x1x8x8x!x>, tensor<3x1x1x1x!w>) -> tensor<1x3x8x8x!x>
  %dc = nn.constant dense<1> : tensor<3x1x3x3xi8>
  %dq = qnn.storage_cast %dc : tensor<3x1x3x3xi8> -> tensor<3x1x3x3x!w>
  %d = qnn.conv %y, %dq {strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>,
      pads = array<i64: 0, 0, 1, 1>, group = 3 : i64, auto_pad = 0 : i64}
      : (tensor<1x3x8x8x!x>, tensor<3x1x3x3x!w>) -> tensor<1x3x4x4x!x>
  %t = nn.constant dense<9> : tensor<256xui8>
  %l = qnn.lookup %d, %t : (tensor<1x3x4x4x!x>, tensor<256xui8>) -> tensor<1x3x4x4x!x>
  %sum = qnn.add %l, %d : (tensor<1x3x4x4x!x>, tensor<1x3x4x4x!x>) -> tensor<1x3x4x4x!x>
  %codes = qnn.storage_cast %sum : tensor<1x3x4x4x!x> -> tensor<1x3x4x4xui8>
  %m = nn.max_pool %codes {kernel_shape = array<i64: 2, 2>, strides = array<i64: 2, 2>,
      dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, ceil_mode = false,
      auto_pad = 0 : i64} : (tensor<1x3x4x4xui8>) -> tensor<1x3x2x2xui8>
  %shape = nn.constant dense<[1, 12]> : tensor<2xi64>
  %flat = nn.reshape %m, %shape {allowzero = false}
      : (tensor<1x3x2x2xui8>, tensor<2xi64>) -> tensor<1x12xui8>
  %f = qnn.storage_cast %flat : tensor<1x12xui8> -> tensor<1x12x!x>
  %vc = nn.constant dense<1> : tensor<12x2xi8>
  %vq = qnn.storage_cast %vc : tensor<12x2xi8> -> tensor<12x2x!w>
  %z = qnn.matmul %f, %vq : (tensor<1x12x!x>, tensor<12x2x!w>) -> tensor<1x2x!x>
  return %z : tensor<1x2x!x>
}

// The sum of channel 1 is not constant, though one operand's is.
// CHECK-LABEL: @residual
// CHECK-COUNT-2: qnn.conv {{.*}} -> tensor<1x3x8x8x!quant
// CHECK: qnn.conv {{.*}} -> tensor<1x1x8x8x!quant
func.func @residual(%x: tensor<1x1x8x8x!x>) -> tensor<1x1x8x8x!x> {
  %wc = nn.constant dense<[[[[1]]], [[[0]]], [[[3]]]]> : tensor<3x1x1x1xi8>
  %wq = qnn.storage_cast %wc : tensor<3x1x1x1xi8> -> tensor<3x1x1x1x!w>
  %y = qnn.conv %x, %wq {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>,
      pads = array<i64: 0, 0, 0, 0>, group = 1 : i64, auto_pad = 0 : i64}
      : (tensor<1x1x8x8x!x>, tensor<3x1x1x1x!w>) -> tensor<1x3x8x8x!x>
  %uc = nn.constant dense<2> : tensor<3x1x1x1xi8>
  %uq = qnn.storage_cast %uc : tensor<3x1x1x1xi8> -> tensor<3x1x1x1x!w>
  %u = qnn.conv %x, %uq {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>,
      pads = array<i64: 0, 0, 0, 0>, group = 1 : i64, auto_pad = 0 : i64}
      : (tensor<1x1x8x8x!x>, tensor<3x1x1x1x!w>) -> tensor<1x3x8x8x!x>
  %sum = qnn.add %y, %u
      : (tensor<1x3x8x8x!x>, tensor<1x3x8x8x!x>) -> tensor<1x3x8x8x!x>
  %vc = nn.constant dense<1> : tensor<1x3x1x1xi8>
  %vq = qnn.storage_cast %vc : tensor<1x3x1x1xi8> -> tensor<1x3x1x1x!w>
  %z = qnn.conv %sum, %vq {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>,
      pads = array<i64: 0, 0, 0, 0>, group = 1 : i64, auto_pad = 0 : i64}
      : (tensor<1x3x8x8x!x>, tensor<1x3x1x1x!w>) -> tensor<1x1x8x8x!x>
  return %z : tensor<1x1x8x8x!x>
}

// A result of the function keeps its channels, and a constant one needs no input: channel 1 of the
// first layer is read by nothing else.
// CHECK-LABEL: @result
// CHECK-DAG: nn.constant dense<[0, 255]> : tensor<2xi32>
// CHECK: qnn.conv %arg0, {{.*}} -> tensor<1x1x8x8x!quant
// CHECK: qnn.conv {{.*}} -> tensor<1x2x8x8x!quant
// expected-remark @+1 {{3 of 4 output channels}}
func.func @result(%x: tensor<1x1x8x8x!x>) -> tensor<1x2x8x8x!x> {
  %wc = nn.constant dense<[[[[1]]], [[[2]]]]> : tensor<2x1x1x1xi8>
  %wq = qnn.storage_cast %wc : tensor<2x1x1x1xi8> -> tensor<2x1x1x1x!w>
  %y = qnn.conv %x, %wq {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>,
      pads = array<i64: 0, 0, 0, 0>, group = 1 : i64, auto_pad = 0 : i64}
      : (tensor<1x1x8x8x!x>, tensor<2x1x1x1x!w>) -> tensor<1x2x8x8x!x>
  %vc = nn.constant dense<[[[[1]], [[0]]], [[[0]], [[1]]]]> : tensor<2x2x1x1xi8>
  %vq = qnn.storage_cast %vc : tensor<2x2x1x1xi8> -> tensor<2x2x1x1x!w>
  %cc = nn.constant dense<[0, 255]> : tensor<2xi32>
  %cq = qnn.storage_cast %cc : tensor<2xi32> -> tensor<2x!b>
  %z = qnn.conv %y, %vq bias(%cq) {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>,
      pads = array<i64: 0, 0, 0, 0>, group = 1 : i64, auto_pad = 0 : i64}
      : (tensor<1x2x8x8x!x>, tensor<2x2x1x1x!w>, tensor<2x!b>) -> tensor<1x2x8x8x!x>
  return %z : tensor<1x2x8x8x!x>
}

// One dim of the new shape may be left to the run.
// CHECK-LABEL: @any_batch
// CHECK: %[[S:.*]] = nn.constant dense<[-1, 8]> : tensor<2xi64>
// CHECK: nn.reshape %{{.*}}, %[[S]] {{.*}} -> tensor<?x8xui8>
// expected-remark @+1 {{3 of 4 output channels}}
func.func @any_batch(%x: tensor<?x1x2x2x!x>) -> tensor<?x1x!x> {
  %wc = nn.constant dense<[[[[1]]], [[[0]]], [[[3]]]]> : tensor<3x1x1x1xi8>
  %wq = qnn.storage_cast %wc : tensor<3x1x1x1xi8> -> tensor<3x1x1x1x!w>
  %y = qnn.conv %x, %wq {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>,
      pads = array<i64: 0, 0, 0, 0>, group = 1 : i64, auto_pad = 0 : i64}
      : (tensor<?x1x2x2x!x>, tensor<3x1x1x1x!w>) -> tensor<?x3x2x2x!x>
  %codes = qnn.storage_cast %y : tensor<?x3x2x2x!x> -> tensor<?x3x2x2xui8>
  %shape = nn.constant dense<[0, 12]> : tensor<2xi64>
  %flat = nn.reshape %codes, %shape {allowzero = false}
      : (tensor<?x3x2x2xui8>, tensor<2xi64>) -> tensor<?x12xui8>
  %f = qnn.storage_cast %flat : tensor<?x12xui8> -> tensor<?x12x!x>
  %vc = nn.constant dense<1> : tensor<12x1xi8>
  %vq = qnn.storage_cast %vc : tensor<12x1xi8> -> tensor<12x1x!w>
  %z = qnn.matmul %f, %vq : (tensor<?x12x!x>, tensor<12x1x!w>) -> tensor<?x1x!x>
  return %z : tensor<?x1x!x>
}
