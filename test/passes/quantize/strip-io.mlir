// RUN: pebble-opt %s --strip-io | FileCheck %s

!q = !quant.uniform<i8:f32, 0.5:3>

// CHECK-LABEL: @main(%arg0: tensor<2x3xi8>, %arg1: tensor<2xf32>) -> (tensor<3x2xi8>, tensor<2xf32>)
// CHECK: %[[T:.*]] = nn.transpose %arg0 {{.*}} : (tensor<2x3xi8>) -> tensor<3x2xi8>
// CHECK: %[[Q:.*]] = qnn.storage_cast %[[T]]
// CHECK: %[[C:.*]] = qnn.storage_cast %[[Q]]
// CHECK: return %[[C]], %arg1
func.func @main(%x: tensor<2x3xf32>, %y: tensor<2xf32>) -> (tensor<3x2xf32>, tensor<2xf32>) {
  %t = nn.transpose %x {permutation = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  %q = qnn.quantize %t : tensor<3x2xf32> -> tensor<3x2x!q>
  %f = qnn.dequantize %q : tensor<3x2x!q> -> tensor<3x2xf32>
  return %f, %y : tensor<3x2xf32>, tensor<2xf32>
}
