// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The quantization operators of com.microsoft, as ONNX Runtime's quantizer writes them.
#include "frontends/onnx/Compose.h"
#include "frontends/onnx/Quantization.h"
#include "frontends/onnx/Registry.h"
#include "frontends/onnx/Window.h"

using namespace mlir;

namespace pebble::onnx {
namespace {

/// The operand at `index`, followed by its scale and zero point, in f32.
Value dequantizedInput(NodeImporter &node, unsigned index) {
  return dequantizeOperand(node, node.input(index), node.input(index + 1), node.input(index + 2));
}

/// Quantizes to the scale at input `index` and the zero point that follows it.
LogicalResult setQuantized(NodeImporter &node, Value result, unsigned index) {
  Value zeroPoint = node.input(index + 1);
  node.setOutput(0, quantizeResult(node, result, node.input(index), zeroPoint,
                                   quantizedType(zeroPoint, node.input(0))));
  return success();
}

template <typename OpTy> LogicalResult importQLinearBinary(NodeImporter &node) {
  Value result = node.create<OpTy>(dequantizedInput(node, 0), dequantizedInput(node, 3));
  return setQuantized(node, result, 6);
}

LogicalResult importQLinearSigmoid(NodeImporter &node) {
  return setQuantized(node, node.create<nn::SigmoidOp>(dequantizedInput(node, 0)), 3);
}

LogicalResult importQLinearLeakyRelu(NodeImporter &node) {
  Value x = dequantizedInput(node, 0);
  Type f32 = NodeImporter::elementType(x);
  Value isNegative = compare(node, nn::ComparePredicate::lt, x, node.scalar(f32, 0));
  Value scaled = node.mul(x, node.scalar(f32, node.floatAttr("alpha", 0.01f)));
  return setQuantized(node, select(node, isNegative, scaled, x), 3);
}

LogicalResult importQLinearSoftmax(NodeImporter &node) {
  if (node.intAttr("opset", 13) < 13)
    return node.unsupported("QLinearSoftmax with the meaning of opset < 13");
  Value x = dequantizedInput(node, 0);
  std::optional<int64_t> axis = node.normalizeAxis(node.intAttr("axis", -1), NodeImporter::rank(x));
  if (!axis)
    return failure();
  return setQuantized(node, node.create<nn::SoftmaxOp>(x, *axis), 3);
}

LogicalResult importQLinearConcat(NodeImporter &node) {
  // The result's scale and zero point come first, then a triple an operand.
  if (node.numInputs() < 5 || (node.numInputs() - 2) % 3 != 0)
    return node.invalid("expected a scale, a zero point and three inputs an operand");
  std::optional<int64_t> axis =
      node.normalizeAxis(node.intAttr("axis", 0), NodeImporter::rank(node.input(2)));
  if (!axis)
    return failure();
  SmallVector<Value> parts;
  for (unsigned index = 2; index < node.numInputs(); index += 3)
    parts.push_back(dequantizedInput(node, index));
  Value zeroPoint = node.input(1);
  node.setOutput(0, quantizeResult(node, node.concat(parts, *axis), node.input(0), zeroPoint,
                                   quantizedType(zeroPoint, node.input(2))));
  return success();
}

bool isChannelsLast(NodeImporter &node) { return node.intAttr("channels_last", 0) != 0; }

LogicalResult importQLinearAveragePool(NodeImporter &node) {
  if (isChannelsLast(node))
    return node.unsupported("QLinearAveragePool with channels_last = 1");
  Value x = dequantizedInput(node, 0);
  FailureOr<Window> window = readWindow(node, NodeImporter::rank(x) - 2);
  if (failed(window))
    return failure();
  if (window->kernelShape.empty())
    return node.invalid("kernel_shape is missing");
  Value y = node.create<nn::AvgPoolOp>(x, ArrayRef(window->kernelShape), ArrayRef(window->strides),
                                       ArrayRef(window->dilations), ArrayRef(window->pads),
                                       node.intAttr("ceil_mode", 0) != 0, window->autoPad,
                                       node.intAttr("count_include_pad", 0) != 0);
  return setQuantized(node, y, 3);
}

LogicalResult importQLinearGlobalAveragePool(NodeImporter &node) {
  Value x = dequantizedInput(node, 0);
  int64_t rank = NodeImporter::rank(x);
  bool channelsLast = isChannelsLast(node);
  SmallVector<int64_t> axes = channelsLast ? axesBetween(1, rank - 1) : axesBetween(2, rank);
  return setQuantized(node, reduce<nn::ReduceMeanOp>(node, x, axes), 3);
}

Value transposedIf(NodeImporter &node, StringRef attribute, Value matrix) {
  return node.intAttr(attribute, 0) != 0 ? node.transpose(matrix, {1, 0}) : matrix;
}

LogicalResult importQGemm(NodeImporter &node) {
  Value a = node.input(0), b = node.input(3);
  if (failed(checkRank(node, a, "A", {2})) || failed(checkRank(node, b, "B", {2})))
    return failure();
  bool isPlain = node.floatAttr("alpha", 1.0) == 1.0 && node.intAttr("transA", 0) == 0 &&
                 (!node.hasInput(6) || NodeImporter::rank(node.input(6)) == 1);
  if (node.hasInput(7) && isPlain) {
    Value columns = transposedIf(node, "transB", b);
    FailureOr<Value> codes = contractTyped(
        node,
        {a, node.input(1), node.input(2), columns, node.input(4), node.input(5), node.input(6),
         node.input(7), node.input(8), 1, NodeImporter::type(columns).getDimSize(0)},
        [&](Value x, Value w, Value bias) {
          Value product = node.create<nn::MatMulOp>(x, w);
          return bias ? node.add(product, bias) : product;
        });
    if (failed(codes))
      return failure();
    if (*codes) {
      node.setOutput(0, *codes);
      return success();
    }
  }
  Value rows = transposedIf(node, "transA", centered(node, a, node.input(2)));
  // One zero point a column of the product.
  Value columns = node.cast(b, node.builder().getI32Type());
  columns = centered(node, transposedIf(node, "transB", columns), node.input(5));
  Value sum = node.create<nn::MatMulOp>(rows, columns);
  if (node.hasInput(6))
    sum = node.add(sum, node.input(6));
  Type f32 = node.builder().getF32Type();
  Value alpha = node.scalar(f32, node.floatAttr("alpha", 1.0));
  Value aScale = node.mul(alpha, node.input(1));
  if (node.hasInput(7)) {
    Value zeroPoint = node.input(8);
    node.setOutput(0, requantize(node, sum, aScale, node.input(4), node.input(7), zeroPoint,
                                 quantizedType(zeroPoint, a)));
    return success();
  }
  node.setOutput(0, node.mul(node.cast(sum, f32), node.mul(aScale, node.input(4))));
  return success();
}

/// sum * (aScale * bScale) + bias, in f32.
Value scaledSum(NodeImporter &node, Value sum, Value aScale, Value bScale, Value bias) {
  Value y = node.mul(node.cast(sum, node.builder().getF32Type()),
                     node.mul(rowParameter(node, aScale, node.input(0)), bScale));
  return bias ? node.add(y, bias) : y;
}

LogicalResult importMatMulIntegerToFloat(NodeImporter &node) {
  Value a = centered(node, node.input(0), rowParameter(node, node.input(4), node.input(0)));
  Value b = centered(node, node.input(1), node.input(5));
  node.setOutput(0, scaledSum(node, node.create<nn::MatMulOp>(a, b), node.input(2), node.input(3),
                              node.input(6)));
  return success();
}

LogicalResult importDynamicQuantizeMatMul(NodeImporter &node) {
  DynamicallyQuantized a = quantizeDynamically(node, node.input(0));
  Value sum = node.create<nn::MatMulOp>(centered(node, a.value, a.zeroPoint),
                                        centered(node, node.input(1), node.input(3)));
  node.setOutput(0, scaledSum(node, sum, a.scale, node.input(2), node.input(4)));
  return success();
}

} // namespace

void addQLinearOps(std::vector<OpEntry> &rows) {
  static constexpr llvm::StringLiteral ms = "com.microsoft";
  rows.insert(rows.end(),
              {
                  {ms, "DynamicQuantizeMatMul", 1, importDynamicQuantizeMatMul},
                  {ms, "MatMulIntegerToFloat", 1, importMatMulIntegerToFloat},
                  {ms, "QGemm", 1, importQGemm},
                  {ms, "QLinearAdd", 1, importQLinearBinary<nn::AddOp>},
                  {ms, "QLinearAveragePool", 1, importQLinearAveragePool, "channels_last = 1"},
                  {ms, "QLinearConcat", 1, importQLinearConcat},
                  {ms, "QLinearGlobalAveragePool", 1, importQLinearGlobalAveragePool},
                  {ms, "QLinearLeakyRelu", 1, importQLinearLeakyRelu},
                  {ms, "QLinearMul", 1, importQLinearBinary<nn::MulOp>},
                  {ms, "QLinearSigmoid", 1, importQLinearSigmoid},
                  {ms, "QLinearSoftmax", 1, importQLinearSoftmax, "opset < 13"},
              });
}

} // namespace pebble::onnx
