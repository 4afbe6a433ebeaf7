// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The loops that all pools share. Each tap of the window is one pass over a block of output
// columns.
#ifndef PEBBLE_KERNELS_POOLLOOPS_H
#define PEBBLE_KERNELS_POOLLOOPS_H

#include "runtime/kernels/Accumulate.h"
#include "runtime/kernels/OpWindows.h"
#include "runtime/kernels/WindowRows.h"

namespace pebble::kernels {

// The windows of a pool and how many of what there are.
struct PoolWindows {
  Windows w;
  int64_t planes = 0, inputSize = 1, outputSize = 1, rows = 1;
};

inline int32_t resolvePool(PoolWindows &pool, const pebble_tensor &input,
                           const pebble_tensor &result, Attributes &attributes) {
  Windows &w = pool.w;
  if (int32_t status = poolWindows(w, input, attributes))
    return status;
  if (!hasOutputDims(w, result, input.dims[0], input.dims[1]))
    return PEBBLE_ERROR_SHAPE;
  pool.planes = input.dims[0] * input.dims[1];
  for (int64_t d = 0; d < w.rank; ++d) {
    pool.inputSize *= w.input[d];
    pool.outputSize *= w.output[d];
  }
  pool.rows = product(w.output, 0, w.rank - 1);
  return PEBBLE_OK;
}

// Folds every tap into values[...] of the output columns [first, first + width) of a row.
template <typename T, typename V, typename Fold>
PEBBLE_INLINE void foldWindows(const Windows &w, const T *plane, const int64_t *at, int64_t first,
                               int64_t width, V *values, Fold fold) {
  int64_t last = w.rank - 1, step = w.stride[last];
  forWindowRows(w, at, [&](int64_t row, int64_t) PEBBLE_INLINE_LAMBDA {
    for (int64_t tap = 0; tap < w.kernel[last]; ++tap) {
      int64_t from = w.position(last, first, tap);
      ValidRange valid = validRange(from, step, w.input[last], width);
      const T *in = plane + row;
      if (step == 1)
        for (int64_t j = valid.begin; j < valid.end; ++j)
          values[j] = fold(values[j], in[from + j]);
      else if (step == 2)
        for (int64_t j = valid.begin; j < valid.end; ++j)
          values[j] = fold(values[j], in[from + 2 * j]);
      else
        for (int64_t j = valid.begin; j < valid.end; ++j)
          values[j] = fold(values[j], in[from + step * j]);
    }
  });
}

// One pool: start value, how a tap folds in, and how a value becomes a result.
template <typename T, typename V, typename Fold, typename Finish>
PEBBLE_INLINE void runPool(const PoolWindows &pool, const T *input, T *result, V start, Fold fold,
                           Finish finish) {
  const Windows &w = pool.w;
  int64_t columns = w.output[w.rank - 1];
  int64_t at[maxRank];
  for (int64_t plane = 0; plane < pool.planes; ++plane) {
    for (int64_t row = 0; row < pool.rows; ++row) {
      rowCoordinates(w, row, at);
      for (int64_t first = 0; first < columns; first += columnBlock) {
        int64_t width = columns - first < columnBlock ? columns - first : columnBlock;
        V values[columnBlock];
        for (int64_t j = 0; j < width; ++j)
          values[j] = start;
        foldWindows(w, input + plane * pool.inputSize, at, first, width, values, fold);
        T *out = result + plane * pool.outputSize + row * columns + first;
        finish(values, out, at, first, width);
      }
    }
  }
}

} // namespace pebble::kernels
#endif // PEBBLE_KERNELS_POOLLOOPS_H
