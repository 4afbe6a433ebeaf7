// The edges of elementwise ops, as constant folding computes them.
// RUN: pebble-opt %s -canonicalize | FileCheck %s

// CHECK-LABEL: func @integers
func.func @integers() -> (tensor<3xi8>, tensor<3xi8>, tensor<4xi8>, tensor<4xi8>, tensor<4xi8>) {
  %least = nn.constant dense<[-128, 127, -7]> : tensor<3xi8>
  // The least integer has no positive counterpart.
  // CHECK-DAG: dense<[-128, 127, 7]> : tensor<3xi8>
  %abs = nn.abs %least : (tensor<3xi8>) -> tensor<3xi8>
  // Sums wrap.
  %one = nn.constant dense<1> : tensor<i8>
  // CHECK-DAG: dense<[-127, -128, -6]> : tensor<3xi8>
  %sum = nn.add %least, %one : (tensor<3xi8>, tensor<i8>) -> tensor<3xi8>
  // Quotients truncate; by zero they are 0, and the least by -1 wraps.
  %a = nn.constant dense<[-7, 7, 5, -128]> : tensor<4xi8>
  %b = nn.constant dense<[2, -2, 0, -1]> : tensor<4xi8>
  // CHECK-DAG: dense<[-3, -3, 0, -128]> : tensor<4xi8>
  %div = nn.div %a, %b : (tensor<4xi8>, tensor<4xi8>) -> tensor<4xi8>
  // Remainders have the divisor's sign, or with fmod the dividend's.
  // CHECK-DAG: dense<[1, -1, 0, 0]> : tensor<4xi8>
  %mod = nn.mod %a, %b {fmod = false} : (tensor<4xi8>, tensor<4xi8>) -> tensor<4xi8>
  // CHECK-DAG: dense<[-1, 1, 0, 0]> : tensor<4xi8>
  %fmod = nn.mod %a, %b {fmod = true} : (tensor<4xi8>, tensor<4xi8>) -> tensor<4xi8>
  return %abs, %sum, %div, %mod, %fmod
      : tensor<3xi8>, tensor<3xi8>, tensor<4xi8>, tensor<4xi8>, tensor<4xi8>
}

// CHECK-LABEL: func @shifts
func.func @shifts() -> (tensor<3xui8>, tensor<3xui8>, tensor<2xi8>) {
  %x = nn.constant dense<[129, 255, 1]> : tensor<3xui8>
  %n = nn.constant dense<[1, 8, 7]> : tensor<3xui8>
  // CHECK-DAG: dense<[2, 0, 128]> : tensor<3xui8>
  %left = nn.shift_left %x, %n : (tensor<3xui8>, tensor<3xui8>) -> tensor<3xui8>
  // CHECK-DAG: dense<[64, 0, 0]> : tensor<3xui8>
  %right = nn.shift_right %x, %n : (tensor<3xui8>, tensor<3xui8>) -> tensor<3xui8>
  // Right shifts are logical.
  %y = nn.constant dense<[-1, -128]> : tensor<2xi8>
  %m = nn.constant dense<[1, 7]> : tensor<2xi8>
  // CHECK-DAG: dense<[127, 1]> : tensor<2xi8>
  %signed = nn.shift_right %y, %m : (tensor<2xi8>, tensor<2xi8>) -> tensor<2xi8>
  return %left, %right, %signed : tensor<3xui8>, tensor<3xui8>, tensor<2xi8>
}

// CHECK-LABEL: func @not_a_number
func.func @not_a_number() -> (tensor<3xf32>, tensor<3xf32>, tensor<3xi1>, tensor<3xi32>) {
  // NaN, -infinity, -0.
  %x = nn.constant dense<[0x7FC00000, 0xFF800000, -0.0]> : tensor<3xf32>
  %zero = nn.constant dense<0.0> : tensor<f32>
  // CHECK-DAG: dense<[0x7FC00000, 0.000000e+00, -0.000000e+00]> : tensor<3xf32>
  %relu = nn.relu %x : (tensor<3xf32>) -> tensor<3xf32>
  // CHECK-DAG: dense<[0x7FC00000, 0xFF800000, -0.000000e+00]> : tensor<3xf32>
  %min = nn.min %x, %zero : (tensor<3xf32>, tensor<f32>) -> tensor<3xf32>
  // CHECK-DAG: dense<[false, false, true]> : tensor<3xi1>
  %ge = nn.compare ge, %x, %zero : (tensor<3xf32>, tensor<f32>) -> tensor<3xi1>
  // Conversion saturates, and NaN becomes 0.
  // CHECK-DAG: dense<[0, -2147483648, 0]> : tensor<3xi32>
  %cast = nn.cast %x {to = i32} : (tensor<3xf32>) -> tensor<3xi32>
  return %relu, %min, %ge, %cast : tensor<3xf32>, tensor<3xf32>, tensor<3xi1>, tensor<3xi32>
}

// CHECK-LABEL: func @rounding
func.func @rounding() -> (tensor<4xf32>, tensor<2xf16>, tensor<bf16>, tensor<f16>) {
  %x = nn.constant dense<[0.5, 1.5, -2.5, 2.6]> : tensor<4xf32>
  // Ties to even.
  // CHECK-DAG: dense<[0.000000e+00, 2.000000e+00, -2.000000e+00, 3.000000e+00]> : tensor<4xf32>
  %round = nn.round %x : (tensor<4xf32>) -> tensor<4xf32>
  // 1 + 2^-11 lies halfway between two halves; a little more lies above.
  %y = nn.constant dense<[0x3FF0020000000000, 0x3FF0020000000001]> : tensor<2xf64>
  // CHECK-DAG: dense<[1.000000e+00, 1.000980e+00]> : tensor<2xf16>
  %half = nn.cast %y {to = f16} : (tensor<2xf64>) -> tensor<2xf16>
  // One rounding from f64: by way of f32 this would be a tie, and become 1.
  %z = nn.constant dense<0x3FF0100000000001> : tensor<f64>
  // CHECK-DAG: dense<1.007810e+00> : tensor<bf16>
  %once = nn.cast %z {to = bf16} : (tensor<f64>) -> tensor<bf16>
  // Half-precision sums overflow to infinity.
  %big = nn.constant dense<6.550400e+04> : tensor<f16>
  // CHECK-DAG: dense<0x7C00> : tensor<f16>
  %sum = nn.add %big, %big : (tensor<f16>, tensor<f16>) -> tensor<f16>
  return %round, %half, %once, %sum : tensor<4xf32>, tensor<2xf16>, tensor<bf16>, tensor<f16>
}

// Operands broadcast both ways.
// CHECK-LABEL: func @broadcast
func.func @broadcast() -> (tensor<2x3xi32>, tensor<2x2xf32>) {
  %a = nn.constant dense<[[10], [20]]> : tensor<2x1xi32>
  %b = nn.constant dense<[1, 2, 3]> : tensor<3xi32>
  // CHECK-DAG: dense<{{\[}}[11, 12, 13], [21, 22, 23]]> : tensor<2x3xi32>
  %sum = nn.add %a, %b : (tensor<2x1xi32>, tensor<3xi32>) -> tensor<2x3xi32>
  %c = nn.constant dense<[[true], [false]]> : tensor<2x1xi1>
  %x = nn.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %y = nn.constant dense<0.0> : tensor<f32>
  // CHECK-DAG: dense<{{\[}}[1.000000e+00, 2.000000e+00], [0.000000e+00, 0.000000e+00]]> : tensor<2x2xf32>
  %select = nn.select %c, %x, %y : (tensor<2x1xi1>, tensor<2xf32>, tensor<f32>) -> tensor<2x2xf32>
  return %sum, %select : tensor<2x3xi32>, tensor<2x2xf32>
}

// What would take much more room than its operands stays.
// CHECK-LABEL: func @large
func.func @large() -> (tensor<100000xf32>, tensor<100xf32>) {
  %zero = nn.constant dense<1.0> : tensor<1xf32>
  %n = nn.constant dense<100000> : tensor<1xi64>
  %m = nn.constant dense<100> : tensor<1xi64>
  // CHECK: nn.tile
  %large = nn.tile %zero, %n : (tensor<1xf32>, tensor<1xi64>) -> tensor<100000xf32>
  // CHECK-NOT: nn.tile
  %small = nn.tile %zero, %m : (tensor<1xf32>, tensor<1xi64>) -> tensor<100xf32>
  return %large, %small : tensor<100000xf32>, tensor<100xf32>
}

// Random numbers come from the seed at run time, and what fails at run time is left to it.
// CHECK-LABEL: func @kept
func.func @kept() -> (tensor<2xf32>, tensor<1xf32>) {
  %shape = nn.constant dense<2> : tensor<1xi64>
  // CHECK: nn.random
  %random = nn.random %shape {to = f32, distribution = 0 : i64, seed = 1 : i64, a = 0.0 : f64, b = 1.0 : f64} : (tensor<1xi64>) -> tensor<2xf32>
  %x = nn.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %five = nn.constant dense<5> : tensor<1xi64>
  // CHECK: nn.gather
  %outside = nn.gather %x, %five {axis = 0 : i64} : (tensor<2xf32>, tensor<1xi64>) -> tensor<1xf32>
  return %random, %outside : tensor<2xf32>, tensor<1xf32>
}

// A splat is not expanded to terabytes for the sake of a small result.
// CHECK-LABEL: func @large_splat
func.func @large_splat() -> tensor<1xf32> {
  %x = nn.constant dense<1.0> : tensor<1099511627776xf32>
  %axes = nn.constant dense<0> : tensor<1xi64>
  // CHECK: nn.reduce_sum
  %sum = nn.reduce_sum %x, %axes {keepdims = true} : (tensor<1099511627776xf32>, tensor<1xi64>) -> tensor<1xf32>
  return %sum : tensor<1xf32>
}
