// Branches both begin with what was there before, and behind them there is what both leave.
// RUN: pebble-opt %s -split-input-file -verify-accesses -verify-diagnostics

// Behind branches there is what both leave; what only one of them overwrites is gone.
func.func @main(%env: !llvm.ptr, %inputs: !llvm.ptr) -> i32 attributes {mem.arena_bytes = 256 : i64} {
  %x = mem.input 0 : memref<64xi8>
  %y = mem.output 0[] : memref<64xi8>
  %c = mem.slot 0 : memref<i8>
  %a = mem.slot 64 : memref<64xi8>
  %b = mem.slot 128 : memref<64xi8>
  mem.launch @k ins(%x : memref<64xi8>) outs(%c : memref<i8>)
  mem.launch @k ins(%x : memref<64xi8>) outs(%a : memref<64xi8>)
  mem.launch @k ins(%x : memref<64xi8>) outs(%b : memref<64xi8>)
  %loaded = memref.load %c[] : memref<i8>
  %zero = arith.constant 0 : i8
  %condition = arith.cmpi ne, %loaded, %zero : i8
  scf.if %condition {
    %t = mem.slot 127 : memref<16xi8>
    mem.launch @k ins(%a : memref<64xi8>) outs(%c : memref<i8>)
    mem.launch @k ins(%x : memref<64xi8>) outs(%t : memref<16xi8>)
  } else {
    mem.launch @k ins(%a : memref<64xi8>) outs(%c : memref<i8>)
    mem.launch @k ins(%b : memref<64xi8>) outs(%c : memref<i8>)
  }
  mem.launch @k ins(%c : memref<i8>) outs(%y : memref<64xi8>)
  // expected-error @+1 {{it reads row 0 of buffer 1 in bytes [64, 128), but byte 127 has nothing}}
  mem.launch @k ins(%a : memref<64xi8>) outs(%y : memref<64xi8>)
  %status = arith.constant 0 : i32
  return %status : i32
}

// -----

// Each branch begins with what was there before, not with what the other one leaves.
func.func @main(%env: !llvm.ptr, %inputs: !llvm.ptr) -> i32 attributes {mem.arena_bytes = 128 : i64} {
  %x = mem.input 0 : memref<64xi8>
  %y = mem.output 0[] : memref<64xi8>
  %c = mem.slot 0 : memref<i8>
  %a = mem.slot 64 : memref<64xi8>
  mem.launch @k ins(%x : memref<64xi8>) outs(%c : memref<i8>)
  %loaded = memref.load %c[] : memref<i8>
  %zero = arith.constant 0 : i8
  %condition = arith.cmpi ne, %loaded, %zero : i8
  scf.if %condition {
    mem.launch @k ins(%x : memref<64xi8>) outs(%a : memref<64xi8>)
  } else {
    // expected-error @+1 {{it reads row 0 of buffer 1 in bytes [64, 128), but byte 64 has nothing}}
    mem.launch @k ins(%a : memref<64xi8>) outs(%y : memref<64xi8>)
  }
  %status = arith.constant 0 : i32
  return %status : i32
}

// -----

// A branch writes over an operand that is read behind it.
func.func @main(%env: !llvm.ptr, %inputs: !llvm.ptr) -> i32 attributes {mem.arena_bytes = 256 : i64} {
  %x = mem.input 0 : memref<4x4xf32>
  %y = mem.output 0[] : memref<4x4xf32>
  %c = mem.slot 0 : memref<i8>
  %a = mem.slot 64 : memref<4x4xf32>
  mem.launch @k ins(%x : memref<4x4xf32>) outs(%c : memref<i8>)
  mem.launch @k ins(%x : memref<4x4xf32>) outs(%a : memref<4x4xf32>)
  %loaded = memref.load %c[] : memref<i8>
  %zero = arith.constant 0 : i8
  %condition = arith.cmpi ne, %loaded, %zero : i8
  %chosen = scf.if %condition -> memref<4x4xf32> {
    %t = mem.slot 64 : memref<4x4xf32>
    mem.launch @relu ins(%a : memref<4x4xf32>) outs(%t : memref<4x4xf32>) {over = array<i64: 0>}
    scf.yield %t : memref<4x4xf32>
  } else {
    %e = mem.slot 128 : memref<4x4xf32>
    mem.launch @k ins(%a : memref<4x4xf32>) outs(%e : memref<4x4xf32>)
    scf.yield %e : memref<4x4xf32>
  }
  mem.launch @k ins(%chosen : memref<4x4xf32>) outs(%y : memref<4x4xf32>)
  // expected-error @+1 {{it reads row 0 of buffer 1 in bytes [64, 128), but byte 64 has row 0 of buffer 4}}
  mem.launch @k ins(%a : memref<4x4xf32>) outs(%y : memref<4x4xf32>)
  %status = arith.constant 0 : i32
  return %status : i32
}
func.func private @relu(%x: tensor<4x4xf32>) -> tensor<4x4xf32> attributes {mem.over = array<i64: 0>, nn.nodes = ["relu"]} {
  %0 = nn.relu %x : (tensor<4x4xf32>) -> tensor<4x4xf32>
  return %0 : tensor<4x4xf32>
}

// -----

// What the second branch yields is overwritten before it is read.
func.func @main(%env: !llvm.ptr, %inputs: !llvm.ptr) -> i32 attributes {mem.arena_bytes = 256 : i64} {
  %x = mem.input 0 : memref<64xi8>
  %y = mem.output 0[] : memref<64xi8>
  %c = mem.slot 0 : memref<i8>
  %a = mem.slot 64 : memref<64xi8>
  mem.launch @k ins(%x : memref<64xi8>) outs(%c : memref<i8>)
  mem.launch @k ins(%x : memref<64xi8>) outs(%a : memref<64xi8>)
  %loaded = memref.load %c[] : memref<i8>
  %zero = arith.constant 0 : i8
  %condition = arith.cmpi ne, %loaded, %zero : i8
  %chosen = scf.if %condition -> memref<64xi8> {
    scf.yield %a : memref<64xi8>
  } else {
    %e = mem.slot 128 : memref<64xi8>
    mem.launch @k ins(%a : memref<64xi8>) outs(%e : memref<64xi8>)
    scf.yield %e : memref<64xi8>
  }
  %t = mem.slot 191 : memref<16xi8>
  mem.launch @k ins(%a : memref<64xi8>) outs(%t : memref<16xi8>)
  // expected-error @+1 {{it reads row 0 of buffer 3 in bytes [128, 192), but byte 191 has row 0 of buffer 4}}
  mem.launch @k ins(%chosen : memref<64xi8>) outs(%y : memref<64xi8>)
  %status = arith.constant 0 : i32
  return %status : i32
}

// -----

// A branch yields what is not there any more.
func.func @main(%env: !llvm.ptr, %inputs: !llvm.ptr) -> i32 attributes {mem.arena_bytes = 256 : i64} {
  %x = mem.input 0 : memref<64xi8>
  %y = mem.output 0[] : memref<64xi8>
  %c = mem.slot 0 : memref<i8>
  %a = mem.slot 64 : memref<64xi8>
  mem.launch @k ins(%x : memref<64xi8>) outs(%c : memref<i8>)
  mem.launch @k ins(%x : memref<64xi8>) outs(%a : memref<64xi8>)
  %loaded = memref.load %c[] : memref<i8>
  %zero = arith.constant 0 : i8
  %condition = arith.cmpi ne, %loaded, %zero : i8
  %chosen = scf.if %condition -> memref<64xi8> {
    %t = mem.slot 32 : memref<64xi8>
    mem.launch @k ins(%x : memref<64xi8>) outs(%t : memref<64xi8>)
    // expected-error @+1 {{it reads row 0 of buffer 1 in bytes [64, 128), but byte 64 has row 0 of buffer 2}}
    scf.yield %a : memref<64xi8>
  } else {
    %e = mem.slot 128 : memref<64xi8>
    mem.launch @k ins(%a : memref<64xi8>) outs(%e : memref<64xi8>)
    scf.yield %e : memref<64xi8>
  }
  mem.launch @k ins(%chosen : memref<64xi8>) outs(%y : memref<64xi8>)
  %status = arith.constant 0 : i32
  return %status : i32
}

// -----

// What decides is not there any more.
func.func @main(%env: !llvm.ptr, %inputs: !llvm.ptr) -> i32 attributes {mem.arena_bytes = 64 : i64} {
  %x = mem.input 0 : memref<64xi8>
  %c = mem.slot 5 : memref<i8>
  %a = mem.slot 0 : memref<64xi8>
  mem.launch @k ins(%x : memref<64xi8>) outs(%c : memref<i8>)
  mem.launch @k ins(%x : memref<64xi8>) outs(%a : memref<64xi8>)
  // expected-error @+1 {{it reads row 0 of buffer 0 in bytes [5, 6), but byte 5 has row 0 of buffer 1}}
  %loaded = memref.load %c[] : memref<i8>
  %zero = arith.constant 0 : i8
  %condition = arith.cmpi ne, %loaded, %zero : i8
  scf.if %condition {
    mem.launch @k ins(%a : memref<64xi8>) outs(%a : memref<64xi8>)
  }
  %status = arith.constant 0 : i32
  return %status : i32
}

// -----

// Two results that one branch keeps in one place, and a value that is read by its own name, too.
func.func @main(%env: !llvm.ptr, %inputs: !llvm.ptr) -> i32 attributes {mem.arena_bytes = 256 : i64} {
  %x = mem.input 0 : memref<64xi8>
  %y = mem.output 0[] : memref<64xi8>
  %c = mem.slot 0 : memref<i8>
  %a = mem.slot 64 : memref<64xi8>
  mem.launch @k ins(%x : memref<64xi8>) outs(%c : memref<i8>)
  mem.launch @k ins(%x : memref<64xi8>) outs(%a : memref<64xi8>)
  %loaded = memref.load %c[] : memref<i8>
  %zero = arith.constant 0 : i8
  %condition = arith.cmpi ne, %loaded, %zero : i8
  %chosen:2 = scf.if %condition -> (memref<64xi8>, memref<64xi8>) {
    scf.yield %a, %x : memref<64xi8>, memref<64xi8>
  } else {
    %e = mem.slot 128 : memref<64xi8>
    mem.launch @k ins(%a : memref<64xi8>) outs(%e : memref<64xi8>)
    scf.yield %e, %e : memref<64xi8>, memref<64xi8>
  }
  mem.launch @k ins(%chosen#0, %a, %chosen#1 : memref<64xi8>, memref<64xi8>, memref<64xi8>) outs(%y : memref<64xi8>)
  %t = mem.slot 191 : memref<16xi8>
  // expected-error @+1 {{it writes row 0 of buffer 4 in bytes [191, 207), and uses byte 191 for row 0 of buffer 3 at one time}}
  mem.launch @k ins(%chosen#1 : memref<64xi8>) outs(%t : memref<16xi8>)
  %status = arith.constant 0 : i32
  return %status : i32
}

// -----

// Behind branches there is what both leave, in each region by itself.
func.func @main(%env: !llvm.ptr, %inputs: !llvm.ptr) -> i32 attributes {mem.arena_bytes = 192 : i64,
    mem.regions = [#mem.region<name = "near", capacity = 64, bytes = 64, lower_bound = 64>,
                   #mem.region<name = "far", bytes = 128, lower_bound = 128>]} {
  %x = mem.input 0 : memref<64xi8>
  %y = mem.output 0[] : memref<64xi8>
  %c = mem.slot 0 : memref<i8>
  %a = mem.slot 0 region 1 : memref<64xi8>
  %b = mem.slot 64 region 1 : memref<64xi8>
  mem.launch @k ins(%x : memref<64xi8>) outs(%c : memref<i8>)
  mem.launch @k ins(%x : memref<64xi8>) outs(%a : memref<64xi8>)
  mem.launch @k ins(%x : memref<64xi8>) outs(%b : memref<64xi8>)
  %loaded = memref.load %c[] : memref<i8>
  %zero = arith.constant 0 : i8
  %condition = arith.cmpi ne, %loaded, %zero : i8
  scf.if %condition {
    %t = mem.slot 0 : memref<64xi8>
    mem.launch @k ins(%x : memref<64xi8>) outs(%t : memref<64xi8>)
  } else {
    %e = mem.slot 64 region 1 : memref<16xi8>
    mem.launch @k ins(%x : memref<64xi8>) outs(%e : memref<16xi8>)
  }
  mem.launch @k ins(%a : memref<64xi8>) outs(%y : memref<64xi8>)
  // expected-error @+1 {{it reads row 0 of buffer 2 in bytes [64, 128) of region 1, but byte 64 has nothing}}
  mem.launch @k ins(%b : memref<64xi8>) outs(%y : memref<64xi8>)
  %status = arith.constant 0 : i32
  return %status : i32
}

// -----

// A part of what comes out of branches is a part of either.
func.func @main(%env: !llvm.ptr, %inputs: !llvm.ptr) -> i32 attributes {mem.arena_bytes = 256 : i64} {
  %x = mem.input 0 : memref<1x2x4x8xi8>
  %z = mem.input 1 : memref<4xi8>
  %y = mem.output 0[] : memref<1x2x4x4xi8>
  %c = mem.slot 0 : memref<i8>
  %a = mem.slot 64 : memref<1x2x4x8xi8>
  mem.launch @k ins(%z : memref<4xi8>) outs(%c : memref<i8>)
  mem.copy %x, %a : memref<1x2x4x8xi8>, memref<1x2x4x8xi8>
  %loaded = memref.load %c[] : memref<i8>
  %zero = arith.constant 0 : i8
  %condition = arith.cmpi ne, %loaded, %zero : i8
  %chosen = scf.if %condition -> memref<1x2x4x8xi8> {
    scf.yield %a : memref<1x2x4x8xi8>
  } else {
    %e = mem.slot 128 : memref<1x2x4x8xi8>
    mem.copy %a, %e : memref<1x2x4x8xi8>, memref<1x2x4x8xi8>
    scf.yield %e : memref<1x2x4x8xi8>
  }
  %part = mem.part %chosen[3 from 4] : memref<1x2x4x8xi8> to memref<1x2x4x4xi8, strided<[64, 32, 8, 1]>>
  %beside = mem.slot 136 : memref<4xi8>
  mem.copy %z, %beside : memref<4xi8>, memref<4xi8>
  mem.copy %part, %y : memref<1x2x4x4xi8, strided<[64, 32, 8, 1]>>, memref<1x2x4x4xi8>
  %in = mem.slot 140 : memref<4xi8>
  mem.copy %z, %in : memref<4xi8>, memref<4xi8>
  // expected-error @+1 {{it reads row 0 of buffer 3 in bytes [140, 144), but byte 140 has row 0 of buffer 5}}
  mem.copy %part, %y : memref<1x2x4x4xi8, strided<[64, 32, 8, 1]>>, memref<1x2x4x4xi8>
  %status = arith.constant 0 : i32
  return %status : i32
}

// -----

// Branches that yield parts are not followed: nothing is said of the first read, which is wrong.
func.func @main(%env: !llvm.ptr, %inputs: !llvm.ptr) -> i32 attributes {mem.arena_bytes = 256 : i64} {
  %y = mem.output 0[] : memref<16xi8>
  %c = mem.slot 0 : memref<i8>
  %a = mem.slot 64 : memref<64xi8>
  %loaded = memref.load %c[] : memref<i8>
  %zero = arith.constant 0 : i8
  %condition = arith.cmpi ne, %loaded, %zero : i8
  %chosen = scf.if %condition -> memref<16xi8> {
    %part = mem.part %a[0 from 0] : memref<64xi8> to memref<16xi8>
    scf.yield %part : memref<16xi8>
  } else {
    %other = mem.part %a[0 from 16] : memref<64xi8> to memref<16xi8>
    %view = mem.view %other[] : memref<16xi8> to memref<16xi8>
    scf.yield %view : memref<16xi8>
  }
  mem.copy %chosen, %y : memref<16xi8>, memref<16xi8>
  %status = arith.constant 0 : i32
  return %status : i32
}
