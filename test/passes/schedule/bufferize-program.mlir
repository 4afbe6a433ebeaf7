// The program becomes a function of the environment that returns a status; its results are written
// in place by the kernels that make them.
// RUN: pebble-opt %s -split-input-file -pass-pipeline='builtin.module(bufferize-program)' | FileCheck %s

// CHECK-LABEL: func.func @main(%{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr) -> i32
func.func @main(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // CHECK: %[[X:.*]] = mem.input 0 : memref<4x8xf32>
  // CHECK: %[[T:.*]] = memref.alloc() : memref<4x8xf32>
  // CHECK: mem.launch @relu ins(%[[X]] : memref<4x8xf32>) outs(%[[T]] : memref<4x8xf32>)
  // CHECK: %[[Y:.*]] = mem.output 0[] : memref<4x8xf32>
  // CHECK: mem.launch @relu ins(%[[T]] : memref<4x8xf32>) outs(%[[Y]] : memref<4x8xf32>)
  // CHECK: return %{{.*}} : i32
  %0 = nn.launch @relu(%x) : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %1 = nn.launch @relu(%0) : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return %1 : tensor<4x8xf32>
}
func.func private @relu(%x: tensor<4x8xf32>) -> tensor<4x8xf32> attributes {nn.nodes = ["relu"]} {
  %0 = nn.relu %x : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return %0 : tensor<4x8xf32>
}

// -----

// A kernel that states scratch is lent it.
// CHECK-LABEL: func.func @main
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK: %[[S:.*]] = memref.alloc() : memref<256xi8>
  // CHECK: mem.launch @relu {{.*}} scratch(%[[S]] : memref<256xi8>)
  %0 = nn.launch @relu(%x) : (tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
func.func private @relu(%x: tensor<4xf32>) -> tensor<4xf32> attributes {
    nn.nodes = ["relu"],
    mem.spec = #mem.kernel_spec<reads = [16], writes = [16], scratch = 256>} {
  %0 = nn.relu %x : (tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

// The sizes of a layer in another layout come from the shape function of the layer that it was,
// which takes channels first: N, C, H, W, then the weight's dims.
// CHECK-LABEL: func.func @main
func.func @main(%x: tensor<?x?x?x3xf32>) -> tensor<?x?x?x16xf32> {
  // CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
  // CHECK-DAG: %[[N:.*]] = memref.dim %{{.*}}, %[[C0]]
  // CHECK: mem.infer_dims "conv" sizes(%[[N]], {{.*}}) data()
  // CHECK-SAME: ints = array<i64: 2, 1, 1, 2, 1, 1, 4, 0, 0, 0, 0, 1, 0>
  // CHECK: mem.output 0[
  %0 = nn.launch @conv(%x) : (tensor<?x?x?x3xf32>) -> tensor<?x?x?x16xf32>
  return %0 : tensor<?x?x?x16xf32>
}
func.func private @conv(%x: tensor<?x?x?x3xf32>) -> tensor<?x?x?x16xf32>
    attributes {nn.nodes = ["conv"]} {
  %w = nn.constant dense<1.0> : tensor<1x1x3x3x3x32xf32>
  %0 = nn.conv_nhwc %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>} : (tensor<?x?x?x3xf32>, tensor<1x1x3x3x3x32xf32>) -> tensor<?x?x?x16xf32>
  return %0 : tensor<?x?x?x16xf32>
}
