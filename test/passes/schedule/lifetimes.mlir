// Temporaries of a branch die inside it; what a loop reads lives until the loop's end.
// RUN: pebble-opt %s -pass-pipeline='builtin.module(func.func(plan-memory))' -split-input-file \
// RUN:   | FileCheck %s

// Six buffers of 1024 bytes, of which never more than two are in use.
// CHECK-LABEL: func.func @main
// CHECK-SAME: mem.arena_bytes = 2048 : i64
func.func @main(%condition: i1) {
  scf.if %condition {
    %a = memref.alloc() : memref<256xf32>
    mem.launch @k ins() outs(%a : memref<256xf32>)
    %b = memref.alloc() : memref<256xf32>
    mem.launch @k ins(%a : memref<256xf32>) outs(%b : memref<256xf32>)
    %c = memref.alloc() : memref<256xf32>
    mem.launch @k ins(%b : memref<256xf32>) outs(%c : memref<256xf32>)
  } else {
    %a = memref.alloc() : memref<256xf32>
    mem.launch @k ins() outs(%a : memref<256xf32>)
    %b = memref.alloc() : memref<256xf32>
    mem.launch @k ins(%a : memref<256xf32>) outs(%b : memref<256xf32>)
    %c = memref.alloc() : memref<256xf32>
    mem.launch @k ins(%b : memref<256xf32>) outs(%c : memref<256xf32>)
  }
  return
}
func.func private @k()

// -----

// The next iteration reads %a again: %b and %c may share a place, but not with %a.
// CHECK-LABEL: func.func @main
// CHECK-SAME: mem.arena_bytes = 2048 : i64
// CHECK: mem.slot [[A:[0-9]+]]
// CHECK-NOT: mem.slot [[A]] :
func.func @main(%from: index, %to: index, %step: index) {
  %a = memref.alloc() : memref<256xf32>
  mem.launch @k ins() outs(%a : memref<256xf32>)
  scf.for %i = %from to %to step %step {
    %b = memref.alloc() : memref<256xf32>
    mem.launch @k ins(%a : memref<256xf32>) outs(%b : memref<256xf32>)
    mem.launch @k ins(%b : memref<256xf32>) outs()
    %c = memref.alloc() : memref<256xf32>
    mem.launch @k ins() outs(%c : memref<256xf32>)
  }
  return
}
func.func private @k()
