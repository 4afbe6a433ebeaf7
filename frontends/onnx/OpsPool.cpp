// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/Compose.h"
#include "frontends/onnx/Registry.h"
#include "frontends/onnx/Shapes.h"
#include "frontends/onnx/Window.h"

using namespace mlir;

namespace pebble::onnx {

namespace {

/// A window whose kernel_shape is there, as pools need it.
FailureOr<Window> poolWindow(NodeImporter &node) {
  FailureOr<Window> window = readWindow(node, NodeImporter::rank(node.input(0)) - 2);
  if (succeeded(window) && window->kernelShape.empty())
    return node.invalid("attribute 'kernel_shape' is missing");
  return window;
}

LogicalResult importMaxPool(NodeImporter &node) {
  FailureOr<Window> w = poolWindow(node);
  if (failed(w))
    return failure();
  bool ceil = node.intAttr("ceil_mode", 0) != 0;
  if (!node.wantsOutput(1)) {
    node.setOutput(0, node.create<nn::MaxPoolOp>(node.input(0), w->kernelShape, w->strides,
                                                 w->dilations, w->pads, ceil, w->autoPad));
    return success();
  }
  SmallVector<Value> results = node.createN<nn::MaxPoolIndicesOp>(
      node.input(0), w->kernelShape, w->strides, w->dilations, w->pads, ceil, w->autoPad,
      node.intAttr("storage_order", 0));
  for (auto [index, result] : llvm::enumerate(results))
    node.setOutput(index, result);
  return success();
}

LogicalResult importAveragePool(NodeImporter &node) {
  FailureOr<Window> w = poolWindow(node);
  if (failed(w))
    return failure();
  node.setOutput(0,
                 node.create<nn::AvgPoolOp>(node.input(0), w->kernelShape, w->strides, w->dilations,
                                            w->pads, node.intAttr("ceil_mode", 0) != 0, w->autoPad,
                                            node.intAttr("count_include_pad", 0) != 0));
  return success();
}

LogicalResult importLpPool(NodeImporter &node) {
  FailureOr<Window> w = poolWindow(node);
  if (failed(w))
    return failure();
  node.setOutput(0, node.create<nn::LpPoolOp>(
                        node.input(0), w->kernelShape, w->strides, w->dilations, w->pads,
                        node.intAttr("ceil_mode", 0) != 0, w->autoPad, node.intAttr("p", 2)));
  return success();
}

template <typename OpTy> LogicalResult importGlobal(NodeImporter &node) {
  Value input = node.input(0);
  node.setOutput(0, reduce<OpTy>(node, input, axesBetween(2, NodeImporter::rank(input))));
  return success();
}

LogicalResult importGlobalLpPool(NodeImporter &node) {
  Value input = node.input(0);
  Type element = NodeImporter::elementType(input);
  Type wide = isHalf(element) ? node.builder().getF32Type() : element;
  auto p = static_cast<double>(node.intAttr("p", 2));
  Value powers =
      node.create<nn::PowOp>(node.create<nn::AbsOp>(node.cast(input, wide)), node.scalar(wide, p));
  Value sum = reduce<nn::ReduceSumOp>(node, powers, axesBetween(2, NodeImporter::rank(input)));
  node.setOutput(0, node.cast(node.create<nn::PowOp>(sum, node.scalar(wide, 1 / p)), element));
  return success();
}

LogicalResult importMaxUnpool(NodeImporter &node) {
  FailureOr<Window> w = poolWindow(node);
  if (failed(w))
    return failure();
  Value shape = node.hasInput(2) ? asInt64(node, node.input(2)) : Value();
  node.setOutput(0, node.create<nn::MaxUnpoolOp>(node.input(0), node.input(1), shape,
                                                 w->kernelShape, w->pads, w->strides));
  return success();
}

constexpr OpEntry table[] = {
    {"", "AveragePool", 7, importAveragePool},
    {"", "GlobalAveragePool", 1, importGlobal<nn::ReduceMeanOp>},
    {"", "GlobalLpPool", 2, importGlobalLpPool},
    {"", "GlobalMaxPool", 1, importGlobal<nn::ReduceMaxOp>},
    {"", "LpPool", 2, importLpPool},
    {"", "MaxPool", 1, importMaxPool},
    {"", "MaxUnpool", 9, importMaxUnpool},
};

} // namespace

void addPoolOps(std::vector<OpEntry> &rows) {
  rows.insert(rows.end(), std::begin(table), std::end(table));
}

} // namespace pebble::onnx
