// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A convolution whose sums stay numbers: i32 as they are, or f32 times a multiplier a channel.

#include "runtime/kernels/PackedConv.h"

namespace pebble::kernels {

template <typename T>
int32_t conv_sums(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  Attributes attributes(ints, floats);
  const pebble_tensor &input = tensors[0], &weights = tensors[1], &result = tensors[6];
  int64_t group;
  ConvShape s;
  if (int32_t status =
          readConvShape(attributes, input, weights, result, ByteWeights::step, group, s);
      status != PEBBLE_OK)
    return status;
  for (int operand = 2; operand < 6; ++operand)
    if (operand != 4 && present(tensors[operand]) &&
        numel(tensors[operand]) != group * s.blocks * blockWidth)
      return PEBBLE_ERROR_SHAPE;
  if (numel(tensors[4]) < 1)
    return PEBBLE_ERROR_SHAPE;
  s.padding = data<const uint8_t>(tensors[4])[0];
  const float *multipliers = data<const float>(tensors[3]);
  const int32_t *zeroPoints = present(tensors[5]) ? data<const int32_t>(tensors[5]) : nullptr;
  bool isFloat = result.dtype == PEBBLE_F32;
  const uint8_t *images = data<const uint8_t>(input);
  forTiles(s, result.dims[0], group, [&](int64_t place, int64_t rows, int64_t g) {
    uint32_t inputs[tileRows] = {};
    if (zeroPoints)
      for (int64_t r = 0; r < rows; ++r)
        inputs[r] = sumInputs(s, images, place + r, g * s.groupChannels);
    auto store = [&](int64_t at, int64_t channel, int64_t count, int64_t block,
                     const uint32_t *sums) {
      for (int64_t c = 0; c < count; ++c) {
        int64_t index = block * blockWidth + c, to = at * s.outputs + channel + c;
        uint32_t sum = sums[c];
        if (zeroPoints)
          sum -= inputs[at - place] * static_cast<uint32_t>(zeroPoints[index]);
        int32_t value = static_cast<int32_t>(sum);
        if (isFloat)
          data<float>(result)[to] = static_cast<float>(value) * multipliers[index];
        else
          data<int32_t>(result)[to] = value;
      }
    };
    ByteWeights bytes{data<const int8_t>(weights)};
    convolveTile(s, images, bytes, data<const int32_t>(tensors[2]), place, rows, g, store);
  });
  return PEBBLE_OK;
}

} // namespace pebble::kernels

#define PEBBLE_HERE_conv_sums 1
#include "runtime/kernels/Instantiate.h"
