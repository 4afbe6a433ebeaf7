// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Resampling: grid sampling, regions of interest, columns to images. Resize is in Resize.cpp.
#include "frontends/onnx/Compose.h"
#include "frontends/onnx/Registry.h"
#include "frontends/onnx/Resize.h"

using namespace mlir;

namespace pebble::onnx {
namespace {

LogicalResult importGridSample(NodeImporter &node) {
  // Version 20 renamed the modes; the new names are first.
  bool renamed = node.opset() >= 20;
  int64_t mode = renamed ? node.enumAttr("mode", "linear", {"nearest", "linear", "cubic"})
                         : node.enumAttr("mode", "bilinear", {"nearest", "bilinear", "bicubic"});
  int64_t padding = node.enumAttr("padding_mode", "zeros", {"zeros", "border", "reflection"});
  node.setOutput(0, node.create<nn::GridSampleOp>(node.input(0), node.input(1),
                                                  static_cast<nn::ResizeMode>(mode), padding,
                                                  node.intAttr("align_corners", 0) != 0));
  return success();
}

LogicalResult importAffineGrid(NodeImporter &node) {
  if (failed(checkKnownDim(node, node.input(1), 0, "the length of 'size'")))
    return failure();
  node.setOutput(0, node.create<nn::AffineGridOp>(node.input(0), node.input(1),
                                                  node.intAttr("align_corners", 0) != 0));
  return success();
}

LogicalResult importRoiAlign(NodeImporter &node) {
  // Before opset 16 there is no shift by half a pixel.
  bool halfPixel =
      node.opset() >= 16 && node.enumAttr("coordinate_transformation_mode", "half_pixel",
                                          {"output_half_pixel", "half_pixel"}) == 1;
  int64_t mode = node.enumAttr("mode", "avg", {"avg", "max"});
  int64_t height = node.intAttr("output_height", 1), width = node.intAttr("output_width", 1);
  int64_t samplingRatio = node.intAttr("sampling_ratio", 0);
  if (height < 1 || width < 1 || samplingRatio < 0)
    return node.invalid("expected positive output_height and output_width and a sampling_ratio of "
                        "0 or more");
  node.setOutput(0, node.create<nn::RoiAlignOp>(node.input(0), node.input(1), node.input(2), mode,
                                                halfPixel, height, width, samplingRatio,
                                                APFloat(node.floatAttr("spatial_scale", 1.0))));
  return success();
}

LogicalResult importCol2Im(NodeImporter &node) {
  if (failed(checkRank(node, node.input(1), "image_shape", {1})))
    return failure();
  int64_t rank = NodeImporter::type(node.input(1)).getDimSize(0);
  if (ShapedType::isDynamic(rank))
    return node.unsupported("an image_shape whose length is not known");
  std::vector<int64_t> ones(rank, 1), zeros(2 * rank, 0);
  std::vector<int64_t> dilations = node.intsAttr("dilations", ones);
  std::vector<int64_t> pads = node.intsAttr("pads", zeros);
  std::vector<int64_t> strides = node.intsAttr("strides", ones);
  if (dilations.size() != ones.size() || strides.size() != ones.size() ||
      pads.size() != zeros.size())
    return node.invalid("dilations, strides and pads do not fit the length of image_shape");
  node.setOutput(0,
                 node.create<nn::Col2ImOp>(node.input(0), node.input(1), node.input(2),
                                           ArrayRef(dilations), ArrayRef(pads), ArrayRef(strides)));
  return success();
}

} // namespace

void addImageOps(std::vector<OpEntry> &rows) {
  rows.insert(rows.end(), {
                              {"", "AffineGrid", 20, importAffineGrid},
                              {"", "Col2Im", 18, importCol2Im},
                              {"", "GridSample", 16, importGridSample},
                              {"", "RoiAlign", 10, importRoiAlign},
                          });
  addResizeOps(rows);
}

} // namespace pebble::onnx
