// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/Window.h"

using namespace mlir;

namespace pebble::onnx {

LogicalResult checkSizes(NodeImporter &node, StringRef name, ArrayRef<int64_t> values,
                         int64_t count, int64_t least) {
  // No tensor is longer: the bound keeps the arithmetic of sizes from overflowing.
  constexpr int64_t most = int64_t(1) << 40;
  if (static_cast<int64_t>(values.size()) != count)
    return node.invalid(name + " has " + Twine(values.size()) + " entries; expected " +
                        Twine(count));
  for (int64_t value : values)
    if (value < least || value > most)
      return node.invalid(name + " has the entry " + Twine(value) + "; expected at least " +
                          Twine(least) + " and a size that fits in memory");
  return success();
}

FailureOr<Window> readWindow(NodeImporter &node, int64_t spatialRank) {
  if (spatialRank < 1)
    return node.invalid("the input has no dims beside N and C");
  std::vector<int64_t> ones(spatialRank, 1), zeros(2 * spatialRank, 0);
  Window window;
  window.kernelShape = node.intsAttr("kernel_shape");
  window.strides = node.intsAttr("strides", ones);
  window.dilations = node.intsAttr("dilations", ones);
  window.pads = node.intsAttr("pads", zeros);
  int64_t mode =
      node.enumAttr("auto_pad", "NOTSET", {"NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"});
  if (mode == 1 || mode == 2)
    window.autoPad = mode == 1 ? nn::AutoPad::same_upper : nn::AutoPad::same_lower;
  // The standard forbids pads beside auto_pad; exporters write them all the same.
  if (mode != 0)
    window.pads = zeros;
  int64_t size = spatialRank;
  if (node.failed() || failed(checkSizes(node, "strides", window.strides, size, 1)) ||
      failed(checkSizes(node, "dilations", window.dilations, size, 1)) ||
      failed(checkSizes(node, "pads", window.pads, 2 * size, 0)) ||
      (!window.kernelShape.empty() &&
       failed(checkSizes(node, "kernel_shape", window.kernelShape, size, 1))))
    return failure();
  return window;
}

} // namespace pebble::onnx
