// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/quantize/IntegerForm.h"

#include "dialects/nn/Constants.h"

using namespace mlir;
using namespace pebble;

namespace {

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

bool isConstant(Value quantized) {
  auto cast = quantized.getDefiningOp<qnn::StorageCastOp>();
  return cast && nn::constantAttr(cast.getInput());
}

/// Why the bias does not go with the products; "" when it does.
std::string biasRefusal(const Contraction &c) {
  const qnn::Quantization &b = *c.bias;
  if (b.bits != 32 || !b.isSigned)
    return "its bias has codes of " + std::to_string(b.bits) + " bits instead of int32";
  if (c.biasRank != 1 ||
      (c.w.scales.size() > 1 && b.scales.size() > 1 && c.w.scales.size() != b.scales.size()))
    return "its bias is not one number for each output channel";
  for (size_t i = 0; i < std::max(c.w.scales.size(), b.scales.size()); ++i) {
    if (b.zeroPoint(i) != 0)
      return "its bias has a zero point other than 0";
    if (!qnn::biasScaleFits(c.x, c.w, b, i)) {
      std::string text;
      llvm::raw_string_ostream(text)
          << "its bias has scale " << b.scale(i) << " for channel " << i
          << ", where input and weight scales give " << c.x.scale() * c.w.scale(i);
      return text;
    }
  }
  return "";
}

/// The codes of a contraction's operands.
struct Operands {
  Value input, weight, bias; ///< `bias` may be null.

  Contraction contraction(int64_t channelAxis, int64_t depth) const {
    Contraction c{*qnn::quantizationOf(input.getType()), *qnn::quantizationOf(weight.getType()),
                  channelAxis, depth, std::nullopt};
    if (bias) {
      c.bias = qnn::quantizationOf(bias.getType());
      c.biasRank = typeOf(bias).getRank();
    }
    return c;
  }
};

IntegerForm convForm(nn::ConvOp conv, qnn::QuantizeOp op, const BoundedLayer &bounds) {
  Operands o{quantizedSource(conv.getInput()), quantizedSource(conv.getWeight()),
             conv.getBias() ? quantizedSource(conv.getBias()) : Value()};
  if (!o.input)
    return IntegerForm::refuse("its input is not quantized");
  if (!o.weight || !isConstant(o.weight))
    return IntegerForm::refuse("its weights are not quantized constants");
  if (conv.getBias() && (!o.bias || !isConstant(o.bias)))
    return IntegerForm::refuse("its bias is not a quantized constant");
  int64_t depth = 1;
  for (int64_t size : typeOf(o.weight).getShape().drop_front())
    depth *= size;
  if (std::string why = contractionRefusal(o.contraction(0, depth)); !why.empty())
    return IntegerForm::refuse(why);
  return {[=](OpBuilder &b) -> Value {
            auto layer = conv;
            return qnn::ConvOp::create(
                b, layer.getLoc(), op->getResult(0).getType(), o.input, o.weight, o.bias,
                layer.getStridesAttr(), layer.getDilationsAttr(), layer.getPadsAttr(),
                layer.getGroupAttr(), layer.getAutoPadAttr(), bounds.low, bounds.high);
          },
          ""};
}

/// The product of the layer and the value that is added to it; null when it is no product.
std::pair<nn::MatMulOp, Value> productOf(Operation *layer) {
  if (auto product = dyn_cast<nn::MatMulOp>(layer))
    return {product, Value()};
  for (unsigned side : {0u, 1u})
    if (auto product = layer->getOperand(side).getDefiningOp<nn::MatMulOp>();
        product && product.getType() == layer->getResult(0).getType())
      return {product, layer->getOperand(1 - side)};
  return {};
}

/// A product of two activations.
IntegerForm batchForm(Operation *layer, qnn::QuantizeOp op, const Operands &o,
                      const BoundedLayer &bounds) {
  RankedTensorType lhs = typeOf(o.input), rhs = typeOf(o.weight);
  int64_t rank = rhs.getRank();
  if (o.bias)
    return IntegerForm::refuse("a bias is added to a product of two activations");
  if (std::max(qnn::quantizationOf(lhs)->bits, qnn::quantizationOf(op.getType())->bits) > 8)
    return IntegerForm::refuse("it is a product of two activations of more than 8 bits");
  if (lhs.getRank() < 2 || rank < 2)
    return IntegerForm::refuse("it is a product with a vector");
  if (rhs.isDynamicDim(rank - 1))
    return IntegerForm::refuse("the number of its columns is only known when the model runs");
  if (qnn::quantizationOf(rhs)->axis)
    return IntegerForm::refuse("its second operand has more than one scale");
  std::string why = contractionRefusal(o.contraction(rank - 1, rhs.getDimSize(rank - 2)));
  if (!why.empty())
    return IntegerForm::refuse(why);
  Location loc = layer->getLoc();
  return {[=](OpBuilder &b) -> Value {
            return qnn::BatchMatMulOp::create(b, loc, op->getResult(0).getType(), o.input, o.weight,
                                              bounds.low, bounds.high);
          },
          ""};
}

IntegerForm productForm(Operation *layer, qnn::QuantizeOp op, const BoundedLayer &bounds) {
  auto [product, added] = productOf(layer);
  if (!product)
    return IntegerForm::refuse("it is no product");
  if (!product->hasOneUse())
    return IntegerForm::refuse("its float result is used by another layer, too");
  Operands o{quantizedSource(product.getLhs()), quantizedSource(product.getRhs()),
             added ? quantizedSource(added) : Value()};
  if (!o.input || !o.weight)
    return IntegerForm::refuse(o.input ? "its second operand is not quantized"
                                       : "its first operand is not quantized");
  if (added && (!o.bias || !isConstant(o.bias)))
    return IntegerForm::refuse("its bias is not a quantized constant");
  RankedTensorType weight = typeOf(o.weight);
  if (!isConstant(o.weight) || weight.getRank() != 2 || typeOf(o.input).getRank() < 2)
    return batchForm(layer, op, o, bounds);
  std::string why = contractionRefusal(o.contraction(1, weight.getDimSize(0)));
  if (!why.empty())
    return IntegerForm::refuse(why);
  Location loc = layer->getLoc();
  return {[=](OpBuilder &b) -> Value {
            return qnn::MatMulOp::create(b, loc, op->getResult(0).getType(), o.input, o.weight,
                                         o.bias, bounds.low, bounds.high);
          },
          ""};
}

} // namespace

std::string pebble::contractionRefusal(const Contraction &c) {
  if (c.x.bits > 16 || c.w.bits > 8)
    return std::string("its ") + (c.x.bits > 16 ? "input" : "weight") + " has codes of " +
           std::to_string(c.x.bits > 16 ? c.x.bits : c.w.bits) + " bits";
  if (c.x.axis)
    return "its input has a scale for each index of dim " + std::to_string(*c.x.axis);
  if (c.w.axis && *c.w.axis != c.channelAxis)
    return "its weight has a scale for each index of dim " + std::to_string(*c.w.axis) +
           " instead of the output channels";
  if (ShapedType::isDynamic(c.depth))
    return "the number of products in a sum is only known when the model runs";
  if (qnn::sumsInWords(c.x) && !qnn::fitsAccumulator(c.x, c.w, c.depth))
    return "a sum of " + std::to_string(c.depth) + " products can overflow 32 bits";
  return c.bias ? biasRefusal(c) : "";
}

IntegerForm pebble::contractionForm(Operation *layer, qnn::QuantizeOp op,
                                    const BoundedLayer &bounds) {
  if (!layer->hasOneUse())
    return IntegerForm::refuse("its float result is used by another layer, too");
  if (auto conv = dyn_cast<nn::ConvOp>(layer))
    return convForm(conv, op, bounds);
  if (auto conv = dyn_cast<nn::ConvTransposeOp>(layer))
    return transposedForm(conv, op, bounds);
  return productForm(layer, op, bounds);
}
