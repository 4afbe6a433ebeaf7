// Elementwise layers become one loop; a layer without an emitter calls the kernel library.
// RUN: pebble-opt %s -pass-pipeline='builtin.module(lower-kernels)' | FileCheck %s

// CHECK-LABEL: func.func private @chain
// CHECK-COUNT-1: scf.for
// CHECK: arith.addf
// CHECK: memref.store
// CHECK-NOT: scf.for
// CHECK: return
func.func private @chain(%x: tensor<4x8xf32>) -> tensor<4x8xf32> attributes {nn.nodes = ["a"]} {
  %0 = nn.add %x, %x : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %1 = nn.relu %0 : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return %1 : tensor<4x8xf32>
}

// CHECK-LABEL: func.func private @library
// CHECK: mem.library "pebble_kernel_softmax_f32"
func.func private @library(%x: tensor<4x8xf32>) -> tensor<4x8xf32> attributes {nn.nodes = ["b"]} {
  %0 = nn.softmax %x {axis = 1 : i64} : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return %0 : tensor<4x8xf32>
}

// A kernel that states scratch takes its address behind those of operands and results.
// CHECK-LABEL: func.func private @scratch
// CHECK-SAME: (%{{.*}}: !llvm.ptr {llvm.noalias}, %{{.*}}: !llvm.ptr {llvm.noalias}, %{{.*}}: !llvm.ptr {llvm.noalias}, %{{.*}}: !llvm.ptr {llvm.noalias}, %{{.*}}: index, %{{.*}}: index) -> i32
func.func private @scratch(%x: tensor<?xf32>) -> tensor<?xf32> attributes {nn.nodes = ["c"],
    mem.spec = #mem.kernel_spec<reads = ["4 * in0[0]"], writes = ["4 * in0[0]"], scratch = 256>} {
  %0 = nn.relu %x : (tensor<?xf32>) -> tensor<?xf32>
  return %0 : tensor<?xf32>
}

// Layers of unknown size have the same code as known ones: register tiles of a few heights.
// CHECK-LABEL: func.func private @dynamic_conv
// CHECK-NOT: mem.library
// CHECK: scf.parallel
// CHECK: vector.fma
// CHECK-NOT: mem.library
// CHECK: return
func.func private @dynamic_conv(%x: tensor<?x?x?x3xf32>) -> tensor<?x?x?x32xf32>
    attributes {nn.nodes = ["d"]} {
  %w = nn.constant dense<1.0> : tensor<1x1x3x3x3x32xf32>
  %0 = nn.conv_nhwc %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>} : (tensor<?x?x?x3xf32>, tensor<1x1x3x3x3x32xf32>) -> tensor<?x?x?x32xf32>
  return %0 : tensor<?x?x?x32xf32>
}

// What a window reads of the padding is skipped: rows by the bounds of a loop, columns by leaving
// pixels out of the tiles at the border, whose first one is the only one here.
// CHECK-LABEL: func.func private @padded_conv
// CHECK: %[[ABOVE:.*]] = arith.maxsi
// CHECK: %[[BELOW:.*]] = arith.minsi
// CHECK: scf.for {{.*}} = %[[ABOVE]] to %[[BELOW]] step {{.*}} iter_args
// CHECK: scf.for
// CHECK-COUNT-3: vector.fma
// CHECK-NOT: vector.fma
// CHECK: scf.for
// CHECK-COUNT-4: vector.fma
// CHECK-NOT: vector.fma
// CHECK: scf.for
// CHECK-COUNT-3: vector.fma
// CHECK-NOT: vector.fma
// CHECK: return
func.func private @padded_conv(%x: tensor<1x4x4x3xf32>) -> tensor<1x4x4x16xf32>
    attributes {nn.nodes = ["p"]} {
  %w = nn.constant dense<1.0> : tensor<1x1x3x3x3x32xf32>
  %0 = nn.conv_nhwc %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>,
      pads = array<i64: 1, 1, 1, 1>}
      : (tensor<1x4x4x3xf32>, tensor<1x1x3x3x3x32xf32>) -> tensor<1x4x4x16xf32>
  return %0 : tensor<1x4x4x16xf32>
}

// A product whose number of columns is unknown reads the last ones under a mask; one whose number of
// rows is unknown sums a lone row in four interleaved sums, as a known one does.
// CHECK-LABEL: func.func private @dynamic_matmul
// CHECK-NOT: mem.library
// CHECK: scf.if
// CHECK: vector.maskedload
// CHECK-NOT: mem.library
// CHECK: return
func.func private @dynamic_matmul(%x: tensor<?x?x8xf32>, %y: tensor<?x8x?xf32>) -> tensor<?x?x?xf32>
    attributes {nn.nodes = ["e"]} {
  %0 = nn.matmul %x, %y : (tensor<?x?x8xf32>, tensor<?x8x?xf32>) -> tensor<?x?x?xf32>
  return %0 : tensor<?x?x?xf32>
}

// A layer without a vector form, and no result that could hold the sums meanwhile: the lanes of a
// tile are stored one by one.
// CHECK-LABEL: func.func private @mask
// CHECK-COUNT-4: vector.extract {{.*}} : f32 from vector<4xf32>
// CHECK-NOT: vector.store
func.func private @mask(%x: tensor<1x1x1x3xf32>) -> tensor<1x1x1x4xi1>
    attributes {nn.nodes = ["f"]} {
  %h = nn.constant dense<5.0e-1> : tensor<f32>
  %w = nn.constant dense<1.0> : tensor<1x1x1x1x3x32xf32>
  %0 = nn.conv_nhwc %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>}
      : (tensor<1x1x1x3xf32>, tensor<1x1x1x1x3x32xf32>) -> tensor<1x1x1x4xf32>
  %1 = nn.sigmoid %0 : (tensor<1x1x1x4xf32>) -> tensor<1x1x1x4xf32>
  %2 = nn.compare gt, %1, %h
      : (tensor<1x1x1x4xf32>, tensor<f32>) -> tensor<1x1x1x4xi1>
  return %2 : tensor<1x1x1x4xi1>
}

// A sum that is written over its second operand finds that where it stores the result.
// CHECK-LABEL: func.func private @over
// CHECK-SAME: %[[X:[^:]*]]: !llvm.ptr {llvm.noalias}, %[[Y:[^:]*]]: !llvm.ptr {llvm.noalias}, %[[R:[^:]*]]: !llvm.ptr {llvm.noalias})
// CHECK-DAG: llvm.insertvalue %[[X]], {{.*}}[0]
// CHECK-COUNT-2: llvm.insertvalue %[[R]], {{.*}}[0]
// CHECK-COUNT-2: memref.load
// CHECK: memref.store
func.func private @over(%x: tensor<64xf32>, %y: tensor<64xf32>) -> tensor<64xf32>
    attributes {mem.over = array<i64: 1>, nn.nodes = ["o"]} {
  %0 = nn.add %x, %y : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
  return %0 : tensor<64xf32>
}

// Sums that wait for a layer without a vector form may not wait in the place of what it still reads.
// CHECK-LABEL: func.func private @sigmoid_over
// CHECK: vector.fma
// CHECK-NOT: vector.store
// CHECK: return
func.func private @sigmoid_over(%x: tensor<4x3xf32>, %y: tensor<4x4xf32>) -> tensor<4x4xf32>
    attributes {mem.over = array<i64: 1>, nn.nodes = ["s"]} {
  %w = nn.constant dense<1.0> : tensor<1x3x32xf32>
  %0 = nn.matmul_packed %x, %w : (tensor<4x3xf32>, tensor<1x3x32xf32>) -> tensor<4x4xf32>
  %1 = nn.add %0, %y : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  %2 = nn.sigmoid %1 : (tensor<4x4xf32>) -> tensor<4x4xf32>
  return %2 : tensor<4x4xf32>
}
