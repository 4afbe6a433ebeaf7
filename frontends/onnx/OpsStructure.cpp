// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operators that move elements, or ask for shapes.
#include "frontends/onnx/Compose.h"
#include "frontends/onnx/NarrowTypes.h"
#include "frontends/onnx/Registry.h"
#include "frontends/onnx/Shapes.h"

#include <numeric>

using namespace mlir;

namespace pebble::onnx {

namespace {

LogicalResult importIdentity(NodeImporter &node) {
  node.setOutput(0, node.input(0));
  return success();
}

LogicalResult importReshape(NodeImporter &node) {
  Value shape = node.input(1);
  if (!knownLength(node, shape, "shape"))
    return failure();
  node.setOutput(
      0, node.create<nn::ReshapeOp>(node.input(0), shape, node.intAttr("allowzero", 0) != 0));
  return success();
}

LogicalResult importTranspose(NodeImporter &node) {
  int64_t rank = NodeImporter::rank(node.input(0));
  std::vector<int64_t> reversed(rank);
  std::iota(reversed.rbegin(), reversed.rend(), 0);
  node.setOutput(0, node.create<nn::TransposeOp>(node.input(0), node.intsAttr("perm", reversed)));
  return success();
}

LogicalResult importSlice(NodeImporter &node) {
  Value starts = intsOperand(node, "starts", 1, 10), ends = intsOperand(node, "ends", 2, 10);
  Value axes = intsOperand(node, "axes", 3, 10);
  Value steps = node.opset() >= 10 ? intsOperand(node, "steps", 4, 10) : Value();
  if (!starts || !ends)
    return node.invalid("starts or ends are missing");
  if (!axes || !steps) {
    std::optional<int64_t> count = knownLength(node, starts, "starts");
    if (!count)
      return failure();
    if (!axes)
      axes = node.ints(axesBetween(0, *count));
    if (!steps)
      steps = node.ints(SmallVector<int64_t>(*count, 1));
  }
  node.setOutput(0, node.create<nn::SliceOp>(node.input(0), starts, ends, axes, steps));
  return success();
}

LogicalResult importConcat(NodeImporter &node) {
  std::vector<Value> values = node.inputs();
  if (values.empty() || !node.hasAttr("axis"))
    return node.invalid("inputs or attribute 'axis' are missing");
  auto axis = node.normalizeAxis(node.intAttr("axis", 0), NodeImporter::rank(values.front()));
  if (!axis)
    return failure();
  node.setOutput(0, node.concat(values, *axis));
  return success();
}

/// Where each part of a Split begins, and after the last one where it ends: 1-element vectors.
LogicalResult splitPositions(NodeImporter &node, int64_t axis, SmallVectorImpl<Value> &positions) {
  unsigned parts = node.numOutputs();
  Value sizes = intsOperand(node, "split", 1, 13);
  positions.push_back(node.ints({0}));
  if (sizes) {
    std::optional<int64_t> count = knownLength(node, sizes, "split");
    if (!count)
      return failure();
    if (*count != parts)
      return node.invalid("'split' gives " + Twine(*count) + " sizes for " + Twine(parts) +
                          " results");
    for (unsigned i = 0; i < parts; ++i)
      positions.push_back(node.add(positions.back(), node.slice(sizes, 0, i, i + 1)));
    return success();
  }
  if (node.intAttr("num_outputs", parts) != parts)
    return node.invalid("'num_outputs' differs from the number of results, " + Twine(parts));
  int64_t size = NodeImporter::type(node.input(0)).getDimSize(axis);
  if (node.opset() < 18 && !ShapedType::isDynamic(size) && size % parts != 0)
    return node.invalid("a dim of " + Twine(size) + " does not split into " + Twine(parts) +
                        " equal parts");
  // From opset 18 on, the last part is the smaller one when the dim does not divide.
  Value dim = node.dim(node.input(0), axis);
  Value part = node.div(node.add(dim, node.ints({static_cast<int64_t>(parts) - 1})),
                        node.ints({static_cast<int64_t>(parts)}));
  for (unsigned i = 1; i < parts; ++i)
    positions.push_back(node.mul(part, node.ints({static_cast<int64_t>(i)})));
  positions.push_back(dim);
  return success();
}

LogicalResult importSplit(NodeImporter &node) {
  Value input = node.input(0);
  auto axis = node.normalizeAxis(node.intAttr("axis", 0), NodeImporter::rank(input));
  SmallVector<Value> positions;
  if (!axis || failed(splitPositions(node, *axis, positions)))
    return failure();
  for (unsigned i = 0; i < node.numOutputs(); ++i)
    node.setOutput(i, sliceBetween(node, input, *axis, positions[i], positions[i + 1]));
  return success();
}

LogicalResult importSqueeze(NodeImporter &node) {
  Value input = node.input(0);
  if (Value axes = intsOperand(node, "axes", 1, 13)) {
    node.setOutput(0, squeezeDynamic(node, input, axes));
    return success();
  }
  SmallVector<int64_t> ones;
  if (!NodeImporter::type(input).hasStaticShape())
    return node.unsupported("without axes, dims that are only known at run time would decide the "
                            "result's number of dims; expected axes, or a static input");
  for (auto [index, size] : llvm::enumerate(NodeImporter::type(input).getShape()))
    if (size == 1)
      ones.push_back(static_cast<int64_t>(index));
  node.setOutput(0, node.squeeze(input, ones));
  return success();
}

LogicalResult importUnsqueeze(NodeImporter &node) {
  Value axes = intsOperand(node, "axes", 1, 13);
  if (!axes)
    return node.invalid("axes are missing");
  node.setOutput(0, unsqueezeDynamic(node, node.input(0), axes));
  return success();
}

LogicalResult importFlatten(NodeImporter &node) {
  int64_t rank = NodeImporter::rank(node.input(0)), axis = node.intAttr("axis", 1);
  if (axis < -rank || axis > rank)
    return node.invalid("axis " + Twine(axis) + " is out of range; expected " + Twine(-rank) +
                        " to " + Twine(rank));
  node.setOutput(0, flatten(node, node.input(0), axis < 0 ? axis + rank : axis));
  return success();
}

LogicalResult importExpand(NodeImporter &node) {
  if (!knownLength(node, node.input(1), "shape"))
    return failure();
  node.setOutput(0, broadcastTo(node, node.input(0), node.input(1)));
  return success();
}

LogicalResult importTile(NodeImporter &node) {
  node.setOutput(0, node.create<nn::TileOp>(node.input(0), node.input(1)));
  return success();
}

LogicalResult importPad(NodeImporter &node) {
  static constexpr nn::PadMode modes[] = {nn::PadMode::constant, nn::PadMode::reflect,
                                          nn::PadMode::edge, nn::PadMode::wrap};
  nn::PadMode mode =
      modes[node.enumAttr("mode", "constant", {"constant", "reflect", "edge", "wrap"})];
  Value input = node.input(0), pads = intsOperand(node, "pads", 1, 11), value, axes;
  if (!pads)
    return node.invalid("pads are missing");
  if (node.opset() < 11)
    value = node.scalar(NodeImporter::elementType(input), node.floatAttr("value", 0));
  else if (node.hasInput(2))
    value = asScalar(node, node.input(2));
  if (node.opset() >= 18)
    axes = intsOperand(node, "axes", 3, 18);
  // The value where none is given, 0, has the code 0 in all other types.
  if (isE8M0(node.narrowType(0)) && mode == nn::PadMode::constant && !value)
    return node.invalid("it pads with 0, which float8e8m0 lacks; expected a value as third input");
  node.setOutput(0, node.create<nn::PadOp>(input, pads, value, axes, mode));
  return success();
}

/// Operators that index along attribute 'axis'.
template <typename OpTy> LogicalResult importGather(NodeImporter &node) {
  auto axis = node.normalizeAxis(node.intAttr("axis", 0), NodeImporter::rank(node.input(0)));
  if (!axis)
    return failure();
  node.setOutput(0, node.create<OpTy>(node.input(0), node.input(1), *axis));
  return success();
}

LogicalResult importGatherND(NodeImporter &node) {
  if (failed(checkKnownDim(node, node.input(1), -1, "the last dim of 'indices'")))
    return failure();
  node.setOutput(
      0, node.create<nn::GatherNDOp>(node.input(0), node.input(1), node.intAttr("batch_dims", 0)));
  return success();
}

LogicalResult importShape(NodeImporter &node) {
  int64_t rank = NodeImporter::rank(node.input(0));
  auto position = [&](int64_t value) {
    return std::clamp<int64_t>(value < 0 ? value + rank : value, 0, rank);
  };
  node.setOutput(0, dimsBetween(node, node.input(0), position(node.intAttr("start", 0)),
                                position(node.intAttr("end", rank))));
  return success();
}

LogicalResult importSize(NodeImporter &node) {
  Value input = node.input(0);
  node.setOutput(0, asScalar(node, productBetween(node, input, 0, NodeImporter::rank(input))));
  return success();
}

/// Reshapes to dims that are 1-element vectors, transposes, and reshapes again.
Value rearrange(NodeImporter &node, Value value, ArrayRef<Value> split, ArrayRef<int64_t> order,
                ArrayRef<Value> merged) {
  Value parts = node.transpose(node.reshape(value, node.concat(split, 0)), order);
  return node.reshape(parts, node.concat(merged, 0));
}

/// Reports unless the input is N x C x H x W and attribute 'blocksize' is positive.
std::optional<int64_t> blockSize(NodeImporter &node) {
  int64_t block = node.intAttr("blocksize", 0);
  if (failed(checkRank(node, node.input(0), "input", {4})))
    return std::nullopt;
  if (block <= 0) {
    (void)node.invalid("'blocksize' is " + Twine(block) + "; expected 1 or more");
    return std::nullopt;
  }
  return block;
}

LogicalResult importDepthToSpace(NodeImporter &node) {
  std::optional<int64_t> block = blockSize(node);
  if (!block)
    return failure();
  bool isColumnMajor = node.enumAttr("mode", "DCR", {"DCR", "CRD"}) == 1;
  Value x = node.input(0), b = node.ints({*block}), bb = node.ints({*block * *block});
  Value n = node.dim(x, 0), c = node.div(node.dim(x, 1), bb), h = node.dim(x, 2),
        w = node.dim(x, 3);
  SmallVector<Value> merged = {n, c, node.mul(h, b), node.mul(w, b)};
  node.setOutput(0, isColumnMajor
                        ? rearrange(node, x, {n, c, b, b, h, w}, {0, 1, 4, 2, 5, 3}, merged)
                        : rearrange(node, x, {n, b, b, c, h, w}, {0, 3, 4, 1, 5, 2}, merged));
  return success();
}

LogicalResult importSpaceToDepth(NodeImporter &node) {
  std::optional<int64_t> block = blockSize(node);
  if (!block)
    return failure();
  Value x = node.input(0), b = node.ints({*block}), bb = node.ints({*block * *block});
  Value n = node.dim(x, 0), c = node.dim(x, 1), h = node.div(node.dim(x, 2), b),
        w = node.div(node.dim(x, 3), b);
  node.setOutput(
      0, rearrange(node, x, {n, c, h, b, w, b}, {0, 3, 5, 1, 2, 4}, {n, node.mul(c, bb), h, w}));
  return success();
}

LogicalResult importCenterCropPad(NodeImporter &node) {
  Value input = node.input(0), target = asInt64(node, node.input(1));
  int64_t rank = NodeImporter::rank(input);
  Value axes = nonNegativeAxes(node, node.ints(node.intsAttr("axes", axesBetween(0, rank))), rank);
  if (!knownLength(node, target, "shape") || node.failed())
    return failure();
  Value zero = node.ints({0}), two = node.ints({2});
  Value size = gather(node, node.shapeOf(input), axes, 0);
  Value kept = minimum(node, size, target);
  Value begin = maximum(node, zero, node.div(node.sub(size, target), two));
  Value ones = node.ints(SmallVector<int64_t>(NodeImporter::type(axes).getDimSize(0), 1));
  Value cropped = node.create<nn::SliceOp>(input, begin, node.add(begin, kept), axes, ones);
  Value before = maximum(node, zero, node.div(node.sub(target, size), two));
  Value after = node.sub(node.sub(target, kept), before);
  node.setOutput(0, node.create<nn::PadOp>(cropped, node.concat({before, after}, 0), Value(), axes,
                                           nn::PadMode::constant));
  return success();
}

LogicalResult importTrilu(NodeImporter &node) {
  Value diagonal = node.hasInput(1) ? asScalar(node, node.input(1)) : node.intScalar(0);
  node.setOutput(0,
                 node.create<nn::TriluOp>(node.input(0), diagonal, node.intAttr("upper", 1) != 0));
  return success();
}

constexpr llvm::StringLiteral rankLimits = "results whose number of dims only the run knows";

constexpr OpEntry table[] = {
    {"", "CenterCropPad", 18, importCenterCropPad},
    {"", "Concat", 4, importConcat, "strings"},
    {"", "DepthToSpace", 1, importDepthToSpace},
    {"", "Expand", 8, importExpand, rankLimits},
    {"", "Flatten", 1, importFlatten},
    {"", "Gather", 1, importGather<nn::GatherOp>, "strings"},
    {"", "GatherElements", 11, importGather<nn::GatherElementsOp>, "strings"},
    {"", "GatherND", 11, importGatherND, "strings"},
    {"", "Identity", 1, importIdentity, "sequences, optionals"},
    {"", "Pad", 2, importPad},
    {"", "Reshape", 5, importReshape, rankLimits},
    {"", "Shape", 1, importShape},
    {"", "Size", 1, importSize},
    {"", "Slice", 1, importSlice},
    {"", "SpaceToDepth", 1, importSpaceToDepth},
    {"", "Split", 2, importSplit},
    {"", "Squeeze", 1, importSqueeze, rankLimits},
    {"", "Tile", 6, importTile},
    {"", "Transpose", 1, importTranspose},
    {"", "Trilu", 14, importTrilu},
    {"", "Unsqueeze", 1, importUnsqueeze, rankLimits},
};

} // namespace

void addStructureOps(std::vector<OpEntry> &rows) {
  rows.insert(rows.end(), std::begin(table), std::end(table));
}

} // namespace pebble::onnx
