// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From ONNX's scale and zero point operands to the types of the qnn dialect.
#include "dialects/nn/Constants.h"
#include "dialects/qnn/QNN.h"
#include "frontends/onnx/Compose.h"
#include "frontends/onnx/GraphImporter.h"
#include "frontends/onnx/Quantization.h"

#include <cmath>

using namespace mlir;

namespace pebble::onnx {

LogicalResult checkZeroPoint(NodeImporter &node, Value zeroPoint, Value codes) {
  if (!zeroPoint || NodeImporter::elementType(zeroPoint) == NodeImporter::elementType(codes))
    return success();
  std::string text;
  llvm::raw_string_ostream(text) << "it has a zero point of type "
                                 << NodeImporter::elementType(zeroPoint) << " for codes of type "
                                 << NodeImporter::elementType(codes) << "; expected one type";
  return node.invalid(text);
}

FailureOr<std::optional<qnn::Quantization>> constantQuantization(NodeImporter &node, Value scale,
                                                                 Value zeroPoint, Type codes,
                                                                 std::optional<int64_t> axis,
                                                                 unsigned bits) {
  auto integer = dyn_cast<IntegerType>(codes);
  std::optional<SmallVector<double>> scales = nn::constantReals(scale);
  if (!integer || integer.getWidth() > 32 || !scales || scales->empty() ||
      !NodeImporter::elementType(scale).isF32())
    return std::optional<qnn::Quantization>();
  // Legal in ONNX, but no quantized type has one: what is left of them computes in f32.
  if (llvm::any_of(*scales, [](double one) { return std::isfinite(one) && one < 0; }))
    return std::optional<qnn::Quantization>();
  qnn::Quantization result;
  result.isSigned = !integer.isUnsigned();
  result.bits = bits ? bits : integer.getWidth();
  result.low = result.storageLow();
  result.high = result.storageHigh();
  result.scales = *scales;
  result.zeroPoints.assign(scales->size(), 0);
  if (zeroPoint) {
    std::optional<SmallVector<int64_t>> zeroPoints = nn::constantInts(zeroPoint);
    if (!zeroPoints)
      return std::optional<qnn::Quantization>();
    result.zeroPoints = *zeroPoints;
  }
  if (result.scales.size() > 1)
    result.axis = axis;
  std::string error;
  if (!qnn::makeElementType(node.builder().getContext(), result, error))
    return node.invalid("it " + error);
  if (result.scales.size() > 1 && !axis)
    return std::optional<qnn::Quantization>();
  return std::optional(result);
}

std::pair<Value, Value> withPositiveScales(NodeImporter &node, Value codes, Value scale,
                                           Value zeroPoint, int64_t axis, unsigned bits) {
  auto type = dyn_cast<IntegerType>(NodeImporter::elementType(codes));
  std::optional<SmallVector<double>> scales = nn::constantReals(scale);
  if (!type || type.isUnsigned() || !scales ||
      llvm::none_of(*scales, [](double one) { return one < 0; }))
    return {codes, scale};
  std::optional<SmallVector<int64_t>> values = nn::constantInts(codes);
  std::optional<SmallVector<int64_t>> zeros =
      zeroPoint ? nn::constantInts(zeroPoint) : SmallVector<int64_t>();
  const int64_t lowest = llvm::minIntN(bits ? bits : type.getWidth());
  if (!values || llvm::is_contained(*values, lowest) || !zeros ||
      llvm::any_of(*zeros, [](int64_t zero) { return zero != 0; }))
    return {codes, scale};
  Value zero = node.scalar(NodeImporter::elementType(scale), 0);
  Value isNegative = node.cast(compare(node, nn::ComparePredicate::lt, scale, zero),
                               NodeImporter::elementType(codes));
  Value sign = node.sub(node.scalar(type, 1), node.add(isNegative, isNegative));
  Value mirrored = node.mul(codes, alongAxis(node, sign, axis, NodeImporter::rank(codes)));
  return {mirrored, node.create<nn::AbsOp>(scale)};
}

namespace {

RankedTensorType quantizedLike(Value value, const qnn::Quantization &quantization) {
  std::string error;
  Type element = qnn::makeElementType(value.getContext(), quantization, error);
  return NodeImporter::type(value).clone(element);
}

} // namespace

Value quantizeTyped(NodeImporter &node, Value x, const qnn::Quantization &to) {
  OpBuilder &b = node.builder();
  RankedTensorType type = quantizedLike(x, to);
  Value quantized = qnn::QuantizeOp::create(b, node.loc(), type, x);
  return qnn::StorageCastOp::create(b, node.loc(), type.clone(qnn::containerOf(type)), quantized);
}

Value dequantizeTyped(NodeImporter &node, Value codes, const qnn::Quantization &from) {
  OpBuilder &b = node.builder();
  RankedTensorType type = quantizedLike(codes, from);
  Value quantized = qnn::StorageCastOp::create(b, node.loc(), type, codes);
  return qnn::DequantizeOp::create(b, node.loc(), type.clone(b.getF32Type()), quantized);
}

Value dequantizeOperand(NodeImporter &node, Value codes, Value scale, Value zeroPoint) {
  if (failed(checkZeroPoint(node, zeroPoint, codes)))
    return {};
  FailureOr<std::optional<qnn::Quantization>> from =
      constantQuantization(node, scale, zeroPoint, NodeImporter::elementType(codes), std::nullopt);
  if (failed(from))
    return {};
  if (*from && node.graph().integerQdq())
    return dequantizeTyped(node, codes, **from);
  return dequantize(node, codes, scale, zeroPoint);
}

Value quantizeResult(NodeImporter &node, Value x, Value scale, Value zeroPoint, Type codes) {
  FailureOr<std::optional<qnn::Quantization>> to =
      constantQuantization(node, scale, zeroPoint, codes, std::nullopt);
  if (failed(to))
    return {};
  if (*to && node.graph().integerQdq() && NodeImporter::elementType(x).isF32())
    return quantizeTyped(node, x, **to);
  return quantize(node, x, scale, zeroPoint, codes);
}

FailureOr<Value> contractTyped(NodeImporter &node, const QuantizedContraction &o,
                               function_ref<Value(Value x, Value w, Value bias)> layer) {
  auto read = [&](Value scale, Value zeroPoint, Value codes, std::optional<int64_t> axis) {
    return constantQuantization(node, scale, zeroPoint, NodeImporter::elementType(codes), axis);
  };
  FailureOr<std::optional<qnn::Quantization>> x = read(o.xScale, o.xZeroPoint, o.x, std::nullopt);
  FailureOr<std::optional<qnn::Quantization>> w = read(o.wScale, o.wZeroPoint, o.w, o.channelAxis);
  FailureOr<std::optional<qnn::Quantization>> y =
      read(o.scale, o.zeroPoint, o.zeroPoint ? o.zeroPoint : o.x, std::nullopt);
  if (failed(x) || failed(w) || failed(y) || failed(checkZeroPoint(node, o.xZeroPoint, o.x)) ||
      failed(checkZeroPoint(node, o.wZeroPoint, o.w)))
    return failure();
  int64_t channels = NodeImporter::type(o.w).getDimSize(o.channelAxis);
  if (*w && (*w)->axis && !ShapedType::isDynamic(channels) &&
      channels != static_cast<int64_t>((*w)->scales.size()))
    return node.invalid("it has " + Twine((*w)->scales.size()) + " weight scales for " +
                        Twine(channels) + " output channels");
  if (!*x || !*w || !*y || !node.graph().integerQdq() ||
      (!nn::constantAttr(o.w) && !o.weightMayVary) || (o.bias && !nn::constantAttr(o.bias)) ||
      (*y)->bits > 16 || !qnn::canContract(**x, **w, o.channelAxis, o.depth))
    return Value();
  Value bias;
  if (o.bias) {
    qnn::Quantization b;
    b.bits = 32;
    b.isSigned = true;
    b.low = INT32_MIN;
    b.high = INT32_MAX;
    for (size_t i = 0; i < (*w)->scales.size(); ++i)
      b.scales.push_back((*x)->scale() * (*w)->scale(i));
    b.zeroPoints.assign(b.scales.size(), 0);
    if (b.scales.size() > 1)
      b.axis = 0;
    std::string error;
    // The product of two scales can leave f32's range where they do not.
    if (!qnn::makeElementType(node.builder().getContext(), b, error))
      return node.invalid("the product of its input and weight scales " + error);
    bias = dequantizeTyped(node, o.bias, b);
  }
  Value result = layer(dequantizeTyped(node, o.x, **x), dequantizeTyped(node, o.w, **w), bias);
  return result ? quantizeTyped(node, result, **y) : Value();
}

} // namespace pebble::onnx
