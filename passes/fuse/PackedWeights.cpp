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
                                         int64_t runs, int64_t step) {
  int64_t blocks = llvm::divideCeil(channels / groups, blockWidth);
  int64_t steps = runs * llvm::divideCeil(depth / runs, step);
  return {groups, blocks, steps, blockWidth, quad};
}

namespace {

/// Calls put(block, step within the block's padded reduction, channel within the block, weight).
template <class Put>
void forPlaces(ArrayRef<int8_t> ordered, int64_t channels, int64_t groups, int64_t runs,
               int64_t step, Put put) {
  int64_t depth = ordered.size() / channels, runLength = depth / runs;
  int64_t paddedRun = llvm::alignTo(runLength, step);
  for (int64_t c = 0; c < channels; ++c) {
    int64_t index = blockedIndex(c, channels / groups);
    for (int64_t k = 0; k < depth; ++k)
      put(index / blockWidth, k / runLength * paddedRun + k % runLength, index % blockWidth,
          ordered[c * depth + k]);
  }
}

int64_t paddedDepth(ArrayRef<int8_t> ordered, int64_t channels, int64_t runs, int64_t step) {
  int64_t depth = ordered.size() / channels;
  return runs * static_cast<int64_t>(llvm::alignTo(depth / runs, step));
}

} // namespace

std::vector<int8_t> pebble::packBlocks(ArrayRef<int8_t> ordered, int64_t channels, int64_t groups,
                                       int64_t runs) {
  int64_t depth = paddedDepth(ordered, channels, runs, quad);
  std::vector<int8_t> packed(paddedChannels(channels, groups) * depth);
  forPlaces(ordered, channels, groups, runs, quad,
            [&](int64_t block, int64_t at, int64_t channel, int8_t weight) {
              int64_t row = block * depth / quad + at / quad;
              packed[(row * blockWidth + channel) * quad + at % quad] = weight;
            });
  return packed;
}

std::vector<uint8_t> pebble::packHalfBlocks(ArrayRef<int8_t> ordered, int64_t channels,
                                            int64_t groups, int64_t runs, int64_t zeroPoint) {
  constexpr int64_t step = 2 * quad;
  int64_t depth = paddedDepth(ordered, channels, runs, step);
  // What does not exist is 0, the number of the zero point.
  auto zero = static_cast<uint8_t>((zeroPoint & 15) * 17);
  std::vector<uint8_t> packed(paddedChannels(channels, groups) * depth / 2, zero);
  forPlaces(ordered, channels, groups, runs, step,
            [&](int64_t block, int64_t at, int64_t channel, int8_t weight) {
              int64_t row = block * depth / step + at / step, shift = at % step / quad * 4;
              uint8_t &pair = packed[(row * blockWidth + channel) * quad + at % quad];
              pair = static_cast<uint8_t>((pair & (240 >> shift)) | ((weight + zeroPoint) & 15)
                                                                        << shift);
            });
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
