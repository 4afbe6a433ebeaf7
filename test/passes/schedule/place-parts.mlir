// What is joined is written where the whole has it, and what is cut is read there.
// RUN: pebble-opt %s -split-input-file \
// RUN:   -pass-pipeline='builtin.module(bufferize-program,place-parts,write-in-place,func.func(plan-memory),verify-accesses)' \
// RUN:   | FileCheck %s
// RUN: pebble-opt %s -split-input-file \
// RUN:   -pass-pipeline='builtin.module(bufferize-program,place-parts{on-device},write-in-place,func.func(plan-memory),verify-accesses)' \
// RUN:   | FileCheck %s --check-prefix=DEVICE

// One buffer for all; the kernels are told how far apart its pixels are. Nothing is written over it, since
// others of its parts are still read.
// CHECK-LABEL: func.func @main
// CHECK-SAME: mem.arena_bytes = 2048 : i64
// CHECK: %[[WHOLE:.*]] = mem.slot 0 : memref<1x4x4x32xf32>
// CHECK: %[[A:.*]] = mem.part %[[WHOLE]][3 from 0] : memref<1x4x4x32xf32> to memref<1x4x4x16xf32, strided<[512, 128, 32, 1]>>
// CHECK: mem.launch @relu_pitch_none_32 {{.*}} outs(%[[A]] : {{.*}}){{$}}
// CHECK: %[[B:.*]] = mem.part %[[WHOLE]][3 from 16]
// CHECK: mem.launch @relu_pitch_32_32 ins(%[[A]] : {{.*}}) outs(%[[B]] : {{.*}}){{$}}
// CHECK: %[[CUT:.*]] = mem.part %[[WHOLE]][3 from 20] : memref<1x4x4x32xf32> to memref<1x4x4x8xf32, strided<[512, 128, 32, 1]>>
// CHECK: mem.launch @negative ins(%[[CUT]]
// CHECK-NOT: @join
// CHECK-NOT: @cut
// CHECK-DAG: func.func private @negative({{.*}}mem.pitches = array<i64: 32, 0>
// CHECK-DAG: func.func private @relu_pitch_none_32({{.*}}mem.pitches = array<i64: 0, 32>
func.func @main(%x: tensor<1x4x4x16xf32>) -> tensor<1x4x4x8xf32> {
  %a = nn.launch @relu(%x) : (tensor<1x4x4x16xf32>) -> tensor<1x4x4x16xf32>
  %b = nn.launch @relu(%a) : (tensor<1x4x4x16xf32>) -> tensor<1x4x4x16xf32>
  %c = nn.launch @join(%a, %b) : (tensor<1x4x4x16xf32>, tensor<1x4x4x16xf32>) -> tensor<1x4x4x32xf32>
  %d = nn.launch @cut(%c) : (tensor<1x4x4x32xf32>) -> tensor<1x4x4x8xf32>
  %e = nn.launch @negative(%d) : (tensor<1x4x4x8xf32>) -> tensor<1x4x4x8xf32>
  return %e : tensor<1x4x4x8xf32>
}
func.func private @relu(%x: tensor<1x4x4x16xf32>) -> tensor<1x4x4x16xf32> attributes {nn.nodes = ["relu"]} {
  %0 = nn.relu %x : (tensor<1x4x4x16xf32>) -> tensor<1x4x4x16xf32>
  return %0 : tensor<1x4x4x16xf32>
}
func.func private @negative(%x: tensor<1x4x4x8xf32>) -> tensor<1x4x4x8xf32> attributes {nn.nodes = ["negative"]} {
  %0 = nn.neg %x : (tensor<1x4x4x8xf32>) -> tensor<1x4x4x8xf32>
  return %0 : tensor<1x4x4x8xf32>
}
func.func private @join(%x: tensor<1x4x4x16xf32>, %y: tensor<1x4x4x16xf32>) -> tensor<1x4x4x32xf32> attributes {nn.nodes = ["join"]} {
  %0 = nn.concat %x, %y {axis = 3 : i64} : (tensor<1x4x4x16xf32>, tensor<1x4x4x16xf32>) -> tensor<1x4x4x32xf32>
  return %0 : tensor<1x4x4x32xf32>
}
func.func private @cut(%x: tensor<1x4x4x32xf32>) -> tensor<1x4x4x8xf32> attributes {nn.nodes = ["cut"]} {
  %starts = nn.constant dense<-12> : tensor<1xi64>
  %ends = nn.constant dense<-4> : tensor<1xi64>
  %axes = nn.constant dense<3> : tensor<1xi64>
  %steps = nn.constant dense<1> : tensor<1xi64>
  %0 = nn.slice %x, %starts, %ends, %axes, %steps : (tensor<1x4x4x32xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<1x4x4x8xf32>
  return %0 : tensor<1x4x4x8xf32>
}

// -----

// The rows of one image lie in one piece: any kernel takes them, views too. A transpose does not store
// with a pitch, so its result is copied, run by run; a device that copies only whole buffers keeps
// the concatenation.
// CHECK-LABEL: func.func @main
// CHECK: %[[ROWS:.*]] = mem.slot {{.*}} : memref<1x8x4x4xf32>
// CHECK: %[[UPPER:.*]] = mem.part %[[ROWS]][1 from 0] : memref<1x8x4x4xf32> to memref<1x4x4x4xf32>
// CHECK: mem.launch @turn {{.*}} outs(%[[UPPER]]
// CHECK: mem.view %[[UPPER]]
// CHECK: mem.part %[[ROWS]][1 from 4]
// CHECK: %[[TURNED:.*]] = mem.slot {{.*}} : memref<1x8x4x4xf32>
// CHECK: mem.launch @turn_rows {{.*}} outs(%[[TURNED]]
// CHECK: %[[PART:.*]] = mem.part %{{.*}}[3 from 4] : memref<1x8x4x8xf32> to memref<1x8x4x4xf32, strided<[256, 32, 8, 1]>>
// CHECK: mem.copy %[[TURNED]], %[[PART]]
// DEVICE: mem.part
// DEVICE: mem.launch @join_channels
func.func @main(%x: tensor<1x4x4x4xf32>) -> (tensor<64xf32>, tensor<1x8x4x8xf32>) {
  %shape = nn.constant dense<64> : tensor<1xi64>
  %a = nn.launch @turn(%x) : (tensor<1x4x4x4xf32>) -> tensor<1x4x4x4xf32>
  %view = nn.reshape %a, %shape {allowzero = false} : (tensor<1x4x4x4xf32>, tensor<1xi64>) -> tensor<64xf32>
  %v = nn.launch @relu_line(%view) : (tensor<64xf32>) -> tensor<64xf32>
  %b = nn.launch @turn(%a) : (tensor<1x4x4x4xf32>) -> tensor<1x4x4x4xf32>
  %c = nn.launch @join_rows(%a, %b) : (tensor<1x4x4x4xf32>, tensor<1x4x4x4xf32>) -> tensor<1x8x4x4xf32>
  %d = nn.launch @relu_rows(%c) : (tensor<1x8x4x4xf32>) -> tensor<1x8x4x4xf32>
  %e = nn.launch @turn_rows(%c) : (tensor<1x8x4x4xf32>) -> tensor<1x8x4x4xf32>
  %f = nn.launch @join_channels(%d, %e) : (tensor<1x8x4x4xf32>, tensor<1x8x4x4xf32>) -> tensor<1x8x4x8xf32>
  %g = nn.launch @relu_all(%f) : (tensor<1x8x4x8xf32>) -> tensor<1x8x4x8xf32>
  return %v, %g : tensor<64xf32>, tensor<1x8x4x8xf32>
}
func.func private @turn(%x: tensor<1x4x4x4xf32>) -> tensor<1x4x4x4xf32> attributes {nn.nodes = ["turn"]} {
  %0 = nn.transpose %x {permutation = array<i64: 0, 2, 1, 3>} : (tensor<1x4x4x4xf32>) -> tensor<1x4x4x4xf32>
  return %0 : tensor<1x4x4x4xf32>
}
func.func private @turn_rows(%x: tensor<1x8x4x4xf32>) -> tensor<1x8x4x4xf32> attributes {nn.nodes = ["turn_rows"]} {
  %0 = nn.transpose %x {permutation = array<i64: 0, 1, 3, 2>} : (tensor<1x8x4x4xf32>) -> tensor<1x8x4x4xf32>
  return %0 : tensor<1x8x4x4xf32>
}
func.func private @relu_line(%x: tensor<64xf32>) -> tensor<64xf32> attributes {nn.nodes = ["relu_line"]} {
  %0 = nn.relu %x : (tensor<64xf32>) -> tensor<64xf32>
  return %0 : tensor<64xf32>
}
func.func private @relu_rows(%x: tensor<1x8x4x4xf32>) -> tensor<1x8x4x4xf32> attributes {nn.nodes = ["relu_rows"]} {
  %0 = nn.relu %x : (tensor<1x8x4x4xf32>) -> tensor<1x8x4x4xf32>
  return %0 : tensor<1x8x4x4xf32>
}
func.func private @relu_all(%x: tensor<1x8x4x8xf32>) -> tensor<1x8x4x8xf32> attributes {nn.nodes = ["relu_all"]} {
  %0 = nn.relu %x : (tensor<1x8x4x8xf32>) -> tensor<1x8x4x8xf32>
  return %0 : tensor<1x8x4x8xf32>
}
func.func private @join_rows(%x: tensor<1x4x4x4xf32>, %y: tensor<1x4x4x4xf32>) -> tensor<1x8x4x4xf32> attributes {nn.nodes = ["join_rows"]} {
  %0 = nn.concat %x, %y {axis = 1 : i64} : (tensor<1x4x4x4xf32>, tensor<1x4x4x4xf32>) -> tensor<1x8x4x4xf32>
  return %0 : tensor<1x8x4x4xf32>
}
func.func private @join_channels(%x: tensor<1x8x4x4xf32>, %y: tensor<1x8x4x4xf32>) -> tensor<1x8x4x8xf32> attributes {nn.nodes = ["join_channels"]} {
  %0 = nn.concat %x, %y {axis = 3 : i64} : (tensor<1x8x4x4xf32>, tensor<1x8x4x4xf32>) -> tensor<1x8x4x8xf32>
  return %0 : tensor<1x8x4x8xf32>
}

// -----

// Nothing is written over a buffer of which the same kernel reads a part, too: each row adds the first.
// CHECK-LABEL: func.func @main
// CHECK: %[[ALL:.*]] = mem.slot {{.*}} : memref<1x2x4x4xf32>
// CHECK: %[[FIRST:.*]] = mem.part %[[ALL]][1 from 0] : memref<1x2x4x4xf32> to memref<1x1x4x4xf32>
// CHECK: mem.launch @sum ins(%[[ALL]], %[[FIRST]] : {{.*}}) outs({{.*}}){{$}}
// CHECK: mem.launch @double_over_0
func.func @main(%x: tensor<1x16x4x4xf32>) -> tensor<1x2x4x4xf32> {
  %a = nn.launch @relu(%x) : (tensor<1x16x4x4xf32>) -> tensor<1x16x4x4xf32>
  %b = nn.launch @cut_and_double(%a) : (tensor<1x16x4x4xf32>) -> tensor<1x2x4x4xf32>
  %c = nn.launch @first(%b) : (tensor<1x2x4x4xf32>) -> tensor<1x1x4x4xf32>
  %d = nn.launch @sum(%b, %c) : (tensor<1x2x4x4xf32>, tensor<1x1x4x4xf32>) -> tensor<1x2x4x4xf32>
  %e = nn.launch @double(%d) : (tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32>
  %f = nn.launch @double(%e) : (tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32>
  return %f : tensor<1x2x4x4xf32>
}
func.func private @relu(%x: tensor<1x16x4x4xf32>) -> tensor<1x16x4x4xf32> attributes {nn.nodes = ["relu"]} {
  %0 = nn.relu %x : (tensor<1x16x4x4xf32>) -> tensor<1x16x4x4xf32>
  return %0 : tensor<1x16x4x4xf32>
}
func.func private @cut_and_double(%x: tensor<1x16x4x4xf32>) -> tensor<1x2x4x4xf32> attributes {nn.nodes = ["cut_and_double"]} {
  %starts = nn.constant dense<3> : tensor<1xi64>
  %ends = nn.constant dense<5> : tensor<1xi64>
  %axes = nn.constant dense<1> : tensor<1xi64>
  %steps = nn.constant dense<1> : tensor<1xi64>
  %0 = nn.slice %x, %starts, %ends, %axes, %steps : (tensor<1x16x4x4xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<1x2x4x4xf32>
  %1 = nn.add %0, %0 : (tensor<1x2x4x4xf32>, tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32>
  return %1 : tensor<1x2x4x4xf32>
}
func.func private @first(%x: tensor<1x2x4x4xf32>) -> tensor<1x1x4x4xf32> attributes {nn.nodes = ["first"]} {
  %starts = nn.constant dense<0> : tensor<1xi64>
  %ends = nn.constant dense<1> : tensor<1xi64>
  %axes = nn.constant dense<1> : tensor<1xi64>
  %steps = nn.constant dense<1> : tensor<1xi64>
  %0 = nn.slice %x, %starts, %ends, %axes, %steps : (tensor<1x2x4x4xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<1x1x4x4xf32>
  return %0 : tensor<1x1x4x4xf32>
}
func.func private @sum(%x: tensor<1x2x4x4xf32>, %y: tensor<1x1x4x4xf32>) -> tensor<1x2x4x4xf32> attributes {nn.nodes = ["sum"]} {
  %0 = nn.add %x, %y : (tensor<1x2x4x4xf32>, tensor<1x1x4x4xf32>) -> tensor<1x2x4x4xf32>
  return %0 : tensor<1x2x4x4xf32>
}
func.func private @double(%x: tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32> attributes {nn.nodes = ["double"]} {
  %0 = nn.add %x, %x : (tensor<1x2x4x4xf32>, tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32>
  return %0 : tensor<1x2x4x4xf32>
}
