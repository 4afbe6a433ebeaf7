// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/Passes.h"

#include "dialects/nn/Constants.h"
#include "dialects/qnn/Quantization.h"

#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace pebble {
#define GEN_PASS_DEF_PROPAGATEQDQ
#include "passes/Passes.h.inc"
} // namespace pebble

using namespace mlir;
using namespace pebble;

namespace {

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

/// Layers that only move elements of their first operand.
bool movesElements(Operation *op) {
  return isa<nn::ReshapeOp, nn::TransposeOp, nn::SliceOp, nn::BroadcastToOp, nn::TileOp,
             nn::GatherOp>(op);
}

/// Layers that commute with a mapping of numbers to codes: they move elements, or pick the
/// largest, and the mapping keeps order.
bool commutes(Operation *op) { return movesElements(op) || isa<nn::MaxPoolOp>(op); }

/// Where dim `axis` of a layer's operand is in its result; nothing when it does not stay one dim.
std::optional<int64_t> movedAxis(Operation *op, int64_t axis) {
  if (auto transpose = dyn_cast<nn::TransposeOp>(op)) {
    for (auto [to, from] : llvm::enumerate(transpose.getPermutation()))
      if (from == axis)
        return to;
    return std::nullopt;
  }
  RankedTensorType from = typeOf(op->getOperand(0)), to = typeOf(op->getResult(0));
  if (!isa<nn::ReshapeOp>(op) || !from.hasStaticShape() || !to.hasStaticShape())
    return std::nullopt;
  // The dim stays when as many elements come before it and its size is the same.
  auto before = [](RankedTensorType type, int64_t end) {
    int64_t count = 1;
    for (int64_t size : type.getShape().take_front(end))
      count *= size;
    return count;
  };
  for (int64_t i = 0; i < to.getRank(); ++i)
    if (to.getDimSize(i) == from.getDimSize(axis) && before(to, i) == before(from, axis))
      return i;
  return std::nullopt;
}

/// The quantized element type of the layer's result for one of its operand; null when there is
/// none.
Type movedType(Operation *op, Type element) {
  qnn::Quantization q = *qnn::quantizationOf(element);
  if (!q.axis)
    return element;
  std::optional<int64_t> axis = movedAxis(op, *q.axis);
  if (!axis)
    return {};
  q.axis = axis;
  std::string error;
  return qnn::makeElementType(element.getContext(), q, error);
}

Value castCodes(PatternRewriter &rewriter, Location loc, Value value, Type element) {
  return qnn::StorageCastOp::create(rewriter, loc, typeOf(value).clone(element), value);
}

/// Clones `op` on codes in the place of numbers.
Value moveCodes(PatternRewriter &rewriter, Operation *op, ValueRange codes) {
  Operation *moved = rewriter.clone(*op);
  for (auto [index, value] : llvm::enumerate(codes))
    moved->setOperand(index, value);
  moved->getResult(0).setType(
      typeOf(op->getResult(0)).clone(typeOf(codes.front()).getElementType()));
  return moved->getResult(0);
}

/// layer(dequantize(x)) becomes dequantize(layer(x)).
class SinkDequantize : public RewritePattern {
public:
  explicit SinkDequantize(MLIRContext *context) : RewritePattern(MatchAnyOpTypeTag(), 1, context) {}

  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    if (!commutes(op) || !typeOf(op->getResult(0)).getElementType().isF32())
      return failure();
    auto source = op->getOperand(0).getDefiningOp<qnn::DequantizeOp>();
    if (!source)
      return failure();
    Type element = typeOf(source.getInput()).getElementType();
    Type result = movedType(op, element);
    if (!result)
      return failure();
    Location loc = op->getLoc();
    Value codes = castCodes(rewriter, loc, source.getInput(), qnn::containerOf(element));
    Value moved = castCodes(rewriter, loc, moveCodes(rewriter, op, codes), result);
    rewriter.replaceOpWithNewOp<qnn::DequantizeOp>(op, op->getResult(0).getType(), moved);
    return success();
  }
};

/// quantize(layer(x)) becomes layer(quantize(x)), towards what computes x.
class HoistQuantize : public OpRewritePattern<qnn::QuantizeOp> {
public:
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(qnn::QuantizeOp op, PatternRewriter &rewriter) const override {
    Operation *layer = op.getInput().getDefiningOp();
    Type element = typeOf(op.getResult()).getElementType();
    if (!layer || !movesElements(layer) ||
        isa<nn::BroadcastToOp, nn::TileOp, nn::GatherOp>(layer) || !layer->hasOneUse() ||
        !isa<quant::UniformQuantizedType>(element))
      return failure();
    Location loc = op.getLoc();
    Value source = layer->getOperand(0);
    // Above a model's input there is nothing to meet.
    if (!source.getDefiningOp())
      return failure();
    Value quantized = qnn::QuantizeOp::create(rewriter, loc, typeOf(source).clone(element), source);
    Value codes = castCodes(rewriter, loc, quantized, qnn::containerOf(element));
    rewriter.replaceOp(op, castCodes(rewriter, loc, moveCodes(rewriter, layer, codes), element));
    return success();
  }
};

/// A concatenation of numbers with one quantization is one of codes.
class SinkBelowConcat : public OpRewritePattern<nn::ConcatOp> {
public:
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(nn::ConcatOp op, PatternRewriter &rewriter) const override {
    SmallVector<Value> sources;
    Type element;
    for (Value input : op.getInputs()) {
      auto source = input.getDefiningOp<qnn::DequantizeOp>();
      if (!source)
        return failure();
      Type own = typeOf(source.getInput()).getElementType();
      if (!isa<quant::UniformQuantizedType>(own) || (element && own != element))
        return failure();
      element = own;
      sources.push_back(source.getInput());
    }
    for (Value &source : sources)
      source = castCodes(rewriter, op.getLoc(), source, qnn::containerOf(element));
    Value joined = castCodes(rewriter, op.getLoc(), moveCodes(rewriter, op, sources), element);
    rewriter.replaceOpWithNewOp<qnn::DequantizeOp>(op, op.getType(), joined);
    return success();
  }
};

/// Zeros around a tensor are its zero point.
class SinkBelowPad : public OpRewritePattern<nn::PadOp> {
public:
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(nn::PadOp op, PatternRewriter &rewriter) const override {
    auto source = op.getInput().getDefiningOp<qnn::DequantizeOp>();
    if (!source || (op.getMode() == nn::PadMode::constant && !padsZero(op)))
      return failure();
    auto element =
        dyn_cast<quant::UniformQuantizedType>(typeOf(source.getInput()).getElementType());
    if (!element)
      return failure();
    Location loc = op.getLoc();
    Type container = qnn::containerOf(element);
    Value codes = castCodes(rewriter, loc, source.getInput(), container);
    Value zero;
    if (op.getMode() == nn::PadMode::constant) {
      auto type = RankedTensorType::get({}, container);
      auto value = DenseElementsAttr::get(
          type, rewriter.getIntegerAttr(container, APInt(container.getIntOrFloatBitWidth(),
                                                         element.getZeroPoint(),
                                                         /*isSigned=*/true,
                                                         /*implicitTrunc=*/true)));
      zero = nn::ConstantOp::create(rewriter, loc, type, cast<ElementsAttr>(Attribute(value)));
    }
    Value padded = nn::PadOp::create(rewriter, loc, typeOf(op.getResult()).clone(container), codes,
                                     op.getPads(), zero, op.getAxes(), op.getMode());
    rewriter.replaceOpWithNewOp<qnn::DequantizeOp>(op, op.getType(),
                                                   castCodes(rewriter, loc, padded, element));
    return success();
  }

private:
  static bool padsZero(nn::PadOp op) {
    if (!op.getValue())
      return true;
    std::optional<SmallVector<double>> value = nn::constantReals(op.getValue());
    return value && value->size() == 1 && value->front() == 0;
  }
};

class PropagateQdq : public pebble::impl::PropagateQdqBase<PropagateQdq> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<SinkDequantize, HoistQuantize, SinkBelowConcat, SinkBelowPad>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
