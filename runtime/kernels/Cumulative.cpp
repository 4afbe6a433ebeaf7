// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Running sums and products along one axis.

#include "runtime/kernels/Accumulate.h"
#include "runtime/kernels/Tensor.h"

namespace pebble::kernels {
namespace {

// Columns whose running values are on the stack at once.
inline constexpr int64_t columnBlock = 256;

template <typename T, typename Combine>
PEBBLE_INLINE int32_t accumulate(const pebble_tensor *tensors, const int64_t *ints, Acc<T> start,
                                 Combine combine) {
  const pebble_tensor &input = tensors[0], &axisTensor = tensors[1], &result = tensors[2];
  Attributes attributes(ints, nullptr);
  bool exclusive = attributes.flag(), reverse = attributes.flag();
  if (numel(axisTensor) != 1 || !sameDims(input, result))
    return PEBBLE_ERROR_SHAPE;
  int64_t axis = indexAt(axisTensor, 0);
  if (!normalizeIndex(axis, input.rank))
    return PEBBLE_ERROR_INDEX;
  int64_t outer = product(input.dims, 0, int(axis)), size = input.dims[axis];
  int64_t inner = product(input.dims, int(axis) + 1, input.rank);
  for (int64_t o = 0; o < outer; ++o)
    for (int64_t first = 0; first < inner; first += columnBlock) {
      int64_t width = inner - first < columnBlock ? inner - first : columnBlock;
      Acc<T> running[columnBlock];
      for (int64_t j = 0; j < width; ++j)
        running[j] = start;
      for (int64_t step = 0; step < size; ++step) {
        int64_t row = (o * size + (reverse ? size - 1 - step : step)) * inner + first;
        const T *from = data<const T>(input) + row;
        T *to = data<T>(result) + row;
        if (exclusive)
          for (int64_t j = 0; j < width; ++j)
            to[j] = static_cast<T>(running[j]);
        for (int64_t j = 0; j < width; ++j)
          running[j] = combine(running[j], widen(from[j]));
        if (!exclusive)
          for (int64_t j = 0; j < width; ++j)
            to[j] = static_cast<T>(running[j]);
      }
    }
  return PEBBLE_OK;
}

} // namespace

template <typename T>
int32_t cum_sum(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  return accumulate<T>(tensors, ints, Acc<T>(0), [](Acc<T> a, Acc<T> b) { return a + b; });
}

template <typename T>
int32_t cum_prod(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  return accumulate<T>(tensors, ints, Acc<T>(1), [](Acc<T> a, Acc<T> b) { return a * b; });
}

} // namespace pebble::kernels

#define PEBBLE_HERE_cum_sum 1
#define PEBBLE_HERE_cum_prod 1
#include "runtime/kernels/Instantiate.h"
