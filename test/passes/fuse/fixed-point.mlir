// RUN: pebble-opt %s --lower-quantized | FileCheck %s

!x = !quant.uniform<u8:f32, 0.5:3>
!y = !quant.uniform<i8:f32, 1.0:-1>

module attributes {qnn.rounding = "tflite"} {

// The factor 0.5 * 0.75 / 1 is 0.75 * 2^-1: a mantissa of 0.75 * 2^31 and a shift by one place. Signed
// codes are held with 128 added.
// CHECK-LABEL: @product
// CHECK: nn.matmul {{.*}} -> tensor<2x1xi32>
// CHECK: nn.abs
// CHECK: %[[M:.*]] = nn.constant dense<1610612736> : tensor<i64>
// CHECK: nn.mul %{{.*}}, %[[M]]
// CHECK: %[[DOWN:.*]] = nn.constant dense<1073741823> : tensor<i64>
// CHECK: %[[UP:.*]] = nn.constant dense<1073741824> : tensor<i64>
// CHECK: nn.select %{{.*}}, %[[DOWN]], %[[UP]]
// CHECK: nn.shift_right
// CHECK: nn.shift_right
// CHECK: %[[Z:.*]] = nn.constant dense<127> : tensor<i64>
// CHECK: nn.add %{{.*}}, %[[Z]]
// CHECK-NOT: f32
// CHECK: return
func.func @product(%x: tensor<2x2xui8>) -> tensor<2x1xi8> {
  %wc = nn.constant dense<[[1], [2]]> : tensor<2x1xi8>
  %xq = qnn.storage_cast %x : tensor<2x2xui8> -> tensor<2x2x!x>
  %wq = qnn.storage_cast %wc : tensor<2x1xi8> -> tensor<2x1x!quant.uniform<i8:f32, 0.75>>
  %y = qnn.matmul %xq, %wq : (tensor<2x2x!x>, tensor<2x1x!quant.uniform<i8:f32, 0.75>>)
      -> tensor<2x1x!y>
  %c = qnn.storage_cast %y : tensor<2x1x!y> -> tensor<2x1xi8>
  return %c : tensor<2x1xi8>
}

// Operands gain 20 bits before they are rescaled.
// CHECK-LABEL: @sum
// CHECK: nn.constant dense<1048576> : tensor<i64>
// CHECK-COUNT-3: nn.abs
// CHECK: return
func.func @sum(%a: tensor<4xui8>, %b: tensor<4xui8>) -> tensor<4xi8> {
  %aq = qnn.storage_cast %a : tensor<4xui8> -> tensor<4x!x>
  %bq = qnn.storage_cast %b : tensor<4xui8> -> tensor<4x!x>
  %y = qnn.add %aq, %bq : (tensor<4x!x>, tensor<4x!x>) -> tensor<4x!y>
  %c = qnn.storage_cast %y : tensor<4x!y> -> tensor<4xi8>
  return %c : tensor<4xi8>
}

}
