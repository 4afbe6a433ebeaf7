// RUN: pebble-opt %s --tabulate-functions | FileCheck %s

!x = !quant.uniform<u4:f32, 0.5:8>
!y = !quant.uniform<i8:f32, 0.25:1>
!wide = !quant.uniform<u16:f32, 0.25:1>

// |0.5 * (q - 8)| / 0.25 + 1 for the codes 0 to 15.
// CHECK-LABEL: @absolute
// CHECK: %[[T:.*]] = nn.constant dense<[17, 15, 13, 11, 9, 7, 5, 3, 1, 3, 5, 7, 9, 11, 13, 15]> : tensor<16xi8>
// CHECK: qnn.lookup %arg0, %[[T]]
func.func @absolute(%x: tensor<4x!x>) -> tensor<4x!y> {
  %f = qnn.dequantize %x : tensor<4x!x> -> tensor<4xf32>
  %a = nn.abs %f : (tensor<4xf32>) -> tensor<4xf32>
  %q = qnn.quantize %a : tensor<4xf32> -> tensor<4x!y>
  return %q : tensor<4x!y>
}

// CHECK-LABEL: @silu
// CHECK: qnn.lookup
// CHECK-NOT: nn.sigmoid
func.func @silu(%x: tensor<4x!x>) -> tensor<4x!y> {
  %f = qnn.dequantize %x : tensor<4x!x> -> tensor<4xf32>
  %s = nn.sigmoid %f : (tensor<4xf32>) -> tensor<4xf32>
  %m = nn.mul %f, %s : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %q = qnn.quantize %m : tensor<4xf32> -> tensor<4x!y>
  return %q : tensor<4x!y>
}

// CHECK-LABEL: @two_tensors
// CHECK-NOT: qnn.lookup
func.func @two_tensors(%x: tensor<4x!x>, %y: tensor<4x!x>) -> tensor<4x!y> {
  %f = qnn.dequantize %x : tensor<4x!x> -> tensor<4xf32>
  %g = qnn.dequantize %y : tensor<4x!x> -> tensor<4xf32>
  %m = nn.div %f, %g : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %q = qnn.quantize %m : tensor<4xf32> -> tensor<4x!y>
  return %q : tensor<4x!y>
}

// CHECK-LABEL: @too_wide
// CHECK-NOT: qnn.lookup
func.func @too_wide(%x: tensor<4x!wide>) -> tensor<4x!y> {
  %f = qnn.dequantize %x : tensor<4x!wide> -> tensor<4xf32>
  %q = qnn.quantize %f : tensor<4xf32> -> tensor<4x!y>
  return %q : tensor<4x!y>
}
