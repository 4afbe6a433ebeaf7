// RUN: pebble-opt %s --canonicalize | FileCheck %s

// CHECK-LABEL: @casts
// CHECK-SAME: (%[[X:.*]]: tensor<4xui8>)
// CHECK-NEXT: return %[[X]]
func.func @casts(%x: tensor<4xui8>) -> tensor<4xui8> {
  %q = qnn.storage_cast %x : tensor<4xui8> -> tensor<4x!quant.uniform<u8:f32, 0.5>>
  %c = qnn.storage_cast %q : tensor<4x!quant.uniform<u8:f32, 0.5>> -> tensor<4xui8>
  return %c : tensor<4xui8>
}

// Another meaning for the same codes stays.
// CHECK-LABEL: @reinterpreted
// CHECK-COUNT-2: qnn.storage_cast
func.func @reinterpreted(%x: tensor<4x!quant.uniform<u8:f32, 0.5>>)
    -> tensor<4x!quant.uniform<u8:f32, 0.25>> {
  %c = qnn.storage_cast %x : tensor<4x!quant.uniform<u8:f32, 0.5>> -> tensor<4xui8>
  %q = qnn.storage_cast %c : tensor<4xui8> -> tensor<4x!quant.uniform<u8:f32, 0.25>>
  return %q : tensor<4x!quant.uniform<u8:f32, 0.25>>
}

// CHECK-LABEL: @there_and_back
// CHECK-SAME: (%[[X:.*]]: tensor
// CHECK-NEXT: return %[[X]]
func.func @there_and_back(%x: tensor<4x!quant.uniform<u8:f32, 0.5:3>>)
    -> tensor<4x!quant.uniform<u8:f32, 0.5:3>> {
  %f = qnn.dequantize %x : tensor<4x!quant.uniform<u8:f32, 0.5:3>> -> tensor<4xf32>
  %q = qnn.quantize %f : tensor<4xf32> -> tensor<4x!quant.uniform<u8:f32, 0.5:3>>
  %r = qnn.requantize %q : tensor<4x!quant.uniform<u8:f32, 0.5:3>> -> tensor<4x!quant.uniform<u8:f32, 0.5:3>>
  return %r : tensor<4x!quant.uniform<u8:f32, 0.5:3>>
}
