// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Channels-last pools of u8 codes.

#include "runtime/kernels/Requantize.h"
#include "runtime/kernels/Tensor.h"

namespace pebble::kernels {
namespace {

constexpr int64_t most = 64; // Channels whose values are held at once.

struct PoolShape {
  int64_t height, width, channels, outHeight, outWidth;
  Attributes::Array kernel, strides, dilations, pads;
};

PoolShape readShape(const pebble_tensor &input, const pebble_tensor &result, Attributes &from) {
  PoolShape s;
  s.height = input.dims[1];
  s.width = input.dims[2];
  s.channels = input.dims[3];
  s.outHeight = result.dims[1];
  s.outWidth = result.dims[2];
  s.kernel = from.array();
  s.strides = from.array();
  s.dilations = from.array();
  s.pads = from.array();
  return s;
}

// Calls start(first, count), then step(inputs) for every window element inside the input, row by
// row, then finish(results, number of elements), for each output position and group of channels.
template <typename Start, typename Step, typename Finish>
PEBBLE_INLINE void slide(const PoolShape &s, const pebble_tensor &input,
                         const pebble_tensor &result, Start start, Step step, Finish finish) {
  int64_t places = result.dims[0] * s.outHeight * s.outWidth;
  for (int64_t place = 0; place < places; ++place) {
    int64_t column = place % s.outWidth, row = place / s.outWidth % s.outHeight;
    int64_t image = place / (s.outWidth * s.outHeight) * s.height * s.width;
    for (int64_t first = 0; first < s.channels; first += most) {
      int64_t count = s.channels - first < most ? s.channels - first : most, elements = 0;
      start(count);
      for (int64_t ky = 0; ky < s.kernel[0]; ++ky)
        for (int64_t kx = 0; kx < s.kernel[1]; ++kx) {
          int64_t y = row * s.strides[0] + ky * s.dilations[0] - s.pads[0];
          int64_t x = column * s.strides[1] + kx * s.dilations[1] - s.pads[1];
          if (y < 0 || y >= s.height || x < 0 || x >= s.width)
            continue;
          step(data<const uint8_t>(input) + (image + y * s.width + x) * s.channels + first, count);
          ++elements;
        }
      finish(data<uint8_t>(result) + place * s.channels + first, count, elements);
    }
  }
}

} // namespace

template <typename T>
int32_t max_bytes(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  Attributes attributes(ints, floats);
  PoolShape s = readShape(tensors[0], tensors[1], attributes);
  uint8_t values[most];
  slide(
      s, tensors[0], tensors[1],
      [&](int64_t count) PEBBLE_INLINE_LAMBDA { fillElements(values, uint8_t(0), count); },
      [&](const uint8_t *from, int64_t count) PEBBLE_INLINE_LAMBDA {
        for (int64_t c = 0; c < count; ++c)
          values[c] = from[c] > values[c] ? from[c] : values[c];
      },
      [&](uint8_t *to, int64_t count, int64_t)
          PEBBLE_INLINE_LAMBDA { copyElements(to, values, count); });
  return PEBBLE_OK;
}

// The mean of the dequantized values, summed in f32 in the order of the window.
template <typename T>
int32_t average_bytes(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  Attributes attributes(ints, floats);
  PoolShape s = readShape(tensors[0], tensors[1], attributes);
  bool countsPads = attributes.flag();
  int32_t inputZero = static_cast<int32_t>(attributes.integer());
  auto resultZero = static_cast<float>(attributes.integer());
  int64_t offset = attributes.integer(), low = attributes.integer(), high = attributes.integer();
  auto inputScale = static_cast<float>(attributes.real());
  auto resultScale = static_cast<float>(attributes.real());
  int64_t window = s.kernel[0] * s.kernel[1];
  // The value holds the zero point when it is rounded.
  CodeRange range = {static_cast<float>(low - offset), static_cast<float>(high - offset),
                     static_cast<int32_t>(offset)};
  float values[most];
  slide(
      s, tensors[0], tensors[1],
      [&](int64_t count) PEBBLE_INLINE_LAMBDA { fillElements(values, 0.0f, count); },
      [&](const uint8_t *from, int64_t count) PEBBLE_INLINE_LAMBDA {
        for (int64_t c = 0; c < count; ++c)
          values[c] += inputScale * static_cast<float>(int32_t(from[c]) - inputZero);
      },
      [&](uint8_t *to, int64_t count, int64_t elements) PEBBLE_INLINE_LAMBDA {
        auto divisor = static_cast<float>(countsPads ? window : elements);
        for (int64_t c = 0; c < count; ++c)
          to[c] = range.code(values[c] / divisor / resultScale + resultZero);
      });
  return PEBBLE_OK;
}

// The mean over all of H and W: an exact sum, then one multiply.
template <typename T>
int32_t mean_bytes(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  Attributes attributes(ints, floats);
  int32_t inputZero = static_cast<int32_t>(attributes.integer());
  int64_t zeroPoint = attributes.integer(), low = attributes.integer(), high = attributes.integer();
  auto inputScale = static_cast<float>(attributes.real());
  auto resultScale = static_cast<float>(attributes.real());
  const pebble_tensor &input = tensors[0];
  int64_t places = input.dims[1] * input.dims[2], channels = input.dims[3];
  float multiplier = inputScale / (resultScale * static_cast<float>(places));
  CodeRange range = CodeRange::make(zeroPoint, low, high);
  for (int64_t n = 0; n < input.dims[0]; ++n) {
    const uint8_t *image = data<const uint8_t>(input) + n * places * channels;
    uint8_t *to = data<uint8_t>(tensors[1]) + n * channels;
    for (int64_t first = 0; first < channels; first += most) {
      int64_t count = channels - first < most ? channels - first : most;
      int32_t sums[most];
      fillElements(sums, static_cast<int32_t>(-inputZero * places), count);
      for (int64_t p = 0; p < places; ++p)
        for (int64_t c = 0; c < count; ++c)
          sums[c] += image[p * channels + first + c];
      for (int64_t c = 0; c < count; ++c)
        to[first + c] = range.code(sums[c], multiplier);
    }
  }
  return PEBBLE_OK;
}

} // namespace pebble::kernels

#define PEBBLE_HERE_max_bytes 1
#define PEBBLE_HERE_average_bytes 1
#define PEBBLE_HERE_mean_bytes 1
#include "runtime/kernels/Instantiate.h"
