// RUN: pebble-opt %s -split-input-file -pass-pipeline='builtin.module(record-launches)' | FileCheck %s

// A straight line of launches becomes a list of places.
// CHECK: module attributes {mem.launches = [
// CHECK-SAME: {arguments = {{\[\[}}"input", 0], ["constants", 64], ["arena", 128]], kernel = "add", threads = 4 : i64}
// CHECK-SAME: {arguments = {{\[\[}}"arena", 128], ["output", 0]], copy = 16 : i64}
// CHECK-NOT: func.func @main
module {
  func.func private @add(!llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr) -> i32
      attributes {mem.threads = 4 : i64}
  func.func @main(%env: !llvm.ptr, %inputs: !llvm.ptr) -> i32 {
    %x = mem.input 0 : memref<4xf32>
    %w = mem.constant offset 64 dense<1.0> : tensor<4xf32> : memref<4xf32>
    %slot = mem.slot 128 : memref<4xf32>
    mem.launch @add ins(%x, %w : memref<4xf32>, memref<4xf32>) outs(%slot : memref<4xf32>)
    %output = mem.output 0 [] : memref<4xf32>
    mem.copy %slot, %output : memref<4xf32>, memref<4xf32>
    %status = arith.constant 0 : i32
    return %status : i32
  }
}

// -----

// Control flow has no entry.
// CHECK: module attributes
// CHECK-SAME: mem.not_recordable = "scf.if"
module {
  func.func @main(%env: !llvm.ptr, %inputs: !llvm.ptr) -> i32 {
    %true = arith.constant true
    scf.if %true {
      %x = mem.input 0 : memref<4xf32>
      %output = mem.output 0 [] : memref<4xf32>
      mem.copy %x, %output : memref<4xf32>, memref<4xf32>
    }
    %status = arith.constant 0 : i32
    return %status : i32
  }
}

// -----

// A device has one memory.
// CHECK: module attributes
// CHECK-SAME: mem.not_recordable = "mem.slot"
module {
  func.func @main(%env: !llvm.ptr, %inputs: !llvm.ptr) -> i32 {
    %x = mem.input 0 : memref<4xf32>
    %far = mem.slot 0 region 1 : memref<4xf32>
    mem.copy %x, %far : memref<4xf32>, memref<4xf32>
    %status = arith.constant 0 : i32
    return %status : i32
  }
}
