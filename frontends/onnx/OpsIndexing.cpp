// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operators that find, pick and place elements by index.
#include "frontends/onnx/Compose.h"
#include "frontends/onnx/Registry.h"
#include "frontends/onnx/Shapes.h"
#include "frontends/onnx/TensorData.h"

using namespace mlir;

namespace pebble::onnx {

namespace {

nn::ScatterReduction reductionOf(NodeImporter &node) {
  static constexpr nn::ScatterReduction reductions[] = {
      nn::ScatterReduction::none, nn::ScatterReduction::add, nn::ScatterReduction::mul,
      nn::ScatterReduction::min, nn::ScatterReduction::max};
  return reductions[node.enumAttr("reduction", "none", {"none", "add", "mul", "min", "max"})];
}

/// Attribute 'axis', non-negative among the dims of input 0.
std::optional<int64_t> axisOf(NodeImporter &node, int64_t missing) {
  return node.normalizeAxis(node.intAttr("axis", missing), NodeImporter::rank(node.input(0)));
}

/// The entries of `value` before the 1-element tensor `count`, along `axis`.
Value firstEntries(NodeImporter &node, Value value, int64_t axis, Value count) {
  return sliceBetween(node, value, axis, node.ints({0}), asVector(node, count));
}

LogicalResult importScatterElements(NodeImporter &node) {
  std::optional<int64_t> axis = axisOf(node, 0);
  if (!axis)
    return failure();
  node.setOutput(0, node.create<nn::ScatterElementsOp>(node.input(0), node.input(1), node.input(2),
                                                       *axis, reductionOf(node)));
  return success();
}

LogicalResult importScatterND(NodeImporter &node) {
  if (failed(checkKnownDim(node, node.input(1), -1, "the last dim of 'indices'")))
    return failure();
  node.setOutput(0, node.create<nn::ScatterNDOp>(node.input(0), node.input(1), node.input(2),
                                                 reductionOf(node)));
  return success();
}

LogicalResult importTensorScatter(NodeImporter &node) {
  Value cache = node.input(0), update = node.input(1);
  std::optional<int64_t> axis = axisOf(node, -2);
  bool isCircular = node.enumAttr("mode", "linear", {"linear", "circular"}) == 1;
  if (!axis)
    return failure();
  if (*axis == 0)
    return node.invalid("axis 0 is the batch; expected another one");
  int64_t rank = NodeImporter::rank(cache);
  Value steps = iota(node, asScalar(node, node.dim(update, *axis)));
  Value places = alongAxis(node, steps, *axis, rank);
  if (node.hasInput(2))
    places = node.add(places, alongAxis(node, node.input(2), 0, rank));
  if (isCircular)
    places = node.create<nn::ModOp>(places, node.dim(cache, *axis), /*fmod=*/false);
  Value indices = broadcastTo(node, places, node.shapeOf(update));
  node.setOutput(0, node.create<nn::ScatterElementsOp>(cache, indices, update, *axis,
                                                       nn::ScatterReduction::none));
  return success();
}

LogicalResult importTopK(NodeImporter &node) {
  std::optional<int64_t> axis = axisOf(node, -1);
  if (!axis)
    return failure();
  if (node.opset() < 10 && !node.hasAttr("k"))
    return node.invalid("attribute 'k' is missing");
  Value count = node.opset() < 10 ? node.ints({node.intAttr("k", 0)})
                                  : asVector(node, asInt64(node, node.input(1)));
  SmallVector<Value> results = node.createN<nn::TopKOp>(
      node.input(0), count, *axis, node.intAttr("largest", 1) != 0, node.intAttr("sorted", 1) != 0);
  for (auto [index, result] : llvm::enumerate(results))
    node.setOutput(index, result);
  return success();
}

template <typename OpTy> LogicalResult importArg(NodeImporter &node) {
  std::optional<int64_t> axis = axisOf(node, 0);
  if (!axis)
    return failure();
  node.setOutput(0, node.create<OpTy>(node.input(0), *axis, node.intAttr("keepdims", 1) != 0,
                                      node.intAttr("select_last_index", 0) != 0));
  return success();
}

LogicalResult importNonZero(NodeImporter &node) {
  SmallVector<Value> results = node.createN<nn::NonZeroOp>(node.input(0));
  if (results.empty())
    return failure();
  node.setOutput(0, firstEntries(node, results[0], 1, results[1]));
  return success();
}

LogicalResult importCompress(NodeImporter &node) {
  std::optional<int64_t> axis = -1;
  if (node.hasAttr("axis") && !(axis = axisOf(node, 0)))
    return failure();
  SmallVector<Value> results = node.createN<nn::CompressOp>(node.input(0), node.input(1), *axis);
  if (results.empty())
    return failure();
  node.setOutput(0, firstEntries(node, results[0], std::max<int64_t>(*axis, 0), results[1]));
  return success();
}

LogicalResult importUnique(NodeImporter &node) {
  bool hasAxis = node.hasAttr("axis");
  std::optional<int64_t> axis = 0;
  if (hasAxis && !(axis = axisOf(node, 0)))
    return failure();
  SmallVector<Value> results =
      node.createN<nn::UniqueOp>(node.input(0), hasAxis, *axis, node.intAttr("sorted", 1) != 0);
  if (results.empty())
    return failure();
  Value count = results[4];
  node.setOutput(0, firstEntries(node, results[0], *axis, count));
  if (node.wantsOutput(1))
    node.setOutput(1, firstEntries(node, results[1], 0, count));
  node.setOutput(2, results[2]);
  if (node.wantsOutput(3))
    node.setOutput(3, firstEntries(node, results[3], 0, count));
  return success();
}

LogicalResult importOneHot(NodeImporter &node) {
  Value indices = asInt64(node, node.input(0));
  auto axis = node.normalizeAxis(node.intAttr("axis", -1), NodeImporter::rank(indices) + 1);
  if (!axis)
    return failure();
  Value depth = asScalar(node, asInt64(node, node.input(1)));
  node.setOutput(0, node.create<nn::OneHotOp>(indices, depth, node.input(2), *axis));
  return success();
}

LogicalResult importNonMaxSuppression(NodeImporter &node) {
  auto scalarInput = [&](unsigned index) {
    return node.hasInput(index) ? asScalar(node, node.input(index)) : Value();
  };
  SmallVector<Value> results = node.createN<nn::NonMaxSuppressionOp>(
      node.input(0), node.input(1), scalarInput(2), scalarInput(3), scalarInput(4),
      node.intAttr("center_point_box", 0) != 0);
  if (results.empty())
    return failure();
  node.setOutput(0, firstEntries(node, results[0], 0, results[1]));
  return success();
}

LogicalResult importReverseSequence(NodeImporter &node) {
  int64_t batchAxis = node.intAttr("batch_axis", 1), timeAxis = node.intAttr("time_axis", 0);
  if (batchAxis + timeAxis != 1 || batchAxis < 0 || timeAxis < 0)
    return node.invalid("'batch_axis' and 'time_axis' are " + Twine(batchAxis) + " and " +
                        Twine(timeAxis) + "; expected 0 and 1, or 1 and 0");
  node.setOutput(
      0, node.create<nn::ReverseSequenceOp>(node.input(0), node.input(1), batchAxis, timeAxis));
  return success();
}

template <typename OpTy> LogicalResult importCumulative(NodeImporter &node) {
  node.setOutput(0, node.create<OpTy>(node.input(0), asScalar(node, node.input(1)),
                                      node.intAttr("exclusive", 0) != 0,
                                      node.intAttr("reverse", 0) != 0));
  return success();
}

LogicalResult importEyeLike(NodeImporter &node) {
  Type element = NodeImporter::elementType(node.input(0));
  if (node.hasAttr("dtype")) {
    auto number = static_cast<int>(node.intAttr("dtype", 0));
    element = elementTypeOf(number, node.builder().getContext());
    if (!element)
      return node.unsupported("element type " + dataTypeName(number) + " is not supported");
  }
  node.setOutput(0, node.create<nn::EyeLikeOp>(node.input(0), element, node.intAttr("k", 0)));
  return success();
}

constexpr OpEntry table[] = {
    {"", "ArgMax", 1, importArg<nn::ArgMaxOp>},
    {"", "ArgMin", 1, importArg<nn::ArgMinOp>},
    {"", "Compress", 9, importCompress, "strings"},
    {"", "CumProd", 26, importCumulative<nn::CumProdOp>},
    {"", "CumSum", 11, importCumulative<nn::CumSumOp>},
    {"", "EyeLike", 9, importEyeLike},
    {"", "NonMaxSuppression", 10, importNonMaxSuppression},
    {"", "NonZero", 9, importNonZero, "strings"},
    {"", "OneHot", 9, importOneHot, "strings"},
    {"", "ReverseSequence", 10, importReverseSequence, "strings"},
    {"", "Scatter", 9, importScatterElements, "strings"},
    {"", "ScatterElements", 11, importScatterElements, "strings"},
    {"", "ScatterND", 11, importScatterND, "strings"},
    {"", "TensorScatter", 24, importTensorScatter},
    {"", "TopK", 1, importTopK},
    {"", "Unique", 11, importUnique, "strings"},
};

} // namespace

void addIndexingOps(std::vector<OpEntry> &rows) {
  rows.insert(rows.end(), std::begin(table), std::end(table));
}

} // namespace pebble::onnx
