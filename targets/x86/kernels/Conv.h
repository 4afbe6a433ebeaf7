// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PEBBLE_X86_KERNELS_CONV_H
#define PEBBLE_X86_KERNELS_CONV_H

#include "targets/x86/kernels/Abi.h"
#include "targets/x86/kernels/Product.h"

PEBBLE_X86_BEGIN

// The row of the input's memory that holds its row y.
PEBBLE_X86_INLINE int64_t heldRow(const pebble_x86_window &w, int64_t y) {
  return w.inRows ? y % w.inRows : y;
}
// The rows of the input's memory.
PEBBLE_X86_INLINE int64_t heldRows(const pebble_x86_window &w) {
  return w.inRows ? w.inRows : w.batch * w.inHeight;
}

// Counts output pixels in order, and gives the place of their windows in the input.
struct PixelCursor {
  PEBBLE_X86_INLINE PixelCursor(const pebble_x86_window &window, int64_t firstRow, int64_t pixel)
      : window(window), outX(pixel % window.outWidth),
        y((firstRow + pixel / window.outWidth) * window.strideHeight - window.padTop),
        x(outX * window.strideWidth - window.padLeft) {}
  PEBBLE_X86_INLINE void next() { skip(1); }
  // Not past the end of a row.
  PEBBLE_X86_INLINE void skip(int64_t count) {
    x += count * window.strideWidth;
    outX += count;
    if (outX == window.outWidth) {
      outX = 0;
      x = -window.padLeft;
      y += window.strideHeight;
    }
  }
  // Whether all taps lie inside the image, and their rows one behind the other in its memory.
  PEBBLE_X86_INLINE bool isInside() const {
    const int64_t below = (window.kernelHeight - 1) * window.dilationHeight;
    return x >= 0 && x + (window.kernelWidth - 1) * window.dilationWidth < window.inWidth &&
           y >= 0 && y + below < window.inHeight &&
           (!window.inRows || heldRow(window, y) + below < window.inRows);
  }
  // The first tap, where isInside.
  PEBBLE_X86_INLINE const uint8_t *corner(const uint8_t *image) const {
    return image + (heldRow(window, y) * window.inWidth + x) * window.inStride;
  }
  // The tap (ky, kx), or null outside the image.
  PEBBLE_X86_INLINE const uint8_t *tap(const uint8_t *image, int64_t ky, int64_t kx) const {
    const int64_t tapY = y + ky * window.dilationHeight, tapX = x + kx * window.dilationWidth;
    return uint64_t(tapY) < uint64_t(window.inHeight) && uint64_t(tapX) < uint64_t(window.inWidth)
               ? image + (heldRow(window, tapY) * window.inWidth + tapX) * window.inStride
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
  int64_t readLength = runLength;
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
        const uint8_t *tap = pixel.corner(image);
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

constexpr int64_t patchBytes = 32768;

// The rows of output pixels' windows, read where they lie. Where windows reach out of the image
// they are copied together, or the part of the image that a block of them needs is copied with what
// lies around it.
struct RowSource {
  PEBBLE_X86_INLINE RowSource(const pebble_x86_window &window, uint8_t padding,
                              const uint8_t *inputEnd)
      : window(window), padding(padding), inputEnd(inputEnd), runs(window.kernelHeight),
        runLength(window.kernelWidth * window.inChannels),
        readLength(ceilDiv(runLength, groupSize) * groupSize),
        isDense(window.dilationWidth == 1 && window.inStride == window.inChannels),
        blockRows(least(maxBlockRows, patchBytes / greatest<int64_t>(runs * readLength, 1))) {}

  const pebble_x86_window &window;
  uint8_t padding;
  const uint8_t *inputEnd;
  int64_t runs, runLength, readLength;
  bool isDense; // the pixels of a row of a window
  int64_t blockRows;
  const uint8_t *image = nullptr;
  int64_t outRow = 0;
  uint8_t patches[patchBytes + 16];

  // How many pixels from this one on can be read in place, in a row of the output.
  PEBBLE_X86_INLINE int64_t inPlace(const PixelCursor &pixel, const uint8_t *corner,
                                    int64_t pixelStep, int64_t rowStep) const {
    const pebble_x86_window &w = window;
    if (!isDense || !pixel.isInside())
      return 0;
    const int64_t room = inputEnd - corner - (w.kernelHeight - 1) * rowStep - readLength;
    if (room < 0)
      return 0;
    const int64_t inRow = (w.inWidth - w.kernelWidth - pixel.x) / w.strideWidth + 1;
    return least(least(inRow, room / pixelStep + 1), w.outWidth - pixel.outX);
  }

  // `width` pixels of row y of the image from column x on, padding outside of it. What is written
  // past the end of a part is written again, or nobody reads it.
  PEBBLE_X86_INLINE void copyRow(uint8_t *target, int64_t y, int64_t x, int64_t width) const {
    const pebble_x86_window &w = window;
    if (uint64_t(y) >= uint64_t(w.inHeight))
      return fillBytes(target, padding, width * w.inChannels);
    const int64_t left = greatest(least(-x, width), int64_t(0));
    const int64_t right = greatest(least(w.inWidth - x, width), left);
    fillBytes(target, padding, left * w.inChannels);
    copyBytes(target + left * w.inChannels,
              image + (heldRow(w, y) * w.inWidth + x + left) * w.inChannels,
              (right - left) * w.inChannels);
    fillBytes(target + right * w.inChannels, padding, (width - right) * w.inChannels);
  }

  // Copies all that a block of pixels reads, if that costs less than copying those windows that
  // reach out of the image. Gives the row that the copy begins with, and the bytes from a row to
  // the next.
  PEBBLE_X86_INLINE bool copyBand(int64_t firstY, int64_t lastY, int64_t &top, int64_t &rowBytes) {
    const pebble_x86_window &w = window;
    if (!isDense)
      return false;
    top = firstY * w.strideHeight - w.padTop;
    const int64_t bottom =
        lastY * w.strideHeight - w.padTop + (w.kernelHeight - 1) * w.dilationHeight;
    const int64_t width = (w.outWidth - 1) * w.strideWidth + w.kernelWidth;
    rowBytes = width * w.inChannels;
    const int64_t bytes = (bottom - top + 1) * rowBytes;
    const bool isInside = w.padLeft == 0 && width <= w.inWidth;
    const int64_t outsideRows = top >= 0 && bottom < w.inHeight ? 0 : lastY - firstY + 1;
    if (bytes + groupSize > patchBytes || (isInside && outsideRows == 0))
      return false;
    // The pixels at the sides of a row, or all of it; a piece of a row is about as costly as 256 of
    // its bytes.
    const int64_t sides =
        ceilDiv(w.padLeft, w.strideWidth) +
        ceilDiv(greatest<int64_t>(width - w.padLeft - w.inWidth, 0), w.strideWidth);
    const int64_t pixels = outsideRows * w.outWidth + (lastY - firstY + 1) * sides;
    if (pixels * runs * 256 < bytes + (bottom - top + 1) * 256)
      return false;
    uint8_t *target = patches;
    for (int64_t y = top; y <= bottom; ++y, target += rowBytes)
      copyRow(target, y, -w.padLeft, width);
    return true;
  }

  PEBBLE_X86_INLINE void copy(uint8_t *target, const PixelCursor &pixel, int64_t firstRun,
                              int64_t runCount) const {
    const pebble_x86_window &w = window;
    for (int64_t ky = firstRun; ky < firstRun + runCount; ++ky, target += readLength) {
      const int64_t y = pixel.y + ky * w.dilationHeight;
      if (isDense || uint64_t(y) >= uint64_t(w.inHeight)) {
        copyRow(target, y, pixel.x, w.kernelWidth);
        continue;
      }
      const uint8_t *row = image + heldRow(w, y) * w.inWidth * w.inStride;
      for (int64_t kx = 0; kx < w.kernelWidth; ++kx) {
        const int64_t x = pixel.x + kx * w.dilationWidth;
        if (uint64_t(x) < uint64_t(w.inWidth))
          copyBytes(target + kx * w.inChannels, row + x * w.inStride, w.inChannels);
        else
          fillBytes(target + kx * w.inChannels, padding, w.inChannels);
      }
    }
  }

  PEBBLE_X86_INLINE void fill(const uint8_t **pointers, int64_t stride, int64_t firstRun,
                              int64_t runCount, int64_t first, int64_t rows) {
    const pebble_x86_window &w = window;
    const int64_t pixelStep = w.strideWidth * w.inStride;
    const int64_t rowStep = w.dilationHeight * w.inWidth * w.inStride;
    // Pixels side by side from `corner` on.
    auto refer = [&](int64_t r, int64_t count, const uint8_t *corner,
                     int64_t step) __attribute__((always_inline)) {
      for (int64_t run = 0; run < runCount; ++run)
        for (int64_t i = 0; i < count; ++i)
          pointers[run * stride + r + i] = corner + (firstRun + run) * step + i * pixelStep;
    };
    PixelCursor pixel(w, outRow, first);
    const int64_t firstY = outRow + first / w.outWidth;
    int64_t top, rowBytes;
    const bool isBand = copyBand(firstY, outRow + (first + rows - 1) / w.outWidth, top, rowBytes);
    uint8_t *patch = patches;
    for (int64_t r = 0; r < rows;) {
      int64_t count = w.outWidth - pixel.outX;
      if (isBand) {
        count = least(count, rows - r);
        refer(r, count, patches + (pixel.y - top) * rowBytes + (pixel.x + w.padLeft) * w.inChannels,
              w.dilationHeight * rowBytes);
      } else {
        const uint8_t *corner = pixel.corner(image);
        count = least(inPlace(pixel, corner, pixelStep, rowStep), rows - r);
        if (count > 0) {
          refer(r, count, corner, rowStep);
        } else {
          count = 1;
          copy(patch, pixel, firstRun, runCount);
          for (int64_t run = 0; run < runCount; ++run, patch += readLength)
            pointers[run * stride + r] = patch;
        }
      }
      pixel.skip(count);
      r += count;
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

template <class Level, class Weights, typename Out, class Source>
PEBBLE_X86_INLINE void convRows(Source &source, const pebble_x86_window &w, int64_t groups,
                                const uint8_t *input, const Product<Level, Weights, Out> &all,
                                int64_t begin, int64_t end) {
  const int64_t channels = w.outChannels / groups;
  const int64_t padded = ceilDiv(channels, panelWidth) * panelWidth;
  const int64_t panelBytes = source.runs * Weights::runBytes(source.runLength);
  forImages(
      w, begin, end, [&](int64_t batch, int64_t row, int64_t rows) __attribute__((always_inline)) {
        source.outRow = row;
        for (int64_t group = 0; group < groups; ++group) {
          source.image =
              input + batch * w.inHeight * w.inWidth * w.inStride + group * (w.inChannels / groups);
          auto part = all;
          part.weights.data += group * padded / panelWidth * panelBytes;
          part.weights.panelBytes = panelBytes;
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

// What is left to say of a product is set for each group: its panels, rows and channels.
template <class Level, class Weights, typename Out>
PEBBLE_X86_INLINE void
convolve(const Product<Level, Weights, Out> &product, const pebble_x86_window &w, int64_t groups,
         int64_t runs, const uint8_t *input, const uint8_t *padding, int64_t begin, int64_t end) {
  if (runs == PEBBLE_X86_RUN_TAP) {
    TapSource source{w, padding, w.kernelHeight * w.kernelWidth, w.inChannels / groups};
    convRows(source, w, groups, input, product, begin, end);
  } else {
    const uint8_t *inputEnd = input + (heldRows(w) * w.inWidth - 1) * w.inStride + w.inChannels;
    RowSource source(w, padding ? *padding : uint8_t(0), inputEnd);
    convRows(source, w, 1, input, product, begin, end);
  }
}

template <class Level, bool Signed, typename Out>
PEBBLE_X86_INLINE void conv(PEBBLE_X86_CONV_PARAMETERS(Out)) {
  using Stored = typename StoredType<Out>::Type;
  const Product<Level, Int8Weights<Level>, Stored> product{{weights, 0},
                                                           bias,
                                                           scale,
                                                           weightZero,
                                                           Bounds(zero, lo, hi),
                                                           Signed,
                                                           reinterpret_cast<Stored *>(output),
                                                           window->outStride,
                                                           0,
                                                           0};
  convolve(product, *window, groups, runs, input, padding, begin, end);
}

template <class Level, bool Signed, typename Out>
PEBBLE_X86_INLINE void conv4(PEBBLE_X86_CONV4_PARAMETERS(Out)) {
  using Stored = typename StoredType<Out>::Type;
  const Product<Level, Int4Weights<Level>, Stored> product{
      {reinterpret_cast<const int8_t *>(weights), 0, Level::loadCodes(codes)},
      bias,
      scale,
      weightZero,
      Bounds(zero, lo, hi),
      Signed,
      reinterpret_cast<Stored *>(output),
      window->outStride,
      0,
      0};
  convolve(product, *window, groups, runs, input, padding, begin, end);
}

PEBBLE_X86_END

#endif // PEBBLE_X86_KERNELS_CONV_H
