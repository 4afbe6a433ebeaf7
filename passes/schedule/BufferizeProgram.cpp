// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/schedule/ResultDims.h"

#include "mlir/IR/IRMapping.h"

namespace pebble {
#define GEN_PASS_DEF_BUFFERIZEPROGRAM
#include "passes/Passes.h.inc"
} // namespace pebble

using namespace mlir;
using namespace pebble;

namespace {

MemRefType bufferTypeOf(Value tensor) {
  return mem::bufferType(cast<RankedTensorType>(tensor.getType()));
}

/// Rewrites one function from tensors to buffers, block by block. Every tensor is written once by
/// the op that makes it, so that a value and its buffer are the same thing.
class Bufferizer {
public:
  Bufferizer(func::FuncOp program, SymbolTable &symbols) : program(program), symbols(symbols) {}

  LogicalResult run() {
    MLIRContext *context = program.getContext();
    Type pointer = LLVM::LLVMPointerType::get(context);
    Block &entry = program.getBody().front();
    findInPlaceOutputs(entry);

    OpBuilder builder = OpBuilder::atBlockBegin(&entry);
    for (BlockArgument argument : entry.getArguments())
      buffers[argument] = mem::InputOp::create(builder, program.getLoc(), bufferTypeOf(argument),
                                               argument.getArgNumber());
    if (failed(convert(entry)))
      return failure();

    auto terminator = cast<func::ReturnOp>(entry.getTerminator());
    builder.setInsertionPoint(terminator);
    for (auto [index, value] : llvm::enumerate(terminator.getOperands()))
      if (inPlaceOutputs.lookup(value) != static_cast<int64_t>(index) + 1)
        copyToOutput(builder, buffers.lookup(value), index, terminator.getLoc());
    Value status = arith::ConstantIntOp::create(builder, terminator.getLoc(), 0, 32);
    func::ReturnOp::create(builder, terminator.getLoc(), status);
    terminator.erase();
    // Ops that moved out of a loop's body still name its arguments: let go of everything first.
    for (Operation *op : converted) {
      op->dropAllUses();
      op->dropAllReferences();
    }
    for (Operation *op : converted)
      op->erase();
    entry.eraseArguments(0, entry.getNumArguments());
    entry.addArguments({pointer, pointer}, {program.getLoc(), program.getLoc()});
    program.setAllArgAttrs(
        ArrayRef<DictionaryAttr>{DictionaryAttr::get(context), DictionaryAttr::get(context)});
    program.setFunctionType(
        FunctionType::get(context, {pointer, pointer}, {IntegerType::get(context, 32)}));
    program.setAllResultAttrs(ArrayRef<DictionaryAttr>{DictionaryAttr::get(context)});
    return success();
  }

private:
  /// A result that one kernel makes and the model returns once is written straight to its output.
  void findInPlaceOutputs(Block &entry) {
    for (auto [index, value] : llvm::enumerate(entry.getTerminator()->getOperands()))
      if (value.getDefiningOp<nn::LaunchOp>())
        inPlaceOutputs.try_emplace(value, index + 1);
  }

  void copyToOutput(OpBuilder &builder, Value buffer, int64_t index, Location loc) {
    auto type = cast<MemRefType>(buffer.getType());
    Value output =
        mem::OutputOp::create(builder, loc, type, index, dynamicSizes(builder, buffer, loc));
    mem::CopyOp::create(builder, loc, buffer, output);
  }

  static SmallVector<Value> dynamicSizes(OpBuilder &builder, Value buffer, Location loc) {
    SmallVector<Value> sizes;
    auto type = cast<MemRefType>(buffer.getType());
    for (int64_t dim = 0; dim < type.getRank(); ++dim)
      if (type.isDynamicDim(dim))
        sizes.push_back(memref::DimOp::create(builder, loc, buffer, dim));
    return sizes;
  }

  LogicalResult convert(Block &block) {
    for (Operation &op : llvm::make_early_inc_range(block)) {
      OpBuilder builder(&op);
      LogicalResult done = success();
      if (auto constant = dyn_cast<nn::ConstantOp>(op))
        buffers[constant.getResult()] =
            mem::ConstantOp::create(builder, op.getLoc(), bufferTypeOf(constant.getResult()),
                                    constant.getValue(), IntegerAttr());
      else if (isa<nn::ReshapeOp, nn::BitCastOp>(op))
        view(builder, &op);
      else if (auto shape = dyn_cast<nn::ShapeOfOp>(op))
        writeShape(builder, shape);
      else if (auto launch = dyn_cast<nn::LaunchOp>(op))
        done = this->launch(builder, launch);
      else if (auto branch = dyn_cast<nn::IfOp>(op))
        done = convertIf(builder, branch);
      else if (auto loop = dyn_cast<nn::LoopOp>(op))
        done = convertLoop(builder, loop);
      else
        continue;
      if (failed(done))
        return failure();
      converted.push_back(&op);
    }
    return success();
  }

  void view(OpBuilder &builder, Operation *op) {
    Value source = buffers.lookup(op->getOperand(0));
    ResultDims dims(builder);
    for (Value operand : op->getOperands())
      dims.bind(operand, buffers.lookup(operand));
    Value result = op->getResult(0);
    buffers[result] = mem::ViewOp::create(builder, op->getLoc(), bufferTypeOf(result), source,
                                          dims.dynamicOf(result, op->getLoc()));
  }

  void writeShape(OpBuilder &builder, nn::ShapeOfOp op) {
    Location loc = op.getLoc();
    Value source = buffers.lookup(op.getInput());
    Value shape = memref::AllocOp::create(builder, loc, bufferTypeOf(op.getResult()));
    auto type = cast<MemRefType>(source.getType());
    for (int64_t dim = 0; dim < type.getRank(); ++dim) {
      Value size;
      if (type.isDynamicDim(dim))
        size = memref::DimOp::create(builder, loc, source, dim);
      else
        size = arith::ConstantIndexOp::create(builder, loc, type.getDimSize(dim));
      Value word = arith::IndexCastOp::create(builder, loc, builder.getI64Type(), size);
      Value at = arith::ConstantIndexOp::create(builder, loc, dim);
      memref::StoreOp::create(builder, loc, word, shape, at);
    }
    buffers[op.getResult()] = shape;
  }

  LogicalResult launch(OpBuilder &builder, nn::LaunchOp op) {
    auto kernel = symbols.lookup<func::FuncOp>(op.getKernel());
    if (!kernel)
      return op.emitOpError("names the unknown kernel ") << op.getKernelAttr();
    SmallVector<Value> inputs, outputs;
    ResultDims dims(builder);
    for (auto [argument, input] : llvm::zip(kernel.getArguments(), op.getInputs())) {
      inputs.push_back(buffers.lookup(input));
      dims.bind(argument, inputs.back());
    }
    auto terminator = cast<func::ReturnOp>(kernel.getBody().front().getTerminator());
    for (auto [result, made] : llvm::zip(op.getResults(), terminator.getOperands())) {
      SmallVector<Value> sizes = dims.dynamicOf(made, op.getLoc());
      Value buffer;
      if (int64_t output = inPlaceOutputs.lookup(result))
        buffer =
            mem::OutputOp::create(builder, op.getLoc(), bufferTypeOf(result), output - 1, sizes);
      else
        buffer = memref::AllocOp::create(builder, op.getLoc(), bufferTypeOf(result), sizes);
      outputs.push_back(buffer);
      buffers[result] = buffer;
    }
    Value scratch;
    if (auto spec = mem::KernelSpecAttr::of(kernel); spec && spec.getScratch() > 0)
      scratch = memref::AllocOp::create(builder, op.getLoc(),
                                        MemRefType::get({spec.getScratch()}, builder.getI8Type()));
    mem::LaunchOp::create(builder, op.getLoc(), op.getKernel(), inputs, outputs, scratch,
                          /*row=*/Value(), /*over=*/{});
    return success();
  }

  Value loadScalar(OpBuilder &builder, Value buffer, Location loc) {
    auto type = cast<MemRefType>(buffer.getType());
    Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
    return memref::LoadOp::create(builder, loc, buffer, SmallVector<Value>(type.getRank(), zero));
  }

  Value loadCondition(OpBuilder &builder, Value buffer, Location loc) {
    Value byte = loadScalar(builder, buffer, loc);
    Value zero = arith::ConstantIntOp::create(builder, loc, 0, 8);
    return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ne, byte, zero);
  }

  Value castTo(OpBuilder &builder, Value buffer, Type type, Location loc) {
    return buffer.getType() == type
               ? buffer
               : memref::CastOp::create(builder, loc, type, buffer).getResult();
  }

  /// Moves the converted ops of `from` before the end of `to` and drops what remains later.
  LogicalResult moveBody(Block &from, Block &to) {
    if (failed(convert(from)))
      return failure();
    to.getOperations().splice(to.end(), from.getOperations(), from.begin(), std::prev(from.end()));
    return success();
  }

  LogicalResult convertIf(OpBuilder &builder, nn::IfOp op) {
    Location loc = op.getLoc();
    SmallVector<Type> types;
    for (Value result : op.getResults())
      types.push_back(bufferTypeOf(result));
    Value condition = loadCondition(builder, buffers.lookup(op.getCondition()), loc);
    auto branch = scf::IfOp::create(builder, loc, types, condition, /*withElseRegion=*/true);
    for (auto [from, to] : {std::pair{&op.getThenRegion(), &branch.getThenRegion()},
                            std::pair{&op.getElseRegion(), &branch.getElseRegion()}}) {
      Block &target = to->front();
      target.clear();
      if (failed(moveBody(from->front(), target)))
        return failure();
      OpBuilder inner = OpBuilder::atBlockEnd(&target);
      SmallVector<Value> yielded;
      for (auto [value, type] : llvm::zip(from->front().getTerminator()->getOperands(), types))
        yielded.push_back(castTo(inner, buffers.lookup(value), type, loc));
      scf::YieldOp::create(inner, loc, yielded);
    }
    for (auto [result, buffer] : llvm::zip(op.getResults(), branch.getResults()))
      buffers[result] = buffer;
    return success();
  }

  LogicalResult convertLoop(OpBuilder &builder, nn::LoopOp op) {
    Location loc = op.getLoc();
    Block &body = op.getBody().front();
    Value trips = loadScalar(builder, buffers.lookup(op.getTripCount()), loc);
    Value condition = loadCondition(builder, buffers.lookup(op.getCondition()), loc);
    Value zero = arith::ConstantIntOp::create(builder, loc, 0, 64);
    SmallVector<Value> initial{zero, condition};
    SmallVector<Type> types{zero.getType(), condition.getType()};
    for (auto [value, result] : llvm::zip(op.getInitial(), op.getResults())) {
      types.push_back(bufferTypeOf(result));
      initial.push_back(castTo(builder, buffers.lookup(value), types.back(), loc));
    }
    // The iteration number and the condition are tensors in the body: one buffer each, reused.
    Value iteration = memref::AllocOp::create(builder, loc, bufferTypeOf(body.getArgument(0)));
    Value going = memref::AllocOp::create(builder, loc, bufferTypeOf(body.getArgument(1)));
    auto loop = scf::WhileOp::create(builder, loc, types, initial);
    SmallVector<Location> locations(types.size(), loc);

    OpBuilder inner(op.getContext());
    Block *before = inner.createBlock(&loop.getBefore(), {}, types, locations);
    Value inRange =
        arith::CmpIOp::create(inner, loc, arith::CmpIPredicate::slt, before->getArgument(0), trips);
    Value both = arith::AndIOp::create(inner, loc, inRange, before->getArgument(1));
    scf::ConditionOp::create(inner, loc, both, before->getArguments());

    Block *after = inner.createBlock(&loop.getAfter(), {}, types, locations);
    SmallVector<Value> zeros(cast<MemRefType>(iteration.getType()).getRank(),
                             arith::ConstantIndexOp::create(inner, loc, 0));
    memref::StoreOp::create(inner, loc, after->getArgument(0), iteration, zeros);
    Value truth = arith::ConstantIntOp::create(inner, loc, 1, 8);
    SmallVector<Value> goingZeros(cast<MemRefType>(going.getType()).getRank(),
                                  arith::ConstantIndexOp::create(inner, loc, 0));
    memref::StoreOp::create(inner, loc, truth, going, goingZeros);
    buffers[body.getArgument(0)] = iteration;
    buffers[body.getArgument(1)] = going;
    for (auto [index, argument] : llvm::enumerate(body.getArguments().drop_front(2))) {
      Value carried = after->getArgument(index + 2);
      buffers[argument] = castTo(inner, carried, bufferTypeOf(argument), loc);
    }
    if (failed(moveBody(body, *after)))
      return failure();
    inner.setInsertionPointToEnd(after);
    Value one = arith::ConstantIntOp::create(inner, loc, 1, 64);
    Operation *terminator = body.getTerminator();
    SmallVector<Value> next{arith::AddIOp::create(inner, loc, after->getArgument(0), one),
                            loadCondition(inner, buffers.lookup(terminator->getOperand(0)), loc)};
    for (auto [value, type] :
         llvm::zip(terminator->getOperands().drop_front(), ArrayRef(types).drop_front(2)))
      next.push_back(castTo(inner, buffers.lookup(value), type, loc));
    scf::YieldOp::create(inner, loc, next);
    for (auto [result, buffer] : llvm::zip(op.getResults(), loop.getResults().drop_front(2)))
      buffers[result] = buffer;
    return success();
  }

  func::FuncOp program;
  SymbolTable &symbols;
  llvm::DenseMap<Value, Value> buffers;
  llvm::DenseMap<Value, int64_t> inPlaceOutputs; // Output index + 1; 0 for none.
  SmallVector<Operation *> converted;
};

class BufferizeProgram : public pebble::impl::BufferizeProgramBase<BufferizeProgram> {
  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    auto program = symbols.lookup<func::FuncOp>("main");
    if (!program)
      return;
    if (failed(Bufferizer(program, symbols).run()))
      signalPassFailure();
  }
};

} // namespace
