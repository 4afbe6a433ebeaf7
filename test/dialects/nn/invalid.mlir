// Each message names both of the values that do not fit together.
// RUN: pebble-opt %s -split-input-file -verify-diagnostics

func.func @broadcast(%x: tensor<2x3xf32>, %y: tensor<4xf32>) {
  // expected-error @+2 {{failed to infer returned types}}
  // expected-error @+1 {{cannot broadcast a dim of 3 with one of 4}}
  %0 = nn.add %x, %y : (tensor<2x3xf32>, tensor<4xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @element_types(%x: tensor<2xf32>, %y: tensor<2xf16>) {
  // expected-error @+2 {{failed to infer returned types}}
  // expected-error @+1 {{element types 'f32' and 'f16'; expected one element type}}
  %0 = nn.add %x, %y : (tensor<2xf32>, tensor<2xf16>) -> tensor<2xf32>
  return
}

// -----

func.func @result(%x: tensor<2x3xf32>) {
  // expected-error @+2 {{failed to infer returned types}}
  // expected-error @+1 {{'tensor<2x3xf32>' are incompatible with return type(s) of operation 'tensor<3x2xf32>'}}
  %0 = nn.relu %x : (tensor<2x3xf32>) -> tensor<3x2xf32>
  return
}

// -----

func.func @channels(%x: tensor<1x3x8x8xf32>, %w: tensor<16x5x3x3xf32>) {
  // expected-error @+2 {{failed to infer returned types}}
  // expected-error @+1 {{has 3 input channels; its weight and groups take 5}}
  %0 = nn.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>,
      pads = array<i64: 0, 0, 0, 0>, group = 1 : i64, auto_pad = 0 : i64}
      : (tensor<1x3x8x8xf32>, tensor<16x5x3x3xf32>) -> tensor<1x16x6x6xf32>
  return
}

// -----

func.func @strings(%x: tensor<2x!llvm.ptr>) {
  // expected-error @+1 {{must be ranked tensor of float or integer values, but got 'tensor<2x!llvm.ptr>'}}
  %0 = nn.relu %x : (tensor<2x!llvm.ptr>) -> tensor<2x!llvm.ptr>
  return
}

// -----

func.func @branches(%c: tensor<i1>, %x: tensor<3xf32>, %y: tensor<4xf32>) {
  // expected-error @+1 {{else-region yields 'tensor<4xf32>' at place 0; expected 'tensor<3xf32>'}}
  %0 = nn.if %c : (tensor<i1>) -> tensor<3xf32> {
    nn.yield %x : tensor<3xf32>
  } else {
    nn.yield %y : tensor<4xf32>
  }
  return
}

// -----

func.func @condition(%c: tensor<2xi1>, %x: tensor<3xf32>) {
  // expected-error @+1 {{condition must be one i1, but it is 'tensor<2xi1>'}}
  %0 = nn.if %c : (tensor<2xi1>) -> tensor<3xf32> {
    nn.yield %x : tensor<3xf32>
  } else {
    nn.yield %x : tensor<3xf32>
  }
  return
}

// -----

func.func @carried(%n: tensor<i64>, %c: tensor<i1>, %x: tensor<3xf32>) {
  // expected-error @+1 {{body yields 1 values; expected 2}}
  %0 = nn.loop %n, %c iter(%x) : (tensor<i64>, tensor<i1>, tensor<3xf32>) -> tensor<3xf32> {
  ^bb0(%i: tensor<i64>, %go: tensor<i1>, %v: tensor<3xf32>):
    nn.yield %go : tensor<i1>
  }
  return
}

// -----

func.func @axis(%x: tensor<2x3xf32>) {
  // expected-error @+2 {{failed to infer returned types}}
  // expected-error @+1 {{axis 2, which is out of range for rank 2}}
  %0 = nn.softmax %x {axis = 2 : i64} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @permutation(%x: tensor<2x3xf32>) {
  // expected-error @+2 {{failed to infer returned types}}
  // expected-error @+1 {{names axis 0 twice}}
  %0 = nn.transpose %x {permutation = array<i64: 0, 0>} : (tensor<2x3xf32>) -> tensor<2x2xf32>
  return
}

// -----

func.func @pads(%x: tensor<1x?x8x3xf32>, %w: tensor<1x1x3x3x3x8xf32>) {
  // expected-error @+1 {{pads 'tensor<1x?x8x3xf32>'; expected an image with known sides}}
  %0 = nn.conv_nhwc %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>} : (tensor<1x?x8x3xf32>, tensor<1x1x3x3x3x8xf32>) -> tensor<1x?x8x8xf32>
  return
}
