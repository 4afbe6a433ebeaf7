// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PEBBLE_X86_KERNELS_CONV_H
#define PEBBLE_X86_KERNELS_CONV_H

#include "targets/x86/kernels/Abi.h"
#include "targets/x86/kernels/Product.h"

PEBBLE_X86_BEGIN

// Counts output pixels in order, and gives the place of their windows in the input.
struct PixelCursor {
  PEBBLE_X86_INLINE PixelCursor(const pebble_x86_window &window, int64_t firstRow, int64_t pixel)
      : window(window), outX(pixel % window.outWidth),
        y((firstRow + pixel / window.outWidth) * window.strideHeight - window.padTop),
        x(outX * window.strideWidth - window.padLeft) {}
  PEBBLE_X86_INLINE void next() {
    x += window.strideWidth;
    if (++outX == window.outWidth) {
      outX = 0;
      x = -window.padLeft;
      y += window.strideHeight;
    }
  }
  // Whether all taps lie inside the image.
  PEBBLE_X86_INLINE bool isInside() const {
    return x >= 0 && x + (window.kernelWidth - 1) * window.dilationWidth < window.inWidth &&
           y >= 0 && y + (window.kernelHeight - 1) * window.dilationHeight < window.inHeight;
  }
  // The tap (ky, kx), or null outside the image.
  PEBBLE_X86_INLINE const uint8_t *tap(const uint8_t *image, int64_t ky, int64_t kx) const {
    const int64_t tapY = y + ky * window.dilationHeight, tapX = x + kx * window.dilationWidth;
    return uint64_t(tapY) < uint64_t(window.inHeight) && uint64_t(tapX) < uint64_t(window.inWidth)
               ? image + (tapY * window.inWidth + tapX) * window.inStride
               : nullptr;
  }
  const pebble_x86_window &window;
  int64_t outX, y, x;
};

// The taps of output pixels: a run is the channels of a tap, or the padding.
struct TapSource {
  const pebble_x86_window &window;
  const uint8_t *padding;
  int64_t runs, runLength;
  const uint8_t *image = nullptr; // of the batch, at the group's first channel
  int64_t outRow = 0;             // of pixel 0
  int64_t blockRows = maxBlockRows;

  PEBBLE_X86_INLINE void fill(const uint8_t **pointers, int64_t stride, int64_t firstRun,
                              int64_t runCount, int64_t first, int64_t rows) const {
    const pebble_x86_window &w = window;
    const int64_t tapStep = w.dilationWidth * w.inStride;
    const int64_t rowStep = w.dilationHeight * w.inWidth * w.inStride - w.kernelWidth * tapStep;
    PixelCursor pixel(w, outRow, first);
    for (int64_t r = 0; r < rows; ++r, pixel.next()) {
      const uint8_t **target = pointers + r;
      if (runCount == runs && pixel.isInside()) {
        const uint8_t *tap = image + (pixel.y * w.inWidth + pixel.x) * w.inStride;
        for (int64_t ky = 0; ky < w.kernelHeight; ++ky, tap += rowStep)
          for (int64_t kx = 0; kx < w.kernelWidth; ++kx, tap += tapStep, target += stride)
            *target = tap;
        continue;
      }
      for (int64_t run = firstRun; run < firstRun + runCount; ++run, target += stride) {
        const uint8_t *tap = pixel.tap(image, run / w.kernelWidth, run % w.kernelWidth);
        *target = tap ? tap : padding;
      }
    }
  }
};

constexpr int64_t patchBytes = 16384;

// Whole windows as one run, copied together and filled up to groups of four.
struct WindowSource {
  PEBBLE_X86_INLINE WindowSource(const pebble_x86_window &window, bool isFilled,
                                 const uint8_t *padding, const uint8_t *inputEnd, uint8_t filler)
      : window(window), padding(padding), inputEnd(inputEnd), isFilled(isFilled), filler(filler),
        rowBytes(window.kernelWidth * window.inChannels),
        runLength(ceilDiv(window.kernelHeight * rowBytes, groupSize) * groupSize),
        blockRows(least(maxBlockRows, patchBytes / greatest<int64_t>(runLength, 1))) {}

  const pebble_x86_window &window;
  const uint8_t *padding;
  const uint8_t *inputEnd;
  bool isFilled;    // Otherwise anything may stand there: its weights are zero.
  uint8_t filler;   // whose unsigned value is zero
  int64_t rowBytes; // of the kernel
  int64_t runs = 1, runLength;
  int64_t blockRows;
  const uint8_t *image = nullptr;
  int64_t outRow = 0;
  uint8_t patches[patchBytes + 16];

  PEBBLE_X86_INLINE void fill(const uint8_t **pointers, int64_t, int64_t, int64_t, int64_t first,
                              int64_t rows) {
    const pebble_x86_window &w = window;
    const int64_t rowStep = w.dilationHeight * w.inWidth * w.inStride;
    // Rows are copied in pieces of 16 bytes, which read and write past their ends: what belongs
    // there is written later.
    const int64_t pieces = ceilDiv(rowBytes, 16);
    const uint8_t *const lastCorner = inputEnd - (w.kernelHeight - 1) * rowStep - pieces * 16;
    const bool isDense = w.dilationWidth == 1 && w.inStride == w.inChannels;
    PixelCursor pixel(w, outRow, first);
    uint8_t *patch = patches;
    for (int64_t r = 0; r < rows; ++r, pixel.next()) {
      pointers[r] = patch;
      uint8_t *target = patch;
      const uint8_t *from = image + (pixel.y * w.inWidth + pixel.x) * w.inStride;
      const bool isCopied = isDense && pixel.isInside() && from <= lastCorner;
      for (int64_t ky = 0; ky < w.kernelHeight; ++ky, from += rowStep) {
        if (isCopied) {
          __builtin_memcpy(target, from, 16);
          for (int64_t i = 1; i < pieces; ++i)
            __builtin_memcpy(target + 16 * i, from + 16 * i, 16);
        } else {
          for (int64_t kx = 0; kx < w.kernelWidth; ++kx) {
            const uint8_t *tap = pixel.tap(image, ky, kx);
            copyBytes(target + kx * w.inChannels, tap ? tap : padding, w.inChannels);
          }
        }
        target += rowBytes;
      }
      if (isFilled)
        for (; target < patch + runLength; ++target)
          *target = filler;
      patch += runLength;
    }
  }
};

// Calls body(source, batch, first row, rows) for each image that the rows [begin, end) lie in.
template <class Body>
PEBBLE_X86_INLINE void forImages(const pebble_x86_window &w, int64_t begin, int64_t end,
                                 Body body) {
  while (begin < end) {
    const int64_t batch = begin / w.outHeight, row = begin % w.outHeight;
    const int64_t rows = least(end - begin, w.outHeight - row);
    body(batch, row, rows);
    begin += rows;
  }
}

template <class Level, typename Out, class Source>
PEBBLE_X86_INLINE void
convRows(Source &source, const pebble_x86_window &w, int64_t groups, const uint8_t *input,
         const Product<Level, Int8Weights<Level>, Out> &all, int64_t begin, int64_t end) {
  const int64_t channels = w.outChannels / groups;
  const int64_t padded = ceilDiv(channels, panelWidth) * panelWidth;
  const int64_t panelBytes = source.runs * Int8Weights<Level>::runBytes(source.runLength);
  forImages(
      w, begin, end, [&](int64_t batch, int64_t row, int64_t rows) __attribute__((always_inline)) {
        source.outRow = row;
        for (int64_t group = 0; group < groups; ++group) {
          source.image =
              input + batch * w.inHeight * w.inWidth * w.inStride + group * (w.inChannels / groups);
          auto part = all;
          part.weights = {all.weights.data + group * padded / panelWidth * panelBytes, panelBytes};
          part.bias += group * padded;
          part.scale += group * padded;
          if (part.weightZero)
            part.weightZero += group * padded;
          part.out += (batch * w.outHeight + row) * w.outWidth * w.outStride + group * channels;
          part.rows = rows * w.outWidth;
          part.channels = channels;
          multiplyRows(source, part);
        }
      });
}

template <class Level, bool Signed, typename Out>
PEBBLE_X86_INLINE void conv(PEBBLE_X86_CONV_PARAMETERS(Out)) {
  using Stored = typename StoredType<Out>::Type;
  const pebble_x86_window &w = *window;
  // The weights' panels, the rows and the channels are set for each group.
  const Product<Level, Int8Weights<Level>, Stored> product{{weights, 0},
                                                           bias,
                                                           scale,
                                                           weightZero,
                                                           Bounds(zero, lo, hi),
                                                           Signed,
                                                           reinterpret_cast<Stored *>(output),
                                                           w.outStride,
                                                           0,
                                                           0};
  if (runs == PEBBLE_X86_RUN_TAP) {
    TapSource source{w, padding, w.kernelHeight * w.kernelWidth, w.inChannels / groups};
    convRows(source, w, groups, input, product, begin, end);
  } else {
    const uint8_t *inputEnd =
        input + (w.batch * w.inHeight * w.inWidth - 1) * w.inStride + w.inChannels;
    WindowSource source(w, weightZero != nullptr, padding, inputEnd, Signed ? 0x80 : 0);
    convRows(source, w, 1, input, product, begin, end);
  }
}

PEBBLE_X86_END

#endif // PEBBLE_X86_KERNELS_CONV_H
