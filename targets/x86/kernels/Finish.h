// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From accumulators to results: zero point corrections, requantization, store.
#ifndef PEBBLE_X86_KERNELS_FINISH_H
#define PEBBLE_X86_KERNELS_FINISH_H

#include "targets/x86/kernels/Vector.h"

PEBBLE_X86_BEGIN

// Takes rowSum * weightZero from a panel of sums.
template <class Level>
PEBBLE_X86_INLINE void subtractZero(typename Level::Panel &sums, const int32_t *weightZero,
                                    int32_t rowSum) {
  PEBBLE_X86_UNROLL
  for (int v = 0; v < panelWidth / Level::lanes; ++v)
    sums[v] =
        Level::subtract(sums[v], Level::multiply(Level::splatInt(rowSum),
                                                 Level::loadInts(weightZero + v * Level::lanes)));
}

template <class Level>
PEBBLE_X86_INLINE void requantizePanel(typename Level::Panel &sums,
                                       const typename Level::Floats *scale, const Bounds &bounds) {
  PEBBLE_X86_UNROLL
  for (int v = 0; v < panelWidth / Level::lanes; ++v)
    sums[v] =
        Level::add(Level::round(Level::clamp(Level::multiply(Level::toFloats(sums[v]), scale[v]),
                                             bounds.below, bounds.above)),
                   Level::splatInt(bounds.zero));
}

// Stores the first `count` lanes of a panel. Bytes are requantized, floats scaled, integers stored
// as they are.
template <class Level, typename Out>
PEBBLE_X86_INLINE void finishPanel(typename Level::Panel &panel, const float *scale,
                                   const Bounds &bounds, Out *out, int64_t count) {
  constexpr int64_t lanes = Level::lanes, vectors = panelWidth / lanes;
  constexpr bool isFloat = static_cast<Out>(0.5f) != 0;
  typename Level::Floats scales[vectors];
  if constexpr (isFloat || sizeof(Out) == 1) {
    PEBBLE_X86_UNROLL
    for (int v = 0; v < vectors; ++v)
      scales[v] = Level::loadFloats(scale + v * lanes);
  }
  if constexpr (sizeof(Out) == 1) {
    requantizePanel<Level>(panel, scales, bounds);
    Level::storePanel(reinterpret_cast<uint8_t *>(out), panel, count);
  } else {
    alignas(64) Out part[panelWidth];
    Out *target = count == panelWidth ? out : part;
    PEBBLE_X86_UNROLL
    for (int v = 0; v < vectors; ++v) {
      if constexpr (isFloat)
        Level::storeFloats(target + v * lanes,
                           Level::multiply(Level::toFloats(panel[v]), scales[v]));
      else
        Level::storeInts(target + v * lanes, panel[v]);
    }
    if (target == part)
      for (int64_t i = 0; i < count; ++i)
        out[i] = part[i];
  }
}

PEBBLE_X86_END

#endif // PEBBLE_X86_KERNELS_FINISH_H
