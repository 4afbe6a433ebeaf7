// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/Resize.h"
#include "frontends/onnx/Compose.h"
#include "frontends/onnx/Registry.h"

using namespace mlir;

namespace pebble::onnx {
namespace {

/// The operands and attributes of nn.resize.
struct Resize {
  Value roi, scales, sizes;
  nn::ResizeMode mode = nn::ResizeMode::nearest;
  nn::ResizeCoordinates coordinates = nn::ResizeCoordinates::half_pixel;
  nn::ResizeNearest nearest = nn::ResizeNearest::round_prefer_floor;
  bool antialias = false, excludeOutside = false;
  nn::AspectRatio aspectRatio = nn::AspectRatio::stretch;
  std::vector<int64_t> axes;
  double cubicCoefficient = -0.75, extrapolation = 0;
};

/// Whether an optional operand is there: before opset 13 an empty tensor stands for none.
bool isGiven(Value operand) {
  return operand &&
         !(NodeImporter::rank(operand) == 1 && NodeImporter::type(operand).getDimSize(0) == 0);
}

/// Positions in `axes` along which nothing changes, as far as it is known.
std::vector<bool> unchangedAxes(NodeImporter &node, Value input, const Resize &resize) {
  std::vector<bool> unchanged(resize.axes.size(), false);
  if (resize.scales) {
    if (std::optional<std::vector<double>> scales = node.constantFloats(resize.scales))
      for (size_t i = 0; i < unchanged.size() && i < scales->size(); ++i)
        unchanged[i] = (*scales)[i] == 1.0;
  } else if (resize.aspectRatio == nn::AspectRatio::stretch) {
    if (std::optional<std::vector<int64_t>> sizes = node.constantInts(resize.sizes))
      for (size_t i = 0; i < unchanged.size() && i < sizes->size(); ++i)
        unchanged[i] = (*sizes)[i] == NodeImporter::type(input).getDimSize(resize.axes[i]);
  }
  return unchanged;
}

/// Entries of a 1-D operand at the given positions.
Value entriesAt(NodeImporter &node, Value operand, ArrayRef<int64_t> positions) {
  return operand ? gather(node, operand, node.ints(positions), 0) : operand;
}

/// Leaves out the axes that keep their size: a batch and its channels are not interpolated.
void dropUnchangedAxes(NodeImporter &node, Value input, Resize &resize) {
  if (resize.coordinates == nn::ResizeCoordinates::tf_crop_and_resize)
    return;
  std::vector<bool> unchanged = unchangedAxes(node, input, resize);
  if (llvm::none_of(unchanged, [](bool is) { return is; }))
    return;
  SmallVector<int64_t> kept;
  std::vector<int64_t> axes;
  for (auto [position, isUnchanged] : llvm::enumerate(unchanged)) {
    if (isUnchanged)
      continue;
    kept.push_back(position);
    axes.push_back(resize.axes[position]);
  }
  resize.axes = axes;
  resize.scales = entriesAt(node, resize.scales, kept);
  resize.sizes = entriesAt(node, resize.sizes, kept);
}

LogicalResult emit(NodeImporter &node, Resize resize) {
  Value input = node.input(0);
  dropUnchangedAxes(node, input, resize);
  if (resize.axes.empty()) {
    node.setOutput(0, input);
    return success();
  }
  node.setOutput(0, node.create<nn::ResizeOp>(
                        input, resize.roi, resize.scales, resize.sizes, resize.mode,
                        resize.coordinates, resize.nearest, resize.antialias, resize.excludeOutside,
                        resize.aspectRatio, ArrayRef(resize.axes), APFloat(resize.cubicCoefficient),
                        APFloat(resize.extrapolation)));
  return success();
}

LogicalResult importResize(NodeImporter &node) {
  Value input = node.input(0);
  int64_t rank = NodeImporter::rank(input);
  Resize resize;
  resize.mode =
      static_cast<nn::ResizeMode>(node.enumAttr("mode", "nearest", {"nearest", "linear", "cubic"}));
  if (node.stringAttr("coordinate_transformation_mode", "") == "tf_half_pixel_for_nn")
    return node.unsupported("coordinate_transformation_mode tf_half_pixel_for_nn; export with "
                            "opset 13 or later");
  resize.coordinates = static_cast<nn::ResizeCoordinates>(
      node.enumAttr("coordinate_transformation_mode", "half_pixel",
                    {"half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners",
                     "asymmetric", "tf_crop_and_resize"}));
  resize.nearest = static_cast<nn::ResizeNearest>(
      node.enumAttr("nearest_mode", "round_prefer_floor",
                    {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"}));
  resize.antialias = node.intAttr("antialias", 0) != 0;
  resize.excludeOutside = node.intAttr("exclude_outside", 0) != 0;
  resize.aspectRatio = static_cast<nn::AspectRatio>(node.enumAttr(
      "keep_aspect_ratio_policy", "stretch", {"stretch", "not_larger", "not_smaller"}));
  resize.cubicCoefficient = node.floatAttr("cubic_coeff_a", -0.75);
  resize.extrapolation = node.floatAttr("extrapolation_value", 0);
  resize.axes = node.intsAttr("axes", axesBetween(0, rank));
  for (int64_t &axis : resize.axes) {
    std::optional<int64_t> normalized = node.normalizeAxis(axis, rank);
    if (!normalized)
      return failure();
    axis = *normalized;
  }
  bool hasScales = isGiven(node.input(2)), hasSizes = isGiven(node.input(3));
  if (hasScales == hasSizes)
    return node.invalid("expected either scales or sizes");
  if (hasScales)
    resize.scales = node.input(2);
  else
    resize.sizes = node.input(3);
  if (resize.coordinates == nn::ResizeCoordinates::tf_crop_and_resize) {
    if (!isGiven(node.input(1)))
      return node.invalid("tf_crop_and_resize needs the input roi");
    resize.roi = node.cast(node.input(1), node.builder().getF32Type());
  }
  return emit(node, std::move(resize));
}

/// The first forms, by scales alone: coordinates are divided by the scale and rounded towards zero.
LogicalResult importByScales(NodeImporter &node, Value scales) {
  Resize resize;
  // "bilinear" is what version 1 called "linear".
  int64_t mode = node.enumAttr("mode", "nearest", {"nearest", "linear", "bilinear"});
  resize.mode = mode == 0 ? nn::ResizeMode::nearest : nn::ResizeMode::linear;
  resize.coordinates = nn::ResizeCoordinates::asymmetric;
  resize.nearest = nn::ResizeNearest::floor;
  resize.scales = scales;
  SmallVector<int64_t> axes = axesBetween(0, NodeImporter::rank(node.input(0)));
  resize.axes.assign(axes.begin(), axes.end());
  return emit(node, std::move(resize));
}

LogicalResult importScalesInput(NodeImporter &node) { return importByScales(node, node.input(1)); }

LogicalResult importUpsampleAttribute(NodeImporter &node) {
  std::vector<double> scales = node.floatsAttr("scales");
  std::vector<float> narrow(scales.begin(), scales.end());
  auto type =
      RankedTensorType::get({static_cast<int64_t>(narrow.size())}, node.builder().getF32Type());
  return importByScales(node, node.constant(DenseElementsAttr::get(type, ArrayRef(narrow))));
}

/// Resize of opset 10 when it shrinks takes the next element up, as ONNX Runtime does: the standard
/// of that version does not say.
LogicalResult importResize10(NodeImporter &node) {
  if (node.enumAttr("mode", "nearest", {"nearest", "linear"}) == 0) {
    std::optional<std::vector<double>> scales = node.constantFloats(node.input(1));
    if (!scales || llvm::any_of(*scales, [](double scale) { return scale < 1; }))
      return node.unsupported("mode nearest with scales below 1 or unknown; export with opset 11 "
                              "or later");
  }
  return importScalesInput(node);
}

} // namespace

void addResizeOps(std::vector<OpEntry> &rows) {
  rows.insert(rows.end(), {
                              {"", "Resize", 10, importResize10, "nearest with scales below 1"},
                              {"", "Resize", 11, importResize, "tf_half_pixel_for_nn"},
                              {"", "Upsample", 7, importUpsampleAttribute},
                              {"", "Upsample", 9, importScalesInput},
                          });
}

} // namespace pebble::onnx
