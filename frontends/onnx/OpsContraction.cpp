// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/Compose.h"
#include "frontends/onnx/Einsum.h"
#include "frontends/onnx/Registry.h"
#include "frontends/onnx/Shapes.h"
#include "frontends/onnx/Window.h"

using namespace mlir;

namespace pebble::onnx {

namespace {

/// Reports when kernel_shape is there and contradicts the weight's dims after the first two.
LogicalResult checkKernel(NodeImporter &node, const Window &window, Value weight) {
  RankedTensorType type = NodeImporter::type(weight);
  if (type.getRank() != NodeImporter::rank(node.input(0)))
    return node.invalid("the weight has " + Twine(type.getRank()) + " dims and the input " +
                        Twine(NodeImporter::rank(node.input(0))) + "; expected as many");
  for (auto [index, size] : llvm::enumerate(window.kernelShape)) {
    int64_t dim = type.getDimSize(static_cast<unsigned>(index + 2));
    if (!ShapedType::isDynamic(dim) && dim != size)
      return node.invalid("'kernel_shape' says " + Twine(size) + " where the weight has " +
                          Twine(dim));
  }
  return success();
}

int64_t groupOf(NodeImporter &node, StringRef name) {
  int64_t group = node.intAttr(name, 1);
  if (group < 1)
    (void)node.invalid("'" + name + "' is " + Twine(group) + "; expected 1 or more");
  return group;
}

LogicalResult importConv(NodeImporter &node) {
  FailureOr<Window> w = readWindow(node, NodeImporter::rank(node.input(0)) - 2);
  if (failed(w) || failed(checkKernel(node, *w, node.input(1))))
    return failure();
  node.setOutput(0, node.create<nn::ConvOp>(node.input(0), node.input(1), node.input(2), w->strides,
                                            w->dilations, w->pads, groupOf(node, "group"),
                                            w->autoPad));
  return success();
}

LogicalResult importConvTranspose(NodeImporter &node) {
  Value input = node.input(0);
  FailureOr<Window> w = readWindow(node, NodeImporter::rank(input) - 2);
  if (failed(w) || failed(checkKernel(node, *w, node.input(1))))
    return failure();
  int64_t spatial = NodeImporter::rank(input) - 2;
  std::vector<int64_t> outputShape = node.intsAttr("output_shape");
  // Some exporters write N and C, too.
  if (static_cast<int64_t>(outputShape.size()) == spatial + 2)
    outputShape.erase(outputShape.begin(), outputShape.begin() + 2);
  std::vector<int64_t> outputPadding =
      node.intsAttr("output_padding", std::vector<int64_t>(spatial, 0));
  if ((!outputShape.empty() && failed(checkSizes(node, "output_shape", outputShape, spatial, 1))) ||
      failed(checkSizes(node, "output_padding", outputPadding, spatial, 0)))
    return failure();
  node.setOutput(0, node.create<nn::ConvTransposeOp>(
                        input, node.input(1), node.input(2), w->strides, w->dilations, w->pads,
                        outputPadding, outputShape, groupOf(node, "group"), w->autoPad));
  return success();
}

LogicalResult importDeformConv(NodeImporter &node) {
  FailureOr<Window> w = readWindow(node, NodeImporter::rank(node.input(0)) - 2);
  if (failed(w) || failed(checkKernel(node, *w, node.input(1))))
    return failure();
  node.setOutput(0, node.create<nn::DeformConvOp>(node.input(0), node.input(1), node.input(2),
                                                  node.input(3), node.input(4), w->strides,
                                                  w->dilations, w->pads, groupOf(node, "group"),
                                                  groupOf(node, "offset_group")));
  return success();
}

LogicalResult importMatMul(NodeImporter &node) {
  node.setOutput(0, node.create<nn::MatMulOp>(node.input(0), node.input(1)));
  return success();
}

/// `value` times attribute `name`, unless that is 1.
Value scaledBy(NodeImporter &node, StringRef name, Value value) {
  double factor = node.floatAttr(name, 1);
  if (factor == 1 || !value)
    return value;
  Type element = NodeImporter::elementType(value);
  if (isa<FloatType>(element))
    return node.mul(value, node.scalar(element, factor));
  Value scaled = node.mul(node.cast(value, node.builder().getF64Type()),
                          node.scalar(node.builder().getF64Type(), factor));
  return node.cast(scaled, element);
}

LogicalResult importGemm(NodeImporter &node) {
  Value a = node.input(0), b = node.input(1);
  if (failed(checkRank(node, a, "A", {2})) || failed(checkRank(node, b, "B", {2})))
    return failure();
  if (node.intAttr("transA", 0) != 0)
    a = node.transpose(a, {1, 0});
  if (node.intAttr("transB", 0) != 0)
    b = node.transpose(b, {1, 0});
  Value product = scaledBy(node, "alpha", node.create<nn::MatMulOp>(a, b));
  if (node.hasInput(2))
    product = node.add(product, scaledBy(node, "beta", node.input(2)));
  node.setOutput(0, product);
  return success();
}

constexpr OpEntry table[] = {
    {"", "Conv", 1, importConv},
    {"", "ConvTranspose", 1, importConvTranspose},
    {"", "DeformConv", 19, importDeformConv},
    {"", "Einsum", 12, importEinsum},
    {"", "Gemm", 7, importGemm},
    {"", "MatMul", 1, importMatMul},
};

} // namespace

void addContractionOps(std::vector<OpEntry> &rows) {
  rows.insert(rows.end(), std::begin(table), std::end(table));
}

} // namespace pebble::onnx
