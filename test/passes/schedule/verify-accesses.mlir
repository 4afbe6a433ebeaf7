// What a kernel would find in memory is what it wants; each plan is wrong by one number.
// RUN: pebble-opt %s -split-input-file -verify-accesses -verify-diagnostics

func.func @main(%env: !llvm.ptr, %inputs: !llvm.ptr) -> i32 attributes {mem.arena_bytes = 128 : i64} {
  %x = mem.input 0 : memref<64xi8>
  %y = mem.output 0[] : memref<64xi8>
  %a = mem.slot 0 : memref<64xi8>
  %b = mem.slot 63 : memref<64xi8>
  mem.launch @k ins(%x : memref<64xi8>) outs(%a : memref<64xi8>)
  // expected-error @+1 {{it writes row 0 of buffer 1 in bytes [63, 127), and uses byte 63 for row 0 of buffer 0 at one time}}
  mem.launch @k ins(%a : memref<64xi8>) outs(%b : memref<64xi8>)
  mem.launch @k ins(%b : memref<64xi8>) outs(%y : memref<64xi8>)
  %status = arith.constant 0 : i32
  return %status : i32
}

// -----

func.func @main(%env: !llvm.ptr, %inputs: !llvm.ptr) -> i32 attributes {mem.arena_bytes = 128 : i64} {
  %x = mem.input 0 : memref<64xi8>
  %a = mem.slot 65 : memref<64xi8>
  // expected-error @+1 {{row 0 of buffer 0 in bytes [65, 129) ends beyond the arena}}
  mem.launch @k ins(%x : memref<64xi8>) outs(%a : memref<64xi8>)
  %status = arith.constant 0 : i32
  return %status : i32
}

// -----

func.func @main(%env: !llvm.ptr, %inputs: !llvm.ptr) -> i32 attributes {mem.arena_bytes = 128 : i64} {
  %x = mem.input 0 : memref<64xi8>
  %y = mem.output 0[] : memref<64xi8>
  %a = mem.slot 0 : memref<64xi8>
  %s = mem.slot 64 : memref<64xi8>
  %b = mem.slot 32 : memref<16xi8>
  mem.launch @k ins(%x : memref<64xi8>) outs(%a : memref<64xi8>) scratch(%s : memref<64xi8>)
  mem.launch @k ins(%x : memref<64xi8>) outs(%b : memref<16xi8>)
  // expected-error @+1 {{it reads row 0 of buffer 0 in bytes [0, 64), but byte 32 has row 0 of buffer 2}}
  mem.launch @k ins(%a : memref<64xi8>) outs(%y : memref<64xi8>)
  %status = arith.constant 0 : i32
  return %status : i32
}

// -----

// A ring of two rows under a window of three.
func.func @main(%env: !llvm.ptr, %inputs: !llvm.ptr) -> i32 attributes {mem.arena_bytes = 32 : i64} {
  %x = mem.input 0 : memref<1x4x4x4xi8>
  %y = mem.output 0[] : memref<1x2x4x4xi8>
  %ring = mem.slot 0 : memref<1x2x4x4xi8>
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %two = arith.constant 2 : index
  %three = arith.constant 3 : index
  scf.for %r = %zero to %two step %one {
    %from = arith.addi %r, %two : index
    %isFirst = arith.cmpi eq, %r, %zero : index
    %begin = arith.select %isFirst, %zero, %from : index
    %end = arith.addi %r, %three : index
    scf.for %i = %begin to %end step %one {
      %in = mem.row %x[%i] : memref<1x4x4x4xi8> to memref<1x1x4x4xi8>
      %held = mem.row %ring[%i] : memref<1x2x4x4xi8> to memref<1x1x4x4xi8>
      mem.launch @k ins(%in : memref<1x1x4x4xi8>) outs(%held : memref<1x1x4x4xi8>)
    }
    %out = mem.row %y[%r] : memref<1x2x4x4xi8> to memref<1x1x4x4xi8>
    // expected-error @+1 {{it reads row 0 of buffer 0 in bytes [0, 16), but byte 0 has row 2 of buffer 0}}
    mem.launch @pool ins(%ring : memref<1x2x4x4xi8>) outs(%out : memref<1x1x4x4xi8>) row(%r)
  }
  %status = arith.constant 0 : i32
  return %status : i32
}
func.func private @pool(%x: tensor<1x4x4x4xui8>) -> tensor<1x2x4x4xui8> attributes {mem.ring_rows = 2 : i64, nn.nodes = ["pool"]} {
  %0 = qnn.max_bytes %x {kernel_shape = array<i64: 3, 1>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>} : (tensor<1x4x4x4xui8>) -> tensor<1x2x4x4xui8>
  return %0 : tensor<1x2x4x4xui8>
}

// -----

// What a layer wrote over its operand is there for the next one; what was there before is not.
func.func @main(%env: !llvm.ptr, %inputs: !llvm.ptr) -> i32 attributes {mem.arena_bytes = 128 : i64} {
  %x = mem.input 0 : memref<4x4xf32>
  %y = mem.output 0[] : memref<4x4xf32>
  %a = mem.slot 0 : memref<4x4xf32>
  %b = mem.slot 0 : memref<4x4xf32>
  %c = mem.slot 64 : memref<4x4xf32>
  mem.launch @k ins(%x : memref<4x4xf32>) outs(%a : memref<4x4xf32>)
  mem.launch @relu ins(%a : memref<4x4xf32>) outs(%b : memref<4x4xf32>) {over = array<i64: 0>}
  mem.launch @k ins(%b : memref<4x4xf32>) outs(%c : memref<4x4xf32>)
  // expected-error @+1 {{it reads row 0 of buffer 0 in bytes [0, 64), but byte 0 has row 0 of buffer 1}}
  mem.launch @k ins(%a : memref<4x4xf32>) outs(%y : memref<4x4xf32>)
  %status = arith.constant 0 : i32
  return %status : i32
}
func.func private @relu(%x: tensor<4x4xf32>) -> tensor<4x4xf32> attributes {mem.over = array<i64: 0>, nn.nodes = ["relu"]} {
  %0 = nn.relu %x : (tensor<4x4xf32>) -> tensor<4x4xf32>
  return %0 : tensor<4x4xf32>
}

// -----

// The bytes must be the same ones.
func.func @main(%env: !llvm.ptr, %inputs: !llvm.ptr) -> i32 attributes {mem.arena_bytes = 128 : i64} {
  %x = mem.input 0 : memref<4x4xf32>
  %y = mem.output 0[] : memref<4x4xf32>
  %a = mem.slot 0 : memref<4x4xf32>
  %b = mem.slot 32 : memref<4x4xf32>
  mem.launch @k ins(%x : memref<4x4xf32>) outs(%a : memref<4x4xf32>)
  // expected-error @+1 {{it writes row 0 of buffer 1 in bytes [32, 96), and uses byte 32 for row 0 of buffer 0 at one time}}
  mem.launch @relu ins(%a : memref<4x4xf32>) outs(%b : memref<4x4xf32>) {over = array<i64: 0>}
  %status = arith.constant 0 : i32
  return %status : i32
}
func.func private @relu(%x: tensor<4x4xf32>) -> tensor<4x4xf32> attributes {mem.over = array<i64: 0>, nn.nodes = ["relu"]} {
  %0 = nn.relu %x : (tensor<4x4xf32>) -> tensor<4x4xf32>
  return %0 : tensor<4x4xf32>
}

// -----

// A kernel that does not know of it has promised that its operands lie apart.
func.func @main(%env: !llvm.ptr, %inputs: !llvm.ptr) -> i32 attributes {mem.arena_bytes = 128 : i64} {
  %x = mem.input 0 : memref<4x4xf32>
  %y = mem.output 0[] : memref<4x4xf32>
  %a = mem.slot 0 : memref<4x4xf32>
  %b = mem.slot 0 : memref<4x4xf32>
  mem.launch @k ins(%x : memref<4x4xf32>) outs(%a : memref<4x4xf32>)
  // expected-error @+1 {{it writes row 0 of buffer 1 in bytes [0, 64), and uses byte 0 for row 0 of buffer 0 at one time}}
  mem.launch @relu ins(%a : memref<4x4xf32>) outs(%b : memref<4x4xf32>) {over = array<i64: 0>}
  %status = arith.constant 0 : i32
  return %status : i32
}
func.func private @relu(%x: tensor<4x4xf32>) -> tensor<4x4xf32> attributes {nn.nodes = ["relu"]} {
  %0 = nn.relu %x : (tensor<4x4xf32>) -> tensor<4x4xf32>
  return %0 : tensor<4x4xf32>
}

// -----

// A transposition moves elements.
func.func @main(%env: !llvm.ptr, %inputs: !llvm.ptr) -> i32 attributes {mem.arena_bytes = 128 : i64} {
  %x = mem.input 0 : memref<4x4xf32>
  %y = mem.output 0[] : memref<4x4xf32>
  %a = mem.slot 0 : memref<4x4xf32>
  %b = mem.slot 0 : memref<4x4xf32>
  mem.launch @k ins(%x : memref<4x4xf32>) outs(%a : memref<4x4xf32>)
  // expected-error @+1 {{it writes row 0 of buffer 1 in bytes [0, 64), and uses byte 0 for row 0 of buffer 0 at one time}}
  mem.launch @turn ins(%a : memref<4x4xf32>) outs(%b : memref<4x4xf32>) {over = array<i64: 0>}
  %status = arith.constant 0 : i32
  return %status : i32
}
func.func private @turn(%x: tensor<4x4xf32>) -> tensor<4x4xf32> attributes {mem.over = array<i64: 0>, nn.nodes = ["relu"]} {
  %0 = nn.transpose %x {permutation = array<i64: 1, 0>} : (tensor<4x4xf32>) -> tensor<4x4xf32>
  return %0 : tensor<4x4xf32>
}

// -----

// A product reads rows of what it would write over, though the sum behind it goes by elements.
func.func @main(%env: !llvm.ptr, %inputs: !llvm.ptr) -> i32 attributes {mem.arena_bytes = 128 : i64} {
  %x = mem.input 0 : memref<4x4xf32>
  %y = mem.output 0[] : memref<4x4xf32>
  %w = mem.constant dense<1.0> : tensor<1x4x32xf32> : memref<1x4x32xf32>
  %a = mem.slot 0 : memref<4x4xf32>
  %b = mem.slot 0 : memref<4x4xf32>
  mem.launch @k ins(%x : memref<4x4xf32>) outs(%a : memref<4x4xf32>)
  // expected-error @+1 {{it writes row 0 of buffer 1 in bytes [0, 64), and uses byte 0 for row 0 of buffer 0 at one time}}
  mem.launch @square ins(%a, %w : memref<4x4xf32>, memref<1x4x32xf32>) outs(%b : memref<4x4xf32>) {over = array<i64: 0>}
  %status = arith.constant 0 : i32
  return %status : i32
}
func.func private @square(%x: tensor<4x4xf32>, %w: tensor<1x4x32xf32>) -> tensor<4x4xf32> attributes {mem.over = array<i64: 0>, nn.nodes = ["square"]} {
  %0 = nn.matmul_packed %x, %w : (tensor<4x4xf32>, tensor<1x4x32xf32>) -> tensor<4x4xf32>
  %1 = nn.add %0, %x : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  return %1 : tensor<4x4xf32>
}

// -----

// The other operand of the sum is the same memory, and is not what the launch names.
func.func @main(%env: !llvm.ptr, %inputs: !llvm.ptr) -> i32 attributes {mem.arena_bytes = 128 : i64} {
  %x = mem.input 0 : memref<4x4xf32>
  %y = mem.output 0[] : memref<4x4xf32>
  %a = mem.slot 0 : memref<4x4xf32>
  %b = mem.slot 0 : memref<4x4xf32>
  mem.launch @k ins(%x : memref<4x4xf32>) outs(%a : memref<4x4xf32>)
  // expected-error @+1 {{it writes row 0 of buffer 1 in bytes [0, 64), and uses byte 0 for row 0 of buffer 0 at one time}}
  mem.launch @add ins(%a, %a : memref<4x4xf32>, memref<4x4xf32>) outs(%b : memref<4x4xf32>) {over = array<i64: 0>}
  %status = arith.constant 0 : i32
  return %status : i32
}
func.func private @add(%x: tensor<4x4xf32>, %y: tensor<4x4xf32>) -> tensor<4x4xf32> attributes {mem.over = array<i64: 0>, nn.nodes = ["add"]} {
  %0 = nn.add %x, %y : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  return %0 : tensor<4x4xf32>
}

// -----

// Parts side by side are all of their buffer; what is not written yet is not there.
func.func @main(%env: !llvm.ptr, %inputs: !llvm.ptr) -> i32 attributes {mem.arena_bytes = 64 : i64} {
  %x = mem.input 0 : memref<1x2x4x4xi8>
  %y = mem.output 0[] : memref<1x2x4x8xi8>
  %whole = mem.slot 0 : memref<1x2x4x8xi8>
  %a = mem.part %whole[3 from 0] : memref<1x2x4x8xi8> to memref<1x2x4x4xi8, strided<[64, 32, 8, 1]>>
  %b = mem.part %whole[3 from 4] : memref<1x2x4x8xi8> to memref<1x2x4x4xi8, strided<[64, 32, 8, 1]>>
  %c = mem.part %whole[3 from 3] : memref<1x2x4x8xi8> to memref<1x2x4x4xi8, strided<[64, 32, 8, 1]>>
  mem.launch @give ins(%x : memref<1x2x4x4xi8>) outs(%a : memref<1x2x4x4xi8, strided<[64, 32, 8, 1]>>)
  mem.launch @move ins(%a : memref<1x2x4x4xi8, strided<[64, 32, 8, 1]>>) outs(%b : memref<1x2x4x4xi8, strided<[64, 32, 8, 1]>>)
  mem.launch @all ins(%whole : memref<1x2x4x8xi8>) outs(%y : memref<1x2x4x8xi8>)
  // expected-error @+1 {{it writes row 0 of buffer 0 in bytes [3, 7), and uses byte 3 for row 0 of buffer 0 at one time}}
  mem.launch @move ins(%a : memref<1x2x4x4xi8, strided<[64, 32, 8, 1]>>) outs(%c : memref<1x2x4x4xi8, strided<[64, 32, 8, 1]>>)
  %status = arith.constant 0 : i32
  return %status : i32
}
func.func private @give(%x: tensor<1x2x4x4xui8>) -> tensor<1x2x4x4xui8> attributes {mem.pitches = array<i64: 0, 8>, nn.nodes = ["give"]}
func.func private @move(%x: tensor<1x2x4x4xui8>) -> tensor<1x2x4x4xui8> attributes {mem.pitches = array<i64: 8, 8>, nn.nodes = ["move"]} {
  return %x : tensor<1x2x4x4xui8>
}

// -----

func.func @main(%env: !llvm.ptr, %inputs: !llvm.ptr) -> i32 attributes {mem.arena_bytes = 64 : i64} {
  %x = mem.input 0 : memref<1x2x4x4xi8>
  %y = mem.output 0[] : memref<1x2x4x8xi8>
  %whole = mem.slot 0 : memref<1x2x4x8xi8>
  %a = mem.part %whole[3 from 0] : memref<1x2x4x8xi8> to memref<1x2x4x4xi8, strided<[64, 32, 8, 1]>>
  mem.copy %x, %a : memref<1x2x4x4xi8>, memref<1x2x4x4xi8, strided<[64, 32, 8, 1]>>
  // expected-error @+1 {{it reads row 0 of buffer 0 in bytes [0, 32), but byte 4 has nothing}}
  mem.launch @all ins(%whole : memref<1x2x4x8xi8>) outs(%y : memref<1x2x4x8xi8>)
  %status = arith.constant 0 : i32
  return %status : i32
}

// -----

// Bytes between the runs of a part belong to others.
func.func @main(%env: !llvm.ptr, %inputs: !llvm.ptr) -> i32 attributes {mem.arena_bytes = 64 : i64} {
  %x = mem.input 0 : memref<1x2x4x4xi8>
  %z = mem.input 1 : memref<4xi8>
  %y = mem.output 0[] : memref<1x2x4x4xi8>
  %whole = mem.slot 0 : memref<1x2x4x8xi8>
  %other = mem.slot 20 : memref<4xi8>
  %wrong = mem.slot 22 : memref<4xi8>
  %a = mem.part %whole[3 from 0] : memref<1x2x4x8xi8> to memref<1x2x4x4xi8, strided<[64, 32, 8, 1]>>
  mem.copy %x, %a : memref<1x2x4x4xi8>, memref<1x2x4x4xi8, strided<[64, 32, 8, 1]>>
  mem.copy %z, %other : memref<4xi8>, memref<4xi8>
  mem.copy %a, %y : memref<1x2x4x4xi8, strided<[64, 32, 8, 1]>>, memref<1x2x4x4xi8>
  mem.copy %z, %wrong : memref<4xi8>, memref<4xi8>
  // expected-error @+1 {{it reads row 0 of buffer 0 in bytes [24, 28), but byte 24 has row 0 of buffer 2}}
  mem.copy %a, %y : memref<1x2x4x4xi8, strided<[64, 32, 8, 1]>>, memref<1x2x4x4xi8>
  %status = arith.constant 0 : i32
  return %status : i32
}

// -----

// A kernel that does not know how far apart the pixels are.
func.func @main(%env: !llvm.ptr, %inputs: !llvm.ptr) -> i32 attributes {mem.arena_bytes = 64 : i64} {
  %x = mem.input 0 : memref<1x2x4x4xi8>
  %whole = mem.slot 0 : memref<1x2x4x8xi8>
  %a = mem.part %whole[3 from 0] : memref<1x2x4x8xi8> to memref<1x2x4x4xi8, strided<[64, 32, 8, 1]>>
  // expected-error @+1 {{buffer 1 has a pitch of 8 elements, its kernel expects 0}}
  mem.launch @dense ins(%x : memref<1x2x4x4xi8>) outs(%a : memref<1x2x4x4xi8, strided<[64, 32, 8, 1]>>)
  %status = arith.constant 0 : i32
  return %status : i32
}
func.func private @dense(%x: tensor<1x2x4x4xui8>) -> tensor<1x2x4x4xui8> attributes {nn.nodes = ["dense"]} {
  return %x : tensor<1x2x4x4xui8>
}

// -----

// The same bytes of two regions are not the same memory.
func.func @main(%env: !llvm.ptr, %inputs: !llvm.ptr) -> i32 attributes {mem.arena_bytes = 192 : i64,
    mem.regions = [#mem.region<name = "near", capacity = 64, bytes = 64, lower_bound = 64>,
                   #mem.region<name = "far", bytes = 128, lower_bound = 128>]} {
  %x = mem.input 0 : memref<64xi8>
  %y = mem.output 0[] : memref<64xi8>
  %a = mem.slot 0 : memref<64xi8>
  %b = mem.slot 0 region 1 : memref<64xi8>
  %c = mem.slot 32 region 1 : memref<64xi8>
  mem.launch @k ins(%x : memref<64xi8>) outs(%a : memref<64xi8>)
  mem.launch @k ins(%a : memref<64xi8>) outs(%b : memref<64xi8>)
  mem.launch @k ins(%a : memref<64xi8>) outs(%y : memref<64xi8>)
  // expected-error @+1 {{it writes row 0 of buffer 2 in bytes [32, 96) of region 1, and uses byte 32 for row 0 of buffer 1 at one time}}
  mem.launch @k ins(%b : memref<64xi8>) outs(%c : memref<64xi8>)
  %status = arith.constant 0 : i32
  return %status : i32
}

// -----

// A buffer fits one region and is said to lie in the other.
func.func @main(%env: !llvm.ptr, %inputs: !llvm.ptr) -> i32 attributes {mem.arena_bytes = 192 : i64,
    mem.regions = [#mem.region<name = "near", capacity = 64, bytes = 64, lower_bound = 64>,
                   #mem.region<name = "far", bytes = 128, lower_bound = 128>]} {
  %x = mem.input 0 : memref<64xi8>
  %a = mem.slot 64 : memref<64xi8>
  // expected-error @+1 {{row 0 of buffer 0 in bytes [64, 128) ends beyond the arena}}
  mem.launch @k ins(%x : memref<64xi8>) outs(%a : memref<64xi8>)
  %status = arith.constant 0 : i32
  return %status : i32
}

// -----

// There is no third region.
func.func @main(%env: !llvm.ptr, %inputs: !llvm.ptr) -> i32 attributes {mem.arena_bytes = 192 : i64,
    mem.regions = [#mem.region<name = "near", capacity = 64, bytes = 64, lower_bound = 64>,
                   #mem.region<name = "far", bytes = 128, lower_bound = 128>]} {
  %x = mem.input 0 : memref<64xi8>
  %a = mem.slot 0 region 2 : memref<64xi8>
  // expected-error @+1 {{row 0 of buffer 0 in bytes [0, 64) of region 2 ends beyond the arena}}
  mem.launch @k ins(%x : memref<64xi8>) outs(%a : memref<64xi8>)
  %status = arith.constant 0 : i32
  return %status : i32
}
