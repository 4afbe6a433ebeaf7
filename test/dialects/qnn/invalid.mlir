// RUN: pebble-opt %s --split-input-file --verify-diagnostics

func.func @zero_point_outside(%x: tensor<4xf32>) {
  // expected-error @+1 {{has zero point 300, which is not among the codes 0 to 255}}
  %q = qnn.quantize %x : tensor<4xf32> -> tensor<4x!quant.uniform<u8:f32, 0.5:300>>
  return
}

// -----

func.func @storage(%x: tensor<4xf32>) {
  // expected-error @+1 {{has storage of 12 bits}}
  %q = qnn.quantize %x : tensor<4xf32> -> tensor<4x!quant.uniform<i12:f32, 0.5>>
  return
}

// -----

func.func @expressed(%x: tensor<4x!quant.uniform<u8:f16, 0.5>>) {
  // expected-error @+1 {{has codes for 'f16'; expected f32}}
  %q = qnn.dequantize %x : tensor<4x!quant.uniform<u8:f16, 0.5>> -> tensor<4xf32>
  return
}

// -----

func.func @axis_size(%x: tensor<3x2xf32>) {
  // expected-error @+1 {{has 2 scales for dim 0 of size 3}}
  %q = qnn.quantize %x : tensor<3x2xf32> -> tensor<3x2x!quant.uniform<i8:f32:0, {0.5, 0.25}>>
  return
}

// -----

func.func @axis_rank(%x: tensor<2xf32>) {
  // expected-error @+1 {{has a scale for each index of dim 1 in a tensor of rank 1}}
  %q = qnn.quantize %x : tensor<2xf32> -> tensor<2x!quant.uniform<i8:f32:1, {0.5, 0.25}>>
  return
}

// -----

func.func @codes(%x: tensor<4xi8>) {
  // expected-error @+1 {{expected codes of type 'ui8'}}
  %q = qnn.storage_cast %x : tensor<4xi8> -> tensor<4x!quant.uniform<u8:f32, 0.5>>
  return
}

// -----

func.func @two_kinds(%x: tensor<4xi8>) {
  // expected-error @+1 {{expected one quantized type and one of its codes}}
  %q = qnn.storage_cast %x : tensor<4xi8> -> tensor<4xui8>
  return
}

// -----

func.func @bias_scale(%x: tensor<2x3x!quant.uniform<i8:f32, 0.5>>,
                      %w: tensor<3x4x!quant.uniform<i8:f32, 0.25>>,
                      %b: tensor<4x!quant.uniform<i32:f32, 0.25>>) {
  // expected-error @+1 {{has bias scale 2.500000e-01 for channel 0, where input and weight scales give 5.000000e-01 * 2.500000e-01 = 1.250000e-01}}
  %y = qnn.matmul %x, %w bias(%b) : (tensor<2x3x!quant.uniform<i8:f32, 0.5>>,
      tensor<3x4x!quant.uniform<i8:f32, 0.25>>, tensor<4x!quant.uniform<i32:f32, 0.25>>)
      -> tensor<2x4x!quant.uniform<i8:f32, 1.0>>
  return
}

// -----

func.func @bias_zero(%x: tensor<2x3x!quant.uniform<i8:f32, 0.5>>,
                     %w: tensor<3x4x!quant.uniform<i8:f32, 0.25>>,
                     %b: tensor<4x!quant.uniform<i32:f32, 0.125:7>>) {
  // expected-error @+1 {{has a bias with zero point 7; expected 0}}
  %y = qnn.matmul %x, %w bias(%b) : (tensor<2x3x!quant.uniform<i8:f32, 0.5>>,
      tensor<3x4x!quant.uniform<i8:f32, 0.25>>, tensor<4x!quant.uniform<i32:f32, 0.125:7>>)
      -> tensor<2x4x!quant.uniform<i8:f32, 1.0>>
  return
}

// -----

func.func @overflow(%x: tensor<2x70000x!quant.uniform<u8:f32, 0.5>>,
                    %w: tensor<70000x4x!quant.uniform<i8:f32, 0.25>>) {
  // expected-error @+1 {{adds 70000 products of up to 255 * 128, which can overflow the i32 sum}}
  %y = qnn.matmul %x, %w : (tensor<2x70000x!quant.uniform<u8:f32, 0.5>>,
      tensor<70000x4x!quant.uniform<i8:f32, 0.25>>) -> tensor<2x4x!quant.uniform<i8:f32, 1.0>>
  return
}

// -----

func.func @weight_axis(%x: tensor<2x2x!quant.uniform<i8:f32, 0.5>>,
                       %w: tensor<2x4x!quant.uniform<i8:f32:0, {0.5, 0.25}>>) {
  // expected-error @+1 {{has weight scales along dim 0; expected dim 1, the output channels}}
  %y = qnn.matmul %x, %w : (tensor<2x2x!quant.uniform<i8:f32, 0.5>>,
      tensor<2x4x!quant.uniform<i8:f32:0, {0.5, 0.25}>>) -> tensor<2x4x!quant.uniform<i8:f32, 1.0>>
  return
}

// -----

func.func @conv_dims(%x: tensor<1x3x8x8x!quant.uniform<u8:f32, 0.5>>,
                     %w: tensor<4x3x3x3x!quant.uniform<i8:f32, 0.25>>) {
  // expected-error @+1 {{its operands give dims [1, 4, 6, 6]}}
  %y = qnn.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>,
      pads = array<i64: 0, 0, 0, 0>, group = 1 : i64, auto_pad = 0 : i64}
      : (tensor<1x3x8x8x!quant.uniform<u8:f32, 0.5>>, tensor<4x3x3x3x!quant.uniform<i8:f32, 0.25>>)
      -> tensor<1x4x8x8x!quant.uniform<u8:f32, 1.0>>
  return
}

// -----

func.func @bounds(%a: tensor<4x!quant.uniform<u8:f32, 0.5>>) {
  // expected-error @+1 {{clamps from 200 to 100, which leaves no code}}
  %r = qnn.add %a, %a {low = 200 : i64, high = 100 : i64} : (tensor<4x!quant.uniform<u8:f32, 0.5>>,
      tensor<4x!quant.uniform<u8:f32, 0.5>>) -> tensor<4x!quant.uniform<u8:f32, 1.0>>
  return
}

// -----

func.func @bound_outside(%a: tensor<4x!quant.uniform<i8:f32, 0.5>>) {
  // expected-error @+1 {{clamps at 200, which is not among the result's codes -128 to 127}}
  %r = qnn.add %a, %a {high = 200 : i64} : (tensor<4x!quant.uniform<i8:f32, 0.5>>,
      tensor<4x!quant.uniform<i8:f32, 0.5>>) -> tensor<4x!quant.uniform<i8:f32, 1.0>>
  return
}

// -----

func.func @table(%a: tensor<4x!quant.uniform<u4:f32, 0.5>>, %t: tensor<256xui8>) {
  // expected-error @+1 {{for codes of 4 bits; expected one entry a code}}
  %r = qnn.lookup %a, %t : (tensor<4x!quant.uniform<u4:f32, 0.5>>, tensor<256xui8>)
      -> tensor<4x!quant.uniform<u8:f32, 1.0>>
  return
}

// -----

func.func @softmax_axis(%a: tensor<4x!quant.uniform<u8:f32, 0.5>>) {
  // expected-error @+1 {{has axis 1, which is out of range for rank 1}}
  %r = qnn.softmax %a {axis = 1 : i64} : (tensor<4x!quant.uniform<u8:f32, 0.5>>)
      -> tensor<4x!quant.uniform<u8:f32, 0.00390625>>
  return
}

// -----

// expected-error @+1 {{has qnn.rounding = "up"; expected "onnx" or "tflite"}}
module attributes {qnn.rounding = "up"} {
}

// -----

// expected-error @+1 {{out of expressed type range}}
func.func @zero_scale(%x: tensor<4x!quant.uniform<u8:f32, 0.0>>) {
  return
}

// -----

func.func @batch_matmul_vector(%a: tensor<4x!quant.uniform<u8:f32, 0.5>>, %b: tensor<4x5x!quant.uniform<u8:f32, 0.5>>) {
  // expected-error @+1 {{has operands of rank 1 and 2; expected 2 or more}}
  %y = qnn.batch_matmul %a, %b : (tensor<4x!quant.uniform<u8:f32, 0.5>>,
      tensor<4x5x!quant.uniform<u8:f32, 0.5>>) -> tensor<5x!quant.uniform<u8:f32, 0.5>>
  return
}
