// Dims follow from the operands as far as they are known, and no further: each op states a
// wrong result type, and the message tells what was inferred.
// RUN: pebble-opt %s -split-input-file -verify-diagnostics

// A known dim other than 1 decides; 1 beside an unknown dim says nothing.
func.func @broadcast_known_wins(%x: tensor<?x?x1xf32>, %y: tensor<4x1x?xf32>) {
  // expected-error @+2 {{failed to infer returned types}}
  // expected-error @+1 {{inferred type(s) 'tensor<4x?x?xf32>'}}
  %0 = nn.add %x, %y : (tensor<?x?x1xf32>, tensor<4x1x?xf32>) -> tensor<i1>
  return
}

// -----

func.func @broadcast_zero(%x: tensor<0xf32>, %y: tensor<?xf32>) {
  // expected-error @+2 {{failed to infer returned types}}
  // expected-error @+1 {{inferred type(s) 'tensor<0xf32>'}}
  %0 = nn.mul %x, %y : (tensor<0xf32>, tensor<?xf32>) -> tensor<i1>
  return
}

// -----

func.func @broadcast_ranks(%c: tensor<5x1xi1>, %x: tensor<f32>, %y: tensor<2x1x3xf32>) {
  // expected-error @+2 {{failed to infer returned types}}
  // expected-error @+1 {{inferred type(s) 'tensor<2x5x3xf32>'}}
  %0 = nn.select %c, %x, %y : (tensor<5x1xi1>, tensor<f32>, tensor<2x1x3xf32>) -> tensor<i1>
  return
}

// -----

func.func @cast(%x: tensor<?x2xf32>) {
  // expected-error @+2 {{failed to infer returned types}}
  // expected-error @+1 {{inferred type(s) 'tensor<?x2xui8>'}}
  %0 = nn.cast %x {to = ui8} : (tensor<?x2xf32>) -> tensor<i1>
  return
}

// -----

func.func @shape_of(%x: tensor<?x2xf32>) {
  // expected-error @+2 {{failed to infer returned types}}
  // expected-error @+1 {{inferred type(s) 'tensor<2xi64>'}}
  %0 = nn.shape_of %x : (tensor<?x2xf32>) -> tensor<9xi64>
  return
}

// -----

func.func @conv(%x: tensor<?x4x?x9xf32>, %w: tensor<6x2x3x3xf32>) {
  // expected-error @+2 {{failed to infer returned types}}
  // expected-error @+1 {{inferred type(s) 'tensor<?x6x?x5xf32>'}}
  %0 = nn.conv %x, %w {strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>,
    pads = array<i64: 1, 1, 1, 1>, group = 2 : i64, auto_pad = 0 : i64}
    : (tensor<?x4x?x9xf32>, tensor<6x2x3x3xf32>) -> tensor<9xi64>
  return
}

// -----

// Products of narrow integers are summed in i32.
func.func @conv_integers(%x: tensor<1x4x8x8xui8>, %w: tensor<6x4x3x3xi8>) {
  // expected-error @+2 {{failed to infer returned types}}
  // expected-error @+1 {{inferred type(s) 'tensor<1x6x4x4xi32>'}}
  %0 = nn.conv %x, %w {strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>,
    pads = array<i64: 1, 1, 1, 1>, group = 1 : i64, auto_pad = 1 : i64}
    : (tensor<1x4x8x8xui8>, tensor<6x4x3x3xi8>) -> tensor<9xi64>
  return
}

// -----

func.func @conv_transpose(%x: tensor<1x4x?x8xf32>, %w: tensor<4x3x2x2xf32>) {
  // expected-error @+2 {{failed to infer returned types}}
  // expected-error @+1 {{inferred type(s) 'tensor<1x6x?x14xf32>'}}
  %0 = nn.conv_transpose %x, %w {strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>,
    pads = array<i64: 1, 1, 1, 1>, output_padding = array<i64: 1, 0>,
    output_shape = array<i64>, group = 2 : i64, auto_pad = 0 : i64}
    : (tensor<1x4x?x8xf32>, tensor<4x3x2x2xf32>) -> tensor<9xf64>
  return
}

// -----

// The last window may hang over the end, but starts inside.
func.func @max_pool_ceil(%x: tensor<1x4x8x3xf32>) {
  // expected-error @+2 {{failed to infer returned types}}
  // expected-error @+1 {{inferred type(s) 'tensor<1x4x3x2xf32>'}}
  %0 = nn.max_pool %x {kernel_shape = array<i64: 3, 2>, strides = array<i64: 3, 2>,
    dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 1>, ceil_mode = true,
    auto_pad = 0 : i64}
    : (tensor<1x4x8x3xf32>) -> tensor<9xi64>
  return
}

// -----

func.func @max_pool_indices(%x: tensor<?x4x8x8xi8>) {
  // expected-error @+2 {{failed to infer returned types}}
  // expected-error @+1 {{inferred type(s) 'tensor<?x4x4x4xi8>', 'tensor<?x4x4x4xi64>'}}
  %0:2 = nn.max_pool_indices %x {kernel_shape = array<i64: 2, 2>, strides = array<i64: 2, 2>,
    dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, ceil_mode = false,
    auto_pad = 0 : i64, storage_order = 0 : i64}
    : (tensor<?x4x8x8xi8>) -> (tensor<9xi64>, tensor<9xi64>)
  return
}

// -----

func.func @matmul(%x: tensor<?x1x3x5xf16>, %y: tensor<7x5x?xf16>) {
  // expected-error @+2 {{failed to infer returned types}}
  // expected-error @+1 {{inferred type(s) 'tensor<?x7x3x?xf16>'}}
  %0 = nn.matmul %x, %y : (tensor<?x1x3x5xf16>, tensor<7x5x?xf16>) -> tensor<9xi64>
  return
}

// -----

func.func @matmul_vectors(%x: tensor<5xi64>, %y: tensor<5xi64>) {
  // expected-error @+2 {{failed to infer returned types}}
  // expected-error @+1 {{inferred type(s) 'tensor<i64>'}}
  %0 = nn.matmul %x, %y : (tensor<5xi64>, tensor<5xi64>) -> tensor<9xi64>
  return
}

// -----

func.func @reduce_known_axes(%x: tensor<?x3x4xf32>) {
  %axes = nn.constant dense<[-1, 0]> : tensor<2xi64>
  // expected-error @+2 {{failed to infer returned types}}
  // expected-error @+1 {{inferred type(s) 'tensor<3xf32>'}}
  %0 = nn.reduce_sum %x, %axes {keepdims = false}
    : (tensor<?x3x4xf32>, tensor<2xi64>) -> tensor<9xi64>
  return
}

// -----

func.func @reduce_unknown_axes(%x: tensor<?x3x4xf32>, %axes: tensor<2xi64>) {
  // expected-error @+2 {{failed to infer returned types}}
  // expected-error @+1 {{inferred type(s) 'tensor<?xf32>'}}
  %0 = nn.reduce_sum %x, %axes {keepdims = false}
    : (tensor<?x3x4xf32>, tensor<2xi64>) -> tensor<9xi64>
  return
}

// -----

func.func @arg_max(%x: tensor<?x3x4xf32>) {
  // expected-error @+2 {{failed to infer returned types}}
  // expected-error @+1 {{inferred type(s) 'tensor<?x4xi64>'}}
  %0 = nn.arg_max %x {axis = 1 : i64, keepdims = false, select_last_index = false}
    : (tensor<?x3x4xf32>) -> tensor<9xi64>
  return
}

// -----

// Halves compute in f32, which the statistics keep.
func.func @layer_norm(%x: tensor<?x3x4xbf16>, %s: tensor<4xbf16>) {
  // expected-error @+2 {{failed to infer returned types}}
  // expected-error @+1 {{inferred type(s) 'tensor<?x3x4xbf16>', 'tensor<?x3x1xf32>', 'tensor<?x3x1xf32>'}}
  %0:3 = nn.layer_norm %x, %s {axis = 2 : i64, rms = false, epsilon = 1.0e-5 : f64}
    : (tensor<?x3x4xbf16>, tensor<4xbf16>) -> (tensor<9xf64>, tensor<9xf64>, tensor<9xf64>)
  return
}

// -----

// A copied dim cancels, known or not.
func.func @reshape_copied_dim(%x: tensor<?x3x4xf32>) {
  %shape = nn.constant dense<[0, -1]> : tensor<2xi64>
  // expected-error @+2 {{failed to infer returned types}}
  // expected-error @+1 {{inferred type(s) 'tensor<?x12xf32>'}}
  %0 = nn.reshape %x, %shape {allowzero = false}
    : (tensor<?x3x4xf32>, tensor<2xi64>) -> tensor<i1>
  return
}

// -----

func.func @reshape_unknown(%x: tensor<6xf32>, %shape: tensor<3xi64>) {
  // expected-error @+2 {{failed to infer returned types}}
  // expected-error @+1 {{inferred type(s) 'tensor<?x?x?xf32>'}}
  %0 = nn.reshape %x, %shape {allowzero = false} : (tensor<6xf32>, tensor<3xi64>) -> tensor<i1>
  return
}

// -----

func.func @transpose(%x: tensor<?x3x4xf32>) {
  // expected-error @+2 {{failed to infer returned types}}
  // expected-error @+1 {{inferred type(s) 'tensor<4x?x3xf32>'}}
  %0 = nn.transpose %x {permutation = array<i64: 2, 0, 1>} : (tensor<?x3x4xf32>) -> tensor<i1>
  return
}

// -----

func.func @broadcast_to(%x: tensor<3x1xf32>) {
  %shape = nn.constant dense<[2, 1, 4]> : tensor<3xi64>
  // expected-error @+2 {{failed to infer returned types}}
  // expected-error @+1 {{inferred type(s) 'tensor<2x3x4xf32>'}}
  %0 = nn.broadcast_to %x, %shape : (tensor<3x1xf32>, tensor<3xi64>) -> tensor<i1>
  return
}

// -----

func.func @tile(%x: tensor<?x2xf32>) {
  %n = nn.constant dense<[2, 3]> : tensor<2xi64>
  // expected-error @+2 {{failed to infer returned types}}
  // expected-error @+1 {{inferred type(s) 'tensor<?x6xf32>'}}
  %0 = nn.tile %x, %n : (tensor<?x2xf32>, tensor<2xi64>) -> tensor<i1>
  return
}

// -----

func.func @slice(%x: tensor<?x10x10xf32>) {
  %starts = nn.constant dense<[-1, 2]> : tensor<2xi64>
  %ends = nn.constant dense<[-9223372036854775808, 9223372036854775807]> : tensor<2xi64>
  %axes = nn.constant dense<[1, -1]> : tensor<2xi64>
  %steps = nn.constant dense<[-3, 3]> : tensor<2xi64>
  // expected-error @+2 {{failed to infer returned types}}
  // expected-error @+1 {{inferred type(s) 'tensor<?x4x3xf32>'}}
  %0 = nn.slice %x, %starts, %ends, %axes, %steps
    : (tensor<?x10x10xf32>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>,
    tensor<2xi64>) -> tensor<i1>
  return
}

// -----

func.func @concat(%x: tensor<?x2xf32>, %y: tensor<3x?xf32>, %z: tensor<?x4xf32>) {
  // expected-error @+2 {{failed to infer returned types}}
  // expected-error @+1 {{inferred type(s) 'tensor<3x?xf32>'}}
  %0 = nn.concat %x, %y {axis = 1 : i64} : (tensor<?x2xf32>, tensor<3x?xf32>) -> tensor<i1>
  return
}

// -----

// Negative pads crop.
func.func @pad(%x: tensor<?x4xf32>) {
  %pads = nn.constant dense<[1, -1, 2, -2]> : tensor<4xi64>
  // expected-error @+2 {{failed to infer returned types}}
  // expected-error @+1 {{inferred type(s) 'tensor<?x1xf32>'}}
  %0 = nn.pad %x, %pads {mode = 0 : i64} : (tensor<?x4xf32>, tensor<4xi64>) -> tensor<i1>
  return
}

// -----

func.func @gather(%x: tensor<?x7x5xf32>, %i: tensor<2x?xi64>) {
  // expected-error @+2 {{failed to infer returned types}}
  // expected-error @+1 {{inferred type(s) 'tensor<?x2x?x5xf32>'}}
  %0 = nn.gather %x, %i {axis = 1 : i64} : (tensor<?x7x5xf32>, tensor<2x?xi64>) -> tensor<i1>
  return
}

// -----

func.func @gather_nd(%x: tensor<2x7x5xf32>, %i: tensor<2x?x1xi64>) {
  // expected-error @+2 {{failed to infer returned types}}
  // expected-error @+1 {{inferred type(s) 'tensor<2x?x5xf32>'}}
  %0 = nn.gather_nd %x, %i {batch_dims = 1 : i64}
    : (tensor<2x7x5xf32>, tensor<2x?x1xi64>) -> tensor<i1>
  return
}

// -----

func.func @range() {
  %a = nn.constant dense<10> : tensor<i64>
  %b = nn.constant dense<-1> : tensor<i64>
  %c = nn.constant dense<-3> : tensor<i64>
  // expected-error @+2 {{failed to infer returned types}}
  // expected-error @+1 {{inferred type(s) 'tensor<4xi64>'}}
  %0 = nn.range %a, %b, %c : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<9xi64>
  return
}

// -----

func.func @range_reals() {
  %a = nn.constant dense<0.0> : tensor<f32>
  %b = nn.constant dense<1.0> : tensor<f32>
  %c = nn.constant dense<0.3> : tensor<f32>
  // expected-error @+2 {{failed to infer returned types}}
  // expected-error @+1 {{inferred type(s) 'tensor<4xf32>'}}
  %0 = nn.range %a, %b, %c : (tensor<f32>, tensor<f32>, tensor<f32>) -> tensor<9xi64>
  return
}

// -----

func.func @one_hot(%i: tensor<2x?xi64>, %v: tensor<2xf16>) {
  %d = nn.constant dense<5> : tensor<i64>
  // expected-error @+2 {{failed to infer returned types}}
  // expected-error @+1 {{inferred type(s) 'tensor<2x5x?xf16>'}}
  %0 = nn.one_hot %i, %d, %v {axis = 1 : i64}
    : (tensor<2x?xi64>, tensor<i64>, tensor<2xf16>) -> tensor<i1>
  return
}

// -----

func.func @non_zero(%x: tensor<2x3xi1>) {
  // expected-error @+2 {{failed to infer returned types}}
  // expected-error @+1 {{inferred type(s) 'tensor<2x6xi64>', 'tensor<1xi64>'}}
  %0:2 = nn.non_zero %x : (tensor<2x3xi1>) -> (tensor<9xi64>, tensor<9xi64>)
  return
}

// -----

func.func @top_k(%x: tensor<?x9xf32>) {
  %k = nn.constant dense<4> : tensor<1xi64>
  // expected-error @+2 {{failed to infer returned types}}
  // expected-error @+1 {{inferred type(s) 'tensor<?x4xf32>', 'tensor<?x4xi64>'}}
  %0:2 = nn.top_k %x, %k {axis = 1 : i64, largest = true, sorted = true}
    : (tensor<?x9xf32>, tensor<1xi64>) -> (tensor<i1>, tensor<9xi64>)
  return
}

// -----

// Products in f32: 10 * 0.7 is 7.
func.func @resize_scales(%x: tensor<1x?x10xf32>) {
  %s = nn.constant dense<0.7> : tensor<1xf32>
  // expected-error @+2 {{failed to infer returned types}}
  // expected-error @+1 {{inferred type(s) 'tensor<1x?x7xf32>'}}
  %0 = nn.resize %x scales(%s) {mode = 0 : i64, coordinates = 0 : i64, nearest_mode = 0 : i64,
    antialias = false, exclude_outside = false, aspect_ratio = 0 : i64, axes = array<i64: 2>,
    cubic_coeff_a = -0.75 : f64, extrapolation_value = 0.0 : f64,
    operandSegmentSizes = array<i32: 1, 0, 1, 0>}
    : (tensor<1x?x10xf32>, tensor<1xf32>) -> tensor<i1>
  return
}

// -----

func.func @lstm(%x: tensor<?x2x3xf32>, %w: tensor<2x20x3xf32>, %r: tensor<2x20x5xf32>) {
  // expected-error @+2 {{failed to infer returned types}}
  // expected-error @+1 {{inferred type(s) 'tensor<?x2x2x5xf32>', 'tensor<2x2x5xf32>', 'tensor<2x2x5xf32>'}}
  %0:3 = nn.lstm %x, %w, %r {hidden_size = 5 : i64, direction = 2 : i64, layout = 0 : i64,
    input_forget = false, activations = array<i64: 2, 1, 1, 2, 1, 1>, alphas = array<f64>,
    betas = array<f64>, clip = 0.0 : f64, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0,
    0, 0>}
    : (tensor<?x2x3xf32>, tensor<2x20x3xf32>, tensor<2x20x5xf32>) -> (tensor<9xf64>,
    tensor<9xf64>, tensor<9xf64>)
  return
}

// -----

// The transform of a real signal has half of the bins.
func.func @dft(%x: tensor<?x16x1xf32>) {
  // expected-error @+2 {{failed to infer returned types}}
  // expected-error @+1 {{inferred type(s) 'tensor<?x9x2xf32>'}}
  %0 = nn.dft %x {inverse = false, onesided = true} : (tensor<?x16x1xf32>) -> tensor<9xf64>
  return
}
