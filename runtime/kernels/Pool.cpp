// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Max and average pools.

#include "runtime/kernels/PoolLoops.h"

namespace pebble::kernels {
namespace {

// How many taps of the windows at output position `at` lie in [-before, input + after) or, without
// `padded`, in [0, input).
PEBBLE_INLINE int64_t countTaps(const Windows &w, int64_t dim, int64_t at, bool padded) {
  int64_t from = w.position(dim, at, 0);
  int64_t shift = padded ? w.before[dim] : 0;
  int64_t size = padded ? w.input[dim] + w.before[dim] + w.after[dim] : w.input[dim];
  ValidRange valid = validRange(from + shift, w.dilation[dim], size, w.kernel[dim]);
  return valid.end - valid.begin;
}

} // namespace

template <typename T>
int32_t max_pool(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  PoolWindows pool;
  Attributes attributes(ints, floats);
  if (int32_t status = resolvePool(pool, tensors[0], tensors[1], attributes))
    return status;
  using V = ComputeOf<T>;
  runPool(
      pool, data<const T>(tensors[0]), data<T>(tensors[1]), lowestValue<V>(),
      [](V value, T in) { return V(in) > value ? V(in) : value; },
      [](const V *values, T *out, const int64_t *, int64_t, int64_t width) {
        for (int64_t j = 0; j < width; ++j)
          out[j] = static_cast<T>(values[j]);
      });
  return PEBBLE_OK;
}

template <typename T>
int32_t avg_pool(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  PoolWindows pool;
  Attributes attributes(ints, floats);
  if (int32_t status = resolvePool(pool, tensors[0], tensors[1], attributes))
    return status;
  bool countPads = attributes.flag();
  using A = Acc<T>;
  const Windows &w = pool.w;
  runPool(
      pool, data<const T>(tensors[0]), data<T>(tensors[1]), A(0),
      [](A value, T in) { return value + widen(in); },
      [&](const A *values, T *out, const int64_t *at, int64_t first, int64_t width) {
        int64_t last = w.rank - 1, outer = 1;
        for (int64_t d = 0; d < last; ++d)
          outer *= countTaps(w, d, at[d], countPads);
        for (int64_t j = 0; j < width; ++j) {
          int64_t count = outer * countTaps(w, last, first + j, countPads);
          // A window that lies wholly in the padding averages nothing.
          out[j] = static_cast<T>(count > 0 ? values[j] / static_cast<A>(count) : A(0));
        }
      });
  return PEBBLE_OK;
}

template <typename T>
int32_t max_pool_indices(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  const pebble_tensor &result = tensors[1], &indices = tensors[2];
  PoolWindows pool;
  Attributes attributes(ints, floats);
  if (int32_t status = resolvePool(pool, tensors[0], result, attributes))
    return status;
  bool columnMajor = attributes.integer() != 0;
  if (!sameDims(result, indices))
    return PEBBLE_ERROR_SHAPE;
  const Windows &w = pool.w;
  int64_t columns = w.output[w.rank - 1], at[maxRank];
  for (int64_t plane = 0; plane < pool.planes; ++plane) {
    const T *in = data<const T>(tensors[0]) + plane * pool.inputSize;
    for (int64_t i = 0; i < pool.outputSize; ++i) {
      rowCoordinates(w, i / columns, at);
      ComputeOf<T> best = lowestValue<ComputeOf<T>>();
      int64_t bestOffset = -1;
      forWindowRows(w, at, [&](int64_t row, int64_t) {
        for (int64_t tap = 0; tap < w.kernel[w.rank - 1]; ++tap) {
          int64_t column = w.position(w.rank - 1, i % columns, tap);
          if (column < 0 || column >= w.input[w.rank - 1])
            continue;
          ComputeOf<T> value = in[row + column];
          if (bestOffset < 0 || value > best) {
            best = value;
            bestOffset = row + column;
          }
        }
      });
      data<T>(result)[plane * pool.outputSize + i] = static_cast<T>(best);
      if (columnMajor && bestOffset >= 0) {
        int64_t rest = bestOffset, scale = pool.inputSize;
        bestOffset = 0;
        for (int64_t d = w.rank - 1; d >= 0; --d) {
          scale /= w.input[d];
          bestOffset += rest % w.input[d] * scale;
          rest /= w.input[d];
        }
      }
      data<int64_t>(indices)[plane * pool.outputSize + i] =
          bestOffset < 0 ? -1 : plane * pool.inputSize + bestOffset;
    }
  }
  return PEBBLE_OK;
}

} // namespace pebble::kernels

#define PEBBLE_HERE_max_pool 1
#define PEBBLE_HERE_max_pool_indices 1
#define PEBBLE_HERE_avg_pool 1
#include "runtime/kernels/Instantiate.h"
