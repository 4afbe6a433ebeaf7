// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where the maximum or minimum along one axis is. A NaN counts as the extreme value.

#include "runtime/kernels/Extreme.h"
#include "runtime/kernels/Tensor.h"

namespace pebble::kernels {
namespace {

// Columns whose running values are on the stack at once.
inline constexpr int64_t columnBlock = 128;

// One contiguous row: first its extreme value, with partial results, then where that is.
template <bool Maximum, typename T>
PEBBLE_INLINE int64_t argOfRow(const T *row, int64_t size, bool last) {
  using Op = ExtremeOf<T, Maximum>;
  using V = typename Op::Value;
  Partial<V> partial = splat<V, partialSums>(Op::identity());
  int64_t i = 0;
  for (; i + partialSums <= size; i += partialSums)
    partial = Op::combine(partial, Op::loadAll(row + i));
  if (i < size)
    partial = Op::combine(partial, Op::loadSome(row + i, size - i));
  V extreme = combinePartial<V>(partial, [](V a, V b) { return Op::combine(a, b); });
  auto isExtreme = [&](int64_t at) {
    V value = Op::load(row[at]);
    return value == extreme || value != value;
  };
  int64_t at = last ? size - 1 : 0;
  while (!isExtreme(at))
    at += last ? -1 : 1;
  return at;
}

template <bool Maximum, typename T>
PEBBLE_INLINE void argOfColumns(const T *input, int64_t size, int64_t inner, int64_t width,
                                bool last, int64_t *result) {
  using V = typename ExtremeOf<T, Maximum>::Value;
  V best[columnBlock];
  int64_t index[columnBlock];
  for (int64_t j = 0; j < width; ++j) {
    best[j] = static_cast<V>(input[j]);
    index[j] = 0;
  }
  for (int64_t i = 1; i < size; ++i)
    for (int64_t j = 0; j < width; ++j) {
      V value = static_cast<V>(input[i * inner + j]);
      bool beats = Maximum ? value > best[j] : value < best[j];
      bool nan = value != value, bestIsNan = best[j] != best[j];
      bool ties = value == best[j] || (nan && bestIsNan);
      bool taken = (last && ties) || (beats && !bestIsNan) || (nan && !bestIsNan);
      best[j] = taken ? value : best[j];
      index[j] = taken ? i : index[j];
    }
  for (int64_t j = 0; j < width; ++j)
    result[j] = index[j];
}

template <bool Maximum, typename T>
PEBBLE_INLINE int32_t argReduce(const pebble_tensor *tensors, const int64_t *ints) {
  const pebble_tensor &input = tensors[0];
  Attributes attributes(ints, nullptr);
  int64_t axis = attributes.integer();
  bool keepDims = attributes.flag(), last = attributes.flag();
  int64_t *result = data<int64_t>(tensors[1]);
  if (input.rank == 0 && axis == 0) {
    *result = 0;
    return PEBBLE_OK;
  }
  if (axis < 0 || axis >= input.rank)
    return PEBBLE_ERROR_INDEX;
  int64_t outer = product(input.dims, 0, int(axis)), size = input.dims[axis];
  int64_t inner = product(input.dims, int(axis) + 1, input.rank);
  if (tensors[1].rank != input.rank - !keepDims || numel(tensors[1]) != outer * inner)
    return PEBBLE_ERROR_SHAPE;
  // Over an empty axis no position is right.
  if (size == 0)
    return outer * inner == 0 ? PEBBLE_OK : PEBBLE_ERROR_VALUE;
  for (int64_t o = 0; o < outer; ++o) {
    const T *from = data<const T>(input) + o * size * inner;
    if (inner == 1) {
      result[o] = argOfRow<Maximum>(from, size, last);
      continue;
    }
    for (int64_t first = 0; first < inner; first += columnBlock) {
      int64_t width = inner - first < columnBlock ? inner - first : columnBlock;
      argOfColumns<Maximum>(from + first, size, inner, width, last, result + o * inner + first);
    }
  }
  return PEBBLE_OK;
}

} // namespace

template <typename T>
int32_t arg_max(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  return argReduce<true, T>(tensors, ints);
}

template <typename T>
int32_t arg_min(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  return argReduce<false, T>(tensors, ints);
}

} // namespace pebble::kernels

#define PEBBLE_HERE_arg_max 1
#define PEBBLE_HERE_arg_min 1
#include "runtime/kernels/Instantiate.h"
