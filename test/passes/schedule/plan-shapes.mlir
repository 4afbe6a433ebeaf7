// Sizes, shape arithmetic and places of buffers that follow from the inputs' dims are computed by a
// function of their own; the program reads what it left.
// RUN: pebble-opt %s -split-input-file \
// RUN:   -pass-pipeline='builtin.module(bufferize-program,func.func(plan-memory),plan-shapes)' \
// RUN:   | FileCheck %s

// CHECK-LABEL: func.func @main
// CHECK-SAME: mem.plan_bytes =
// CHECK-NOT: mem.infer_dims
// CHECK-NOT: mem.launch @double_it
// CHECK: %[[N:.*]] = mem.planned
// CHECK: %[[AT:.*]] = mem.planned
// CHECK: %[[T:.*]] = mem.placed %[[AT]][%[[N]]] : memref<?x8xf32>
// CHECK: mem.launch @relu {{.*}} outs(%[[T]] :
// CHECK: mem.slot {{.*}} : memref<2xi64>
// CHECK: %[[SHAPE:.*]] = mem.slot {{.*}} : memref<2xi64>
// CHECK: mem.launch @spread ins(%{{.*}}, %[[SHAPE]] :
// CHECK-NOT: memref.alloc
// CHECK-NOT: mem.release
// CHECK: return
//
// CHECK-LABEL: func.func @plan(%{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr) -> i32
// CHECK: %[[X:.*]] = mem.input 0
// CHECK: memref.dim %[[X]]
// CHECK: mem.launch @double_it
// CHECK: mem.infer_dims "broadcast_to"
// CHECK: mem.set_planned
// CHECK: mem.place_buffers({{.*}}) base {{[0-9]+}} plan {{[0-9]+}}
// CHECK-SAME: table = array<i64: 2, 4,
func.func @main(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %0 = nn.launch @relu(%x) : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %1 = nn.shape_of %0 : (tensor<?x8xf32>) -> tensor<2xi64>
  %2 = nn.launch @double_it(%1) : (tensor<2xi64>) -> tensor<2xi64>
  %3 = nn.launch @spread(%0, %2) : (tensor<?x8xf32>, tensor<2xi64>) -> tensor<?x8xf32>
  %4 = nn.launch @relu(%3) : (tensor<?x8xf32>) -> tensor<?x8xf32>
  return %4 : tensor<?x8xf32>
}
func.func private @relu(%x: tensor<?x8xf32>) -> tensor<?x8xf32> attributes {nn.nodes = ["relu"]} {
  %0 = nn.relu %x : (tensor<?x8xf32>) -> tensor<?x8xf32>
  return %0 : tensor<?x8xf32>
}
func.func private @double_it(%x: tensor<2xi64>) -> tensor<2xi64> attributes {nn.nodes = ["two"]} {
  %0 = nn.add %x, %x : (tensor<2xi64>, tensor<2xi64>) -> tensor<2xi64>
  return %0 : tensor<2xi64>
}
func.func private @spread(%x: tensor<?x8xf32>, %s: tensor<2xi64>) -> tensor<?x8xf32>
    attributes {nn.nodes = ["spread"]} {
  %0 = nn.broadcast_to %x, %s : (tensor<?x8xf32>, tensor<2xi64>) -> tensor<?x8xf32>
  return %0 : tensor<?x8xf32>
}

// -----

// What depends on data is still asked of the host, and a program of known sizes has no plan.
// CHECK-LABEL: func.func @main
// CHECK-NOT: mem.plan_bytes
// CHECK: mem.infer_dims "tile"
// CHECK: memref.alloc
// CHECK: mem.release
// CHECK-NOT: func.func @plan
func.func @main(%x: tensor<8xf32>, %n: tensor<1xi64>) -> tensor<?xf32> {
  %0 = nn.launch @repeat(%x, %n) : (tensor<8xf32>, tensor<1xi64>) -> tensor<?xf32>
  %1 = nn.launch @relu(%0) : (tensor<?xf32>) -> tensor<?xf32>
  return %1 : tensor<?xf32>
}
func.func private @repeat(%x: tensor<8xf32>, %n: tensor<1xi64>) -> tensor<?xf32>
    attributes {nn.nodes = ["repeat"]} {
  %0 = nn.tile %x, %n : (tensor<8xf32>, tensor<1xi64>) -> tensor<?xf32>
  return %0 : tensor<?xf32>
}
func.func private @relu(%x: tensor<?xf32>) -> tensor<?xf32> attributes {nn.nodes = ["relu"]} {
  %0 = nn.relu %x : (tensor<?xf32>) -> tensor<?xf32>
  return %0 : tensor<?xf32>
}
