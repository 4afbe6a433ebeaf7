// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/interpreter/Interpreter.h"

#include "dialects/interpreter/Elementwise.h"
#include "dialects/interpreter/KernelEvaluation.h"
#include "dialects/nn/Constants.h"
#include "dialects/nn/Inference.h"
#include "dialects/nn/NN.h"

#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace pebble;
using namespace pebble::interpreter;

namespace {

/// The op of `block` that `op` is or is nested in.
Operation *ancestorIn(Block *block, Operation *op) { return block->findAncestorOpInBlock(*op); }

/// The tensors of values, and the ops that make them.
class Run {
public:
  Run(std::string &error, Observer observer) : error(error), observer(observer) {}

  LogicalResult evaluate(Operation *op, ArrayRef<Tensor> operands,
                         SmallVectorImpl<Tensor> &results);
  /// Runs a block up to its terminator, whose operands are the results.
  LogicalResult runBlock(Block &block, ArrayRef<Tensor> arguments,
                         SmallVectorImpl<Tensor> &results);

private:
  LogicalResult fail(const Twine &text) {
    if (error.empty())
      error = text.str();
    return failure();
  }
  LogicalResult failAt(Operation *op) {
    if (located)
      return failure();
    located = true;
    std::string text;
    llvm::raw_string_ostream(text)
        << "'" << op->getName() << "' at " << op->getLoc() << ": " << error;
    error = text;
    return failure();
  }
  LogicalResult lookup(OperandRange values, SmallVectorImpl<Tensor> &tensors);
  LogicalResult evaluateElementwise(Operation *op, ArrayRef<Tensor> operands,
                                    SmallVectorImpl<Tensor> &results);
  LogicalResult evaluateShapeOf(ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results);
  LogicalResult evaluateIf(nn::IfOp op, ArrayRef<Tensor> operands,
                           SmallVectorImpl<Tensor> &results);
  LogicalResult evaluateLoop(nn::LoopOp op, ArrayRef<Tensor> operands,
                             SmallVectorImpl<Tensor> &results);
  LogicalResult evaluateLaunch(nn::LaunchOp op, ArrayRef<Tensor> operands,
                               SmallVectorImpl<Tensor> &results);
  LogicalResult runOp(Operation &op);
  /// Values of the block that no op after the given one uses.
  const DenseMap<Operation *, SmallVector<Value>> &lastUses(Block &block);

  std::string &error;
  Observer observer;
  bool located = false;
  DenseMap<Value, Tensor> tensors;
  DenseMap<Block *, DenseMap<Operation *, SmallVector<Value>>> uses;
};

LogicalResult Run::lookup(OperandRange values, SmallVectorImpl<Tensor> &found) {
  for (Value value : values) {
    if (auto known = tensors.find(value); known != tensors.end()) {
      found.push_back(known->second);
      continue;
    }
    ElementsAttr attr = nn::constantAttr(value);
    std::optional<Tensor> tensor = attr ? Tensor::of(attr) : std::nullopt;
    if (!tensor)
      return fail("an operand is not known");
    found.push_back(std::move(*tensor));
  }
  return success();
}

LogicalResult Run::evaluateElementwise(Operation *op, ArrayRef<Tensor> operands,
                                       SmallVectorImpl<Tensor> &results) {
  SmallVector<ArrayRef<int64_t>> shapes =
      llvm::map_to_vector(operands, [](const Tensor &tensor) { return tensor.dims(); });
  SmallVector<int64_t> dims;
  std::pair<int64_t, int64_t> bad;
  if (failed(nn::broadcastDims(shapes, dims, bad)))
    return fail("cannot broadcast a dim of " + Twine(bad.first) + " with one of " +
                Twine(bad.second));
  Type element = cast<RankedTensorType>(op->getResult(0).getType()).getElementType();
  std::optional<Tensor> result = Tensor::allocate(nn::dtypeOf(element), dims);
  if (!result)
    return fail("out of memory");
  ElementwiseFunction function = findElementwise(op->getName().stripDialect());
  if (!function || !function(op, operands, *result))
    return fail("the interpreter lacks this op for its element types");
  results.push_back(std::move(*result));
  return success();
}

LogicalResult Run::evaluateShapeOf(ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) {
  ArrayRef<int64_t> dims = operands[0].dims();
  std::optional<Tensor> result =
      Tensor::copyOf(PEBBLE_I64, {int64_t(dims.size())},
                     ArrayRef(reinterpret_cast<const char *>(dims.data()), dims.size() * 8));
  if (!result)
    return fail("out of memory");
  results.push_back(std::move(*result));
  return success();
}

LogicalResult Run::evaluateIf(nn::IfOp op, ArrayRef<Tensor> operands,
                              SmallVectorImpl<Tensor> &results) {
  if (operands[0].numElements() != 1)
    return fail("the condition has " + Twine(operands[0].numElements()) + " elements");
  Region &region = *operands[0].data<uint8_t>() != 0 ? op.getThenRegion() : op.getElseRegion();
  return runBlock(region.front(), {}, results);
}

LogicalResult Run::evaluateLoop(nn::LoopOp op, ArrayRef<Tensor> operands,
                                SmallVectorImpl<Tensor> &results) {
  if (operands[0].numElements() != 1 || operands[1].numElements() != 1)
    return fail("trip count or condition is not one element");
  int64_t tripCount = *operands[0].data<int64_t>();
  Tensor condition = operands[1];
  SmallVector<Tensor> carried(operands.drop_front(2));
  TypeRange types = op.getBody().getArgumentTypes();
  for (int64_t i = 0; i < tripCount && *condition.data<uint8_t>() != 0; ++i) {
    SmallVector<int64_t> numberDims(cast<RankedTensorType>(types[0]).getRank(), 1);
    std::optional<Tensor> number = Tensor::copyOf(
        PEBBLE_I64, numberDims, ArrayRef(reinterpret_cast<const char *>(&i), sizeof(i)));
    if (!number)
      return fail("out of memory");
    SmallVector<int64_t> conditionDims(cast<RankedTensorType>(types[1]).getRank(), 1);
    SmallVector<Tensor> arguments = {*number, condition.reshaped(conditionDims)};
    llvm::append_range(arguments, carried);
    SmallVector<Tensor> yielded;
    if (failed(runBlock(op.getBody().front(), arguments, yielded)))
      return failure();
    if (yielded[0].numElements() != 1)
      return fail("the next condition has " + Twine(yielded[0].numElements()) + " elements");
    condition = yielded[0];
    carried.assign(yielded.begin() + 1, yielded.end());
  }
  llvm::append_range(results, carried);
  return success();
}

LogicalResult Run::evaluateLaunch(nn::LaunchOp op, ArrayRef<Tensor> operands,
                                  SmallVectorImpl<Tensor> &results) {
  auto kernel = SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(op, op.getKernelAttr());
  if (!kernel || kernel.isExternal())
    return fail("there is no kernel '" + op.getKernel() + "'");
  if (kernel.getNumArguments() != operands.size())
    return fail("kernel '" + op.getKernel() + "' takes " + Twine(kernel.getNumArguments()) +
                " inputs; expected " + Twine(operands.size()));
  return runBlock(kernel.front(), operands, results);
}

LogicalResult Run::evaluate(Operation *op, ArrayRef<Tensor> operands,
                            SmallVectorImpl<Tensor> &results) {
  if (operands.size() != op->getNumOperands())
    return fail("has " + Twine(operands.size()) + " operands; expected " +
                Twine(op->getNumOperands()));
  for (auto [index, operand] : llvm::enumerate(operands))
    if (!operand.fits(op->getOperand(index).getType()))
      return fail("operand " + Twine(index) + " does not have the operand's type");
  LogicalResult status =
      TypeSwitch<Operation *, LogicalResult>(op)
          .Case<nn::ConstantOp>([&](nn::ConstantOp constant) {
            std::optional<Tensor> value = Tensor::of(constant.getValue());
            if (!value)
              return fail("the constant has no data");
            results.push_back(std::move(*value));
            return success();
          })
          .Case<nn::ShapeOfOp>([&](auto) { return evaluateShapeOf(operands, results); })
          .Case<nn::IfOp>([&](nn::IfOp branch) { return evaluateIf(branch, operands, results); })
          .Case<nn::LoopOp>([&](nn::LoopOp loop) { return evaluateLoop(loop, operands, results); })
          .Case<nn::FusedOp>([&](nn::FusedOp fused) {
            return runBlock(fused.getBody().front(), operands, results);
          })
          .Case<nn::LaunchOp>(
              [&](nn::LaunchOp launch) { return evaluateLaunch(launch, operands, results); })
          .Case<nn::KernelOpInterface>([&](nn::KernelOpInterface kernel) {
            return evaluateKernel(kernel, operands, results, error);
          })
          .Default([&](Operation *other) {
            if (other->hasTrait<nn::ElementwiseOp>())
              return evaluateElementwise(other, operands, results);
            return fail("the interpreter knows no such op");
          });
  if (failed(status))
    return failure();
  if (results.size() != op->getNumResults())
    return fail("gave " + Twine(results.size()) + " results; expected " +
                Twine(op->getNumResults()));
  for (auto [index, result] : llvm::enumerate(results))
    if (!result.fits(op->getResult(index).getType()))
      return fail("result " + Twine(index) + " does not have the result's type");
  return success();
}

const DenseMap<Operation *, SmallVector<Value>> &Run::lastUses(Block &block) {
  auto [entry, isNew] = uses.try_emplace(&block);
  if (!isNew)
    return entry->second;
  DenseMap<Operation *, SmallVector<Value>> last;
  auto note = [&](Value value) {
    Operation *latest = nullptr;
    for (Operation *user : value.getUsers()) {
      Operation *ancestor = ancestorIn(&block, user);
      if (ancestor && (!latest || latest->isBeforeInBlock(ancestor)))
        latest = ancestor;
    }
    if (latest)
      last[latest].push_back(value);
  };
  for (BlockArgument argument : block.getArguments())
    note(argument);
  for (Operation &op : block)
    for (Value result : op.getResults())
      note(result);
  return uses[&block] = std::move(last);
}

LogicalResult Run::runOp(Operation &op) {
  SmallVector<Tensor> operands, results;
  if (failed(lookup(op.getOperands(), operands)) || failed(evaluate(&op, operands, results)))
    return failAt(&op);
  if (observer)
    observer(&op, results);
  for (auto [value, tensor] : llvm::zip(op.getResults(), results))
    if (!value.use_empty())
      tensors[value] = std::move(tensor);
  return success();
}

LogicalResult Run::runBlock(Block &block, ArrayRef<Tensor> arguments,
                            SmallVectorImpl<Tensor> &results) {
  for (auto [index, argument] : llvm::enumerate(block.getArguments())) {
    if (!arguments[index].fits(argument.getType()))
      return fail("argument " + Twine(index) + " does not have the argument's type");
    tensors[argument] = arguments[index];
  }
  for (Operation &op : block.without_terminator()) {
    if (failed(runOp(op)))
      return failure();
    // Tensors go as soon as they can: whole models run through here.
    const auto &last = lastUses(block);
    if (auto dead = last.find(&op); dead != last.end())
      for (Value value : dead->second)
        tensors.erase(value);
  }
  Operation *terminator = block.getTerminator();
  return succeeded(lookup(terminator->getOperands(), results)) ? success() : failAt(terminator);
}

} // namespace

LogicalResult pebble::interpreter::evaluate(Operation *op, ArrayRef<Tensor> operands,
                                            SmallVectorImpl<Tensor> &results, std::string &error) {
  error.clear();
  return Run(error, nullptr).evaluate(op, operands, results);
}

LogicalResult pebble::interpreter::interpretFunction(func::FuncOp function,
                                                     ArrayRef<Tensor> arguments,
                                                     SmallVectorImpl<Tensor> &results,
                                                     std::string &error, Observer observer) {
  error.clear();
  if (function.isExternal() || !function.getBody().hasOneBlock() ||
      function.getNumArguments() != arguments.size()) {
    error = "needs a function with one block that takes " + std::to_string(arguments.size()) +
            " arguments";
    return failure();
  }
  return Run(error, observer).runBlock(function.front(), arguments, results);
}
