// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Channels-last convolution of u8 codes with s8 weights packed in blocks of 16 output channels by 4
// inputs: [group][block][run][run length / 4][16][4]. The reduction K runs over kernel rows,
// columns and input channels and is cut into equal runs. The bias holds the input's zero point;
// padding therefore reads the zero point.

#include "runtime/kernels/Requantize.h"
#include "runtime/kernels/Tensor.h"

namespace pebble::kernels {
namespace {

constexpr int64_t blockWidth = 16, quad = 4;
// Output positions that share a pass over the weights, and the inputs of one that are gathered at a
// time.
constexpr int64_t tileRows = 4, patchDepth = 1024;

struct ConvShape {
  int64_t height, width, channels, outHeight, outWidth, outputs; // channels and outputs in all
  int64_t groupChannels, groupOutputs, blocks;
  int64_t runLength, paddedRun, depth; // depth counts the padding of runs to whole quads
  int64_t kernelWidth, strides[2], dilations[2], pads[2];
  uint8_t padding;
};

// Inputs [begin, end) under the window of output position `place`, in packed order.
void gather(const ConvShape &s, const uint8_t *input, int64_t place, int64_t firstChannel,
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

// Sums wrap on the way; the last one fits.
using Sums = uint32_t[tileRows][blockWidth];

void accumulate(Sums &sums, const uint8_t (*patch)[patchDepth], const int8_t *weights,
                int64_t quads) {
  for (int64_t q = 0; q < quads; ++q, weights += blockWidth * quad)
    for (int64_t r = 0; r < tileRows; ++r) {
      const uint8_t *inputs = patch[r] + q * quad;
      for (int64_t o = 0; o < blockWidth; ++o)
        for (int64_t j = 0; j < quad; ++j)
          sums[r][o] += static_cast<uint32_t>(int32_t(inputs[j]) * weights[o * quad + j]);
    }
}

struct Operands {
  const uint8_t *input;
  const int8_t *weights;
  const int32_t *bias;
  const float *multipliers;
  uint8_t *result;
};

void convolveTile(const ConvShape &s, const Operands &o, const CodeRange &range, int64_t place,
                  int64_t rows, int64_t group) {
  uint8_t patch[tileRows][patchDepth];
  auto gatherRows = [&](int64_t begin, int64_t end) {
    for (int64_t r = 0; r < tileRows; ++r)
      gather(s, o.input, place + (r < rows ? r : 0), group * s.groupChannels, begin, end, patch[r]);
  };
  bool isWhole = s.depth <= patchDepth;
  if (isWhole)
    gatherRows(0, s.depth);
  for (int64_t block = 0; block < s.blocks; ++block) {
    int64_t index = group * s.blocks + block;
    const int8_t *weights = o.weights + index * s.depth * blockWidth;
    Sums sums;
    for (int64_t r = 0; r < tileRows; ++r)
      for (int64_t c = 0; c < blockWidth; ++c)
        sums[r][c] = static_cast<uint32_t>(o.bias[index * blockWidth + c]);
    for (int64_t begin = 0; begin < s.depth; begin += patchDepth) {
      int64_t end = s.depth - begin < patchDepth ? s.depth : begin + patchDepth;
      if (!isWhole)
        gatherRows(begin, end);
      accumulate(sums, patch, weights + begin * blockWidth, (end - begin) / quad);
    }
    int64_t first = block * blockWidth, left = s.groupOutputs - first;
    int64_t width = left < blockWidth ? left : blockWidth;
    for (int64_t r = 0; r < rows; ++r) {
      uint8_t *to = o.result + (place + r) * s.outputs + group * s.groupOutputs + first;
      for (int64_t c = 0; c < width; ++c)
        to[c] = range.code(static_cast<int32_t>(sums[r][c]), o.multipliers[index * blockWidth + c]);
    }
  }
}

} // namespace

template <typename T>
int32_t conv_packed(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  Attributes attributes(ints, floats);
  Attributes::Array kernel = attributes.array(), strides = attributes.array();
  Attributes::Array dilations = attributes.array(), pads = attributes.array();
  int64_t group = attributes.integer(), outputs = attributes.integer();
  int64_t runs = attributes.integer();
  int64_t padding = attributes.integer(), zeroPoint = attributes.integer();
  int64_t low = attributes.integer(), high = attributes.integer();
  const pebble_tensor &input = tensors[0], &result = tensors[4];
  ConvShape s;
  s.height = input.dims[1];
  s.width = input.dims[2];
  s.channels = input.dims[3];
  s.outHeight = result.dims[1];
  s.outWidth = result.dims[2];
  s.outputs = outputs;
  s.groupChannels = s.channels / group;
  s.groupOutputs = outputs / group;
  s.blocks = (s.groupOutputs + blockWidth - 1) / blockWidth;
  int64_t products = kernel[0] * kernel[1] * s.groupChannels;
  if (runs < 1 || products % runs != 0)
    return PEBBLE_ERROR_SHAPE;
  s.runLength = products / runs;
  s.paddedRun = (s.runLength + quad - 1) / quad * quad;
  s.depth = runs * s.paddedRun;
  s.kernelWidth = kernel[1];
  for (int i = 0; i < 2; ++i) {
    s.strides[i] = strides[i];
    s.dilations[i] = dilations[i];
    s.pads[i] = pads[i];
  }
  s.padding = static_cast<uint8_t>(padding);
  const pebble_tensor &weights = tensors[1];
  if (weights.dims[0] != group || weights.dims[1] != s.blocks ||
      weights.dims[2] != s.depth / quad || numel(tensors[2]) != group * s.blocks * blockWidth ||
      numel(tensors[3]) != numel(tensors[2]))
    return PEBBLE_ERROR_SHAPE;
  Operands operands = {data<const uint8_t>(input), data<const int8_t>(weights),
                       data<const int32_t>(tensors[2]), data<const float>(tensors[3]),
                       data<uint8_t>(result)};
  CodeRange range = CodeRange::make(zeroPoint, low, high);
  int64_t places = result.dims[0] * s.outHeight * s.outWidth;
  for (int64_t place = 0; place < places; place += tileRows)
    for (int64_t g = 0; g < group; ++g)
      convolveTile(s, operands, range, place, places - place < tileRows ? places - place : tileRows,
                   g);
  return PEBBLE_OK;
}

} // namespace pebble::kernels

#define PEBBLE_HERE_conv_packed 1
#include "runtime/kernels/Instantiate.h"
