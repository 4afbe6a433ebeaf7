// What the shape functions of kernel ops refuse, at compile time.
// RUN: pebble-opt %s -split-input-file -verify-diagnostics

func.func @conv_rank(%x: tensor<3x8xf32>, %w: tensor<4x3xf32>) {
  // expected-error @+2 {{needs an operand of rank 3 or more, but it has rank 2}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = nn.conv %x, %w {strides = array<i64>, dilations = array<i64>, pads = array<i64>, group = 1 : i64, auto_pad = 0 : i64} : (tensor<3x8xf32>, tensor<4x3xf32>) -> tensor<3x8xf32>
  return
}

// -----

func.func @conv_strides(%x: tensor<1x3x8x8xf32>, %w: tensor<4x3x3x3xf32>) {
  // expected-error @+2 {{has 1 strides; expected 2}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = nn.conv %x, %w {strides = array<i64: 1>, dilations = array<i64>, pads = array<i64>, group = 1 : i64, auto_pad = 0 : i64} : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<1x4x6x6xf32>
  return
}

// -----

func.func @conv_zero_stride(%x: tensor<1x3x8x8xf32>, %w: tensor<4x3x3x3xf32>) {
  // expected-error @+2 {{has a stride of 0; expected 1 or more}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = nn.conv %x, %w {strides = array<i64: 1, 0>, dilations = array<i64>, pads = array<i64>, group = 1 : i64, auto_pad = 0 : i64} : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<1x4x6x6xf32>
  return
}

// -----

func.func @conv_groups(%x: tensor<1x3x8x8xf32>, %w: tensor<4x3x3x3xf32>) {
  // expected-error @+2 {{cannot divide 4 channels into 3 groups}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = nn.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, group = 3 : i64, auto_pad = 0 : i64} : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<1x4x6x6xf32>
  return
}

// -----

func.func @conv_window(%x: tensor<1x3x2x8xf32>, %w: tensor<4x3x3x3xf32>) {
  // expected-error @+2 {{has a window that spans 3 elements over a padded input of 2}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = nn.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, group = 1 : i64, auto_pad = 0 : i64} : (tensor<1x3x2x8xf32>, tensor<4x3x3x3xf32>) -> tensor<1x4x1x6xf32>
  return
}

// -----

func.func @conv_bias(%x: tensor<1x3x8x8xf32>, %w: tensor<4x3x3x3xf32>, %b: tensor<3xf32>) {
  // expected-error @+2 {{has a bias of 3 for 4 output channels}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = nn.conv %x, %w bias(%b) {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, group = 1 : i64, auto_pad = 0 : i64} : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>, tensor<3xf32>) -> tensor<1x4x6x6xf32>
  return
}

// -----

func.func @matmul(%x: tensor<2x3xf32>, %y: tensor<4x5xf32>) {
  // expected-error @+2 {{multiplies 3 columns with 4 rows}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = nn.matmul %x, %y : (tensor<2x3xf32>, tensor<4x5xf32>) -> tensor<2x5xf32>
  return
}

// -----

func.func @matmul_scalar(%x: tensor<f32>, %y: tensor<4x5xf32>) {
  // expected-error @+2 {{needs an operand of rank 1 or more, but it has rank 0}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = nn.matmul %x, %y : (tensor<f32>, tensor<4x5xf32>) -> tensor<5xf32>
  return
}

// -----

func.func @matmul_types(%x: tensor<2x3xf32>, %y: tensor<3x5xi8>) {
  // expected-error @+2 {{cannot sum products of element types f32, i8}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = nn.matmul %x, %y : (tensor<2x3xf32>, tensor<3x5xi8>) -> tensor<2x5xf32>
  return
}

// -----

func.func @reduce_axis(%x: tensor<2x3xf32>) {
  %a = nn.constant dense<-3> : tensor<1xi64>
  // expected-error @+2 {{has axis -3, which is out of range for rank 2}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = nn.reduce_sum %x, %a {keepdims = true} : (tensor<2x3xf32>, tensor<1xi64>) -> tensor<2x1xf32>
  return
}

// -----

func.func @reduce_axis_twice(%x: tensor<2x3xf32>) {
  %a = nn.constant dense<[1, -1]> : tensor<2xi64>
  // expected-error @+2 {{names axis 1 twice}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = nn.reduce_sum %x, %a {keepdims = true} : (tensor<2x3xf32>, tensor<2xi64>) -> tensor<2x1xf32>
  return
}

// -----

func.func @arg_of_nothing(%x: tensor<2x0xf32>) {
  // expected-error @+2 {{has 0 elements to choose from along axis 1}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = nn.arg_max %x {axis = 1 : i64, keepdims = false, select_last_index = false} : (tensor<2x0xf32>) -> tensor<2xi64>
  return
}

// -----

func.func @layer_norm(%x: tensor<2x3xf32>, %s: tensor<4xf32>) {
  // expected-error @+2 {{has a scale or bias of 4 for a dim of 3}}
  // expected-error @+1 {{failed to infer returned types}}
  %0:3 = nn.layer_norm %x, %s {axis = 1 : i64, rms = false, epsilon = 1.0e-5 : f64} : (tensor<2x3xf32>, tensor<4xf32>) -> (tensor<2x3xf32>, tensor<2x1xf32>, tensor<2x1xf32>)
  return
}

// -----

func.func @reshape_count(%x: tensor<2x3xf32>) {
  %s = nn.constant dense<[4, 2]> : tensor<2xi64>
  // expected-error @+2 {{reshapes 6 elements to 8}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = nn.reshape %x, %s {allowzero = false} : (tensor<2x3xf32>, tensor<2xi64>) -> tensor<4x2xf32>
  return
}

// -----

func.func @reshape_divide(%x: tensor<2x3xf32>) {
  %s = nn.constant dense<[4, -1]> : tensor<2xi64>
  // expected-error @+2 {{cannot divide 6 elements into dims whose product is 4}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = nn.reshape %x, %s {allowzero = false} : (tensor<2x3xf32>, tensor<2xi64>) -> tensor<4x?xf32>
  return
}

// -----

func.func @reshape_two(%x: tensor<2x3xf32>) {
  %s = nn.constant dense<-1> : tensor<2xi64>
  // expected-error @+2 {{has -1 in `shape` at places 0 and 1; at most one dim can be inferred}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = nn.reshape %x, %s {allowzero = false} : (tensor<2x3xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  return
}

// -----

func.func @reshape_negative(%x: tensor<2x3xf32>) {
  %s = nn.constant dense<[-7, 2]> : tensor<2xi64>
  // expected-error @+2 {{has dim -7 in `shape`; expected -1 or more}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = nn.reshape %x, %s {allowzero = false} : (tensor<2x3xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  return
}

// -----

func.func @reshape_rank(%x: tensor<2x3xf32>, %s: tensor<?xi64>) {
  // expected-error @+2 {{needs a shape operand of known length: the result's rank depends on it}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = nn.reshape %x, %s {allowzero = false} : (tensor<2x3xf32>, tensor<?xi64>) -> tensor<?x?xf32>
  return
}

// -----

func.func @broadcast_to(%x: tensor<2x3xf32>) {
  %s = nn.constant dense<[2, 4]> : tensor<2xi64>
  // expected-error @+2 {{cannot broadcast a dim of 3 to 4}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = nn.broadcast_to %x, %s : (tensor<2x3xf32>, tensor<2xi64>) -> tensor<2x4xf32>
  return
}

// -----

func.func @broadcast_overflow(%x: tensor<1x1xf32>) {
  %s = nn.constant dense<9223372036854775807> : tensor<2xi64>
  // expected-error @+2 {{has a result of more than 2^63 bytes}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = nn.broadcast_to %x, %s : (tensor<1x1xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  return
}

// -----

func.func @tile_overflow(%x: tensor<4xf32>) {
  %s = nn.constant dense<9223372036854775807> : tensor<1xi64>
  // expected-error @+2 {{has a result dim that does not fit 63 bits}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = nn.tile %x, %s : (tensor<4xf32>, tensor<1xi64>) -> tensor<?xf32>
  return
}

// -----

func.func @slice_step(%x: tensor<2x3xf32>) {
  %s = nn.constant dense<0> : tensor<1xi64>
  // expected-error @+2 {{has a step of 0 on axis 0}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = nn.slice %x, %s, %s, %s, %s : (tensor<2x3xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<2x3xf32>
  return
}

// -----

func.func @concat_rank(%x: tensor<2x3xf32>, %y: tensor<2xf32>) {
  // expected-error @+2 {{joins tensors of rank 2 and 1}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = nn.concat %x, %y {axis = 0 : i64} : (tensor<2x3xf32>, tensor<2xf32>) -> tensor<4x3xf32>
  return
}

// -----

func.func @concat_dims(%x: tensor<2x3xf32>, %y: tensor<2x4xf32>) {
  // expected-error @+2 {{joins tensors whose other dims differ: 3 and 4}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = nn.concat %x, %y {axis = 0 : i64} : (tensor<2x3xf32>, tensor<2x4xf32>) -> tensor<4x3xf32>
  return
}

// -----

func.func @concat_types(%x: tensor<2xf32>, %y: tensor<2xi8>) {
  // expected-error @+2 {{has element types f32 and i8; expected one element type}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = nn.concat %x, %y {axis = 0 : i64} : (tensor<2xf32>, tensor<2xi8>) -> tensor<4xf32>
  return
}

// -----

func.func @pad_crop(%x: tensor<3xf32>) {
  %p = nn.constant dense<-2> : tensor<2xi64>
  // expected-error @+2 {{crops a dim to -1; expected 0 or more}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = nn.pad %x, %p {mode = 0 : i64} : (tensor<3xf32>, tensor<2xi64>) -> tensor<0xf32>
  return
}

// -----

func.func @pad_count(%x: tensor<3xf32>) {
  %p = nn.constant dense<1> : tensor<3xi64>
  // expected-error @+2 {{has 3 pads for 1 axes; expected two an axis}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = nn.pad %x, %p {mode = 0 : i64} : (tensor<3xf32>, tensor<3xi64>) -> tensor<5xf32>
  return
}

// -----

func.func @gather_axis(%x: tensor<f32>, %i: tensor<2xi64>) {
  // expected-error @+2 {{has axis 0, which is out of range for rank 0}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = nn.gather %x, %i {axis = 0 : i64} : (tensor<f32>, tensor<2xi64>) -> tensor<2xf32>
  return
}

// -----

func.func @gather_nd_tuple(%x: tensor<2x3xf32>, %i: tensor<4x3xi64>) {
  // expected-error @+2 {{has index tuples of 3 for 2 dims}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = nn.gather_nd %x, %i {batch_dims = 0 : i64} : (tensor<2x3xf32>, tensor<4x3xi64>) -> tensor<4xf32>
  return
}

// -----

func.func @scatter_nd_updates(%x: tensor<2x3xf32>, %i: tensor<4x1xi64>, %u: tensor<4x2xf32>) {
  // expected-error @+2 {{has updates with a dim of 2; expected 3}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = nn.scatter_nd %x, %i, %u {reduction = 0 : i64} : (tensor<2x3xf32>, tensor<4x1xi64>, tensor<4x2xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @range_delta() {
  %a = nn.constant dense<0> : tensor<i64>
  // expected-error @+2 {{has `delta` 0}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = nn.range %a, %a, %a : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  return
}

// -----

func.func @range_endless() {
  %a = nn.constant dense<0.0> : tensor<f32>
  %b = nn.constant dense<1.0> : tensor<f32>
  // expected-error @+2 {{has a range without end: is `delta` zero?}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = nn.range %a, %b, %a : (tensor<f32>, tensor<f32>, tensor<f32>) -> tensor<?xf32>
  return
}

// -----

func.func @top_k(%x: tensor<3xf32>) {
  %k = nn.constant dense<4> : tensor<1xi64>
  // expected-error @+2 {{has k = 4 for a dim of 3}}
  // expected-error @+1 {{failed to infer returned types}}
  %0:2 = nn.top_k %x, %k {axis = 0 : i64, largest = true, sorted = true} : (tensor<3xf32>, tensor<1xi64>) -> (tensor<4xf32>, tensor<4xi64>)
  return
}

// -----

func.func @one_hot_values(%i: tensor<3xi64>, %v: tensor<3xf32>) {
  %d = nn.constant dense<4> : tensor<i64>
  // expected-error @+2 {{has 3 values; expected 2: off and on}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = nn.one_hot %i, %d, %v {axis = 1 : i64} : (tensor<3xi64>, tensor<i64>, tensor<3xf32>) -> tensor<3x4xf32>
  return
}

// -----

func.func @bit_cast_width(%x: tensor<3xf32>) {
  // expected-error @+2 {{cannot take the bits of f32 as i64, whose size differs}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = nn.bit_cast %x {to = i64} : (tensor<3xf32>) -> tensor<3xi64>
  return
}

// -----

func.func @det_square(%x: tensor<3x2xf32>) {
  // expected-error @+2 {{needs square matrices, but has 3 rows and 2 columns}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = nn.det %x : (tensor<3x2xf32>) -> tensor<f32>
  return
}

// -----

func.func @resize_scale(%x: tensor<1x2x10xf32>) {
  %s = nn.constant dense<-1.0> : tensor<1xf32>
  // expected-error @+2 {{has a scale on axis 2 that is not positive}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = nn.resize %x scales(%s) {mode = 0 : i64, coordinates = 0 : i64, nearest_mode = 0 : i64, antialias = false, exclude_outside = false, aspect_ratio = 0 : i64, axes = array<i64: 2>, cubic_coeff_a = -0.75 : f64, extrapolation_value = 0.0 : f64} : (tensor<1x2x10xf32>, tensor<1xf32>) -> tensor<1x2x?xf32>
  return
}

// -----

func.func @lstm_weight(%x: tensor<4x2x3xf32>, %w: tensor<1x21x3xf32>, %r: tensor<1x20x5xf32>) {
  // expected-error @+2 {{has an operand with a dim of 21; expected 20}}
  // expected-error @+1 {{failed to infer returned types}}
  %0:3 = nn.lstm %x, %w, %r {hidden_size = 5 : i64, direction = 0 : i64, layout = 0 : i64, input_forget = false, activations = array<i64: 2, 1, 1>, alphas = array<f64>, betas = array<f64>, clip = 0.0 : f64, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0, 0>} : (tensor<4x2x3xf32>, tensor<1x21x3xf32>, tensor<1x20x5xf32>) -> (tensor<4x1x2x5xf32>, tensor<1x2x5xf32>, tensor<1x2x5xf32>)
  return
}

// -----

func.func @lstm_activations(%x: tensor<4x2x3xf32>, %w: tensor<1x20x3xf32>, %r: tensor<1x20x5xf32>) {
  // expected-error @+2 {{has 2 activations; expected 3}}
  // expected-error @+1 {{failed to infer returned types}}
  %0:3 = nn.lstm %x, %w, %r {hidden_size = 5 : i64, direction = 0 : i64, layout = 0 : i64, input_forget = false, activations = array<i64: 2, 1>, alphas = array<f64>, betas = array<f64>, clip = 0.0 : f64, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0, 0>} : (tensor<4x2x3xf32>, tensor<1x20x3xf32>, tensor<1x20x5xf32>) -> (tensor<4x1x2x5xf32>, tensor<1x2x5xf32>, tensor<1x2x5xf32>)
  return
}

// -----

func.func @dft_axis(%x: tensor<2x8x1xf32>) {
  %a = nn.constant dense<2> : tensor<i64>
  // expected-error @+2 {{has axis 2, which holds the complex parts}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = nn.dft %x axis(%a) {inverse = false, onesided = false} : (tensor<2x8x1xf32>, tensor<i64>) -> tensor<2x8x2xf32>
  return
}

// -----

func.func @rank(%x: tensor<1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1xf32>) {
  // expected-error @+2 {{has an operand of rank 17; ranks above 16 are not supported}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = nn.softmax %x {axis = 0 : i64} : (tensor<1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1xf32>) -> tensor<1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1xf32>
  return
}

// -----

func.func @resource() {
  // expected-error @+1 {{names resource 'nowhere', which holds no data}}
  %0 = nn.constant dense_resource<nowhere> : tensor<4xf32>
  return
}
