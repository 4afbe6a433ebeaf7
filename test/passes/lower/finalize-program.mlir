// A status that is not zero ends the program at once; only the entry is visible.
// RUN: pebble-opt %s -pass-pipeline='builtin.module(finalize-program{prefix=net})' | FileCheck %s

// CHECK-NOT: pebble.exit_if
llvm.func @pebble.exit_if(i32)
llvm.func @library(!llvm.ptr) -> i32

// CHECK-LABEL: llvm.func internal @kernel
llvm.func @kernel(%env: !llvm.ptr) -> i32 {
  %status = llvm.call @library(%env) : (!llvm.ptr) -> i32
  llvm.return %status : i32
}

// CHECK-LABEL: llvm.func @net_main
llvm.func @main(%env: !llvm.ptr, %inputs: !llvm.ptr) -> i32 {
  // CHECK: %[[FIRST:.*]] = llvm.call @kernel
  // CHECK: %[[FAILED:.*]] = llvm.icmp "ne" %[[FIRST]]
  // CHECK: llvm.cond_br %[[FAILED]], ^[[EXIT:bb[0-9]+]](%[[FIRST]] : i32), ^[[REST:bb[0-9]+]]
  %first = llvm.call @kernel(%env) : (!llvm.ptr) -> i32
  llvm.call @pebble.exit_if(%first) : (i32) -> ()
  // CHECK: ^[[REST]]:
  // CHECK: %[[SECOND:.*]] = llvm.call @kernel
  // CHECK: llvm.cond_br {{.*}}, ^[[EXIT]](%[[SECOND]] : i32)
  %second = llvm.call @kernel(%env) : (!llvm.ptr) -> i32
  llvm.call @pebble.exit_if(%second) : (i32) -> ()
  %done = llvm.mlir.constant(0 : i32) : i32
  llvm.return %done : i32
  // CHECK: ^[[EXIT]](%[[STATUS:.*]]: i32):
  // CHECK-NEXT: llvm.return %[[STATUS]]
}
