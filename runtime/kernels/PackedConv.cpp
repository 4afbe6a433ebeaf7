// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A convolution whose sums become codes.

#include "runtime/kernels/PackedConv.h"
#include "runtime/kernels/Requantize.h"

namespace pebble::kernels {

template <typename T>
int32_t conv_packed(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  Attributes attributes(ints, floats);
  const pebble_tensor &input = tensors[0], &weight = tensors[1], &codes = tensors[4];
  const pebble_tensor &result = tensors[5];
  bool isHalf = present(codes);
  int64_t group;
  ConvShape s;
  if (int32_t status = readConvShape(attributes, input, weight, result,
                                     isHalf ? HalfByteWeights::step : ByteWeights::step, group, s);
      status != PEBBLE_OK)
    return status;
  int64_t padding = attributes.integer(), zeroPoint = attributes.integer();
  int64_t low = attributes.integer(), high = attributes.integer();
  if (numel(tensors[2]) != group * s.blocks * blockWidth ||
      numel(tensors[3]) != numel(tensors[2]) || (isHalf && numel(codes) != 16))
    return PEBBLE_ERROR_SHAPE;
  s.padding = static_cast<uint8_t>(padding);
  const float *multipliers = data<const float>(tensors[3]);
  CodeRange range = CodeRange::make(zeroPoint, low, high);
  auto store = [&](int64_t place, int64_t channel, int64_t count, int64_t block,
                   const uint32_t *sums) {
    uint8_t *to = data<uint8_t>(result) + place * s.outputs + channel;
    for (int64_t c = 0; c < count; ++c)
      to[c] = range.code(static_cast<int32_t>(sums[c]), multipliers[block * blockWidth + c]);
  };
  auto convolve = [&](auto weights) {
    forTiles(s, result.dims[0], group, [&](int64_t place, int64_t rows, int64_t g) {
      convolveTile(s, data<const uint8_t>(input), weights, data<const int32_t>(tensors[2]), place,
                   rows, g, store);
    });
  };
  if (isHalf)
    convolve(HalfByteWeights{data<const uint8_t>(weight), data<const int8_t>(codes)});
  else
    convolve(ByteWeights{data<const int8_t>(weight)});
  return PEBBLE_OK;
}

} // namespace pebble::kernels

#define PEBBLE_HERE_conv_packed 1
#include "runtime/kernels/Instantiate.h"
