// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/interpreter/Folding.h"

#include "dialects/interpreter/Interpreter.h"
#include "dialects/nn/Constants.h"
#include "dialects/nn/NN.h"

#include "mlir/Interfaces/FoldInterfaces.h"

using namespace mlir;
using namespace pebble;
using namespace pebble::interpreter;

namespace {

// A folded result takes space in the package where the op would compute it from less.
constexpr int64_t alwaysSmall = 64 << 10;

// A splat takes no room until it is expanded to be computed on.
constexpr int64_t largestExpanded = 64 << 20;

// Contractions do more work than the sizes of their operands and results tell.
constexpr double mostBytesSquared = 0x1p44;

bool isContraction(Operation *op) {
  return isa<nn::MatMulOp, nn::ConvOp, nn::ConvTransposeOp, nn::DeformConvOp, nn::LSTMOp, nn::GRUOp,
             nn::RNNOp>(op);
}

bool isFoldable(Operation *op) {
  if (isa<nn::RandomOp>(op) || op->getNumOperands() == 0)
    return false;
  return op->hasTrait<nn::ElementwiseOp>() || isa<nn::KernelOpInterface, nn::ShapeOfOp>(op);
}

std::optional<int64_t> totalBytes(TypeRange types) {
  int64_t total = 0;
  for (Type type : types) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    std::optional<int64_t> bytes = tensor ? nn::tensorBytes(tensor) : std::nullopt;
    if (!bytes || llvm::AddOverflow(total, *bytes, total))
      return std::nullopt;
  }
  return total;
}

bool isSplat(Attribute constant) {
  auto elements = dyn_cast<ElementsAttr>(constant);
  return elements && elements.isSplat();
}

struct ConstantFolding : public DialectFoldInterface {
  using DialectFoldInterface::DialectFoldInterface;

  LogicalResult fold(Operation *op, ArrayRef<Attribute> operands,
                     SmallVectorImpl<OpFoldResult> &results) const final {
    if (!isFoldable(op) || llvm::is_contained(operands, Attribute()))
      return failure();
    // Constants have static types, and a folded result keeps the op's type.
    std::optional<int64_t> before = totalBytes(op->getOperandTypes());
    std::optional<int64_t> after = totalBytes(op->getResultTypes());
    if (!before || !after)
      return failure();
    int64_t stored = 0; // What is there already takes the place of the result.
    for (auto [operand, type] : llvm::zip(operands, op->getOperandTypes()))
      stored += isSplat(operand) ? 0 : *totalBytes(type);
    if (*after > std::max({alwaysSmall, stored, std::min(*before, largestExpanded)}))
      return failure();
    if (isContraction(op) && double(*before) * double(*after) > mostBytesSquared)
      return failure();
    SmallVector<Tensor> inputs, outputs;
    for (auto [operand, type] : llvm::zip(operands, op->getOperandTypes())) {
      if (isSplat(operand) && *totalBytes(type) > largestExpanded)
        return failure();
      auto elements = dyn_cast<ElementsAttr>(operand);
      std::optional<Tensor> tensor = elements ? Tensor::of(elements) : std::nullopt;
      if (!tensor)
        return failure();
      inputs.push_back(std::move(*tensor));
    }
    // An op that cannot be evaluated now may still never run; its error belongs to run time.
    std::string error;
    if (failed(evaluate(op, inputs, outputs, error)))
      return failure();
    for (const Tensor &output : outputs)
      results.push_back(output.toAttr(op->getContext()));
    return success();
  }
};

} // namespace

void pebble::interpreter::addConstantFolding(nn::NNDialect &dialect) {
  dialect.addInterfaces<ConstantFolding>();
}
