// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Channels-last convolution of u8 codes with s8 weights packed in blocks of 16 output channels by 4
// inputs: [group][block][run][run length / 4][16][4]. The reduction K runs over kernel rows,
// columns and input channels and is cut into equal runs. The bias holds the input's zero point;
// padding therefore reads the zero point.
#ifndef PEBBLE_KERNELS_PACKEDCONV_H
#define PEBBLE_KERNELS_PACKEDCONV_H

#include "runtime/kernels/Tensor.h"

namespace pebble::kernels {

inline constexpr int64_t blockWidth = 16, quad = 4;
// Output positions that share a pass over the weights, and the inputs of one that are gathered at a
// time.
inline constexpr int64_t tileRows = 4, patchDepth = 1024;

struct ConvShape {
  int64_t height, width, channels, outHeight, outWidth, outputs; // channels and outputs in all
  int64_t groupChannels, groupOutputs, blocks;
  int64_t runLength, paddedRun, depth; // depth counts the padding of runs to whole quads
  int64_t kernelWidth, strides[2], dilations[2], pads[2];
  uint8_t padding;
};

// Inputs [begin, end) under the window of output position `place`, in packed order.
inline void gather(const ConvShape &s, const uint8_t *input, int64_t place, int64_t firstChannel,
                   int64_t begin, int64_t end, uint8_t *to) {
  int64_t column = place % s.outWidth, row = place / s.outWidth % s.outHeight;
  const uint8_t *image =
      input + place / (s.outWidth * s.outHeight) * s.height * s.width * s.channels + firstChannel;
  for (int64_t p = begin; p < end;) {
    int64_t within = p % s.paddedRun;
    int64_t rest = s.paddedRun - within < end - p ? s.paddedRun - within : end - p;
    if (within >= s.runLength) {
      // Weights there are zero; what they meet only has to be there.
      fillElements(to, uint8_t(0), rest);
      to += rest;
      p += rest;
      continue;
    }
    rest = s.runLength - within < rest ? s.runLength - within : rest;
    int64_t k = p / s.paddedRun * s.runLength + within;
    int64_t tap = k / s.groupChannels, channel = k % s.groupChannels;
    int64_t count = s.groupChannels - channel < rest ? s.groupChannels - channel : rest;
    int64_t y = row * s.strides[0] + tap / s.kernelWidth * s.dilations[0] - s.pads[0];
    int64_t x = column * s.strides[1] + tap % s.kernelWidth * s.dilations[1] - s.pads[1];
    if (y >= 0 && y < s.height && x >= 0 && x < s.width)
      copyElements(to, image + (y * s.width + x) * s.channels + channel, count);
    else
      fillElements(to, s.padding, count);
    to += count;
    p += count;
  }
}

// The sum of the inputs under a window, padding included.
inline uint32_t sumInputs(const ConvShape &s, const uint8_t *input, int64_t place,
                          int64_t firstChannel) {
  uint8_t patch[patchDepth];
  uint32_t sum = 0;
  for (int64_t begin = 0; begin < s.depth; begin += patchDepth) {
    int64_t end = s.depth - begin < patchDepth ? s.depth : begin + patchDepth;
    gather(s, input, place, firstChannel, begin, end, patch);
    for (int64_t i = 0; i < end - begin; ++i)
      sum += patch[i];
  }
  return sum;
}

// Sums wrap on the way; the last one fits.
using Sums = uint32_t[tileRows][blockWidth];

inline void accumulate(Sums &sums, const uint8_t (*patch)[patchDepth], const int8_t *weights,
                       int64_t quads) {
  for (int64_t q = 0; q < quads; ++q, weights += blockWidth * quad)
    for (int64_t r = 0; r < tileRows; ++r) {
      const uint8_t *inputs = patch[r] + q * quad;
      for (int64_t o = 0; o < blockWidth; ++o)
        for (int64_t j = 0; j < quad; ++j)
          sums[r][o] += static_cast<uint32_t>(int32_t(inputs[j]) * weights[o * quad + j]);
    }
}

// Weights as they are packed: block by block of 16 channels.
struct ByteWeights {
  const int8_t *data;
  static constexpr int64_t step = quad; // what runs are filled up to

  const int8_t *panel(const ConvShape &s, int64_t block, int64_t begin, int64_t) {
    return data + (block * s.depth + begin) * blockWidth;
  }
};

// Two weights of 4 bits a byte: their codes stand for `table`.
struct HalfByteWeights {
  const uint8_t *data;
  const int8_t *table;
  static constexpr int64_t step = 2 * quad;
  int8_t decoded[patchDepth * blockWidth] = {};

  const int8_t *panel(const ConvShape &s, int64_t block, int64_t begin, int64_t end) {
    constexpr int64_t bytes = blockWidth * quad;
    const uint8_t *from = data + (block * s.depth + begin) * blockWidth / 2;
    for (int64_t group = 0; group < (end - begin) / step; ++group, from += bytes)
      for (int64_t i = 0; i < bytes; ++i) {
        decoded[2 * group * bytes + i] = table[from[i] & 15];
        decoded[(2 * group + 1) * bytes + i] = table[from[i] >> 4];
      }
    return decoded;
  }
};

// The sums of `rows` output positions from `place` on, channel block by channel block:
// store(position, channel, count, block, sums of that position).
template <class Weights, class Store>
void convolveTile(const ConvShape &s, const uint8_t *input, Weights &weights, const int32_t *bias,
                  int64_t place, int64_t rows, int64_t group, Store store) {
  uint8_t patch[tileRows][patchDepth];
  auto gatherRows = [&](int64_t begin, int64_t end) {
    for (int64_t r = 0; r < tileRows; ++r)
      gather(s, input, place + (r < rows ? r : 0), group * s.groupChannels, begin, end, patch[r]);
  };
  bool isWhole = s.depth <= patchDepth;
  if (isWhole)
    gatherRows(0, s.depth);
  for (int64_t block = 0; block < s.blocks; ++block) {
    int64_t index = group * s.blocks + block;
    Sums sums;
    for (int64_t r = 0; r < tileRows; ++r)
      for (int64_t c = 0; c < blockWidth; ++c)
        sums[r][c] = static_cast<uint32_t>(bias[index * blockWidth + c]);
    for (int64_t begin = 0; begin < s.depth; begin += patchDepth) {
      int64_t end = s.depth - begin < patchDepth ? s.depth : begin + patchDepth;
      if (!isWhole)
        gatherRows(begin, end);
      accumulate(sums, patch, weights.panel(s, index, begin, end), (end - begin) / quad);
    }
    int64_t first = block * blockWidth, left = s.groupOutputs - first;
    for (int64_t r = 0; r < rows; ++r)
      store(place + r, group * s.groupOutputs + first, left < blockWidth ? left : blockWidth, index,
            sums[r]);
  }
}

// Reads the attributes kernel_shape to runs. Runs are filled up to a multiple of `step`.
inline int32_t readConvShape(Attributes &attributes, const pebble_tensor &input,
                             const pebble_tensor &weights, const pebble_tensor &result,
                             int64_t step, int64_t &group, ConvShape &s) {
  Attributes::Array kernel = attributes.array(), strides = attributes.array();
  Attributes::Array dilations = attributes.array(), pads = attributes.array();
  group = attributes.integer();
  s.outputs = attributes.integer();
  int64_t runs = attributes.integer();
  s.height = input.dims[1];
  s.width = input.dims[2];
  s.channels = input.dims[3];
  s.outHeight = result.dims[1];
  s.outWidth = result.dims[2];
  s.groupChannels = s.channels / group;
  s.groupOutputs = s.outputs / group;
  s.blocks = (s.groupOutputs + blockWidth - 1) / blockWidth;
  int64_t products = kernel[0] * kernel[1] * s.groupChannels;
  if (runs < 1 || products % runs != 0)
    return PEBBLE_ERROR_SHAPE;
  s.runLength = products / runs;
  s.paddedRun = (s.runLength + step - 1) / step * step;
  s.depth = runs * s.paddedRun;
  s.kernelWidth = kernel[1];
  for (int i = 0; i < 2; ++i) {
    s.strides[i] = strides[i];
    s.dilations[i] = dilations[i];
    s.pads[i] = pads[i];
  }
  bool isPacked =
      weights.dims[0] == group && weights.dims[1] == s.blocks && weights.dims[2] == s.depth / step;
  return isPacked ? PEBBLE_OK : PEBBLE_ERROR_SHAPE;
}

// Calls body(place, rows, group) for the tiles of an image.
template <class Body> void forTiles(const ConvShape &s, int64_t batch, int64_t groups, Body body) {
  int64_t places = batch * s.outHeight * s.outWidth;
  for (int64_t place = 0; place < places; place += tileRows)
    for (int64_t group = 0; group < groups; ++group)
      body(place, places - place < tileRows ? places - place : tileRows, group);
}

} // namespace pebble::kernels
#endif // PEBBLE_KERNELS_PACKEDCONV_H
