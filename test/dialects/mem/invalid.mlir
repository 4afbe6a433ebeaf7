// What mem ops refuse, with both of the values that do not fit together.
// RUN: pebble-opt %s -split-input-file -verify-diagnostics

func.func @beyond(%whole: memref<1x4x4x8xf32>) {
  // expected-error @+1 {{takes 4 elements from 5 on, of 8}}
  %0 = mem.part %whole[3 from 5] : memref<1x4x4x8xf32> to memref<1x4x4x4xf32, strided<[128, 32, 8, 1]>>
  return
}

// -----

func.func @dense(%whole: memref<1x4x4x8xf32>) {
  // expected-error @+1 {{gives 'memref<1x4x4x4xf32, strided<[128, 32, 8, 1]>>', not 'memref<1x4x4x4xf32>'}}
  %0 = mem.part %whole[3 from 0] : memref<1x4x4x8xf32> to memref<1x4x4x4xf32>
  return
}

// -----

func.func @rows(%whole: memref<2x4x4x8xf32>) {
  // expected-error @+1 {{takes no part along dim 1 of 'memref<2x4x4x8xf32>'}}
  %0 = mem.part %whole[1 from 0] : memref<2x4x4x8xf32> to memref<2x2x4x8xf32>
  return
}

// -----

func.func @beyond_rank(%whole: memref<4x8xf32>) {
  // expected-error @+1 {{takes no part along dim 2 of 'memref<4x8xf32>'}}
  %0 = mem.part %whole[2 from 0] : memref<4x8xf32> to memref<4x8xf32>
  return
}

// -----

func.func @row(%ring: memref<1x3x4x8xf32>, %y: index) {
  // expected-error @+1 {{gives 'memref<1x1x4x8xf32>', not 'memref<1x2x4x8xf32>'}}
  %0 = mem.row %ring[%y] : memref<1x3x4x8xf32> to memref<1x2x4x8xf32>
  return
}

// -----

func.func @column(%ring: memref<1x3x4x8xf32>, %y: index) {
  // expected-error @+1 {{takes 3 columns from 2 on, of 4}}
  %0 = mem.row %ring[%y] column 2 : memref<1x3x4x8xf32> to memref<1x1x3x8xf32>
  return
}

// -----

func.func @over(%a: memref<8xf32>, %b: memref<4xf32>) {
  // expected-error @+1 {{writes 'memref<4xf32>' over 'memref<8xf32>'; expected elements alike}}
  mem.launch @k ins(%a : memref<8xf32>) outs(%b : memref<4xf32>) {over = array<i64: 0>}
  return
}

// -----

func.func @operand(%a: memref<8xf32>) {
  // expected-error @+1 {{writes over operand 1; there are 1}}
  mem.launch @k ins(%a : memref<8xf32>) outs(%a : memref<8xf32>) {over = array<i64: 1>}
  return
}

// -----

func.func @count(%a: memref<8xf32>) {
  // expected-error @+1 {{names 2 operands to write over; expected one for each of 1 outputs}}
  mem.launch @k ins(%a : memref<8xf32>) outs(%a : memref<8xf32>) {over = array<i64: 0, -1>}
  return
}
