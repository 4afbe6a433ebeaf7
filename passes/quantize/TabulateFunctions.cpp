// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/Passes.h"

#include "dialects/interpreter/Interpreter.h"
#include "dialects/nn/Constants.h"
#include "dialects/nn/KernelCall.h"
#include "dialects/qnn/Quantization.h"

#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/ADT/SetVector.h"

namespace pebble {
#define GEN_PASS_DEF_TABULATEFUNCTIONS
#include "passes/Passes.h.inc"
} // namespace pebble

using namespace mlir;
using namespace pebble;

namespace {

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

/// Elementwise layers that compute a value from one dequantized tensor and constants alone.
struct Function {
  qnn::DequantizeOp source;
  llvm::SetVector<Operation *> layers; ///< Operands before users.
};

/// More layers than any activation is made of.
constexpr size_t mostLayers = 32;

bool collect(Value value, Function &function, Type shapeLike) {
  if (auto source = value.getDefiningOp<qnn::DequantizeOp>()) {
    if (function.source && function.source.getInput() != source.getInput())
      return false;
    function.source = source;
    return typeOf(value).getShape() == cast<RankedTensorType>(shapeLike).getShape();
  }
  if (ElementsAttr attr = nn::constantAttr(value))
    return attr.getNumElements() == 1;
  Operation *op = value.getDefiningOp();
  if (!op || !op->hasTrait<nn::ElementwiseOp>() || function.layers.size() >= mostLayers ||
      typeOf(value).getShape() != cast<RankedTensorType>(shapeLike).getShape())
    return false;
  if (function.layers.contains(op))
    return true;
  for (Value operand : op->getOperands())
    if (!collect(operand, function, shapeLike))
      return false;
  function.layers.insert(op);
  return true;
}

/// The values of `root` for the numbers in `inputs`, by the reference interpreter.
std::optional<SmallVector<float>> evaluate(const Function &function, Value root,
                                           ArrayRef<float> inputs) {
  MLIRContext *context = root.getContext();
  int64_t count = inputs.size();
  llvm::DenseMap<Value, interpreter::Tensor> values;
  Block scratch;
  auto tensorOf = [&](Value operand) -> std::optional<interpreter::Tensor> {
    if (auto known = values.find(operand); known != values.end())
      return known->second;
    if (operand.getDefiningOp<qnn::DequantizeOp>())
      return interpreter::Tensor::copyOf(
          PEBBLE_F32, {count},
          ArrayRef(reinterpret_cast<const char *>(inputs.data()), inputs.size() * sizeof(float)));
    std::optional<interpreter::Tensor> scalar = interpreter::Tensor::of(nn::constantAttr(operand));
    return scalar ? std::optional(scalar->reshaped({})) : std::nullopt;
  };
  for (Operation *layer : function.layers) {
    SmallVector<interpreter::Tensor> operands, results;
    SmallVector<Value> arguments;
    for (Value operand : layer->getOperands()) {
      std::optional<interpreter::Tensor> tensor = tensorOf(operand);
      if (!tensor)
        return std::nullopt;
      arguments.push_back(scratch.addArgument(tensor->tensorType(context), layer->getLoc()));
      operands.push_back(std::move(*tensor));
    }
    Operation *clone = layer->clone();
    clone->setOperands(arguments);
    bool isScalar = llvm::all_of(operands, [](const auto &t) { return t.rank() == 0; });
    clone->getResult(0).setType(
        RankedTensorType::get(isScalar ? ArrayRef<int64_t>() : ArrayRef<int64_t>(count),
                              typeOf(layer->getResult(0)).getElementType()));
    std::string error;
    bool isKnown = succeeded(interpreter::evaluate(clone, operands, results, error));
    clone->dropAllReferences();
    clone->destroy();
    if (!isKnown)
      return std::nullopt;
    values[layer->getResult(0)] = results.front();
  }
  if (function.layers.empty())
    return SmallVector<float>(inputs);
  const interpreter::Tensor &result = values[root];
  if (result.dtype() != PEBBLE_F32 || result.numElements() != count)
    return std::nullopt;
  return SmallVector<float>(result.data<float>(), result.data<float>() + count);
}

class Tabulate : public OpRewritePattern<qnn::QuantizeOp> {
public:
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(qnn::QuantizeOp op, PatternRewriter &rewriter) const override {
    qnn::Quantization to = *qnn::quantizationOf(op.getType());
    Function function;
    if (to.bits > 8 || to.axis || !collect(op.getInput(), function, op.getInput().getType()) ||
        !function.source)
      return failure();
    Value source = function.source.getInput();
    qnn::Quantization from = *qnn::quantizationOf(source.getType());
    if (from.bits > 8 || from.axis)
      return failure();
    SmallVector<float> numbers;
    for (int64_t code = from.storageLow(); code <= from.storageHigh(); ++code)
      numbers.push_back(static_cast<float>(code - from.zeroPoint()) * from.scale());
    std::optional<SmallVector<float>> results = evaluate(function, op.getInput(), numbers);
    if (!results)
      return failure();
    SmallVector<char> codes;
    for (float number : *results)
      codes.push_back(static_cast<char>(qnn::quantizeNumber(to, number)));
    auto type =
        RankedTensorType::get({static_cast<int64_t>(codes.size())}, qnn::containerOf(op.getType()));
    Value table =
        nn::ConstantOp::create(rewriter, op.getLoc(), type, nn::makeConstant(type, codes));
    SmallVector<Location> locations;
    for (Operation *layer : function.layers)
      locations.push_back(layer->getLoc());
    locations.push_back(op.getLoc());
    rewriter.replaceOp(op, qnn::LookupOp::create(rewriter, FusedLoc::get(getContext(), locations),
                                                 op.getType(), source, table));
    return success();
  }
};

class TabulateFunctions : public pebble::impl::TabulateFunctionsBase<TabulateFunctions> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<Tabulate>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
