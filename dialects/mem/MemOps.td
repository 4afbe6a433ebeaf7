// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PEBBLE_DIALECTS_MEM_MEMOPS
#define PEBBLE_DIALECTS_MEM_MEMOPS

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/OpBase.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Mem_Dialect : Dialect {
  let name = "mem";
  let cppNamespace = "::pebble::mem";
  let summary = "Where values live: constants, arena slots, kernel launches on buffers.";
  let description = [{
    The program after scheduling. Buffers are row-major memrefs of signless elements; booleans are
    bytes holding 0 or 1. In a static program no `memref.alloc` is left: every buffer is a
    `mem.slot` of the arena, a `mem.constant`, an input or a `mem.output`. Where sizes follow from the
    inputs' dims, `@plan` computes them and places the buffers, which `@main` finds by `mem.placed`.
  }];
  let dependentDialects = ["::mlir::memref::MemRefDialect"];
  let useDefaultAttributePrinterParser = 1;
}

def Mem_KernelSpecAttr : AttrDef<Mem_Dialect, "KernelSpec"> {
  let mnemonic = "kernel_spec";
  let summary = "what a kernel reads, writes and needs besides";
  let description = [{
    The attribute `mem.spec` of a kernel. `reads` has the most bytes that it reads of each operand,
    `writes` the bytes that it writes of each result: an integer where the size is known, else the
    product of the operands' dims that it is (`in0[2]` is dim 2 of operand 0), or "dynamic" where it
    depends on data. `scratch` is the size of the buffer that a launch has to lend it, in bytes.
    ```mlir
    #mem.kernel_spec<reads = [64, "8 * in1[0]"], writes = ["dynamic"], scratch = 0>
    ```
  }];
  let parameters = (ins "::mlir::ArrayAttr":$reads, "::mlir::ArrayAttr":$writes,
                        "int64_t":$scratch);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// The attribute's name on a kernel.
    static constexpr ::llvm::StringLiteral attributeName = "mem.spec";
    /// Stands for a size that depends on data.
    static constexpr ::llvm::StringLiteral dynamicText = "dynamic";
    /// The spec of a kernel; null when it has none.
    static KernelSpecAttr of(::mlir::Operation *kernel);
  }];
}

def Mem_RegionAttr : AttrDef<Mem_Dialect, "Region"> {
  let mnemonic = "region";
  let summary = "a memory region and what the program has in it";
  let description = [{
    `@main` lists its regions as `mem.regions` where it was planned for regions, by the numbers that
    slots name, up to the last that is used. `bytes` is where the highest buffer ends; no plan of the
    buffers that lie there needs fewer than `lower_bound`. Without `capacity` a region has any size.
    ```mlir
    #mem.region<name = "dtcm", capacity = 65536, bytes = 64000, lower_bound = 64000>
    ```
  }];
  let parameters = (ins "::mlir::StringAttr":$name,
                        OptionalParameter<"std::optional<int64_t>">:$capacity, "int64_t":$bytes,
                        "int64_t":$lower_bound);
  let assemblyFormat = "`<` struct(params) `>`";
  let extraClassDeclaration = [{
    /// The attribute's name on the program.
    static constexpr ::llvm::StringLiteral listName = "mem.regions";
  }];
}

class Mem_Op<string mnemonic, list<Trait> traits = []> : Op<Mem_Dialect, mnemonic, traits>;

def Mem_ConstantOp : Mem_Op<"constant", [Pure]> {
  let summary = "a buffer in the constant section";
  let description = "`offset` (bytes, a multiple of 64) is assigned by `assign-constants`.";
  let arguments = (ins ElementsAttr:$value, OptionalAttr<I64Attr>:$offset);
  let results = (outs AnyMemRef:$result);
  let assemblyFormat = "(`offset` $offset^)? attr-dict $value `:` type($result)";
}

def Mem_SlotOp : Mem_Op<"slot", [Pure]> {
  let summary = "a buffer at a fixed place of the arena";
  let description = [{
    Where the arena has several memory regions, `region` is the number of the one in which `offset`
    counts; without it, that is the first.
  }];
  let arguments = (ins I64Attr:$offset, OptionalAttr<I64Attr>:$region);
  let results = (outs AnyMemRef:$result);
  let assemblyFormat = "$offset (`region` $region^)? attr-dict `:` type($result)";
  let extraClassDeclaration = [{
    /// The number of its region.
    int64_t regionNumber() { return getRegion().value_or(0); }
  }];
}

def Mem_RowOp : Mem_Op<"row", [Pure]> {
  let summary = "one row of a buffer";
  let description = [{
    A buffer [1, R, ...] holds R rows of a tensor that can have more: row `row` of the tensor is its
    row `row` mod R. What was there before is gone when a row is written. With `column`, the result is
    only the part of the row that begins there.
    ```mlir
    %r = mem.row %ring[%y] : memref<1x3x88x16xi8> to memref<1x1x88x16xi8>
    %h = mem.row %ring[%y] column 44 : memref<1x3x88x16xi8> to memref<1x1x44x16xi8>
    ```
  }];
  let arguments = (ins AnyMemRef:$buffer, Index:$row, OptionalAttr<I64Attr>:$column);
  let results = (outs AnyMemRef:$result);
  let assemblyFormat = [{
    $buffer `[` $row `]` (`column` $column^)? attr-dict `:` type($buffer) `to` type($result)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Bytes of a whole row, and where in it the result begins.
    int64_t getRowBytes();
    int64_t getColumnOffset();
  }];
}

def Mem_PartOp : Mem_Op<"part", [Pure]> {
  let summary = "elements of a buffer along one of its dims, from `begin` on";
  let description = [{
    Where a dim before `axis` is not 1, the part does not lie in one piece: then `axis` is the last dim,
    and the part has the buffer's strides, whatever its own sizes. Who reads or writes it is told by the
    kernel's attribute `mem.pitches`: of each operand and result, how many elements lie from the
    first of a run along the last dim to the first of the next; 0 where nothing lies between.
    ```mlir
    %p = mem.part %whole[3 from 32] : memref<1x4x4x96xf32>
        to memref<1x4x4x64xf32, strided<[1536, 384, 96, 1]>>
    ```
  }];
  let arguments = (ins AnyMemRef:$whole, I64Attr:$axis, I64Attr:$begin);
  let results = (outs AnyMemRef:$result);
  let assemblyFormat = [{
    $whole `[` $axis `from` $begin `]` attr-dict `:` type($whole) `to` type($result)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// The type of `size` elements along `axis` of a buffer; null when they are not such a part.
    static ::mlir::MemRefType typeOf(::mlir::MemRefType whole, int64_t axis, int64_t size);
    /// Where in the buffer the part begins, in bytes.
    int64_t getByteOffset();
  }];
}

def Mem_PlannedOp : Mem_Op<"planned", [Pure]> {
  let summary = "a size or an offset that the plan holds at byte `offset` of the arena";
  let description = [{
    The plan is the part of the arena that `@plan` fills when the inputs' dims change and `@main` only
    reads: sizes and offsets as 64-bit words, and small tensors that follow from dims alone.
  }];
  let arguments = (ins I64Attr:$offset);
  let results = (outs Index:$result);
  let assemblyFormat = "$offset attr-dict";
}

def Mem_SetPlannedOp : Mem_Op<"set_planned", [MemoryEffects<[MemWrite]>]> {
  let summary = "writes the word of the plan at byte `offset` of the arena";
  let arguments = (ins I64Attr:$offset, Index:$value);
  let assemblyFormat = "$offset `,` $value attr-dict";
}

def Mem_PlacedOp : Mem_Op<"placed", [Pure]> {
  let summary = "a buffer at byte `offset` of the arena, a place that the plan holds";
  let arguments = (ins Index:$offset, Variadic<Index>:$sizes);
  let results = (outs AnyMemRef:$result);
  let assemblyFormat = "$offset `[` $sizes `]` attr-dict `:` type($result)";
}

def Mem_PlaceBuffersOp : Mem_Op<"place_buffers", [MemoryEffects<[MemWrite]>]> {
  let summary = "finds places in the arena for buffers whose sizes are known now";
  let description = [{
    `dims` are those of all buffers one after the other; `table` has four numbers a buffer: its rank,
    the size of an element, and the first and last moment of its life. All places are from byte `base`
    of the arena on. `plan` is where the plan starts: its first word becomes the arena's size, the
    next ones the places, one a buffer, and twice as many behind them are used on the way.
  }];
  let arguments = (ins Variadic<Index>:$dims, DenseI64ArrayAttr:$table, I64Attr:$base,
                       I64Attr:$plan);
  let assemblyFormat = "`(` $dims `)` `base` $base `plan` $plan attr-dict";
}

def Mem_InputOp : Mem_Op<"input", [Pure]> {
  let summary = "the buffer of model input `index`";
  let arguments = (ins I64Attr:$index);
  let results = (outs AnyMemRef:$result);
  let assemblyFormat = "$index attr-dict `:` type($result)";
}

def Mem_ViewOp : Mem_Op<"view", [Pure]> {
  let summary = "the same memory with other dims or another element type of the same width";
  let arguments = (ins AnyMemRef:$source, Variadic<Index>:$sizes);
  let results = (outs AnyMemRef:$result);
  let assemblyFormat = "$source `[` $sizes `]` attr-dict `:` type($source) `to` type($result)";
}

def Mem_OutputOp : Mem_Op<"output", [MemoryEffects<[MemWrite]>]> {
  let summary = "the buffer that the host wants model output `index` in";
  let arguments = (ins I64Attr:$index, Variadic<Index>:$sizes);
  let results = (outs AnyMemRef:$result);
  let assemblyFormat = "$index `[` $sizes `]` attr-dict `:` type($result)";
}

def Mem_LaunchOp : Mem_Op<"launch", [AttrSizedOperandSegments,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "runs a kernel: reads `inputs`, writes all of `outputs`, uses `scratch`";
  let description = [{
    A kernel with the attribute `mem.ring_rows` computes one row of its result, `row`, from an operand
    whose buffer holds that many rows of it (see `mem.row`; 0: all of them) and into a buffer of one
    row.

    `over`, which the kernel's attribute `mem.over` repeats, names for each output the input that it is
    written over, or -1: both are the same bytes, which hold the input's elements until the kernel
    stores those of the output at their places.
  }];
  let arguments = (ins FlatSymbolRefAttr:$kernel, Variadic<AnyMemRef>:$inputs,
                       Variadic<AnyMemRef>:$outputs, Optional<AnyMemRef>:$scratch,
                       Optional<Index>:$row, OptionalAttr<DenseI64ArrayAttr>:$over);
  let hasVerifier = 1;
  let assemblyFormat = [{
    $kernel `ins` `(` ($inputs^ `:` type($inputs))? `)` `outs` `(` ($outputs^ `:` type($outputs))? `)`
    (`scratch` `(` $scratch^ `:` type($scratch) `)`)? (`row` `(` $row^ `)`)? attr-dict
  }];
}

def Mem_CopyOp : Mem_Op<"copy", [DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "copies a whole buffer; both have the same number of elements";
  let arguments = (ins AnyMemRef:$source, AnyMemRef:$target);
  let assemblyFormat = "$source `,` $target attr-dict `:` type($source) `,` type($target)";
}

def Mem_ReleaseOp : Mem_Op<"release", [MemoryEffects<[MemFree]>]> {
  let summary = "gives a dynamically allocated buffer back";
  let arguments = (ins AnyMemRef:$buffer);
  let assemblyFormat = "$buffer attr-dict `:` type($buffer)";
}

def Mem_LibraryOp : Mem_Op<"library", [AttrSizedOperandSegments]> {
  let summary = "calls `symbol` of the kernel library (runtime/abi/pebble_abi.h: pebble_kernel_fn)";
  let description = [{
    `present` tells which declared operands are there (absent optional ones are passed empty);
    `dtypes` runs over the present inputs, then the outputs.
  }];
  let arguments = (ins StrAttr:$symbol, Variadic<AnyMemRef>:$inputs, Variadic<AnyMemRef>:$outputs,
                       DenseBoolArrayAttr:$present, DenseI32ArrayAttr:$dtypes,
                       DenseI64ArrayAttr:$ints, DenseF64ArrayAttr:$floats);
  let results = (outs I32:$status);
  let assemblyFormat = [{
    $symbol `ins` `(` ($inputs^ `:` type($inputs))? `)` `outs` `(` ($outputs^ `:` type($outputs))? `)` attr-dict
  }];
}

def Mem_InferDimsOp : Mem_Op<"infer_dims", [AttrSizedOperandSegments, MemoryEffects<[MemRead]>]> {
  let summary = "calls the shape function `symbol` (runtime/abi/pebble_abi.h: pebble_shape_fn)";
  let description = [{
    The dims of all results, one after the other; `ranks` cuts them apart. `sizes` holds the dims of
    the present operands one after the other, cut apart by `operand_ranks`; `data` holds a buffer
    for each operand position in `data_positions`.
  }];
  let arguments = (ins StrAttr:$symbol, Variadic<Index>:$sizes, Variadic<AnyMemRef>:$data,
                       DenseI64ArrayAttr:$data_positions, DenseI64ArrayAttr:$operand_ranks,
                       DenseI32ArrayAttr:$dtypes, DenseBoolArrayAttr:$present,
                       DenseI64ArrayAttr:$ints, DenseF64ArrayAttr:$floats, DenseI64ArrayAttr:$ranks);
  let results = (outs Variadic<Index>:$dims);
  let assemblyFormat = [{
    $symbol `sizes` `(` $sizes `)` `data` `(` ($data^ `:` type($data))? `)` attr-dict `:` type($dims)
  }];
}

def Mem_ParallelOp : Mem_Op<"parallel", [MemoryEffects<[MemRead, MemWrite]>]> {
  let summary = "calls `body` over disjoint ranges that cover [0, `count`), possibly at once";
  let description = [{
    `body` takes the kernel's arguments, which `captured` lists without the environment, and the
    range's begin and end.
  }];
  let arguments = (ins FlatSymbolRefAttr:$body, Index:$count, Variadic<AnyType>:$captured);
  let assemblyFormat = "$body `(` $count `)` (`captured` `(` $captured^ `:` type($captured) `)`)? attr-dict";
}

#endif // PEBBLE_DIALECTS_MEM_MEMOPS
