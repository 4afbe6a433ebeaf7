// A result is written over an operand of its shape that nobody reads later and that the kernel reads
// element by element; both get one place, and the accesses are proved.
// RUN: pebble-opt %s -split-input-file \
// RUN:   -pass-pipeline='builtin.module(bufferize-program,write-in-place,func.func(plan-memory),verify-accesses)' \
// RUN:   | FileCheck %s
// Where that needs no more than any schedule by rows, it is what a search for the least memory takes.
// RUN: pebble-opt %s -split-input-file \
// RUN:   -pass-pipeline='builtin.module(bufferize-program,stream-layers,write-in-place,func.func(plan-memory),verify-accesses)' \
// RUN:   | FileCheck %s

// The first sum may not write over %a, which is read again, but over %b; the second one over either.
// What the model returns is the caller's memory.
// CHECK-LABEL: func.func @main
// CHECK-SAME: mem.arena_bytes = 2048 : i64
// CHECK: %[[A:.*]] = mem.slot [[FIRST:.*]] : memref<256xf32>
// CHECK: mem.launch @relu ins({{.*}}) outs(%[[A]] : memref<256xf32>){{$}}
// CHECK: %[[B:.*]] = mem.slot [[SECOND:.*]] : memref<256xf32>
// CHECK: %[[C:.*]] = mem.slot [[SECOND]] : memref<256xf32>
// CHECK: mem.launch @add_over_1 ins(%[[A]], %[[B]] : {{.*}}) outs(%[[C]] : {{.*}}) {over = array<i64: 1>}
// CHECK: %[[D:.*]] = mem.slot [[FIRST]] : memref<256xf32>
// CHECK: mem.launch @add_over_0 ins(%[[A]], %[[C]] : {{.*}}) outs(%[[D]] : {{.*}}) {over = array<i64: 0>}
// CHECK: mem.launch @relu ins(%[[D]] : {{.*}}){{$}}
// CHECK-NOT: func.func private @add(
// CHECK-DAG: func.func private @add_over_0({{.*}}mem.over = array<i64: 0>
// CHECK-DAG: func.func private @add_over_1({{.*}}mem.over = array<i64: 1>
func.func @main(%x: tensor<256xf32>) -> tensor<256xf32> {
  %a = nn.launch @relu(%x) : (tensor<256xf32>) -> tensor<256xf32>
  %b = nn.launch @relu(%x) : (tensor<256xf32>) -> tensor<256xf32>
  %c = nn.launch @add(%a, %b) : (tensor<256xf32>, tensor<256xf32>) -> tensor<256xf32>
  %d = nn.launch @add(%a, %c) : (tensor<256xf32>, tensor<256xf32>) -> tensor<256xf32>
  %e = nn.launch @relu(%d) : (tensor<256xf32>) -> tensor<256xf32>
  return %e : tensor<256xf32>
}
func.func private @add(%x: tensor<256xf32>, %y: tensor<256xf32>) -> tensor<256xf32>
    attributes {nn.nodes = ["add"]} {
  %0 = nn.add %x, %y : (tensor<256xf32>, tensor<256xf32>) -> tensor<256xf32>
  return %0 : tensor<256xf32>
}
func.func private @relu(%x: tensor<256xf32>) -> tensor<256xf32> attributes {nn.nodes = ["relu"]} {
  %0 = nn.relu %x : (tensor<256xf32>) -> tensor<256xf32>
  return %0 : tensor<256xf32>
}

// -----

// A product adds what it overwrites behind its own sums; of its own operand it reads whole rows. What
// is read for many elements, or moved, stays where it is.
// CHECK-LABEL: func.func @main
// CHECK: mem.launch @product {{.*}} {over = array<i64: 2>}
// CHECK: mem.launch @square {{.*}}){{$}}
// CHECK: mem.launch @column {{.*}}){{$}}
// CHECK: mem.launch @transposed {{.*}}){{$}}
// CHECK: mem.launch @twice {{.*}}){{$}}
// CHECK: mem.launch @codes ins({{.*}}){{$}}
// CHECK: mem.launch @codes_over_0 {{.*}} {over = array<i64: 0>}
func.func @main(%x: tensor<64x64xf32>, %q: tensor<4096xui8>) -> (tensor<64x64xf32>, tensor<4096xui8>) {
  %w = nn.constant dense<1.0> : tensor<2x64x32xf32>
  %a = nn.launch @relu(%x) : (tensor<64x64xf32>) -> tensor<64x64xf32>
  %b = nn.launch @product(%x, %w, %a) : (tensor<64x64xf32>, tensor<2x64x32xf32>, tensor<64x64xf32>) -> tensor<64x64xf32>
  %c = nn.launch @square(%b, %w) : (tensor<64x64xf32>, tensor<2x64x32xf32>) -> tensor<64x64xf32>
  %d = nn.launch @small(%x) : (tensor<64x64xf32>) -> tensor<64x1xf32>
  %e = nn.launch @column(%d, %x) : (tensor<64x1xf32>, tensor<64x64xf32>) -> tensor<64x64xf32>
  %f = nn.launch @transposed(%e) : (tensor<64x64xf32>) -> tensor<64x64xf32>
  %g = nn.launch @twice(%f, %f) : (tensor<64x64xf32>, tensor<64x64xf32>) -> tensor<64x64xf32>
  %h = nn.launch @last(%g, %c) : (tensor<64x64xf32>, tensor<64x64xf32>) -> tensor<64x64xf32>
  %r = nn.launch @codes(%q, %q) : (tensor<4096xui8>, tensor<4096xui8>) -> tensor<4096xui8>
  %s = nn.launch @codes(%r, %q) : (tensor<4096xui8>, tensor<4096xui8>) -> tensor<4096xui8>
  %t = nn.launch @codes(%s, %q) : (tensor<4096xui8>, tensor<4096xui8>) -> tensor<4096xui8>
  return %h, %t : tensor<64x64xf32>, tensor<4096xui8>
}
func.func private @relu(%x: tensor<64x64xf32>) -> tensor<64x64xf32> attributes {nn.nodes = ["relu"]} {
  %0 = nn.relu %x : (tensor<64x64xf32>) -> tensor<64x64xf32>
  return %0 : tensor<64x64xf32>
}
func.func private @product(%x: tensor<64x64xf32>, %w: tensor<2x64x32xf32>, %y: tensor<64x64xf32>)
    -> tensor<64x64xf32> attributes {nn.nodes = ["product"]} {
  %0 = nn.matmul_packed %x, %w : (tensor<64x64xf32>, tensor<2x64x32xf32>) -> tensor<64x64xf32>
  %1 = nn.add %0, %y : (tensor<64x64xf32>, tensor<64x64xf32>) -> tensor<64x64xf32>
  return %1 : tensor<64x64xf32>
}
func.func private @square(%x: tensor<64x64xf32>, %w: tensor<2x64x32xf32>) -> tensor<64x64xf32>
    attributes {nn.nodes = ["square"]} {
  %0 = nn.matmul_packed %x, %w : (tensor<64x64xf32>, tensor<2x64x32xf32>) -> tensor<64x64xf32>
  %1 = nn.add %0, %x : (tensor<64x64xf32>, tensor<64x64xf32>) -> tensor<64x64xf32>
  return %1 : tensor<64x64xf32>
}
func.func private @small(%x: tensor<64x64xf32>) -> tensor<64x1xf32> attributes {nn.nodes = ["small"]} {
  %axes = nn.constant dense<1> : tensor<1xi64>
  %0 = nn.reduce_max %x, %axes {keepdims = true, noop_with_empty_axes = false} : (tensor<64x64xf32>, tensor<1xi64>) -> tensor<64x1xf32>
  return %0 : tensor<64x1xf32>
}
func.func private @column(%x: tensor<64x1xf32>, %y: tensor<64x64xf32>) -> tensor<64x64xf32>
    attributes {nn.nodes = ["column"]} {
  %0 = nn.add %x, %y : (tensor<64x1xf32>, tensor<64x64xf32>) -> tensor<64x64xf32>
  return %0 : tensor<64x64xf32>
}
func.func private @transposed(%x: tensor<64x64xf32>) -> tensor<64x64xf32> attributes {nn.nodes = ["transposed"]} {
  %0 = nn.transpose %x {permutation = array<i64: 1, 0>} : (tensor<64x64xf32>) -> tensor<64x64xf32>
  return %0 : tensor<64x64xf32>
}
func.func private @twice(%x: tensor<64x64xf32>, %y: tensor<64x64xf32>) -> tensor<64x64xf32>
    attributes {nn.nodes = ["twice"]} {
  %0 = nn.sub %x, %y : (tensor<64x64xf32>, tensor<64x64xf32>) -> tensor<64x64xf32>
  return %0 : tensor<64x64xf32>
}
func.func private @last(%x: tensor<64x64xf32>, %y: tensor<64x64xf32>) -> tensor<64x64xf32>
    attributes {nn.nodes = ["last"]} {
  %0 = nn.mul %x, %y : (tensor<64x64xf32>, tensor<64x64xf32>) -> tensor<64x64xf32>
  return %0 : tensor<64x64xf32>
}
func.func private @codes(%x: tensor<4096xui8>, %y: tensor<4096xui8>) -> tensor<4096xui8>
    attributes {nn.nodes = ["codes"]} {
  %0 = qnn.add_bytes %x, %y {lhs_offset = 0 : i64, rhs_offset = 0 : i64, lhs_ratio = 1.0 : f64, rhs_ratio = 1.0 : f64, base = 0.0 : f64, offset = 0 : i64, low = 0 : i64, high = 255 : i64} : (tensor<4096xui8>, tensor<4096xui8>) -> tensor<4096xui8>
  return %0 : tensor<4096xui8>
}

// -----

// Each branch writes over what dies in it: the first one over what is made before and read in the
// second one not any more, the second one over its own. The first one may not write over what the
// second one reads last, nor over what is read behind both.
// CHECK-LABEL: func.func @main
// CHECK-SAME: mem.arena_bytes = 5120 : i64
// CHECK: mem.launch @make ins({{.*}}) outs(%[[KEPT:.*]] : memref<256xf32>)
// CHECK: mem.launch @make ins({{.*}}) outs(%[[FIRST:.*]] : memref<256xf32>)
// CHECK: mem.launch @make ins({{.*}}) outs(%[[BOTH:.*]] : memref<256xf32>)
// CHECK: scf.if
// CHECK: mem.launch @relu_over_0 ins(%[[FIRST]] : memref<256xf32>) outs(%[[R:.*]] : memref<256xf32>) {over = array<i64: 0>}
// CHECK: mem.launch @relu ins(%[[BOTH]] : memref<256xf32>) outs(%[[S:.*]] : memref<256xf32>){{$}}
// CHECK: mem.launch @relu ins(%[[KEPT]] : memref<256xf32>) outs({{.*}} : memref<256xf32>){{$}}
// CHECK: } else {
// CHECK: mem.launch @relu_over_0 ins(%[[BOTH]] : memref<256xf32>) outs({{.*}} : memref<256xf32>) {over = array<i64: 0>}
// CHECK: scf.yield
// CHECK: mem.launch @sum
func.func @main(%x: tensor<1024xf32>, %c: tensor<i1>) -> tensor<256xf32> {
  %kept = nn.launch @make(%x) : (tensor<1024xf32>) -> tensor<256xf32>
  %first = nn.launch @make(%x) : (tensor<1024xf32>) -> tensor<256xf32>
  %both = nn.launch @make(%x) : (tensor<1024xf32>) -> tensor<256xf32>
  %not = nn.launch @negate(%c) : (tensor<i1>) -> tensor<i1>
  %chosen = nn.if %not : (tensor<i1>) -> tensor<256xf32> {
    %0 = nn.launch @relu(%first) : (tensor<256xf32>) -> tensor<256xf32>
    %1 = nn.launch @relu(%both) : (tensor<256xf32>) -> tensor<256xf32>
    %2 = nn.launch @relu(%kept) : (tensor<256xf32>) -> tensor<256xf32>
    %3 = nn.launch @sum(%0, %1) : (tensor<256xf32>, tensor<256xf32>) -> tensor<256xf32>
    %4 = nn.launch @sum(%3, %2) : (tensor<256xf32>, tensor<256xf32>) -> tensor<256xf32>
    nn.yield %4 : tensor<256xf32>
  } else {
    %0 = nn.launch @relu(%both) : (tensor<256xf32>) -> tensor<256xf32>
    nn.yield %0 : tensor<256xf32>
  }
  %y = nn.launch @sum(%chosen, %kept) : (tensor<256xf32>, tensor<256xf32>) -> tensor<256xf32>
  return %y : tensor<256xf32>
}
func.func private @make(%x: tensor<1024xf32>) -> tensor<256xf32> attributes {nn.nodes = ["make"]} {
  %w = nn.constant dense<1.0> : tensor<1024x256xf32>
  %0 = nn.matmul %x, %w : (tensor<1024xf32>, tensor<1024x256xf32>) -> tensor<256xf32>
  return %0 : tensor<256xf32>
}
func.func private @negate(%c: tensor<i1>) -> tensor<i1> attributes {nn.nodes = ["negate"]} {
  %0 = nn.not %c : (tensor<i1>) -> tensor<i1>
  return %0 : tensor<i1>
}
func.func private @relu(%x: tensor<256xf32>) -> tensor<256xf32> attributes {nn.nodes = ["relu"]} {
  %0 = nn.relu %x : (tensor<256xf32>) -> tensor<256xf32>
  return %0 : tensor<256xf32>
}
func.func private @sum(%x: tensor<256xf32>, %y: tensor<256xf32>) -> tensor<256xf32> attributes {nn.nodes = ["sum"]} {
  %0 = nn.add %x, %y : (tensor<256xf32>, tensor<256xf32>) -> tensor<256xf32>
  return %0 : tensor<256xf32>
}

// -----

// The branches may have chosen %a itself, which the sum then reads twice.
// CHECK-LABEL: func.func @main
// CHECK: mem.launch @sum ins({{.*}}) outs({{.*}} : memref<256xf32>){{$}}
// CHECK: mem.launch @relu ins({{.*}}) {over = array<i64: 0>}
func.func @main(%x: tensor<1024xf32>, %c: tensor<i1>) -> tensor<256xf32> {
  %a = nn.launch @make(%x) : (tensor<1024xf32>) -> tensor<256xf32>
  %chosen = nn.if %c : (tensor<i1>) -> tensor<256xf32> {
    nn.yield %a : tensor<256xf32>
  } else {
    %0 = nn.launch @make(%x) : (tensor<1024xf32>) -> tensor<256xf32>
    nn.yield %0 : tensor<256xf32>
  }
  %1 = nn.launch @sum(%chosen, %a) : (tensor<256xf32>, tensor<256xf32>) -> tensor<256xf32>
  %2 = nn.launch @relu(%1) : (tensor<256xf32>) -> tensor<256xf32>
  %3 = nn.launch @make_more(%2) : (tensor<256xf32>) -> tensor<256xf32>
  return %3 : tensor<256xf32>
}
func.func private @make(%x: tensor<1024xf32>) -> tensor<256xf32> attributes {nn.nodes = ["make"]} {
  %w = nn.constant dense<1.0> : tensor<1024x256xf32>
  %0 = nn.matmul %x, %w : (tensor<1024xf32>, tensor<1024x256xf32>) -> tensor<256xf32>
  return %0 : tensor<256xf32>
}
func.func private @make_more(%x: tensor<256xf32>) -> tensor<256xf32> attributes {nn.nodes = ["make_more"]} {
  %w = nn.constant dense<1.0> : tensor<256x256xf32>
  %0 = nn.matmul %x, %w : (tensor<256xf32>, tensor<256x256xf32>) -> tensor<256xf32>
  return %0 : tensor<256xf32>
}
func.func private @relu(%x: tensor<256xf32>) -> tensor<256xf32> attributes {nn.nodes = ["relu"]} {
  %0 = nn.relu %x : (tensor<256xf32>) -> tensor<256xf32>
  return %0 : tensor<256xf32>
}
func.func private @sum(%x: tensor<256xf32>, %y: tensor<256xf32>) -> tensor<256xf32> attributes {nn.nodes = ["sum"]} {
  %0 = nn.add %x, %y : (tensor<256xf32>, tensor<256xf32>) -> tensor<256xf32>
  return %0 : tensor<256xf32>
}
