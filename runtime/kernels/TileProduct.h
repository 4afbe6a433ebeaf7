// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The inner kernel of matmul and conv: rows of a matrix times a panel of a few columns. Every
// element of the result is the sum over the depth in ascending order, whatever the tiling.
#ifndef PEBBLE_KERNELS_TILEPRODUCT_H
#define PEBBLE_KERNELS_TILEPRODUCT_H

#include "runtime/kernels/Accumulate.h"

namespace pebble::kernels {

// Bytes of one row of a panel. Four such rows of sums fill half of the registers of AVX2 and fit
// those of AVX-512 and SSE2; targets with few registers take less.
#if defined(__x86_64__) || defined(__aarch64__)
inline constexpr int panelBytes = 64;
#else
inline constexpr int panelBytes = 16;
#endif
// Columns of a panel.
template <typename A> inline constexpr int panelWidth = panelBytes / int(sizeof(A));
template <typename A> using PanelRow = Vector<A, panelWidth<A>>;
// Rows of a panel that are prepared at once: 4 KiB at most.
inline constexpr int panelDepth = 64;

// Up to panelDepth rows of a panel; a row is either a copy in `storage` or lies elsewhere.
template <typename A> struct Panel {
  const A *rows[panelDepth];
  A storage[panelDepth][panelWidth<A>];
};

// Rows times the columns of one panel, in registers.
template <typename A, int Rows> struct Tile {
  PanelRow<A> sums[Rows];

  template <typename Initial> PEBBLE_INLINE void start(Initial initial, int64_t row) {
    for (int r = 0; r < Rows; ++r)
      sums[r] = splat<A, panelWidth<A>>(initial(row + r));
  }

  template <typename T>
  PEBBLE_INLINE void multiply(const T *matrix, int64_t stride, const Panel<A> &panel,
                              int64_t depth) {
    for (int64_t k = 0; k < depth; ++k) {
      PanelRow<A> columns;
      __builtin_memcpy(&columns, panel.rows[k], sizeof(columns));
      for (int r = 0; r < Rows; ++r)
        sums[r] += widen(matrix[r * stride + k]) * columns;
    }
  }

  // Continues from sums that `store` left in `from`.
  template <typename R> PEBBLE_INLINE void load(const R *from, int64_t stride, int64_t width) {
    for (int r = 0; r < Rows; ++r) {
      A row[panelWidth<A>] = {};
      if (width == panelWidth<A>)
        __builtin_memcpy(row, from + r * stride, sizeof(row));
      else
        for (int64_t j = 0; j < width; ++j)
          row[j] = static_cast<A>(from[r * stride + j]);
      __builtin_memcpy(&sums[r], row, sizeof(row));
    }
  }

  template <typename R> PEBBLE_INLINE void store(R *to, int64_t stride, int64_t width) const {
    for (int r = 0; r < Rows; ++r) {
      A row[panelWidth<A>];
      __builtin_memcpy(row, &sums[r], sizeof(row));
      if constexpr (keepsPartialSums<R>) {
        if (width == panelWidth<A>) {
          __builtin_memcpy(to + r * stride, row, sizeof(row));
          continue;
        }
      }
      for (int64_t j = 0; j < width; ++j)
        to[r * stride + j] = static_cast<R>(row[j]);
    }
  }
};

// Calls body(row, number) for blocks of rows; `number` is a compile-time 4, 2 or 1.
template <int Number> struct RowCount {
  static constexpr int value = Number;
};
template <typename Body> PEBBLE_INLINE void forRowBlocks(int64_t rows, Body body) {
  int64_t row = 0;
  for (; row + 4 <= rows; row += 4)
    body(row, RowCount<4>());
  if (row + 2 <= rows) {
    body(row, RowCount<2>());
    row += 2;
  }
  if (row < rows)
    body(row, RowCount<1>());
}

// result[r][j] = initial(r) + sum over k of matrix[r][k] * panel(k)[j] for j < width.
// `fill(panel, first, count)` prepares rows [first, first + count) of the panel.
template <typename T, typename Initial, typename Fill>
PEBBLE_INLINE void multiplyPanel(const T *matrix, int64_t matrixStride, int64_t rows, int64_t depth,
                                 int64_t width, Sum<T> *result, int64_t resultStride,
                                 Initial initial, Fill fill) {
  using A = Acc<T>;
  Panel<A> panel;
  if constexpr (keepsPartialSums<Sum<T>>) {
    // Depth outermost: a prepared piece of the panel serves all rows, and the result holds the
    // sums in between.
    int64_t first = 0;
    do {
      int64_t count = depth - first < panelDepth ? depth - first : panelDepth;
      fill(panel, first, count);
      forRowBlocks(rows, [&](int64_t row, auto number) PEBBLE_INLINE_LAMBDA {
        Tile<A, decltype(number)::value> tile;
        Sum<T> *to = result + row * resultStride;
        if (first == 0)
          tile.start(initial, row);
        else
          tile.load(to, resultStride, width);
        tile.multiply(matrix + row * matrixStride + first, matrixStride, panel, count);
        tile.store(to, resultStride, width);
      });
      first += panelDepth;
    } while (first < depth);
  } else {
    // The result is too narrow for partial sums, so each block of rows runs through the depth.
    forRowBlocks(rows, [&](int64_t row, auto number) PEBBLE_INLINE_LAMBDA {
      Tile<A, decltype(number)::value> tile;
      tile.start(initial, row);
      for (int64_t first = 0; first < depth; first += panelDepth) {
        int64_t count = depth - first < panelDepth ? depth - first : panelDepth;
        fill(panel, first, count);
        tile.multiply(matrix + row * matrixStride + first, matrixStride, panel, count);
      }
      tile.store(result + row * resultStride, resultStride, width);
    });
  }
}

} // namespace pebble::kernels
#endif // PEBBLE_KERNELS_TILEPRODUCT_H
