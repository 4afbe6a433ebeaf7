// RUN: pebble-opt %s --report-float-islands --split-input-file --verify-diagnostics

!x = !quant.uniform<u8:f32, 0.5:128>
!w = !quant.uniform<i8:f32, 0.25>
!b = !quant.uniform<i32:f32, 0.5>

func.func @bias_scale(%x: tensor<2x3x!x>) -> tensor<2x4x!x> {
  %wc = nn.constant dense<1> : tensor<3x4xi8>
  %bc = nn.constant dense<1> : tensor<4xi32>
  %wq = qnn.storage_cast %wc : tensor<3x4xi8> -> tensor<3x4x!w>
  %bq = qnn.storage_cast %bc : tensor<4xi32> -> tensor<4x!b>
  %xf = qnn.dequantize %x : tensor<2x3x!x> -> tensor<2x3xf32>
  %wf = qnn.dequantize %wq : tensor<3x4x!w> -> tensor<3x4xf32>
  %bf = qnn.dequantize %bq : tensor<4x!b> -> tensor<4xf32>
  // expected-remark @+1 {{nn.matmul computes in f32: its result goes to another layer before it is quantized}}
  %p = nn.matmul %xf, %wf : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<2x4xf32>
  // expected-remark @+1 {{nn.add computes in f32: its bias has scale 5.000000e-01 for channel 0, where input and weight scales give 1.250000e-01}}
  %y = nn.add %p, %bf : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<2x4xf32>
  %q = qnn.quantize %y : tensor<2x4xf32> -> tensor<2x4x!x>
  return %q : tensor<2x4x!x>
}

// -----

!x = !quant.uniform<i16:f32, 0.5>

func.func @wide(%x: tensor<2x!x>) -> tensor<2x!x> {
  %xf = qnn.dequantize %x : tensor<2x!x> -> tensor<2xf32>
  // expected-remark @+1 {{nn.exp computes in f32: its result has codes of 16 bits}}
  %y = nn.exp %xf : (tensor<2xf32>) -> tensor<2xf32>
  %q = qnn.quantize %y : tensor<2xf32> -> tensor<2x!x>
  return %q : tensor<2x!x>
}

// -----

!x = !quant.uniform<u8:f32, 0.5:128>

// Before the first codes and after the last ones, float is what the graph says.
func.func @ends(%x: tensor<2xf32>) -> tensor<2xf32> {
  %a = nn.exp %x : (tensor<2xf32>) -> tensor<2xf32>
  %q = qnn.quantize %a : tensor<2xf32> -> tensor<2x!x>
  %f = qnn.dequantize %q : tensor<2x!x> -> tensor<2xf32>
  %y = nn.exp %f : (tensor<2xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}
