// The target's microkernels take the place of the kernel library.
// RUN: pebble-opt %s --lower-kernels="microkernels=conv=my_conv,gemm=my_gemm fused-multiply-add=true" | FileCheck %s
// RUN: pebble-opt %s --lower-kernels | FileCheck %s --check-prefix=LIBRARY

// The fields of the window: sizes, kernel, strides, dilations, pads, rows held.
// CHECK: llvm.mlir.global internal {{.*}}@pebble_window_0(dense<[1, 8, 8, 4, 4, 8, 8, 16, 16, 3, 3, 1, 1, 1, 1, 1, 1, 0]>
// CHECK-LABEL: @conv
// CHECK: call @my_conv
// LIBRARY-LABEL: @conv
// LIBRARY: mem.library "pebble_kernel_conv_packed_u8"
func.func private @conv(%x: tensor<1x8x8x4xui8>, %w: tensor<1x1x9x16x4xi8>, %b: tensor<16xi32>,
                        %m: tensor<16xf32>) -> tensor<1x8x8x16xui8> attributes {nn.nodes = ["c"]} {
  %y = qnn.conv_packed %x, %w, %b, %m {kernel_shape = array<i64: 3, 3>, strides = array<i64: 1, 1>,
      dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, group = 1 : i64,
      channels = 16 : i64, runs = 3 : i64, input_zero_point = 128 : i64, zero_point = 0 : i64,
      low = 0 : i64, high = 255 : i64}
      : (tensor<1x8x8x4xui8>, tensor<1x1x9x16x4xi8>, tensor<16xi32>, tensor<16xf32>)
      -> tensor<1x8x8x16xui8>
  return %y : tensor<1x8x8x16xui8>
}

// Runs that are neither taps nor rows of the window are left to the library.
// CHECK-LABEL: @whole_window
// CHECK: mem.library "pebble_kernel_conv_packed_u8"
func.func private @whole_window(%x: tensor<1x8x8x4xui8>, %w: tensor<1x1x9x16x4xi8>,
                                %b: tensor<16xi32>, %m: tensor<16xf32>) -> tensor<1x8x8x16xui8>
    attributes {nn.nodes = ["w"]} {
  %y = qnn.conv_packed %x, %w, %b, %m {kernel_shape = array<i64: 3, 3>, strides = array<i64: 1, 1>,
      dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, group = 1 : i64,
      channels = 16 : i64, runs = 1 : i64, input_zero_point = 128 : i64, zero_point = 0 : i64,
      low = 0 : i64, high = 255 : i64}
      : (tensor<1x8x8x4xui8>, tensor<1x1x9x16x4xi8>, tensor<16xi32>, tensor<16xf32>)
      -> tensor<1x8x8x16xui8>
  return %y : tensor<1x8x8x16xui8>
}

// A window of one pixel is a product of matrices.
// CHECK-LABEL: @pointwise
// CHECK: call @my_gemm
func.func private @pointwise(%x: tensor<1x8x8x4xui8>, %w: tensor<1x1x1x16x4xi8>, %b: tensor<16xi32>,
                             %m: tensor<16xf32>) -> tensor<1x8x8x16xui8> attributes {nn.nodes = ["p"]} {
  %y = qnn.conv_packed %x, %w, %b, %m {kernel_shape = array<i64: 1, 1>, strides = array<i64: 1, 1>,
      dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, group = 1 : i64,
      channels = 16 : i64, runs = 1 : i64, input_zero_point = 128 : i64, zero_point = 0 : i64,
      low = 0 : i64, high = 255 : i64}
      : (tensor<1x8x8x4xui8>, tensor<1x1x1x16x4xi8>, tensor<16xi32>, tensor<16xf32>)
      -> tensor<1x8x8x16xui8>
  return %y : tensor<1x8x8x16xui8>
}

// CHECK-LABEL: @add
// CHECK: math.fma
// LIBRARY-LABEL: @add
// LIBRARY: mem.library "pebble_kernel_add_bytes_u8"
func.func private @add(%a: tensor<64xui8>, %b: tensor<64xui8>) -> tensor<64xui8> attributes {nn.nodes = ["a"]} {
  %y = qnn.add_bytes %a, %b {lhs_offset = 0 : i64, rhs_offset = 0 : i64,
      offset = 0 : i64, low = 0 : i64, high = 255 : i64, lhs_ratio = 5.0e-01 : f64,
      rhs_ratio = 2.5e-01 : f64, base = 3.0 : f64} : (tensor<64xui8>, tensor<64xui8>) -> tensor<64xui8>
  return %y : tensor<64xui8>
}

// Sums have kernels of their own. Only the run knows how many rows there are.
// RUN: pebble-opt %s --lower-kernels="microkernels=gemm_f32=my_gemm,conv=my_conv" | FileCheck %s --check-prefix=SUMS
// SUMS-LABEL: @sums
// SUMS: call @my_gemm
// LIBRARY-LABEL: @sums
// LIBRARY: mem.library "pebble_kernel_conv_sums_u8"
func.func private @sums(%x: tensor<1x1x?x4xui8>, %w: tensor<1x1x1x16x4xi8>, %b: tensor<16xi32>,
                        %m: tensor<16xf32>, %z: tensor<1xui8>) -> tensor<1x1x?x16xf32> attributes {nn.nodes = ["s"]} {
  %y = qnn.conv_sums %x, %w, %b, %m, %z {kernel_shape = array<i64: 1, 1>, strides = array<i64: 1, 1>,
      dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, group = 1 : i64,
      channels = 16 : i64, runs = 1 : i64, to = f32}
      : (tensor<1x1x?x4xui8>, tensor<1x1x1x16x4xi8>, tensor<16xi32>, tensor<16xf32>, tensor<1xui8>)
      -> tensor<1x1x?x16xf32>
  return %y : tensor<1x1x?x16xf32>
}

// Images whose number only the run knows are computed one at a time.
// SUMS-LABEL: @batch
// SUMS: scf.{{for|parallel}}
// SUMS: llvm.getelementptr
// SUMS: call @my_conv
func.func private @batch(%x: tensor<?x8x8x4xui8>, %w: tensor<1x1x9x16x4xi8>, %b: tensor<16xi32>,
                         %m: tensor<16xf32>) -> tensor<?x8x8x16xui8> attributes {nn.nodes = ["b"]} {
  %y = qnn.conv_packed %x, %w, %b, %m {kernel_shape = array<i64: 3, 3>, strides = array<i64: 1, 1>,
      dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, group = 1 : i64,
      channels = 16 : i64, runs = 3 : i64, input_zero_point = 128 : i64, zero_point = 0 : i64,
      low = 0 : i64, high = 255 : i64}
      : (tensor<?x8x8x4xui8>, tensor<1x1x9x16x4xi8>, tensor<16xi32>, tensor<16xf32>)
      -> tensor<?x8x8x16xui8>
  return %y : tensor<?x8x8x16xui8>
}

// Channels of a row meet one operand each: two loops.
// CHECK-LABEL: @by_channel
// CHECK: scf.for
// CHECK: scf.for
// CHECK: arith.constant -3.0
// CHECK: math.roundeven
func.func private @by_channel(%a: tensor<1x8x8x6xui8>, %b: tensor<1x1x1x6xui8>)
    -> tensor<1x8x8x6xui8> attributes {nn.nodes = ["m"]} {
  %y = qnn.mul_bytes %a, %b {lhs_zero_point = 128 : i64, rhs_zero_point = 0 : i64,
      zero_point = -3 : i64, offset = 128 : i64, low = 0 : i64, high = 255 : i64,
      ratio = 5.0e-01 : f64} : (tensor<1x8x8x6xui8>, tensor<1x1x1x6xui8>) -> tensor<1x8x8x6xui8>
  return %y : tensor<1x8x8x6xui8>
}

// Weights of 4 bits have kernels of their own.
// RUN: pebble-opt %s --lower-kernels="microkernels=gemm=my_gemm,gemm4=my_gemm4" | FileCheck %s --check-prefix=HALF
// HALF-LABEL: @half
// HALF: call @my_gemm4
// LIBRARY-LABEL: @half
// LIBRARY: mem.library "pebble_kernel_conv_packed_u8"
func.func private @half(%x: tensor<1x8x8x4xui8>, %w: tensor<1x1x1x16x4xui8>, %b: tensor<16xi32>,
                        %m: tensor<16xf32>, %c: tensor<16xi8>) -> tensor<1x8x8x16xui8> attributes {nn.nodes = ["h"]} {
  %y = qnn.conv_packed %x, %w, %b, %m, %c {kernel_shape = array<i64: 1, 1>, strides = array<i64: 1, 1>,
      dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, group = 1 : i64,
      channels = 16 : i64, runs = 1 : i64, input_zero_point = 128 : i64, zero_point = 0 : i64,
      low = 0 : i64, high = 255 : i64}
      : (tensor<1x8x8x4xui8>, tensor<1x1x1x16x4xui8>, tensor<16xi32>, tensor<16xf32>, tensor<16xi8>)
      -> tensor<1x8x8x16xui8>
  return %y : tensor<1x8x8x16xui8>
}

// HALF-LABEL: @product
// HALF: call @my_gemm
// LIBRARY-LABEL: @product
// LIBRARY: mem.library "pebble_kernel_product_bytes_u8"
func.func private @product(%x: tensor<2x3x6xui8>, %p: tensor<2x2x2x16x4xi8>, %b: tensor<2x32xi32>)
    -> tensor<2x3x20xui8> attributes {nn.nodes = ["m"]} {
  %y = qnn.product_bytes %x, %p, %b {columns = 20 : i64, weight_zero_point = 0 : i64,
      zero_point = 0 : i64, low = 0 : i64, high = 255 : i64, multiplier = 5.0e-01 : f64}
      : (tensor<2x3x6xui8>, tensor<2x2x2x16x4xi8>, tensor<2x32xi32>) -> tensor<2x3x20xui8>
  return %y : tensor<2x3x20xui8>
}
