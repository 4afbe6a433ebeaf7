// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/fuse/PackedWeights.h"

#include "passes/fuse/LayoutBuilders.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace pebble;

namespace {

/// The largest window, its rows filled up, that every target's kernel reads row by row.
constexpr int64_t largestWindow = 2048;
/// Up to so many input channels, a row of the window is one run.
constexpr int64_t fewChannels = 32;

} // namespace

int64_t pebble::paddedChannels(int64_t channels, int64_t groups) {
  return groups * llvm::alignTo(channels / groups, blockWidth);
}

int64_t pebble::blockedIndex(int64_t c, int64_t groupOutputs) {
  int64_t padded = llvm::alignTo(groupOutputs, blockWidth);
  return c / groupOutputs * padded + c % groupOutputs;
}

int64_t pebble::runsOf(int64_t groupChannels, ArrayRef<int64_t> kernel, int64_t groups) {
  int64_t rowLength = llvm::alignTo(kernel[1] * groupChannels, quad);
  bool isRowRun = groups == 1 && kernel[0] * rowLength <= largestWindow &&
                  (groupChannels % quad != 0 || groupChannels <= fewChannels);
  return isRowRun ? kernel[0] : kernel[0] * kernel[1];
}

SmallVector<int64_t> pebble::packedShape(int64_t channels, int64_t groups, int64_t depth,
                                         int64_t runs) {
  int64_t blocks = llvm::divideCeil(channels / groups, blockWidth);
  int64_t quads = runs * llvm::divideCeil(depth / runs, quad);
  return {groups, blocks, quads, blockWidth, quad};
}

std::vector<int8_t> pebble::packBlocks(ArrayRef<int8_t> ordered, int64_t channels, int64_t groups,
                                       int64_t runs) {
  int64_t depth = ordered.size() / channels, runLength = depth / runs;
  int64_t paddedRun = llvm::alignTo(runLength, quad), quads = runs * paddedRun / quad;
  std::vector<int8_t> packed(paddedChannels(channels, groups) * quads * quad);
  for (int64_t c = 0; c < channels; ++c) {
    int64_t index = blockedIndex(c, channels / groups);
    int8_t *block = &packed[index / blockWidth * quads * blockWidth * quad];
    for (int64_t k = 0; k < depth; ++k) {
      int64_t at = k / runLength * paddedRun + k % runLength;
      block[(at / quad * blockWidth + index % blockWidth) * quad + at % quad] =
          ordered[c * depth + k];
    }
  }
  return packed;
}

std::vector<int8_t> pebble::channelsLastWeights(ArrayRef<int64_t> weights, int64_t groupChannels,
                                                int64_t taps) {
  std::vector<int8_t> ordered(weights.size());
  int64_t channels = weights.size() / (groupChannels * taps);
  for (int64_t c = 0; c < channels; ++c)
    for (int64_t i = 0; i < groupChannels; ++i)
      for (int64_t t = 0; t < taps; ++t)
        ordered[(c * taps + t) * groupChannels + i] =
            static_cast<int8_t>(weights[(c * groupChannels + i) * taps + t]);
  return ordered;
}

std::vector<int8_t> pebble::transposedWeights(ArrayRef<int64_t> weights, int64_t channels) {
  std::vector<int8_t> ordered(weights.size());
  int64_t depth = weights.size() / channels;
  for (int64_t k = 0; k < depth; ++k)
    for (int64_t c = 0; c < channels; ++c)
      ordered[c * depth + k] = static_cast<int8_t>(weights[k * channels + c]);
  return ordered;
}

std::optional<SmallVector<int64_t>> pebble::reshapeTarget(RankedTensorType type) {
  SmallVector<int64_t> shape(type.getShape());
  if (type.getNumDynamicDims() > 1)
    return std::nullopt;
  llvm::replace(shape, ShapedType::kDynamic, int64_t(-1));
  return shape;
}

Value pebble::reshapeOneDynamic(ImplicitLocOpBuilder &b, Value value, RankedTensorType type) {
  if (tensorTypeOf(value).getShape() == type.getShape())
    return value;
  Value shape = buildInts(b, b.getLoc(), *reshapeTarget(type));
  return nn::ReshapeOp::create(b, type, value, shape, /*allowzero=*/false);
}
