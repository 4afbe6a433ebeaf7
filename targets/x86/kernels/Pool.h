// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PEBBLE_X86_KERNELS_POOL_H
#define PEBBLE_X86_KERNELS_POOL_H

#include "targets/x86/kernels/Abi.h"
#include "targets/x86/kernels/Conv.h"

PEBBLE_X86_BEGIN

// Calls tap(pointer) for the taps of an output pixel that lie inside the image, and returns their
// number.
template <class Tap>
PEBBLE_X86_INLINE int64_t forTaps(const pebble_x86_window &w, const uint8_t *image, int64_t outY,
                                  int64_t outX, Tap tap) {
  int64_t count = 0;
  for (int64_t ky = 0; ky < w.kernelHeight; ++ky) {
    const int64_t y = outY * w.strideHeight - w.padTop + ky * w.dilationHeight;
    if (uint64_t(y) >= uint64_t(w.inHeight))
      continue;
    for (int64_t kx = 0; kx < w.kernelWidth; ++kx) {
      const int64_t x = outX * w.strideWidth - w.padLeft + kx * w.dilationWidth;
      if (uint64_t(x) >= uint64_t(w.inWidth))
        continue;
      tap(image + (heldRow(w, y) * w.inWidth + x) * w.inStride);
      ++count;
    }
  }
  return count;
}

// Calls body(image, output pixel, y, x) for the pixels of the rows [begin, end).
template <typename T, class Body>
PEBBLE_X86_INLINE void forPixels(const pebble_x86_window &w, const T *input, T *output,
                                 int64_t begin, int64_t end, Body body) {
  forImages(
      w, begin, end, [&](int64_t batch, int64_t row, int64_t rows) __attribute__((always_inline)) {
        const uint8_t *image =
            reinterpret_cast<const uint8_t *>(input) + batch * w.inHeight * w.inWidth * w.inStride;
        for (int64_t y = row; y < row + rows; ++y)
          for (int64_t x = 0; x < w.outWidth; ++x)
            body(image, output + ((batch * w.outHeight + y) * w.outWidth + x) * w.outStride, y, x);
      });
}

// The greatest of `Width` channels at once.
template <typename T, int64_t Width>
PEBBLE_X86_INLINE void maxChannels(const pebble_x86_window &w, const uint8_t *image, T *out,
                                   int64_t y, int64_t x, int64_t channel, T lo, T hi) {
  typedef T Channels __attribute__((vector_size(Width)));
  Channels best = Channels{} + lo;
  forTaps(w, image + channel, y, x, [&](const uint8_t *p) __attribute__((always_inline)) {
    Channels value;
    __builtin_memcpy(&value, p, Width);
    best = value > best ? value : best;
  });
  const Channels most = Channels{} + hi;
  best = best > most ? most : best;
  __builtin_memcpy(out + channel, &best, Width);
}

template <class Level, typename T>
PEBBLE_X86_INLINE void maxpool(PEBBLE_X86_MAXPOOL_PARAMETERS(T)) {
  const pebble_x86_window &w = *window;
  constexpr int64_t width = Level::width;
  const T least = T(lo), most = T(hi);
  forPixels(w, input, output, begin, end,
            [&](const uint8_t *image, T *out, int64_t y, int64_t x) __attribute__((always_inline)) {
              int64_t channel = 0;
              for (; channel + width <= w.inChannels; channel += width)
                maxChannels<T, width>(w, image, out, y, x, channel, least, most);
              // The last whole vector overlaps the one before: the greatest of both is the same.
              if (channel < w.inChannels && channel > 0) {
                maxChannels<T, width>(w, image, out, y, x, w.inChannels - width, least, most);
                return;
              }
              for (; channel + 8 <= w.inChannels; channel += 8)
                maxChannels<T, 8>(w, image, out, y, x, channel, least, most);
              for (; channel < w.inChannels; ++channel) {
                T best = least;
                forTaps(w, image + channel, y, x,
                        [&](const uint8_t *p)
                            __attribute__((always_inline)) { best = greatest(best, T(*p)); });
                out[channel] = best < most ? best : most;
              }
            });
}

template <class Level, typename T>
PEBBLE_X86_INLINE void avgpool(PEBBLE_X86_AVGPOOL_PARAMETERS(T)) {
  const pebble_x86_window &w = *window;
  constexpr bool isSigned = static_cast<T>(-1) < 0;
  constexpr int64_t vectors = panelWidth / Level::lanes;
  const Bounds bounds(zero, lo, hi);
  forPixels(
      w, input, output, begin, end,
      [&](const uint8_t *image, T *out, int64_t y, int64_t x) __attribute__((always_inline)) {
        for (int64_t channel = 0; channel < w.inChannels; channel += panelWidth) {
          const int64_t count = least<int64_t>(panelWidth, w.inChannels - channel);
          typename Level::Panel sums;
          PEBBLE_X86_UNROLL
          for (int v = 0; v < vectors; ++v)
            sums[v] = Level::splatInt(0);
          const int64_t inside = forTaps(w, image + channel, y, x,
                                         [&](const uint8_t *p) __attribute__((always_inline)) {
                                           uint8_t part[panelWidth] = {};
                                           if (count < panelWidth) {
                                             copyShort<panelWidth>(part, p, count);
                                             p = part;
                                           }
                                           typename Level::Panel values;
                                           Level::template loadPanel<isSigned>(p, values);
                                           PEBBLE_X86_UNROLL
                                           for (int v = 0; v < vectors; ++v)
                                             sums[v] = Level::add(sums[v], values[v]);
                                         });
          const int64_t taps = countPadding ? w.kernelHeight * w.kernelWidth : inside;
          const float scale = scaleIn / (scaleOut * float(greatest<int64_t>(taps, 1)));
          PEBBLE_X86_UNROLL
          for (int v = 0; v < vectors; ++v) {
            const auto sum =
                Level::subtract(sums[v], Level::splatInt(int32_t(uint32_t(inside) * inputZero)));
            sums[v] =
                Level::add(Level::round(Level::clamp(
                               Level::multiply(Level::toFloats(sum), Level::splatFloat(scale)),
                               bounds.below, bounds.above)),
                           Level::splatInt(bounds.zero));
          }
          Level::storePanel(reinterpret_cast<uint8_t *>(out + channel), sums, count);
        }
      });
}

PEBBLE_X86_END

#endif // PEBBLE_X86_KERNELS_POOL_H
