// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The register tile of the products: a few rows of the input by a few panels of weights.
#ifndef PEBBLE_X86_KERNELS_TILE_H
#define PEBBLE_X86_KERNELS_TILE_H

#include "targets/x86/kernels/Finish.h"

PEBBLE_X86_BEGIN

// The rows of a tile, run by run: row r of run i starts at pointers[i * stride + r].
struct Rows {
  const uint8_t *const *pointers;
  int64_t stride;
  int64_t runs, runLength;
};

// Panels of packed int8 weights (Abi.h).
template <class Level> struct Int8Weights {
  static constexpr int groups = 1; // of four k that one load of weights holds
  static int64_t runBytes(int64_t runLength) {
    return ceilDiv(runLength, groupSize) * panelWidth * groupSize;
  }
  const int8_t *data;
  int64_t panelBytes;

  PEBBLE_X86_INLINE void load(const int8_t *p, typename Level::Weights (&w)[1]) const {
    w[0] = Level::loadWeights(p);
  }
};

// Panels of packed 4-bit weights: two groups of k share a byte.
template <class Level> struct Int4Weights {
  static constexpr int groups = 2;
  static int64_t runBytes(int64_t runLength) {
    return ceilDiv(runLength, 2 * groupSize) * panelWidth * groupSize;
  }
  const int8_t *data;
  int64_t panelBytes;
  typename Level::Codes codes;

  PEBBLE_X86_INLINE void load(const int8_t *p, typename Level::Weights (&w)[2]) const {
    Level::decode(reinterpret_cast<const uint8_t *>(p), codes, w[0], w[1]);
  }
};

// What a tile computes: rows times panels, from `start` on, where row r starts from
// start + r * startStride.
struct TileTask {
  Rows rows;
  const int8_t *panel;
  const int32_t *start;
  int64_t startStride;
  // Tiles of bytes requantize what they have in registers ...
  const Bounds *bounds;
  const float *scale;
  const int32_t *weightZero; // null without
  const int32_t *rowSums;
  uint8_t *out;
  int64_t outStride;
  int64_t lastCount; // channels of the last panel
  // ... others leave sums[Count][Panels][16].
  int32_t *sums;
};

template <class Level, int Count, int Panels>
PEBBLE_X86_INLINE void storeBytes(const TileTask &task,
                                  typename Level::Panel (&sum)[Count][Panels]) {
  constexpr int64_t vectors = panelWidth / Level::lanes;
  if (task.weightZero) {
    PEBBLE_X86_UNROLL
    for (int r = 0; r < Count; ++r) {
      PEBBLE_X86_UNROLL
      for (int p = 0; p < Panels; ++p)
        subtractZero<Level>(sum[r][p], task.weightZero + p * panelWidth, task.rowSums[r]);
    }
  }
  PEBBLE_X86_UNROLL
  for (int p = 0; p < Panels; ++p) {
    typename Level::Floats scale[vectors];
    PEBBLE_X86_UNROLL
    for (int v = 0; v < vectors; ++v)
      scale[v] = Level::loadFloats(task.scale + p * panelWidth + v * Level::lanes);
    PEBBLE_X86_UNROLL
    for (int r = 0; r < Count; ++r) {
      requantizePanel<Level>(sum[r][p], scale, *task.bounds);
      Level::storePanel(task.out + r * task.outStride + p * panelWidth, sum[r][p],
                        p + 1 == Panels ? task.lastCount : int64_t(panelWidth));
    }
  }
}

template <class Level, class Weights, int Count, int Panels, bool Signed, bool Bytes>
void multiplyTile(const TileTask &task, const Weights &weights) {
  constexpr int64_t vectors = panelWidth / Level::lanes;
  constexpr int groups = Weights::groups;
  constexpr int64_t step = groups * groupSize;
  typename Level::Panel sum[Count][Panels];
  typename Level::Weights w[Panels][vectors][groups];
  auto forSums = [&](auto body) __attribute__((always_inline)) {
    PEBBLE_X86_UNROLL
    for (int r = 0; r < Count; ++r) {
      PEBBLE_X86_UNROLL
      for (int p = 0; p < Panels; ++p) {
        PEBBLE_X86_UNROLL
        for (int v = 0; v < vectors; ++v)
          body(r, p, v);
      }
    }
  };
  auto loadWeights = [&](const int8_t *at) __attribute__((always_inline)) {
    PEBBLE_X86_UNROLL
    for (int p = 0; p < Panels; ++p) {
      PEBBLE_X86_UNROLL
      for (int v = 0; v < vectors; ++v)
        weights.load(at + p * weights.panelBytes + v * Level::width, w[p][v]);
    }
  };
  auto addRow = [&](int r, int group, const typename Level::Quads &quads)
                    __attribute__((always_inline)) {
                      PEBBLE_X86_UNROLL
                      for (int p = 0; p < Panels; ++p) {
                        PEBBLE_X86_UNROLL
                        for (int v = 0; v < vectors; ++v)
                          sum[r][p][v] = Level::dot(sum[r][p][v], quads, w[p][v][group]);
                      }
                    };

  forSums([&](int r, int p, int v) __attribute__((always_inline)) {
    sum[r][p][v] =
        Level::loadInts(task.start + r * task.startStride + p * panelWidth + v * Level::lanes);
  });
  const Rows rows = task.rows;
  const int8_t *panel = task.panel;
  const int64_t length = rows.runLength;
  const int64_t whole = length - length % step, tail = length % groupSize;
  for (int64_t run = 0; run < rows.runs; ++run) {
    const uint8_t *row[Count];
    PEBBLE_X86_UNROLL
    for (int r = 0; r < Count; ++r)
      row[r] = rows.pointers[run * rows.stride + r];
    for (int64_t k = 0; k < whole; k += step) {
      loadWeights(panel);
      panel += panelWidth * groupSize;
      PEBBLE_X86_UNROLL
      for (int g = 0; g < groups; ++g) {
        PEBBLE_X86_UNROLL
        for (int r = 0; r < Count; ++r)
          addRow(r, g, Level::template broadcastQuad<Signed>(row[r] + k + g * groupSize));
      }
    }
    if (whole == length)
      continue;
    loadWeights(panel);
    panel += panelWidth * groupSize;
    PEBBLE_X86_UNROLL
    for (int g = 0; g < groups; ++g) {
      const int64_t k = whole + g * groupSize;
      if (k + groupSize <= length) {
        PEBBLE_X86_UNROLL
        for (int r = 0; r < Count; ++r)
          addRow(r, g, Level::template broadcastQuad<Signed>(row[r] + k));
      } else if (k < length) {
        PEBBLE_X86_UNROLL
        for (int r = 0; r < Count; ++r)
          addRow(r, g, Level::splatQuad(loadTail<Signed>(row[r], length, tail)));
      }
    }
  }
  if constexpr (Bytes)
    storeBytes<Level, Count, Panels>(task, sum);
  else
    forSums([&](int r, int p, int v) __attribute__((always_inline)) {
      Level::storeInts(task.sums + (r * Panels + p) * panelWidth + v * Level::lanes, sum[r][p][v]);
    });
}

// The sum of the unsigned values of a row over all runs; the optimizer vectorizes it.
PEBBLE_X86_INLINE int32_t sumRow(const Rows &rows, int64_t r, bool isSigned) {
  const uint8_t flip = isSigned ? 0x80 : 0;
  int32_t sum = 0;
  for (int64_t run = 0; run < rows.runs; ++run) {
    const uint8_t *row = rows.pointers[run * rows.stride + r];
    for (int64_t k = 0; k < rows.runLength; ++k)
      sum += uint8_t(row[k] ^ flip);
  }
  return sum;
}

template <class Level, class Weights>
using TileFunction = void (*)(const TileTask &, const Weights &);

// The tiles of all sizes up to the level's own: tile[(rows - 1) * Level::panels + panels - 1].
template <class Level, class Weights> struct TileTable {
  TileFunction<Level, Weights> tile[Level::rows * Level::panels];
};

template <class Level, class Weights, bool Signed, bool Bytes> struct Tiles {
  template <int... Index> static constexpr TileTable<Level, Weights> make() {
    return {{multiplyTile<Level, Weights, Index / Level::panels + 1, Index % Level::panels + 1,
                          Signed, Bytes>...}};
  }
  template <int Count, int... Index> struct Range : Range<Count - 1, Count - 1, Index...> {};
  template <int... Index> struct Range<0, Index...> {
    static constexpr TileTable<Level, Weights> table = make<Index...>();
  };
  static constexpr TileTable<Level, Weights> table = Range<Level::rows * Level::panels>::table;
};

PEBBLE_X86_END

#endif // PEBBLE_X86_KERNELS_TILE_H
