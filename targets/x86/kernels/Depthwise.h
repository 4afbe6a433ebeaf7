// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Depthwise convolution: as many channels at once as a vector has bytes, four taps of a column of
// the kernel in a dot product. Neighbouring pixels share columns, which saves their interleaving.
#ifndef PEBBLE_X86_KERNELS_DEPTHWISE_H
#define PEBBLE_X86_KERNELS_DEPTHWISE_H

#include "targets/x86/kernels/Abi.h"
#include "targets/x86/kernels/Conv.h"

PEBBLE_X86_BEGIN

constexpr int64_t maxDepthwiseGroups = 64; // of four taps

// Zeros when there is nothing to copy.
template <typename T> PEBBLE_X86_INLINE void copyFour(T *to, const T *from) {
  if (from)
    __builtin_memcpy(to, from, 4 * sizeof(T));
  else
    __builtin_memset(to, 0, 4 * sizeof(T));
}

// What a block of channels needs, in the order of Level::interleave.
template <class Level> struct ChannelBlock {
  static constexpr int64_t panels = Level::width / panelWidth;
  alignas(64) int8_t weights[maxDepthwiseGroups * 4 * Level::width];
  alignas(64) int32_t bias[4 * Level::lanes];
  alignas(64) float scale[4 * Level::lanes];
  alignas(64) int32_t weightZero[4 * Level::lanes];
  alignas(64) uint8_t padding[Level::width];

  // The channels from `channel` on, of which `count` exist; or all of them, `count`, again and
  // again for pixels side by side, where `pixels` is more than 1 and `count` a multiple of 4. What
  // does not exist gets zeros.
  PEBBLE_X86_INLINE void load(const int8_t *packed, const int32_t *allBias, const float *allScale,
                              const int32_t *allZero, int64_t groups, int64_t channel,
                              int64_t count, int64_t pixels = 1) {
    const int64_t used = pixels > 1 ? pixels * count : ceilDiv(count, panelWidth) * panelWidth;
    int64_t from = channel;
    for (int64_t at = 0; at < Level::width; at += 4, from += 4) {
      if (pixels > 1 && from == count)
        from = 0;
      const bool isUsed = at < used;
      const int64_t i = at / panelWidth, j = at % panelWidth / 4;
      const int8_t *source =
          packed + from / panelWidth * groups * panelWidth * groupSize + from % panelWidth / 4 * 16;
      for (int64_t group = 0; group < groups; ++group) {
        int8_t *target = weights + (group * 4 + j) * Level::width + i * 16;
        if (isUsed)
          __builtin_memcpy(target, source + group * panelWidth * groupSize, 16);
        else
          __builtin_memset(target, 0, 16);
      }
      const int64_t to = j * Level::lanes + i * 4;
      copyFour(bias + to, isUsed ? allBias + from : nullptr);
      copyFour(scale + to, isUsed && allScale ? allScale + from : nullptr);
      copyFour(weightZero + to, isUsed && allZero ? allZero + from : nullptr);
    }
  }
};

// Stores sums, which are in the order of Level::interleave, in the order of the channels.
template <class Level, typename Out>
PEBBLE_X86_INLINE void storeChannels(const typename Level::Ints (&sums)[4],
                                     const ChannelBlock<Level> &block, const Bounds &bounds,
                                     Out *out, int64_t count) {
  typename Level::Floats scales[4];
  PEBBLE_X86_UNROLL
  for (int j = 0; j < 4; ++j)
    scales[j] = Level::loadFloats(block.scale + j * Level::lanes);
  if constexpr (sizeof(Out) == 1) {
    constexpr bool isSigned = static_cast<Out>(-1) < 0;
    typename Level::Bytes bytes = Level::template requantize<isSigned>(sums, scales, bounds);
    if (count == Level::width) {
      Level::storeBytes(out, bytes);
    } else {
      alignas(64) uint8_t all[Level::width];
      Level::storeBytes(all, bytes);
      copyShort<Level::width>(out, all, count);
    }
  } else {
    alignas(64) Out all[4 * Level::lanes];
    PEBBLE_X86_UNROLL
    for (int j = 0; j < 4; ++j)
      if constexpr (static_cast<Out>(0.5f) != 0)
        Level::storeFloats(all + j * Level::lanes,
                           Level::multiply(Level::toFloats(sums[j]), scales[j]));
      else
        Level::storeInts(all + j * Level::lanes, sums[j]);
    for (int64_t c = 0; c < count; ++c)
      out[c] = all[c % 16 / 4 * Level::lanes + c / 16 * 4 + c % 4];
  }
}

template <typename Out> struct Depthwise {
  const pebble_x86_window &window;
  const uint8_t *input;
  int32_t inputZero;
  const int8_t *weights;
  const int32_t *bias;
  const float *scale;
  const int32_t *weightZero; // null without
  Out *output;
  Bounds bounds;
};

// What the pixels of a row have in common.
template <class Level, typename Out> struct DepthwiseRow {
  PEBBLE_X86_INLINE DepthwiseRow(const pebble_x86_window &window, const ChannelBlock<Level> &block,
                                 const Bounds &bounds, bool hasWeightZero, int64_t count)
      : window(window), block(block), bounds(bounds), hasWeightZero(hasWeightZero), count(count) {}

  const pebble_x86_window &window;
  const ChannelBlock<Level> &block;
  const Bounds &bounds;
  bool hasWeightZero;
  int64_t count;      // channels of the block
  Out *out = nullptr; // of the row's first pixel
  // Per tap of a column, rounded up to groups of four: the input row and the step from one of its
  // pixels to the next. A row outside the image is the padding, with no step.
  const uint8_t *rows[maxDepthwiseGroups * groupSize];
  int64_t steps[maxDepthwiseGroups * groupSize];
  const uint8_t *lastWhole[maxDepthwiseGroups * groupSize]; // where a vector may still be read

  // Moves to output row y of an image. `last` is where a vector of the input may still be read.
  PEBBLE_X86_INLINE void place(const uint8_t *image, const uint8_t *last, int64_t y) {
    const int64_t taps = ceilDiv(window.kernelHeight, groupSize) * groupSize;
    for (int64_t tap = 0; tap < taps; ++tap) {
      const int64_t inY = y * window.strideHeight - window.padTop + tap * window.dilationHeight;
      const bool inside = tap < window.kernelHeight && uint64_t(inY) < uint64_t(window.inHeight);
      rows[tap] =
          inside ? image + heldRow(window, inY) * window.inWidth * window.inStride : block.padding;
      steps[tap] = inside ? window.inStride : 0;
      lastWhole[tap] = inside ? last : block.padding;
    }
  }
  PEBBLE_X86_INLINE typename Level::Bytes load(const uint8_t *p, const uint8_t *last) const {
    if (p <= last)
      return Level::loadBytes(p);
    alignas(64) uint8_t part[Level::width] = {};
    copyShort<Level::width>(part, p, count);
    return Level::loadBytes(part);
  }
  // Group `group` of the taps of the input column x.
  template <bool Signed>
  PEBBLE_X86_INLINE void column(int64_t x, int64_t group, typename Level::Quads (&quads)[4]) const {
    typename Level::Bytes taps[4];
    const bool inside = uint64_t(x) < uint64_t(window.inWidth);
    PEBBLE_X86_UNROLL
    for (int i = 0; i < groupSize; ++i) {
      const int64_t tap = group * groupSize + i;
      taps[i] = inside ? load(rows[tap] + x * steps[tap], lastWhole[tap])
                       : Level::loadBytes(block.padding);
      if (Signed)
        taps[i] = Level::flip(taps[i]);
    }
    Level::interleave(taps, quads);
  }
};

// Sums of products, and of the input alone where weights have a zero point.
template <class Level> struct DepthwiseSums {
  typename Level::Ints sums[4], inputs[4];

  PEBBLE_X86_INLINE explicit DepthwiseSums(const ChannelBlock<Level> &block) {
    PEBBLE_X86_UNROLL
    for (int j = 0; j < 4; ++j) {
      sums[j] = Level::loadInts(block.bias + j * Level::lanes);
      inputs[j] = Level::splatInt(0);
    }
  }
  PEBBLE_X86_INLINE void add(const typename Level::Quads (&quads)[4], const int8_t *weights) {
    PEBBLE_X86_UNROLL
    for (int j = 0; j < 4; ++j)
      sums[j] = Level::dot(sums[j], quads[j], Level::loadWeights(weights + j * Level::width));
  }
  // Taps that only fill up the group count nothing.
  PEBBLE_X86_INLINE void addInputs(const typename Level::Quads (&quads)[4], int64_t validTaps) {
    alignas(64) int8_t ones[Level::width];
    for (int b = 0; b < Level::width; ++b)
      ones[b] = b % groupSize < validTaps;
    PEBBLE_X86_UNROLL
    for (int j = 0; j < 4; ++j)
      inputs[j] = Level::dot(inputs[j], quads[j], Level::loadWeights(ones));
  }
  PEBBLE_X86_INLINE void subtractInputs(const ChannelBlock<Level> &block) {
    PEBBLE_X86_UNROLL
    for (int j = 0; j < 4; ++j)
      sums[j] = Level::subtract(
          sums[j],
          Level::multiply(inputs[j], Level::loadInts(block.weightZero + j * Level::lanes)));
  }
};

// The output pixels [begin, end) of a row, of any kernel.
template <class Level, bool Signed, typename Out>
PEBBLE_X86_INLINE void depthwisePixels(const DepthwiseRow<Level, Out> &row, int64_t begin,
                                       int64_t end) {
  const pebble_x86_window &w = row.window;
  const int64_t columnGroups = ceilDiv(w.kernelHeight, groupSize);
  for (int64_t out = begin; out < end; ++out) {
    DepthwiseSums<Level> sums(row.block);
    const int8_t *weights = row.block.weights;
    int64_t x = out * w.strideWidth - w.padLeft;
    for (int64_t kx = 0; kx < w.kernelWidth; ++kx, x += w.dilationWidth)
      for (int64_t group = 0; group < columnGroups; ++group, weights += 4 * Level::width) {
        typename Level::Quads quads[4];
        row.template column<Signed>(x, group, quads);
        sums.add(quads, weights);
        if (row.hasWeightZero)
          sums.addInputs(quads, least<int64_t>(w.kernelHeight - group * groupSize, groupSize));
      }
    if (row.hasWeightZero)
      sums.subtractInputs(row.block);
    storeChannels<Level>(sums.sums, row.block, row.bounds, row.out + out * w.outStride, row.count);
  }
}

// `Count` neighbouring pixels of a kernel without dilation: a column of the input is interleaved
// once for all the pixels that it is a tap of.
template <class Level, bool Signed, int Count, typename Out>
PEBBLE_X86_INLINE void depthwiseNeighbours(const DepthwiseRow<Level, Out> &row, int64_t out) {
  const pebble_x86_window &w = row.window;
  const int64_t columnGroups = ceilDiv(w.kernelHeight, groupSize);
  const int64_t left = out * w.strideWidth - w.padLeft;
  typename Level::Ints sums[Count][4];
  PEBBLE_X86_UNROLL
  for (int i = 0; i < Count; ++i) {
    PEBBLE_X86_UNROLL
    for (int j = 0; j < 4; ++j)
      sums[i][j] = Level::loadInts(row.block.bias + j * Level::lanes);
  }
  for (int64_t x = 0; x < w.kernelWidth + (Count - 1) * w.strideWidth; ++x)
    for (int64_t group = 0; group < columnGroups; ++group) {
      typename Level::Quads quads[4];
      row.template column<Signed>(left + x, group, quads);
      PEBBLE_X86_UNROLL
      for (int i = 0; i < Count; ++i) {
        const int64_t kx = x - i * w.strideWidth;
        if (uint64_t(kx) >= uint64_t(w.kernelWidth))
          continue;
        const int8_t *weights = row.block.weights + (kx * columnGroups + group) * 4 * Level::width;
        PEBBLE_X86_UNROLL
        for (int j = 0; j < 4; ++j)
          sums[i][j] =
              Level::dot(sums[i][j], quads[j], Level::loadWeights(weights + j * Level::width));
      }
    }
  PEBBLE_X86_UNROLL
  for (int i = 0; i < Count; ++i)
    storeChannels<Level>(sums[i], row.block, row.bounds, row.out + (out + i) * w.outStride,
                         row.count);
}

// A row of output pixels of a kernel three columns wide and up to four rows high, whose columns
// stay in registers from one pixel to the next.
template <class Level, bool Signed, int Stride, typename Out>
PEBBLE_X86_INLINE void depthwisePixels3(const DepthwiseRow<Level, Out> &row) {
  const pebble_x86_window &w = row.window;
  const int8_t *const weights = row.block.weights;
  constexpr int64_t step = 4 * Level::width;
  typename Level::Quads columns[3][4];
  int64_t x = -w.padLeft;
  PEBBLE_X86_UNROLL
  for (int kx = 0; kx < 3 - Stride; ++kx)
    row.template column<Signed>(x + kx, 0, columns[kx]);
  for (int64_t out = 0; out < w.outWidth; ++out, x += Stride) {
    PEBBLE_X86_UNROLL
    for (int kx = 3 - Stride; kx < 3; ++kx)
      row.template column<Signed>(x + kx, 0, columns[kx]);
    DepthwiseSums<Level> sums(row.block);
    PEBBLE_X86_UNROLL
    for (int kx = 0; kx < 3; ++kx)
      sums.add(columns[kx], weights + kx * step);
    storeChannels<Level>(sums.sums, row.block, row.bounds, row.out + out * w.outStride, row.count);
    PEBBLE_X86_UNROLL
    for (int kx = 0; kx < 3 - Stride; ++kx)
      PEBBLE_X86_UNROLL
    for (int j = 0; j < 4; ++j)
      columns[kx][j] = columns[kx + Stride][j];
  }
}

template <class Level, bool Signed, typename Out>
PEBBLE_X86_INLINE void depthwiseRow(const DepthwiseRow<Level, Out> &row) {
  const pebble_x86_window &w = row.window;
  const bool isPlain = w.dilationWidth == 1 && !row.hasWeightZero;
  if (isPlain && w.kernelWidth == 3 && w.kernelHeight <= groupSize && w.strideWidth == 1) {
    depthwisePixels3<Level, Signed, 1>(row);
  } else if (isPlain && w.kernelWidth == 3 && w.kernelHeight <= groupSize && w.strideWidth == 2) {
    depthwisePixels3<Level, Signed, 2>(row);
  } else {
    constexpr int count = Level::neighbours;
    int64_t out = 0;
    if (count > 1 && isPlain)
      for (; out + count <= w.outWidth; out += count)
        depthwiseNeighbours<Level, Signed, count>(row, out);
    depthwisePixels<Level, Signed>(row, out, w.outWidth);
  }
}

// Calls body(image, batch, y) for the output rows [begin, end).
template <typename Out, class Body>
PEBBLE_X86_INLINE void forDepthwiseRows(const Depthwise<Out> &layer, int64_t begin, int64_t end,
                                        Body body) {
  const pebble_x86_window &w = layer.window;
  forImages(w, begin, end,
            [&](int64_t batch, int64_t firstRow, int64_t rowCount) __attribute__((always_inline)) {
              const uint8_t *image = layer.input + batch * w.inHeight * w.inWidth * w.inStride;
              Out *out = layer.output + batch * w.outHeight * w.outWidth * w.outStride;
              for (int64_t y = firstRow; y < firstRow + rowCount; ++y)
                body(image, out + y * w.outWidth * w.outStride, y);
            });
}

// Where a vector of `width` bytes may still be read.
template <typename Out>
PEBBLE_X86_INLINE const uint8_t *lastWhole(const Depthwise<Out> &layer, int64_t width) {
  const pebble_x86_window &w = layer.window;
  return layer.input + (heldRows(w) * w.inWidth - 1) * w.inStride + w.inChannels - width;
}

template <class Level, typename Out>
PEBBLE_X86_INLINE void loadBlock(ChannelBlock<Level> &block, const Depthwise<Out> &layer,
                                 int64_t channel, int64_t count, int64_t pixels = 1) {
  for (uint8_t &byte : block.padding)
    byte = uint8_t(layer.inputZero);
  const pebble_x86_window &w = layer.window;
  block.load(layer.weights, layer.bias, layer.scale, layer.weightZero,
             w.kernelWidth * ceilDiv(w.kernelHeight, groupSize), channel, count, pixels);
}

// The channels [channel, channel + count) of the rows [begin, end).
template <class Level, bool Signed, typename Out>
void depthwiseChannels(const Depthwise<Out> &layer, int64_t channel, int64_t count, int64_t begin,
                       int64_t end) {
  ChannelBlock<Level> block;
  loadBlock(block, layer, channel, count);
  DepthwiseRow<Level, Out> row(layer.window, block, layer.bounds, layer.weightZero != nullptr,
                               count);
  forDepthwiseRows(layer, begin, end,
                   [&](const uint8_t *image, Out *out, int64_t y) __attribute__((always_inline)) {
                     row.place(image + channel, lastWhole(layer, Level::width), y);
                     row.out = out + channel;
                     depthwiseRow<Level, Signed>(row);
                   });
}

// How many pixels side by side make one vector: more than 1 where channels are so few that vectors
// of one pixel would be mostly empty. Where they are computed with one step, taps lie as far apart
// as pixels do.
template <class Level, typename Out>
PEBBLE_X86_INLINE int64_t pixelsTogether(const Depthwise<Out> &layer) {
  const pebble_x86_window &w = layer.window;
  if (sizeof(Out) != 1 || layer.weightZero || w.strideWidth != 1 || w.dilationWidth != 1 ||
      w.inChannels < 4 || w.inChannels % 4 != 0 || 2 * w.inChannels > Level::Narrow::width ||
      w.inStride != w.inChannels || w.outStride != w.inChannels)
    return 1;
  const int64_t pixels = Level::width / w.inChannels;
  return w.inWidth - w.kernelWidth + 1 >= pixels ? pixels : 1;
}

// The rows [begin, end) of few channels, `pixels` at once. Those whose windows reach out of the
// image are done one by one.
template <class Level, bool Signed, typename Out>
void depthwiseTogether(const Depthwise<Out> &layer, int64_t pixels, int64_t begin, int64_t end) {
  using Narrow = typename Level::Narrow;
  const pebble_x86_window &w = layer.window;
  ChannelBlock<Level> block;
  ChannelBlock<Narrow> edge;
  loadBlock(block, layer, 0, w.inChannels, pixels);
  loadBlock(edge, layer, 0, w.inChannels);
  DepthwiseRow<Level, Out> row(w, block, layer.bounds, false, pixels * w.inChannels);
  DepthwiseRow<Narrow, Out> edges(w, edge, layer.bounds, false, w.inChannels);
  // The output pixels whose windows lie inside.
  const int64_t first = least(w.padLeft, w.outWidth);
  const int64_t last = least(w.inWidth - w.kernelWidth + 1 + w.padLeft, w.outWidth);
  forDepthwiseRows(layer, begin, end,
                   [&](const uint8_t *image, Out *out, int64_t y) __attribute__((always_inline)) {
                     edges.place(image, lastWhole(layer, Narrow::width), y);
                     edges.out = out;
                     int64_t x = first;
                     if (last - first >= pixels) {
                       row.place(image, lastWhole(layer, Level::width), y);
                       row.out = out;
                       // The last ones overlap those before, which get the same results again.
                       for (; x < last; x += pixels) {
                         const int64_t from = least(x, last - pixels);
                         depthwisePixels<Level, Signed>(row, from, from + 1);
                       }
                       x = last;
                     }
                     depthwisePixels<Narrow, Signed>(edges, 0, first);
                     depthwisePixels<Narrow, Signed>(edges, x, w.outWidth);
                   });
}

template <class Level, bool Signed, typename Out>
PEBBLE_X86_INLINE void depthwise(PEBBLE_X86_DEPTHWISE_PARAMETERS(Out)) {
  using Narrow = typename Level::Narrow;
  const Depthwise<Out> layer{*window,    input,  inputZero,           weights, bias, scale,
                             weightZero, output, Bounds(zero, lo, hi)};
  const int64_t channels = window->inChannels;
  const int64_t pixels = pixelsTogether<Level>(layer);
  if (pixels > 1)
    return depthwiseTogether<Level, Signed>(layer, pixels, begin, end);
  int64_t channel = 0;
  while (channels - channel > Narrow::width) {
    const int64_t count = least<int64_t>(Level::width, channels - channel);
    depthwiseChannels<Level, Signed>(layer, channel, count, begin, end);
    channel += count;
  }
  if (channel < channels)
    depthwiseChannels<Narrow, Signed>(layer, channel, channels - channel, begin, end);
}

PEBBLE_X86_END

#endif // PEBBLE_X86_KERNELS_DEPTHWISE_H
