// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/Passes.h"

#include "dialects/nn/Constants.h"
#include "dialects/qnn/Quantization.h"
#include "passes/analysis/CodeMovement.h"

#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

#include <limits>

namespace pebble {
#define GEN_PASS_DEF_PROPAGATEQDQ
#include "passes/Passes.h.inc"
} // namespace pebble

using namespace mlir;
using namespace pebble;

namespace {

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

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

/// Clones `op` on codes in the place of numbers, which are its operands `places`.
Operation *moveCodes(PatternRewriter &rewriter, Operation *op, ArrayRef<unsigned> places,
                     ValueRange codes) {
  Operation *moved = rewriter.clone(*op);
  for (auto [place, value] : llvm::zip(places, codes))
    moved->setOperand(place, value);
  if (!findsElements(op))
    moved->getResult(0).setType(
        typeOf(op->getResult(0)).clone(typeOf(codes.front()).getElementType()));
  return moved;
}

/// Whether different codes are different numbers, so that ties of numbers are ties of codes.
bool tellsCodesApart(Type element) {
  qnn::Quantization q = *qnn::quantizationOf(element);
  double largest = double(q.scale()) * static_cast<double>(qnn::largestDistance(q));
  return !q.axis && q.scale() >= std::numeric_limits<float>::min() &&
         largest <= std::numeric_limits<float>::max();
}

Value codeConstant(PatternRewriter &rewriter, Location loc, Type element, ArrayRef<int64_t> shape,
                   int64_t code) {
  Type container = qnn::containerOf(element);
  auto type = RankedTensorType::get(shape, container);
  APInt bits(container.getIntOrFloatBitWidth(), code, /*isSigned=*/true, /*implicitTrunc=*/true);
  auto value = DenseElementsAttr::get(type, IntegerAttr::get(container, bits));
  return nn::ConstantOp::create(rewriter, loc, type, cast<ElementsAttr>(Attribute(value)));
}

/// layer(dequantize(x)) becomes dequantize(layer(x)).
class SinkDequantize : public RewritePattern {
public:
  explicit SinkDequantize(MLIRContext *context) : RewritePattern(MatchAnyOpTypeTag(), 1, context) {}

  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    bool moves = movesElements(op) || picksElements(op), finds = findsElements(op);
    if ((!moves && !finds) || !typeOf(op->getOperand(0)).getElementType().isF32())
      return failure();
    auto source = op->getOperand(0).getDefiningOp<qnn::DequantizeOp>();
    if (!source)
      return failure();
    Type element = typeOf(source.getInput()).getElementType();
    Type result = moves ? movedType(op, element) : element;
    if (!result || ((finds || op->getNumResults() > 1) && !tellsCodesApart(element)))
      return failure();
    Location loc = op->getLoc();
    Value codes = castCodes(rewriter, loc, source.getInput(), qnn::containerOf(element));
    SmallVector<Value> results(moveCodes(rewriter, op, {0}, codes)->getResults());
    if (moves) {
      Value moved = castCodes(rewriter, loc, results[0], result);
      results[0] = qnn::DequantizeOp::create(rewriter, loc, op->getResult(0).getType(), moved);
    }
    rewriter.replaceOp(op, results);
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
    if (!layer || !hoistsAbove(layer) || !layer->hasOneUse() ||
        !isa<quant::UniformQuantizedType>(element))
      return failure();
    Location loc = op.getLoc();
    Value source = layer->getOperand(0);
    // Above a model's input there is nothing to meet.
    if (!source.getDefiningOp())
      return failure();
    Value quantized = qnn::QuantizeOp::create(rewriter, loc, typeOf(source).clone(element), source);
    Value codes = castCodes(rewriter, loc, quantized, qnn::containerOf(element));
    Value moved = moveCodes(rewriter, layer, {0}, codes)->getResult(0);
    rewriter.replaceOp(op, castCodes(rewriter, loc, moved, element));
    return success();
  }

private:
  /// What may give more elements than it takes, or other ones, stays above: but a pool, for the
  /// sake of the convolution that it follows.
  static bool hoistsAbove(Operation *layer) {
    if (isa<nn::MaxPoolOp>(layer)) {
      Operation *source = layer->getOperand(0).getDefiningOp();
      while (source && source->hasOneUse() && isa<nn::ReluOp>(source))
        source = source->getOperand(0).getDefiningOp();
      return source && source->hasOneUse() && isa<nn::ConvOp>(source);
    }
    return isa<nn::ReshapeOp, nn::TransposeOp, nn::SliceOp>(layer) ||
           (isa<nn::ResizeOp>(layer) && movesElements(layer));
  }
};

/// Numbers with one quantization, put together, are codes put together. A constant that is the
/// number of a code is that code.
class SinkBelowJoin : public RewritePattern {
public:
  explicit SinkBelowJoin(MLIRContext *context) : RewritePattern(MatchAnyOpTypeTag(), 1, context) {}

  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    SmallVector<unsigned> places = joinedOperands(op);
    if (places.empty() || !typeOf(op->getResult(0)).getElementType().isF32())
      return failure();
    Type element;
    for (unsigned place : places) {
      auto source = op->getOperand(place).getDefiningOp<qnn::DequantizeOp>();
      if (!source)
        continue;
      Type own = typeOf(source.getInput()).getElementType();
      if (!isa<quant::UniformQuantizedType>(own) || (element && own != element))
        return failure();
      element = own;
    }
    if (!element || leavesTable(op))
      return failure();
    SmallVector<std::optional<int64_t>> constants;
    for (unsigned place : places) {
      Value value = op->getOperand(place);
      bool isQuantized = value.getDefiningOp<qnn::DequantizeOp>() != nullptr;
      constants.push_back(isQuantized ? std::nullopt : codeOf(value, element));
      if (!isQuantized && !constants.back())
        return failure();
    }
    SmallVector<Value> codes;
    for (auto [place, constant] : llvm::zip(places, constants)) {
      Value value = op->getOperand(place);
      codes.push_back(constant ? codeConstant(rewriter, value.getLoc(), element,
                                              typeOf(value).getShape(), *constant)
                               : castCodes(rewriter, op->getLoc(),
                                           value.getDefiningOp<qnn::DequantizeOp>().getInput(),
                                           qnn::containerOf(element)));
    }
    Value joined = castCodes(rewriter, op->getLoc(),
                             moveCodes(rewriter, op, places, codes)->getResult(0), element);
    rewriter.replaceOpWithNewOp<qnn::DequantizeOp>(op, op->getResult(0).getType(), joined);
    return success();
  }

private:
  /// An activation of one tensor becomes a bound of codes or an entry of a table.
  static bool leavesTable(Operation *op) {
    return isa<nn::MaxOp, nn::MinOp>(op) && llvm::any_of(op->getOperands(), nn::constantAttr);
  }

  /// The code of a constant of one number that is exactly the number of a code.
  static std::optional<int64_t> codeOf(Value value, Type element) {
    if (ElementsAttr attr = nn::constantAttr(value); !attr || attr.getNumElements() != 1)
      return std::nullopt;
    std::optional<SmallVector<double>> reals = nn::constantReals(value);
    if (!reals)
      return std::nullopt;
    qnn::Quantization q = *qnn::quantizationOf(element);
    auto number = static_cast<float>(reals->front());
    int64_t code = qnn::quantizeNumber(q, number);
    bool isExact = static_cast<float>(code - q.zeroPoint()) * q.scale() == number;
    return isExact ? std::optional(code) : std::nullopt;
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
    if (op.getMode() == nn::PadMode::constant)
      zero = codeConstant(rewriter, loc, element, {}, element.getZeroPoint());
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
    patterns.add<SinkDequantize, HoistQuantize, SinkBelowJoin, SinkBelowPad>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
