// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/quantize/IntegerForm.h"

#include "dialects/nn/Constants.h"

#include <cmath>

using namespace mlir;
using namespace pebble;

namespace {

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

std::optional<float> scalarOf(Value value) {
  ElementsAttr attr = nn::constantAttr(value);
  if (!attr || attr.getNumElements() != 1)
    return std::nullopt;
  std::optional<SmallVector<double>> reals = nn::constantReals(value);
  if (!reals || std::isnan(reals->front()))
    return std::nullopt;
  return static_cast<float>(reals->front());
}

/// The codes, of at most 8 bits with one scale, of a layer's operands.
struct ByteOperands {
  SmallVector<Value> sources;
  std::string refusal;

  explicit ByteOperands(ValueRange operands) {
    for (auto [index, operand] : llvm::enumerate(operands)) {
      Value source = quantizedSource(operand);
      std::string which =
          operands.size() == 1 ? "its operand" : "its operand " + std::to_string(index);
      if (!source) {
        refusal = which + " is not quantized";
        return;
      }
      qnn::Quantization q = *qnn::quantizationOf(source.getType());
      if (q.axis || q.bits > 8) {
        refusal = which + (q.axis ? " has more than one scale"
                                  : " has codes of " + std::to_string(q.bits) + " bits");
        return;
      }
      sources.push_back(source);
    }
  }
};

/// A layer of qnn that is made from the codes of all operands.
IntegerForm fromBytes(Operation *layer, ValueRange operands,
                      std::function<Value(OpBuilder &, ArrayRef<Value>)> build) {
  ByteOperands bytes(operands);
  if (!bytes.refusal.empty())
    return IntegerForm::refuse(bytes.refusal);
  return {[=](OpBuilder &b) { return build(b, bytes.sources); }, ""};
}

IntegerForm poolForm(nn::AvgPoolOp pool, Type type, const BoundedLayer &bounds) {
  return fromBytes(pool, pool->getOperands(), [=](OpBuilder &b, ArrayRef<Value> codes) -> Value {
    auto op = pool;
    return qnn::AvgPoolOp::create(b, op.getLoc(), type, codes[0], op.getKernelShapeAttr(),
                                  op.getStridesAttr(), op.getDilationsAttr(), op.getPadsAttr(),
                                  op.getCeilModeAttr(), op.getAutoPadAttr(),
                                  op.getCountIncludePadAttr(), bounds.low, bounds.high);
  });
}

IntegerForm meanForm(nn::ReduceMeanOp mean, Type type, const BoundedLayer &bounds) {
  RankedTensorType input = typeOf(mean.getInput());
  std::optional<SmallVector<int64_t>> axes = nn::constantInts(mean.getAxes());
  if (!axes || !mean.getKeepdims() || input.getRank() < 3)
    return IntegerForm::refuse("only means over all dims after the channels have an integer form");
  if (!input.hasStaticShape())
    return IntegerForm::refuse("its size is only known when the model runs");
  int64_t rank = input.getRank(), places = 1;
  llvm::SmallDenseSet<int64_t> reduced;
  for (int64_t axis : *axes)
    reduced.insert(axis < 0 ? axis + rank : axis);
  for (int64_t dim = 0; dim < rank; ++dim) {
    if (reduced.contains(dim) != (dim >= 2))
      return IntegerForm::refuse(
          "only means over all dims after the channels have an integer form");
    places *= dim >= 2 ? input.getDimSize(dim) : 1;
  }
  if (places <= 0 || places > INT32_MAX / 256)
    return IntegerForm::refuse("a sum of " + Twine(places) + " codes can overflow 32 bits");
  Location loc = mean.getLoc();
  return fromBytes(mean, mean.getInput(), [=](OpBuilder &b, ArrayRef<Value> codes) -> Value {
    return qnn::GlobalAvgPoolOp::create(b, loc, type, codes[0], bounds.low, bounds.high);
  });
}

IntegerForm softmaxForm(nn::SoftmaxOp softmax, Type type) {
  if (ShapedType::isDynamic(typeOf(softmax.getInput()).getDimSize(softmax.getAxis())))
    return IntegerForm::refuse("the length of its axis is only known when the model runs");
  Location loc = softmax.getLoc();
  int64_t axis = softmax.getAxis();
  return fromBytes(softmax, softmax.getInput(), [=](OpBuilder &b, ArrayRef<Value> codes) -> Value {
    return qnn::SoftmaxOp::create(b, loc, type, codes[0], axis);
  });
}

IntegerForm concatForm(nn::ConcatOp concat, Type type) {
  Location loc = concat.getLoc();
  int64_t axis = concat.getAxis();
  return fromBytes(concat, concat.getInputs(), [=](OpBuilder &b, ArrayRef<Value> codes) -> Value {
    return qnn::ConcatOp::create(b, loc, type, codes, axis);
  });
}

template <typename OpTy>
IntegerForm binaryForm(Operation *layer, Type type, const BoundedLayer &bounds) {
  Location loc = layer->getLoc();
  return fromBytes(layer, layer->getOperands(), [=](OpBuilder &b, ArrayRef<Value> codes) -> Value {
    return OpTy::create(b, loc, type, codes[0], codes[1], bounds.low, bounds.high);
  });
}

} // namespace

Value pebble::quantizedSource(Value value) {
  auto op = value.getDefiningOp<qnn::DequantizeOp>();
  return op ? op.getInput() : Value();
}

BoundedLayer pebble::peelActivations(Value value, const qnn::Quantization &q) {
  int64_t low = q.low, high = q.high;
  Value layer = value;
  while (Operation *op = layer.getDefiningOp()) {
    if (!op->hasOneUse())
      break;
    std::optional<float> bound;
    bool isLower = isa<nn::ReluOp, nn::MaxOp>(op);
    Value inner = op->getNumOperands() ? op->getOperand(0) : Value();
    if (isa<nn::ReluOp>(op)) {
      bound = 0.0f;
    } else if (isa<nn::MaxOp, nn::MinOp>(op)) {
      bound = scalarOf(op->getOperand(1));
      if (!bound) {
        bound = scalarOf(op->getOperand(0));
        inner = op->getOperand(1);
      }
    }
    if (!bound || inner.getType() != layer.getType())
      break;
    int64_t code = std::clamp(qnn::quantizeNumber(q, *bound), low, high);
    (isLower ? low : high) = code;
    layer = inner;
  }
  Builder b(value.getContext());
  return {layer, low == q.low ? IntegerAttr() : b.getI64IntegerAttr(low),
          high == q.high ? IntegerAttr() : b.getI64IntegerAttr(high)};
}

IntegerForm pebble::integerFormOf(qnn::QuantizeOp op) {
  qnn::Quantization q = *qnn::quantizationOf(op.getType());
  if (q.axis)
    return IntegerForm::refuse("its result has more than one scale");
  BoundedLayer bounds = peelActivations(op.getInput(), q);
  Operation *layer = bounds.layer.getDefiningOp();
  if (!layer)
    return IntegerForm::refuse("it quantizes an input");
  Type type = op.getType();
  bool isBounded = bounds.low || bounds.high;
  bool addsToProduct =
      isa<nn::AddOp>(layer) && llvm::any_of(layer->getOperands(), [](Value operand) {
        return operand.getDefiningOp<nn::MatMulOp>() != nullptr;
      });
  bool contracts = isa<nn::ConvOp, nn::ConvTransposeOp, nn::MatMulOp>(layer) || addsToProduct;
  if (q.bits > (contracts ? 16 : 8))
    return IntegerForm::refuse("its result has codes of " + Twine(q.bits) + " bits");
  if (contracts)
    return contractionForm(layer, op, bounds);
  if (isa<nn::AddOp>(layer))
    return binaryForm<qnn::AddOp>(layer, type, bounds);
  if (isa<nn::MulOp>(layer))
    return binaryForm<qnn::MulOp>(layer, type, bounds);
  if (auto pool = dyn_cast<nn::AvgPoolOp>(layer))
    return poolForm(pool, type, bounds);
  if (auto mean = dyn_cast<nn::ReduceMeanOp>(layer))
    return meanForm(mean, type, bounds);
  if (isa<nn::SoftmaxOp, nn::ConcatOp>(layer) && isBounded)
    return IntegerForm::refuse("an activation follows it");
  if (auto softmax = dyn_cast<nn::SoftmaxOp>(layer))
    return softmaxForm(softmax, type);
  if (auto concat = dyn_cast<nn::ConcatOp>(layer))
    return concatForm(concat, type);
  return IntegerForm::refuse("there is no integer form of it");
}
