// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Channels-last convolution of each channel by itself, on u8 codes and s8 weights packed in blocks
// of 16 channels by 4 taps of a column, [block][KW][KH / 4][16][4]. The bias holds the input's zero
// point for every tap; taps in the padding read the zero point.

#include "runtime/kernels/Requantize.h"
#include "runtime/kernels/Tensor.h"

namespace pebble::kernels {

template <typename T>
int32_t depthwise_packed(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  constexpr int64_t blockWidth = 16, quad = 4;
  Attributes attributes(ints, floats);
  Attributes::Array kernel = attributes.array(), strides = attributes.array();
  Attributes::Array dilations = attributes.array(), pads = attributes.array();
  int64_t padding = attributes.integer(), zeroPoint = attributes.integer();
  int64_t low = attributes.integer(), high = attributes.integer();
  const pebble_tensor &input = tensors[0], &result = tensors[4];
  int64_t height = input.dims[1], width = input.dims[2], channels = input.dims[3];
  int64_t outHeight = result.dims[1], outWidth = result.dims[2];
  const int8_t *weights = data<const int8_t>(tensors[1]);
  const int32_t *bias = data<const int32_t>(tensors[2]);
  const float *multipliers = data<const float>(tensors[3]);
  CodeRange range = CodeRange::make(zeroPoint, low, high);
  int64_t columnQuads = (kernel[0] + quad - 1) / quad, quads = kernel[1] * columnQuads;
  int64_t blocks = (channels + blockWidth - 1) / blockWidth;
  if (tensors[1].dims[0] != blocks || tensors[1].dims[1] != quads ||
      numel(tensors[2]) != blocks * blockWidth || numel(tensors[3]) != blocks * blockWidth)
    return PEBBLE_ERROR_SHAPE;
  int64_t places = result.dims[0] * outHeight * outWidth;
  for (int64_t place = 0; place < places; ++place) {
    int64_t column = place % outWidth, row = place / outWidth % outHeight;
    const uint8_t *image =
        data<const uint8_t>(input) + place / (outWidth * outHeight) * height * width * channels;
    uint8_t *to = data<uint8_t>(result) + place * channels;
    for (int64_t first = 0; first < channels; first += blockWidth) {
      int64_t count = channels - first < blockWidth ? channels - first : blockWidth;
      const int8_t *block = weights + first * quads * quad;
      uint32_t sums[blockWidth];
      for (int64_t c = 0; c < blockWidth; ++c)
        sums[c] = static_cast<uint32_t>(bias[first + c]);
      for (int64_t tap = 0; tap < kernel[0] * kernel[1]; ++tap) {
        int64_t y = row * strides[0] + tap / kernel[1] * dilations[0] - pads[0];
        int64_t x = column * strides[1] + tap % kernel[1] * dilations[1] - pads[1];
        int64_t at = tap % kernel[1] * columnQuads * quad + tap / kernel[1];
        const int8_t *w = block + at / quad * blockWidth * quad + at % quad;
        bool isInside = y >= 0 && y < height && x >= 0 && x < width;
        const uint8_t *from = image + (y * width + x) * channels + first;
        for (int64_t c = 0; c < count; ++c) {
          int32_t input = isInside ? from[c] : static_cast<int32_t>(padding);
          sums[c] += static_cast<uint32_t>(input * w[c * quad]);
        }
      }
      for (int64_t c = 0; c < count; ++c)
        to[first + c] = range.code(static_cast<int32_t>(sums[c]), multipliers[first + c]);
    }
  }
  return PEBBLE_OK;
}

} // namespace pebble::kernels

#define PEBBLE_HERE_depthwise_packed 1
#include "runtime/kernels/Instantiate.h"
