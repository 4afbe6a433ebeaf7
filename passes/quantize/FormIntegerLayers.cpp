// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/Passes.h"

#include "dialects/nn/Constants.h"
#include "dialects/qnn/Quantization.h"

#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

#include <cmath>

namespace pebble {
#define GEN_PASS_DEF_FORMINTEGERLAYERS
#include "passes/Passes.h.inc"
} // namespace pebble

using namespace mlir;
using namespace pebble;

namespace {

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

/// The quantized tensor whose numbers `value` is; null when there is none.
Value quantizedSource(Value value) {
  auto op = value.getDefiningOp<qnn::DequantizeOp>();
  return op ? op.getInput() : Value();
}

/// The same for codes of at most 8 bits with one scale.
Value byteSource(Value value) {
  Value source = quantizedSource(value);
  std::optional<qnn::Quantization> q =
      source ? qnn::quantizationOf(source.getType()) : std::nullopt;
  return q && q->bits <= 8 && !q->axis ? source : Value();
}

/// A layer below activations that become bounds of its result's codes.
struct Bounded {
  Value layer;
  int64_t low, high;

  IntegerAttr lowAttr(Builder &b, const qnn::Quantization &q) const {
    return low == q.low ? IntegerAttr() : b.getI64IntegerAttr(low);
  }
  IntegerAttr highAttr(Builder &b, const qnn::Quantization &q) const {
    return high == q.high ? IntegerAttr() : b.getI64IntegerAttr(high);
  }
};

std::optional<float> scalarOf(Value value) {
  ElementsAttr attr = nn::constantAttr(value);
  if (!attr || attr.getNumElements() != 1)
    return std::nullopt;
  std::optional<SmallVector<double>> reals = nn::constantReals(value);
  if (!reals || std::isnan(reals->front()))
    return std::nullopt;
  return static_cast<float>(reals->front());
}

/// Walks up from a quantized value through relu and clips. Quantization keeps order, so the code
/// of a clipped number is the clipped code.
Bounded peelActivations(Value value, const qnn::Quantization &q) {
  Bounded result{value, q.low, q.high};
  while (Operation *op = result.layer.getDefiningOp()) {
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
    if (!bound || inner.getType() != result.layer.getType())
      break;
    int64_t code = std::clamp(qnn::quantizeNumber(q, *bound), result.low, result.high);
    (isLower ? result.low : result.high) = code;
    result.layer = inner;
  }
  return result;
}

/// Rewrites one layer between dequantized operands and a quantize op.
class FormLayer : public OpRewritePattern<qnn::QuantizeOp> {
public:
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(qnn::QuantizeOp op, PatternRewriter &rewriter) const override {
    qnn::Quantization q = *qnn::quantizationOf(op.getType());
    if (q.bits > 8 || q.axis)
      return failure();
    // An activation alone is left to the tables.
    Bounded bounded = peelActivations(op.getInput(), q);
    Operation *layer = bounded.layer.getDefiningOp();
    if (!layer)
      return failure();
    rewriter.setInsertionPoint(op);
    Builder &b = rewriter;
    IntegerAttr low = bounded.lowAttr(b, q), high = bounded.highAttr(b, q);
    bool isBounded = low || high;
    Value result;
    if (auto conv = dyn_cast<nn::ConvOp>(layer))
      result = formConv(conv, op, low, high, rewriter);
    else if (isa<nn::MatMulOp, nn::AddOp>(layer))
      result = formMatMul(layer, op, low, high, rewriter);
    if (auto add = dyn_cast<nn::AddOp>(layer); add && !result)
      result = formBinary<qnn::AddOp>(add, op, low, high, rewriter);
    else if (auto mul = dyn_cast<nn::MulOp>(layer))
      result = formBinary<qnn::MulOp>(mul, op, low, high, rewriter);
    else if (auto pool = dyn_cast<nn::AvgPoolOp>(layer))
      result = formPool(pool, op, low, high, rewriter);
    else if (auto mean = dyn_cast<nn::ReduceMeanOp>(layer))
      result = formMean(mean, op, low, high, rewriter);
    else if (auto softmax = dyn_cast<nn::SoftmaxOp>(layer); softmax && !isBounded)
      result = formSoftmax(softmax, op, rewriter);
    else if (auto concat = dyn_cast<nn::ConcatOp>(layer); concat && !isBounded)
      result = formConcat(concat, op, rewriter);
    if (!result)
      return failure();
    rewriter.replaceOp(op, result);
    return success();
  }

private:
  /// Whether an i32 bias goes with the products; an absent one does.
  static bool biasFits(Value bias, Value input, Value weight) {
    if (!bias)
      return true;
    qnn::Quantization x = *qnn::quantizationOf(input.getType());
    qnn::Quantization w = *qnn::quantizationOf(weight.getType());
    qnn::Quantization b = *qnn::quantizationOf(bias.getType());
    size_t count = std::max(w.scales.size(), b.scales.size());
    if (b.bits != 32 || !b.isSigned || typeOf(bias).getRank() != 1 ||
        (w.scales.size() > 1 && b.scales.size() > 1 && w.scales.size() != b.scales.size()))
      return false;
    for (size_t i = 0; i < count; ++i)
      if (b.zeroPoint(i) != 0 || !qnn::biasScaleFits(x, w, b, i))
        return false;
    return true;
  }

  static bool isConstant(Value quantized) {
    auto cast = quantized.getDefiningOp<qnn::StorageCastOp>();
    return cast && nn::constantAttr(cast.getInput());
  }

  static bool canForm(Value input, Value weight, Value bias, int64_t channelAxis, int64_t depth) {
    return isConstant(weight) && (!bias || isConstant(bias)) &&
           qnn::canContract(*qnn::quantizationOf(input.getType()),
                            *qnn::quantizationOf(weight.getType()), channelAxis, depth) &&
           biasFits(bias, input, weight);
  }

  static Value formConv(nn::ConvOp conv, qnn::QuantizeOp op, IntegerAttr low, IntegerAttr high,
                        PatternRewriter &rewriter) {
    Value input = quantizedSource(conv.getInput()), weight = quantizedSource(conv.getWeight());
    Value bias = conv.getBias() ? quantizedSource(conv.getBias()) : Value();
    if (!input || !weight || !bias != !conv.getBias() || !conv->hasOneUse())
      return {};
    int64_t depth = 1;
    for (int64_t size : typeOf(weight).getShape().drop_front())
      depth *= size;
    if (!canForm(input, weight, bias, 0, depth))
      return {};
    return qnn::ConvOp::create(rewriter, conv.getLoc(), op.getType(), input, weight, bias,
                               conv.getStridesAttr(), conv.getDilationsAttr(), conv.getPadsAttr(),
                               conv.getGroupAttr(), conv.getAutoPadAttr(), low, high);
  }

  /// matmul, or matmul + bias.
  static Value formMatMul(Operation *layer, qnn::QuantizeOp op, IntegerAttr low, IntegerAttr high,
                          PatternRewriter &rewriter) {
    auto product = dyn_cast<nn::MatMulOp>(layer);
    Value bias;
    if (!product) {
      for (unsigned side : {0u, 1u})
        if (auto found = layer->getOperand(side).getDefiningOp<nn::MatMulOp>()) {
          product = found;
          bias = quantizedSource(layer->getOperand(1 - side));
          break;
        }
      if (!product || !bias || product.getType() != layer->getResult(0).getType() ||
          !layer->hasOneUse())
        return {};
    }
    Value input = quantizedSource(product.getLhs()), weight = quantizedSource(product.getRhs());
    if (!input || !weight || !product->hasOneUse() || typeOf(weight).getRank() != 2 ||
        typeOf(input).getRank() < 2 ||
        !canForm(input, weight, bias, 1, typeOf(weight).getDimSize(0)))
      return {};
    return qnn::MatMulOp::create(rewriter, layer->getLoc(), op.getType(), input, weight, bias, low,
                                 high);
  }

  template <typename OpTy, typename Source>
  static Value formBinary(Source binary, qnn::QuantizeOp op, IntegerAttr low, IntegerAttr high,
                          PatternRewriter &rewriter) {
    Value lhs = byteSource(binary.getLhs()), rhs = byteSource(binary.getRhs());
    if (!lhs || !rhs)
      return {};
    return OpTy::create(rewriter, binary.getLoc(), op.getType(), lhs, rhs, low, high);
  }

  static Value formPool(nn::AvgPoolOp pool, qnn::QuantizeOp op, IntegerAttr low, IntegerAttr high,
                        PatternRewriter &rewriter) {
    Value input = byteSource(pool.getInput());
    if (!input)
      return {};
    return qnn::AvgPoolOp::create(
        rewriter, pool.getLoc(), op.getType(), input, pool.getKernelShapeAttr(),
        pool.getStridesAttr(), pool.getDilationsAttr(), pool.getPadsAttr(), pool.getCeilModeAttr(),
        pool.getAutoPadAttr(), pool.getCountIncludePadAttr(), low, high);
  }

  static Value formMean(nn::ReduceMeanOp mean, qnn::QuantizeOp op, IntegerAttr low,
                        IntegerAttr high, PatternRewriter &rewriter) {
    Value input = byteSource(mean.getInput());
    std::optional<SmallVector<int64_t>> axes = nn::constantInts(mean.getAxes());
    if (!input || !axes || !mean.getKeepdims() || typeOf(input).getRank() < 3 ||
        !typeOf(input).hasStaticShape())
      return {};
    int64_t rank = typeOf(input).getRank(), places = 1;
    llvm::SmallDenseSet<int64_t> reduced;
    for (int64_t axis : *axes)
      reduced.insert(axis < 0 ? axis + rank : axis);
    for (int64_t dim = 0; dim < rank; ++dim) {
      if (reduced.contains(dim) != (dim >= 2))
        return {};
      places *= dim >= 2 ? typeOf(input).getDimSize(dim) : 1;
    }
    // The sum of so many codes must fit i32.
    if (places <= 0 || places > INT32_MAX / 256)
      return {};
    return qnn::GlobalAvgPoolOp::create(rewriter, mean.getLoc(), op.getType(), input, low, high);
  }

  static Value formSoftmax(nn::SoftmaxOp softmax, qnn::QuantizeOp op, PatternRewriter &rewriter) {
    Value input = byteSource(softmax.getInput());
    if (!input || ShapedType::isDynamic(typeOf(input).getDimSize(softmax.getAxis())))
      return {};
    return qnn::SoftmaxOp::create(rewriter, softmax.getLoc(), op.getType(), input,
                                  softmax.getAxis());
  }

  static Value formConcat(nn::ConcatOp concat, qnn::QuantizeOp op, PatternRewriter &rewriter) {
    SmallVector<Value> inputs;
    for (Value input : concat.getInputs()) {
      inputs.push_back(byteSource(input));
      if (!inputs.back())
        return {};
    }
    return qnn::ConcatOp::create(rewriter, concat.getLoc(), op.getType(), inputs, concat.getAxis());
  }
};

class FormIntegerLayers : public pebble::impl::FormIntegerLayersBase<FormIntegerLayers> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<FormLayer>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
