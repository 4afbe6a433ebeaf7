// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PEBBLE_PASSES
#define PEBBLE_PASSES

include "mlir/Pass/PassBase.td"

//===-- quantize ----------------------------------------------------------===//

def PropagateQdq : Pass<"propagate-qdq", "::mlir::func::FuncOp"> {
  let summary = "Move layers that only move elements from numbers to codes";
  let description = [{
    Reshapes, transposes, slices, gathers, pools by maximum, concatenations of equally quantized
    tensors and pads with zero commute with quantization. `qnn.dequantize` moves below them and
    `qnn.quantize` above, so that a quantize op meets the layer that computes its operand.
  }];
  let dependentDialects = ["::pebble::nn::NNDialect", "::pebble::qnn::QNNDialect"];
}

def FormIntegerLayers : Pass<"form-integer-layers", "::mlir::func::FuncOp"> {
  let summary = "Compute layers between dequantized operands and a quantized result in integers";
  let description = [{
    Contractions with constant weights, sums, products, average pools, softmax and concatenations
    become layers of `qnn`. Relu and clips in front of the `qnn.quantize` become bounds of the
    result's codes. A contraction stays in f32 when its i32 sum could overflow, when its bias has
    another scale than its products, or when something else uses the f32 result.
  }];
  let dependentDialects = ["::pebble::nn::NNDialect", "::pebble::qnn::QNNDialect"];
}

def StripIo : Pass<"strip-io", "::mlir::func::FuncOp"> {
  let summary = "Let a model take and give codes where it quantizes its inputs and outputs first";
  let description = [{
    An input of `@main` that is only quantized, moved about at most before that, becomes an input of
    codes; a dequantized output becomes one of codes. Other inputs and outputs stay.
  }];
  let dependentDialects = ["::pebble::nn::NNDialect", "::pebble::qnn::QNNDialect"];
}

def TabulateFunctions : Pass<"tabulate-functions", "::mlir::func::FuncOp"> {
  let summary = "Turn elementwise layers of one quantized tensor into tables";
  let description = [{
    Whatever elementwise layers compute between a `qnn.dequantize` and a `qnn.quantize` of up to 8
    bits, from that tensor and constants alone, is a `qnn.lookup`. The reference interpreter fills
    the table.
  }];
  let dependentDialects = ["::pebble::nn::NNDialect", "::pebble::qnn::QNNDialect"];
}

def ReportFloatIslands : Pass<"report-float-islands", "::mlir::func::FuncOp"> {
  let summary = "Say which layers between codes compute in f32, and why";
  let description = [{
    A remark for each layer between a `qnn.dequantize` of an activation and a `qnn.quantize`. What
    `form-integer-layers` and `tabulate-functions` did not take is all that is left there.
  }];
}

def FoldConstantChannels : Pass<"fold-constant-channels", "::mlir::func::FuncOp"> {
  let summary = "Remove channels that are constant for every input";
  let description = [{
    Exact intervals of codes, channel by channel, with requantization, saturation and clamps, prove
    what channels of quantized tensors are the same for every input. What such a channel adds to the
    sums of a convolution or matrix product is a number: it moves to the bias, and the channel goes,
    through elementwise layers, sums, pools, depthwise convolutions and concatenations that nothing
    else wants it of, with the weights on either side. Where a window may hang over the input's edge,
    that needs a constant that equals the zero point, as padding does. Channels that no weight reads
    go too. The codes that the function gives stay what they are, bit by bit. A remark says how many
    channels, multiply-adds and weights stay.
  }];
  let dependentDialects = ["::pebble::nn::NNDialect", "::pebble::qnn::QNNDialect"];
}

def AnnotateCodeRanges : Pass<"annotate-code-ranges", "::mlir::func::FuncOp"> {
  let summary = "State which codes tensors can hold";
  let description = [{
    For reading, and for tests: gives every op with one result of codes of at most 8 bits the attribute
    `qnn.ranges`, what the range analysis knows of it. `low` and `high` have one number for each index
    along dim `axis`, or one for all without an `axis`; `nodes` are the op's nodes.
  }];
}

//===-- fuse --------------------------------------------------------------===//

def LowerQuantized : Pass<"lower-quantized", "::mlir::func::FuncOp"> {
  let summary = "Turn quantized layers into kernels on u8 codes, channels last";
  let description = [{
    Weights are packed, the input's zero point is folded into the bias, and scales become one
    multiplier a channel. Signed codes are held with 128 added; layers that only move elements are
    moved along. What is left of `qnn.quantize` and `qnn.dequantize` becomes elementwise layers.
    Contractions whose weights do not fit bytes once their zero point is taken off compute with i32
    operands.
  }];
  let dependentDialects = ["::pebble::nn::NNDialect", "::pebble::qnn::QNNDialect"];
}

def PackIntegerSums : Pass<"pack-integer-sums", "::mlir::func::FuncOp"> {
  let summary = "Compute i32 sums of products of bytes with packed weights";
  let description = [{
    `nn.matmul` and `nn.conv` of i32, whose input is bytes less a zero point and whose weights are
    constant, become `qnn.conv_sums` on the bytes. This is what MatMulInteger and ConvInteger are, whose zero
    points only the run knows, and layers whose weights need 9 bits once their zero point is taken
    off. A conversion to f32 and a product with one number a channel that follow go along:
    the dequantization that dynamically quantized layers end with.
  }];
  let dependentDialects = ["::pebble::nn::NNDialect", "::pebble::qnn::QNNDialect"];
}

def ComposeTables : Pass<"compose-tables", "::mlir::func::FuncOp"> {
  let summary = "Turn layers that one tensor of codes decides into one table";
  let description = [{
    A sum or product of codes with a constant code, or with a table of the same codes, is a table
    (`qnn.lookup_bytes`), and a table of a table is one. So x + 1, x * sigmoid(x) and whatever follows
    them code by code become one layer, or none where each code gives itself. The reference
    interpreter fills the tables.
  }];
  let dependentDialects = ["::pebble::nn::NNDialect", "::pebble::qnn::QNNDialect"];
}

def AssignLayouts : Pass<"assign-layouts", "::mlir::func::FuncOp"> {
  let summary = "Compute image layers channels-last, with packed weights";
  let description = [{
    f32 convolutions with constant weights and pools over two dims of known size become their
    channels-last forms between two transposes; `sink-transposes` then removes most of those.
    Weights are packed here, once: [group, block, KH, KW, C, lanes] for blocks of `block` output
    channels. Layers skip what their windows read of the padding, and of zeros that an `nn.pad` puts
    around the image of a convolution. Padding becomes an `nn.pad` of its own for convolutions of
    images with sides that only the run knows, with weights that are not finite, or with very many
    taps in the padding of a row. Transposed convolutions whose windows lie side by side become
    products of matrices.
  }];
  let options = [
    Option<"block", "block", "int64_t", /*default=*/"32", "Output channels in a block of weights">,
  ];
  let dependentDialects = ["::pebble::nn::NNDialect"];
}

def SinkTransposes : Pass<"sink-transposes", "::mlir::func::FuncOp"> {
  let summary = "Move transposes towards the results until they meet their inverse";
  let description = [{
    A transpose moves below elementwise layers, concatenations, reductions, pads, slices and
    resizes when all of their operands agree on it; two in a row become one; one that moves only
    dims of size 1 is a reshape.
  }];
  let dependentDialects = ["::pebble::nn::NNDialect"];
}

def FormKernels : Pass<"form-kernels", "::mlir::func::FuncOp"> {
  let summary = "Group layers into kernels";
  let description = [{
    Every layer that computes ends up in an `nn.fused` region. An elementwise layer joins the group
    that produces one of its operands when it has the group's iteration shape and joining closes no
    cycle between groups; any other layer starts a group. Layers that only rename memory (`nn.reshape`,
    `nn.bit_cast`) or ask for dims (`nn.shape_of`), control flow and large constants stay outside;
    constants of up to 1 KiB are cloned into the groups that read them, so that kernels see their
    values.
  }];
  let dependentDialects = ["::pebble::nn::NNDialect"];
}

def OutlineKernels : Pass<"outline-kernels", "::mlir::ModuleOp"> {
  let summary = "Turn groups into functions; equal groups share one";
  let description = [{
    `nn.fused` regions become private functions called by `nn.launch`. Two groups with the same
    layers, attributes and types share one function, whose `nn.nodes` attribute lists the nodes of
    all of them; its symbol is made of the first one's.
  }];
  let dependentDialects = ["::mlir::func::FuncDialect"];
}

def DescribeKernels : Pass<"describe-kernels", "::mlir::ModuleOp"> {
  let summary = "State what each kernel reads, writes and needs besides";
  let description = [{
    Gives every kernel the attribute `mem.spec`: bytes read of each operand, bytes written of each
    result, bytes of scratch, as `#mem.kernel_spec` has them. The library's routines and the emitters
    work in operands, results and registers; a layer whose code wants more says so in the attribute
    `mem.scratch`, in bytes. Scheduling lends a kernel the scratch that it states, and packages list
    all of it. `mem.macs` is the number of multiply-adds of convolutions, matrix products and recurrent
    layers in a kernel, and in all launches of `@main`, where it is known.
  }];
  let dependentDialects = ["::pebble::mem::MemDialect"];
}

//===-- schedule ----------------------------------------------------------===//

def OrderOperators : Pass<"order-operators", "::mlir::ModuleOp"> {
  let summary = "Run the operators in the order that keeps the fewest bytes alive";
  let description = [{
    Moves the operations of `@main`, before they have buffers, to the order that docs/memory.md
    describes, when that is better than the one they are in. Values come before their uses, and
    operations with effects keep their order. Scratch memory of kernels counts; model inputs,
    constants and outputs that a kernel writes in place are in no arena. Without loops and
    unknown sizes, a result that `write-in-place` can put over an operand that dies there counts once
    with it; else a dim of unknown size counts as one. The most bytes alive become the attribute
    `mem.live_bytes`; `mem.live_lower_bound` is what no order is below. What is alive inside of a branch
    or loop alone is in neither, and nothing counts as written over what a branch yields.
  }];
  let dependentDialects = ["::pebble::mem::MemDialect"];
}

def Rematerialize : Pass<"rematerialize", "::mlir::ModuleOp"> {
  let summary = "Compute cheap layers again where that needs less memory";
  let description = [{
    What is made early and read again late, such as an upsampled, dequantized or broadcast copy, or a mask,
    is in memory all the time between. The search that docs/memory.md describes looks for kernels of
    `@main` that can run again right before a late reader, with operands that are alive there or made
    again, too, and for the order that goes with it. Kernels are the same on the same values, so that
    results keep their bits. Only cheap ones run again: of elementwise layers, tables of codes, layers
    that move, repeat, join or reduce elements, pools and nearest resizes, for no more elements than the
    program has; never random numbers. With `extra-work`, convolutions and matrix products may run
    again, too, for that many products, which `mem.extra_products` counts.

    The pipelines `schedule` go over copies of the program, as it is and as the search would have it, and
    what counts is the `mem.arena_bytes` that they leave: the program changes only where they fall, or
    where they stay within what is `enough` for fewer products. Programs with control flow or tensors of
    unknown size stay as they are. A remark says what is computed again, what that saves and what it
    costs.
  }];
  let options = [
    Option<"enough", "enough", "int64_t", /*default=*/"-1",
           "Bytes of the arena for which nothing has to be computed again; -1: the fewest bytes">,
    Option<"extraWork", "extra-work", "double", /*default=*/"0",
           "Products that may be computed again, in percent of all">,
    ListOption<"schedule", "schedule", "OpPassManager",
               "Pipelines that the program goes through next, up to the places of buffers">,
  ];
  let dependentDialects = ["::pebble::mem::MemDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::scf::SCFDialect", "::mlir::arith::ArithDialect",
                           "::mlir::LLVM::LLVMDialect"];
}

def BufferizeProgram : Pass<"bufferize-program", "::mlir::ModuleOp"> {
  let summary = "Give every value of the host program a buffer";
  let description = [{
    `@main` becomes a function of the environment and the input table that returns a status;
    `nn.launch` becomes `mem.launch` on buffers that are allocated here, model outputs are written
    in place where one kernel makes them, control flow becomes `scf`. Sizes of dynamic results are
    computed by the shape functions of the layers inside each kernel.
  }];
  let dependentDialects = ["::pebble::mem::MemDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::scf::SCFDialect", "::mlir::arith::ArithDialect",
                           "::mlir::LLVM::LLVMDialect"];
}

def StreamLayers : Pass<"stream-layers", "::mlir::ModuleOp"> {
  let summary = "Compute layers row by row where that needs less memory, and place all buffers";
  let description = [{
    Cuts the launches of `@main` into blocks. A block is a nest of loops over rows: its last layer asks
    the layers before it for the rows that it needs next. What lies between them becomes a ring of the
    rows that are alive at one time; other buffers can lie over rows of each other that are dead. No
    row is computed twice. Blocks and offsets come from the library that docs/memory.md describes.
    Kernels on rows are versions of the kernels: on tensors of one row where a row of the result
    reads one row, else with the attribute `mem.ring_rows`.

    Only programs without control flow, on buffers of known size, are changed, and only where
    `write-in-place` does not make one of all layers at once that needs no more, or is within the
    budget; `plan-memory` places the buffers of others.

    With `extra-work`, the first layers can be computed in strips of columns, one after the other, so
    that rings are narrower; columns at the seams are computed again, which `mem.extra_products` counts.
    Layers stay in their order unless one of the usual ones needs less.
    Sets `mem.arena_bytes` and `mem.arena_lower_bound`: no way to cut these layers, in any of the
    orders that were tried, needs less while none computed at once is written over what it reads.

    With `regions`, schedules that fit all regions together are placed in them one by one, lower ones
    where that fails: what is read and written most for its size goes to the first ones.
    The attribute `mem.regions` is that of `plan-memory`.
  }];
  let options = [
    Option<"budget", "budget", "int64_t", /*default=*/"-1",
           "Bytes that are enough: as many layers as that allows run at once; -1: the fewest bytes">,
    Option<"alignment", "alignment", "int64_t", /*default=*/"64", "Of every buffer, in bytes">,
    Option<"inPlace", "in-place", "bool", /*default=*/"true",
           "Whether buffers may lie over dead rows of others">,
    Option<"longestBlock", "longest-block", "int", /*default=*/"24", "Layers in a block at most">,
    Option<"inputInArena", "input-in-arena", "bool", /*default=*/"false",
           "Read model inputs at once, not row by row">,
    Option<"capacity", "capacity", "int64_t", /*default=*/"-1",
           "Bytes for which strips may be computed; -1: the fewest bytes">,
    Option<"extraWork", "extra-work", "double", /*default=*/"0",
           "Products that strips may compute again, in percent of all">,
    Option<"listPoints", "list-points", "bool", /*default=*/"false",
           "List what other schedules need as `mem.points`: bytes, extra products, single rows">,
    ListOption<"regions", "regions", "std::string",
               "The memories, the most preferred first: NAME=BYTES, or NAME for one of any size">,
    ListOption<"microkernels", "microkernels", "std::string",
               "Functions of the target that compute an operation on u8 codes: OPERATION=SYMBOL">,
  ];
  let dependentDialects = ["::pebble::mem::MemDialect", "::mlir::scf::SCFDialect",
                           "::mlir::arith::ArithDialect"];
}

def PlaceParts : Pass<"place-parts", "::mlir::ModuleOp"> {
  let summary = "Concatenate and split without copies: let tensors be parts of the buffer of the whole";
  let description = [{
    The operand of a concatenation is written where the result has it, and the result of a slice is
    read where the operand has it (`mem.part`), if the kernels that write and read it can. That is any
    kernel where the part lies in one piece. Along the last dim of an image, channels last, the parts of
    a pixel lie side by side and those of the next pixel behind the whole: elementwise layers,
    convolutions and pools take and give such tensors (`mem.pitches`). What can not be placed so is
    copied. Nothing is done that would make the arena larger, since the whole has to be there from the
    first part on. Programs with control flow, of unknown sizes or of `stream-layers` stay as they are.
  }];
  let options = [
    ListOption<"microkernels", "microkernels", "std::string",
               "Functions of the target that compute an operation on u8 codes: OPERATION=SYMBOL">,
    Option<"onDevice", "on-device", "bool", /*default=*/"false",
           "Only parts in the arena, and copies of whole buffers">,
  ];
  let dependentDialects = ["::pebble::mem::MemDialect"];
}

def WriteInPlace : Pass<"write-in-place", "::mlir::ModuleOp"> {
  let summary = "Let kernels write results over operands that nobody reads later"
                " and that they read element by element";
  let description = [{
    Elementwise layers, sums, products and tables of codes, and what a convolution, a product or a pool
    evaluates behind its own sums read an operand of the result's shape only for the element that they
    store next. Where that is the operand's last use, the launch gets the attribute `over` and a
    version of the kernel with the attribute `mem.over`; `plan-memory` then gives both one place.
    Launches in branches do the same. Only programs without loops, on buffers of known size, are
    changed, which `verify-accesses` proves; those of `stream-layers` have their places already.
  }];
}

def PlanMemory : Pass<"plan-memory", "::mlir::func::FuncOp"> {
  let summary = "Place buffers of known size in the arena";
  let description = [{
    Lifetimes are taken on the top-level operations of `@main`; offsets come from the planner of
    docs/memory.md, with a budget of steps, so that they are the same in every run, and are checked by
    the verifier that shares no code with it. Buffers carried around a loop and buffers of unknown
    size stay dynamic; the latter are released after their last use. What a launch writes over an
    operand has the operand's place. The arena's size becomes the
    attribute `mem.arena_bytes`; `mem.arena_lower_bound` is the size below which there is no plan.

    With `regions`, the arena consists of several memories. All buffers go to the first where they fit
    there; else what kernels read and write most for its size goes to the first ones. The attribute
    `mem.regions` says what each holds, up to the last that is used; `mem.arena_bytes` is the sum. Where
    no plan is found, the last region is taken as larger than it is; `mem.conflict` then lists buffers
    that by themselves do not fit, if that is proven. A program with sizes that only the run knows has
    one memory.
  }];
  let options = [
    ListOption<"regions", "regions", "std::string",
               "The memories, the most preferred first: NAME=BYTES, or NAME for one of any size">,
  ];
  let dependentDialects = ["::pebble::mem::MemDialect"];
}

def VerifyAccesses : Pass<"verify-accesses", "::mlir::ModuleOp"> {
  let summary = "Check what every kernel would find in memory";
  let description = [{
    Runs `@main` without computing: follows its loops, and keeps for each byte of the arena which row of
    which buffer it holds. Both branches of an `scf.if` start from what was there before; behind it a
    byte holds what both leave there, else nothing, and what they yield is wherever either has it. A
    kernel that would read another row than its window asks for, or write what it reads or has as
    scratch, makes the pass fail; the attribute `over` of a launch is believed where the layers in the
    kernel go by elements and both buffers are the same bytes. Programs with other control flow than
    counted loops and branches that yield whole buffers, or with buffers of unknown size, are left alone.
  }];
}

def PlanShapes : Pass<"plan-shapes", "::mlir::ModuleOp"> {
  let summary = "Compute sizes and place buffers of unknown size once for each set of input dims";
  let description = [{
    What follows from the inputs' dims and constants alone moves from `@main` into `@plan`, which the
    host calls when the dims change: sizes, kernels that compute small tensors of sizes, and the places
    of buffers of such sizes, which `plan-memory` left as allocations that it releases. `@plan` leaves
    all of it at the end of the static arena, for `@main` to read; the attribute `mem.plan_bytes` of
    `@main` is its size. Larger buffers are placed first, each at the lowest offset behind it that is
    free for its whole life. Buffers whose sizes depend on data stay allocations.
  }];
  let dependentDialects = ["::pebble::mem::MemDialect", "::mlir::arith::ArithDialect"];
}

//===-- lower -------------------------------------------------------------===//

def LowerKernels : Pass<"lower-kernels", "::mlir::ModuleOp"> {
  let summary = "Turn the layers of each kernel into loops on memory";
  let description = [{
    A kernel takes the environment, a pointer to each operand and result, and the unknown dims of
    each, and returns a status. Elementwise layers are evaluated inside the loop that stores them;
    other layers have an emitter of their own or call the kernel library.
  }];
  let options = [
    Option<"vectorBytes", "vector-bytes", "int64_t", /*default=*/"64", "Width of a vector register">,
    Option<"fusedMultiplyAdd", "fused-multiply-add", "bool", /*default=*/"false",
           "Whether the processor multiplies and adds in one instruction">,
    ListOption<"microkernels", "microkernels", "std::string",
               "Functions of the target that compute an operation on u8 codes: OPERATION=SYMBOL">,
  ];
  let dependentDialects = ["::pebble::mem::MemDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::scf::SCFDialect", "::mlir::arith::ArithDialect",
                           "::mlir::math::MathDialect", "::mlir::vector::VectorDialect",
                           "::mlir::LLVM::LLVMDialect"];
}

def OutlineParallel : Pass<"outline-parallel", "::mlir::ModuleOp"> {
  let summary = "Turn parallel loops of kernels into functions over ranges";
  let description = [{
    A `scf.parallel` at the top of a kernel becomes `mem.parallel`, which the host's threads share.
    Iterations are independent, so that results do not depend on how a range is cut. A loop that
    uses more than the kernel's arguments and what is computed from them becomes sequential.
  }];
  let dependentDialects = ["::pebble::mem::MemDialect", "::mlir::scf::SCFDialect"];
}

def SpreadThreads : Pass<"spread-threads", "::mlir::ModuleOp"> {
  let summary = "Share a kernel's parallel loop among the threads of its launch";
  let description = [{
    For targets whose kernels run on a device. Thread i of n takes the iterations i, i + n, ...: any
    n computes the same. `mem.threads` of each kernel is how many threads it can use; no thread
    waits for another, so a kernel that does more than one such loop runs on one.
  }];
  let dependentDialects = ["::mlir::scf::SCFDialect", "::mlir::func::FuncDialect",
                           "::mlir::arith::ArithDialect"];
}

def RecordLaunches : Pass<"record-launches", "::mlir::ModuleOp"> {
  let summary = "Turn the host program into a list of launches";
  let description = [{
    `@main`, a straight line of launches and copies on planned buffers, becomes the module attribute
    `mem.launches` and goes. Each entry has `arguments`, pairs of a space and an index or offset in
    it, and either `kernel` and `threads` or `copy`, a number of bytes. A program that is not such a
    list gets `mem.not_recordable`, the name of the first op without an entry.
  }];
}

def AssignConstants : Pass<"assign-constants", "::mlir::ModuleOp"> {
  let summary = "Place constants in the constant section";
  let description = [{
    Equal constants share one place; each starts at a multiple of 64 bytes, in order of first use.
    The module attribute `mem.constants` lists [offset, value], `mem.constant_bytes` is the size.
  }];
  let dependentDialects = ["::pebble::mem::MemDialect"];
}

def LowerMem : Pass<"lower-mem", "::mlir::ModuleOp"> {
  let summary = "Turn mem ops into accesses to the environment";
  let description = [{
    After runtime/abi/pebble_abi.h. A kernel or callback that fails is followed by a call of
    `pebble.exit_if(status)`, which `finalize-program` turns into an early return.
  }];
  let options = [
    Option<"trace", "trace", "bool", /*default=*/"false",
           "Tell the host of each kernel before it runs">,
  ];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::scf::SCFDialect"];
}

def FinalizeProgram : Pass<"finalize-program", "::mlir::ModuleOp"> {
  let summary = "Insert early returns, set linkage and the entry's name";
  let description = [{
    Runs on the LLVM dialect. `pebble.exit_if(status)` ends the program with a status that is not
    zero; kernels become internal; `@main` becomes `<prefix>_main`.
  }];
  let options = [
    Option<"prefix", "prefix", "std::string", /*default=*/"\"model\"", "Prefix of exported symbols">,
  ];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

#endif // PEBBLE_PASSES
