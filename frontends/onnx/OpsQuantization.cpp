// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The quantization operators of the ONNX standard; those of com.microsoft are in QLinear.cpp.
#include "dialects/nn/Constants.h"
#include "frontends/onnx/Compose.h"
#include "frontends/onnx/GraphImporter.h"
#include "frontends/onnx/NarrowTypes.h"
#include "frontends/onnx/Quantization.h"
#include "frontends/onnx/Registry.h"
#include "frontends/onnx/TensorData.h"
#include "frontends/onnx/Window.h"

using namespace mlir;

namespace pebble::onnx {
namespace {

/// The axis counts only when there is more than one scale.
FailureOr<QuantizationLayout> readLayout(NodeImporter &node, Value x, Value scale) {
  QuantizationLayout layout;
  layout.blockSize = node.intAttr("block_size", 0);
  // Writers give a single scale as a tensor of one dim, too, and leave the axis at its default.
  RankedTensorType scaleType = NodeImporter::type(scale);
  bool isSingle = scaleType.hasStaticShape() && scaleType.getNumElements() == 1;
  if (scaleType.getRank() == 0 || (scaleType.getRank() == 1 && isSingle && layout.blockSize == 0))
    return QuantizationLayout();
  std::optional<int64_t> axis = node.normalizeAxis(node.intAttr("axis", 1), NodeImporter::rank(x));
  if (!axis)
    return failure();
  layout.axis = *axis;
  if (layout.blockSize < 0)
    return node.invalid("block_size is " + Twine(layout.blockSize) + "; expected 0 or more");
  int64_t expected = layout.blockSize > 0 ? NodeImporter::rank(x) : 1;
  if (NodeImporter::rank(scale) != expected)
    return node.invalid("the scale has " + Twine(NodeImporter::rank(scale)) + " dims; expected " +
                        Twine(expected));
  int64_t scales = NodeImporter::type(scale).getNumElements(), dims = 0;
  if (layout.blockSize == 0 && NodeImporter::type(scale).hasStaticShape() && scales > 1)
    if (dims = NodeImporter::type(x).getDimSize(layout.axis);
        !ShapedType::isDynamic(dims) && dims != scales)
      return node.invalid("it has " + Twine(scales) + " scales for dim " + Twine(layout.axis) +
                          " of size " + Twine(dims));
  return layout;
}

std::optional<int64_t> axisOf(Value scale, QuantizationLayout layout) {
  return NodeImporter::rank(scale) == 0 ? std::nullopt : std::optional(layout.axis);
}

/// Says why layers on one side of a node that no quantized type describes compute in float.
void remarkFloat(NodeImporter &node, Value scale, QuantizationLayout layout) {
  if (!node.graph().integerQdq())
    return;
  StringRef why = layout.blockSize > 0       ? "its scales are in blocks"
                  : !nn::constantAttr(scale) ? "its scale is only known when the model runs"
                                             : "its scale is no positive number of type float";
  mlir::emitRemark(node.loc()) << "layers beside it compute in float: " << why;
}

/// The zero point's floats in the type to compute in; null where it is absent, or 0 and of a type
/// whose -0 is to stay one.
Value floatZeroPoint(NodeImporter &node, Value x, QuantizationLayout layout, Type element) {
  Value zeroPoint = node.input(2);
  const int type = node.narrowType(2);
  if (!zeroPoint)
    return {};
  std::optional<SmallVector<int64_t>> known = nn::constantInts(zeroPoint);
  if (known && narrowBits(type) == 8 && llvm::all_of(*known, [](int64_t code) { return !code; }))
    return {};
  return fromCodes(node, broadcastParameter(node, zeroPoint, x, layout), type, element);
}

/// The codes of `scaled`, quotients that no zero point has been added to. ONNX's reference adds
/// none to floats of 8 bits, for which the standard has only 0, and at least 0, which makes 0 of
/// -0, to those of 4.
Value quantizeFloats(NodeImporter &node, Value x, Value scaled, QuantizationLayout layout, int to) {
  Type element = NodeImporter::elementType(scaled);
  Value zero = node.scalar(element, 0), zeroPoint = floatZeroPoint(node, x, layout, element);
  if (narrowBits(to) < 8)
    scaled = node.add(scaled, zeroPoint ? zeroPoint : zero);
  else if (zeroPoint)
    scaled = select(node, compare(node, nn::ComparePredicate::eq, zeroPoint, zero), scaled,
                    node.add(scaled, zeroPoint));
  NarrowRounding rounding;
  rounding.saturate = node.intAttr("saturate", 1) != 0;
  return toCodes(node, scaled, to, rounding);
}

LogicalResult importQuantizeLinear(NodeImporter &node) {
  Value x = node.input(0), scale = node.input(1), zeroPoint = node.input(2);
  Type result = node.builder().getIntegerType(8, /*isSigned=*/false);
  int narrowType = node.narrowType(2);
  if (zeroPoint) {
    result = NodeImporter::elementType(zeroPoint);
  } else if (auto number = static_cast<int>(node.intAttr("output_dtype", 0)); number != 0) {
    result = elementTypeOf(number, node.builder().getContext());
    if (!result) {
      result = codeTypeOf(number, node.builder().getContext());
      narrowType = number;
    }
  }
  if (!isa_and_nonnull<IntegerType>(result) || isE8M0(narrowType))
    return node.unsupported("quantization to other types than integers of 2 to 16 bits, 8-bit "
                            "floats with a fraction and float4e2m1");
  const unsigned bits = subByteBits(narrowType);
  FailureOr<QuantizationLayout> layout = readLayout(node, x, scale);
  if (failed(layout))
    return failure();

  Type precision = NodeImporter::elementType(scale);
  if (int64_t number = node.intAttr("precision", 0); number != 0)
    precision = floatTypeOf(node, number);
  if (!isa_and_nonnull<FloatType>(precision))
    return node.unsupported("a division in another type than float, float16, bfloat16 or double");
  if (layout->blockSize == 0 && !isNarrowFloat(narrowType)) {
    FailureOr<std::optional<qnn::Quantization>> to =
        constantQuantization(node, scale, zeroPoint, result, axisOf(scale, *layout), bits);
    if (failed(to))
      return failure();
    if (*to && node.graph().integerQdq() && precision.isF32() &&
        NodeImporter::elementType(x).isF32()) {
      node.setOutput(0, quantizeTyped(node, x, **to), narrowType);
      return success();
    }
  }
  Value dividend = node.cast(x, precision);
  Value divisor = node.cast(broadcastParameter(node, scale, x, *layout), precision);
  if (isNarrowFloat(narrowType)) {
    Value scaled = node.div(dividend, divisor);
    node.setOutput(0, quantizeFloats(node, x, scaled, *layout, narrowType), narrowType);
    return success();
  }
  remarkFloat(node, scale, *layout);
  node.setOutput(0,
                 quantize(node, dividend, divisor, broadcastParameter(node, zeroPoint, x, *layout),
                          result, bits),
                 narrowType);
  return success();
}

LogicalResult importDequantizeLinear(NodeImporter &node) {
  Value x = node.input(0), scale = node.input(1), zeroPoint = node.input(2);
  const int narrowType = node.narrowType(0);
  if (!isa<IntegerType>(NodeImporter::elementType(x)) || !isFloat(scale) || isE8M0(narrowType))
    return node.unsupported("dequantization of other types than integers of 2 to 32 bits, 8-bit "
                            "floats with a fraction and float4e2m1");
  if (failed(checkZeroPoint(node, zeroPoint, x)))
    return failure();
  if (zeroPoint && node.narrowType(2) != narrowType)
    return node.invalid("its zero point and its codes are of two types, one of them " +
                        dataTypeName(narrowType ? narrowType : node.narrowType(2)) +
                        "; expected one type");
  FailureOr<QuantizationLayout> layout = readLayout(node, x, scale);
  if (failed(layout))
    return failure();
  Type result = NodeImporter::elementType(scale);
  if (int64_t number = node.intAttr("output_dtype", 0); number != 0)
    result = floatTypeOf(node, number);
  if (!result)
    return node.unsupported("output_dtype other than float, float16, bfloat16 or double");
  if (isNarrowFloat(narrowType)) {
    Type f32 = node.builder().getF32Type();
    Value numbers = fromCodes(node, x, narrowType, f32);
    if (Value zero = floatZeroPoint(node, x, *layout, f32))
      numbers = node.sub(numbers, zero);
    Value factor = node.cast(broadcastParameter(node, scale, x, *layout), f32);
    node.setOutput(0, node.cast(node.mul(numbers, factor), result));
    return success();
  }
  if (layout->blockSize == 0) {
    const unsigned bits = subByteBits(narrowType);
    if (node.graph().integerQdq())
      std::tie(x, scale) = withPositiveScales(node, x, scale, zeroPoint, layout->axis, bits);
    FailureOr<std::optional<qnn::Quantization>> from = constantQuantization(
        node, scale, zeroPoint, NodeImporter::elementType(x), axisOf(scale, *layout), bits);
    if (failed(from))
      return failure();
    if (*from && node.graph().integerQdq() && result.isF32()) {
      node.setOutput(0, dequantizeTyped(node, x, **from));
      return success();
    }
  }
  remarkFloat(node, scale, *layout);
  node.setOutput(0, node.cast(dequantize(node, x, scale, zeroPoint, *layout), result));
  return success();
}

LogicalResult importDynamicQuantizeLinear(NodeImporter &node) {
  DynamicallyQuantized quantized = quantizeDynamically(node, node.input(0));
  const Value results[] = {quantized.value, quantized.scale, quantized.zeroPoint};
  for (auto [index, result] : llvm::enumerate(results))
    if (node.wantsOutput(index))
      node.setOutput(index, result);
  return success();
}

/// Sum of products of two centered matrices, in i32.
Value integerMatMul(NodeImporter &node, Value a, Value aZeroPoint, Value b, Value bZeroPoint) {
  return node.create<nn::MatMulOp>(centered(node, a, rowParameter(node, aZeroPoint, a)),
                                   centered(node, b, bZeroPoint));
}

LogicalResult importMatMulInteger(NodeImporter &node) {
  node.setOutput(0,
                 integerMatMul(node, node.input(0), node.input(2), node.input(1), node.input(3)));
  return success();
}

LogicalResult importQLinearMatMul(NodeImporter &node) {
  Value a = node.input(0), b = node.input(3);
  if (!isa<IntegerType>(NodeImporter::elementType(a)) ||
      !isa<IntegerType>(NodeImporter::elementType(b)))
    return node.unsupported("matrices of other types than int8 and uint8");
  RankedTensorType matrix = NodeImporter::type(b), scales = NodeImporter::type(node.input(4));
  int64_t rank = matrix.getRank();
  // Products of two activations have one scale an operand.
  bool mayVary = rank >= 2 && !matrix.isDynamicDim(rank - 1) && scales.hasStaticShape() &&
                 scales.getNumElements() == 1;
  if (NodeImporter::rank(a) >= 2 && (rank == 2 || mayVary)) {
    FailureOr<Value> codes = contractTyped(
        node,
        {a, node.input(1), node.input(2), b, node.input(4), node.input(5), Value(), node.input(6),
         node.input(7), rank - 1, matrix.getDimSize(rank - 2), mayVary},
        [&](Value x, Value w, Value) { return node.create<nn::MatMulOp>(x, w); });
    if (failed(codes))
      return failure();
    if (*codes) {
      node.setOutput(0, *codes);
      return success();
    }
  }
  Value sum = integerMatMul(node, a, node.input(2), b, node.input(5));
  Value aScale = rowParameter(node, node.input(1), a);
  Value zeroPoint = node.input(7);
  node.setOutput(0,
                 requantize(node, sum, aScale, node.input(4), rowParameter(node, node.input(6), a),
                            rowParameter(node, zeroPoint, a), quantizedType(zeroPoint, a)));
  return success();
}

/// Convolution of centered operands, in i32. Padding with 0 after centering is padding with the
/// zero point.
FailureOr<Value> integerConv(NodeImporter &node, Value x, Value xZeroPoint, Value w,
                             Value wZeroPoint, Value bias) {
  int64_t rank = NodeImporter::rank(x);
  FailureOr<Window> window = readWindow(node, rank - 2);
  if (failed(window) || failed(checkRank(node, w, "w", {rank})))
    return failure();
  Value weight = centered(node, w, wZeroPoint ? alongAxis(node, wZeroPoint, 0, rank) : Value());
  return node.create<nn::ConvOp>(centered(node, x, xZeroPoint), weight, bias,
                                 ArrayRef(window->strides), ArrayRef(window->dilations),
                                 ArrayRef(window->pads), node.intAttr("group", 1), window->autoPad);
}

LogicalResult importConvInteger(NodeImporter &node) {
  FailureOr<Value> sum =
      integerConv(node, node.input(0), node.input(2), node.input(1), node.input(3), Value());
  if (failed(sum))
    return failure();
  node.setOutput(0, *sum);
  return success();
}

LogicalResult importQLinearConv(NodeImporter &node) {
  Value x = node.input(0), w = node.input(3);
  int64_t depth = 1;
  for (int64_t size : NodeImporter::type(w).getShape().drop_front(NodeImporter::rank(w) > 0))
    if (ShapedType::isDynamic(size) || llvm::MulOverflow(depth, size, depth))
      depth = ShapedType::kDynamic;
  FailureOr<Window> window = readWindow(node, NodeImporter::rank(x) - 2);
  if (failed(window) || failed(checkRank(node, w, "w", {NodeImporter::rank(x)})))
    return failure();
  FailureOr<Value> codes = contractTyped(
      node,
      {x, node.input(1), node.input(2), w, node.input(4), node.input(5), node.input(8),
       node.input(6), node.input(7), 0, depth},
      [&](Value input, Value weight, Value bias) {
        return node.create<nn::ConvOp>(input, weight, bias, ArrayRef(window->strides),
                                       ArrayRef(window->dilations), ArrayRef(window->pads),
                                       node.intAttr("group", 1), window->autoPad);
      });
  if (failed(codes))
    return failure();
  if (*codes) {
    node.setOutput(0, *codes);
    return success();
  }
  FailureOr<Value> sum =
      integerConv(node, x, node.input(2), node.input(3), node.input(5), node.input(8));
  if (failed(sum))
    return failure();
  int64_t rank = NodeImporter::rank(x);
  auto perChannel = [&](unsigned index) { return alongAxis(node, node.input(index), 1, rank); };
  Value zeroPoint = node.hasInput(7) ? perChannel(7) : Value();
  node.setOutput(0, requantize(node, *sum, perChannel(1), perChannel(4), perChannel(6), zeroPoint,
                               quantizedType(zeroPoint, x)));
  return success();
}

} // namespace

void addQuantizationOps(std::vector<OpEntry> &rows) {
  static constexpr llvm::StringLiteral integers = "8-bit floats";
  rows.insert(rows.end(), {
                              {"", "ConvInteger", 10, importConvInteger},
                              {"", "DequantizeLinear", 10, importDequantizeLinear},
                              {"", "DynamicQuantizeLinear", 11, importDynamicQuantizeLinear},
                              {"", "MatMulInteger", 10, importMatMulInteger},
                              {"", "QLinearConv", 10, importQLinearConv},
                              {"", "QLinearMatMul", 10, importQLinearMatMul, integers},
                              {"", "QuantizeLinear", 10, importQuantizeLinear},
                              {"com.microsoft", "DequantizeLinear", 1, importDequantizeLinear},
                              {"com.microsoft", "QuantizeLinear", 1, importQuantizeLinear},
                          });
  addQLinearOps(rows);
}

} // namespace pebble::onnx
