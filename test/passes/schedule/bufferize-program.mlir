// The program becomes a function of the environment that returns a status; its results are written
// in place by the kernels that make them.
// RUN: pebble-opt %s -pass-pipeline='builtin.module(bufferize-program)' | FileCheck %s

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
