// RUN: pebble-opt %s --compose-tables | FileCheck %s

// 2 * (x - 1) + 1 with constant operands is decided by one code. The last layer changes none.
// CHECK-LABEL: @constants
// CHECK: %[[T:.*]] = nn.constant dense<"0x0101030507{{.*}}FBFDFFFF{{F*}}"> : tensor<256xui8>
// CHECK-NEXT: %[[R:.*]] = qnn.lookup_bytes %arg0, %[[T]]
// CHECK-NEXT: return %[[R]]
func.func @constants(%x: tensor<2x3xui8>) -> tensor<2x3xui8> {
  %one = nn.constant dense<1> : tensor<1xui8>
  %four = nn.constant dense<4> : tensor<1x3xui8>
  %a = qnn.add_bytes %x, %one {lhs_offset = 0 : i64, rhs_offset = 0 : i64,
      offset = 0 : i64, low = 0 : i64, high = 255 : i64, lhs_ratio = 1.0 : f64,
      rhs_ratio = 1.0 : f64, base = -2.0 : f64} : (tensor<2x3xui8>, tensor<1xui8>) -> tensor<2x3xui8>
  %m = qnn.mul_bytes %four, %a {lhs_zero_point = 0 : i64, rhs_zero_point = 0 : i64,
      zero_point = 1 : i64, offset = 0 : i64, low = 0 : i64, high = 255 : i64,
      ratio = 5.0e-01 : f64} : (tensor<1x3xui8>, tensor<2x3xui8>) -> tensor<2x3xui8>
  %i = qnn.mul_bytes %m, %one {lhs_zero_point = 0 : i64, rhs_zero_point = 0 : i64,
      zero_point = 0 : i64, offset = 0 : i64, low = 0 : i64, high = 255 : i64,
      ratio = 1.0 : f64} : (tensor<2x3xui8>, tensor<1xui8>) -> tensor<2x3xui8>
  return %i : tensor<2x3xui8>
}

// A table that gives each code itself is no layer.
// CHECK-LABEL: @identity
// CHECK-NEXT: return %arg0
func.func @identity(%x: tensor<2x3xui8>) -> tensor<2x3xui8> {
  %one = nn.constant dense<1> : tensor<1xui8>
  %i = qnn.mul_bytes %x, %one {lhs_zero_point = 0 : i64, rhs_zero_point = 0 : i64,
      zero_point = 0 : i64, offset = 0 : i64, low = 0 : i64, high = 255 : i64,
      ratio = 1.0 : f64} : (tensor<2x3xui8>, tensor<1xui8>) -> tensor<2x3xui8>
  return %i : tensor<2x3xui8>
}

// x * f(x), and then a table, is one table: 255 - x * x.
// CHECK-LABEL: @product_with_own_table
// CHECK: %[[T:.*]] = nn.constant dense<"0xFFFEFB{{.*}}"> : tensor<256xui8>
// CHECK-NEXT: %[[R:.*]] = qnn.lookup_bytes %arg0, %[[T]]
// CHECK-NEXT: return %[[R]]
func.func @product_with_own_table(%x: tensor<2x3xui8>) -> tensor<2x3xui8> {
  %sub = nn.constant dense<"0xFFFEFDFCFBFAF9F8F7F6F5F4F3F2F1F0EFEEEDECEBEAE9E8E7E6E5E4E3E2E1E0DFDEDDDCDBDAD9D8D7D6D5D4D3D2D1D0CFCECDCCCBCAC9C8C7C6C5C4C3C2C1C0BFBEBDBCBBBAB9B8B7B6B5B4B3B2B1B0AFAEADACABAAA9A8A7A6A5A4A3A2A1A09F9E9D9C9B9A999897969594939291908F8E8D8C8B8A898887868584838281807F7E7D7C7B7A797877767574737271706F6E6D6C6B6A696867666564636261605F5E5D5C5B5A595857565554535251504F4E4D4C4B4A494847464544434241403F3E3D3C3B3A393837363534333231302F2E2D2C2B2A292827262524232221201F1E1D1C1B1A191817161514131211100F0E0D0C0B0A09080706050403020100"> : tensor<256xui8>
  %f = qnn.lookup_bytes %x, %sub : (tensor<2x3xui8>, tensor<256xui8>) -> tensor<2x3xui8>
  %p = qnn.mul_bytes %x, %f {lhs_zero_point = 0 : i64, rhs_zero_point = 255 : i64,
      zero_point = 0 : i64, offset = 0 : i64, low = 0 : i64, high = 255 : i64,
      ratio = -1.0 : f64} : (tensor<2x3xui8>, tensor<2x3xui8>) -> tensor<2x3xui8>
  %r = qnn.lookup_bytes %p, %sub : (tensor<2x3xui8>, tensor<256xui8>) -> tensor<2x3xui8>
  return %r : tensor<2x3xui8>
}

// Two sources, or a result that is larger than its source: no table.
// CHECK-LABEL: @others
// CHECK: qnn.mul_bytes
// CHECK: qnn.mul_bytes
func.func @others(%x: tensor<3xui8>, %y: tensor<2x3xui8>) -> (tensor<2x3xui8>, tensor<2x3xui8>) {
  %one = nn.constant dense<1> : tensor<2x3xui8>
  %a = qnn.mul_bytes %x, %y {lhs_zero_point = 0 : i64, rhs_zero_point = 0 : i64,
      zero_point = 0 : i64, offset = 0 : i64, low = 0 : i64, high = 255 : i64,
      ratio = 1.0 : f64} : (tensor<3xui8>, tensor<2x3xui8>) -> tensor<2x3xui8>
  %b = qnn.mul_bytes %x, %one {lhs_zero_point = 0 : i64, rhs_zero_point = 0 : i64,
      zero_point = 0 : i64, offset = 0 : i64, low = 0 : i64, high = 255 : i64,
      ratio = 1.0 : f64} : (tensor<3xui8>, tensor<2x3xui8>) -> tensor<2x3xui8>
  return %a, %b : tensor<2x3xui8>, tensor<2x3xui8>
}
