// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/kernels/Heap.h"
#include "runtime/kernels/Tensor.h"

namespace pebble::kernels {
namespace {

// Whether a is greater than b in a total order that puts NaN above all numbers.
template <typename C> bool greater(C a, C b) {
  if constexpr (isFloat<C>)
    return a > b || (a != a && b == b);
  else
    return a > b;
}

} // namespace

// Each line keeps its best k elements so far as a heap in the result, the worst at the root.
template <typename T>
int32_t top_k(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  const pebble_tensor &input = tensors[0], &values = tensors[2], &indices = tensors[3];
  Attributes attributes(ints, floats);
  int64_t axis = attributes.integer();
  bool largest = attributes.flag();
  if (axis < 0 || axis >= input.rank || !sameDims(values, indices) || values.rank != input.rank)
    return PEBBLE_ERROR_SHAPE;
  int64_t outer = product(input.dims, 0, axis);
  int64_t inner = product(input.dims, axis + 1, input.rank);
  int64_t dim = input.dims[axis], k = values.dims[axis];
  if (k > dim || numel(values) != outer * k * inner)
    return PEBBLE_ERROR_SHAPE;
  if (k == 0)
    return PEBBLE_OK;
  using C = ComputeOf<T>;
  for (int64_t line = 0; line < outer * inner; ++line) {
    int64_t o = line / inner, i = line % inner;
    const T *from = data<const T>(input) + o * dim * inner + i;
    T *value = data<T>(values) + o * k * inner + i;
    int64_t *index = data<int64_t>(indices) + o * k * inner + i;
    auto better = [&](T a, int64_t aIndex, T b, int64_t bIndex) {
      C x = a, y = b;
      if (greater(x, y))
        return largest;
      if (greater(y, x))
        return !largest;
      return aIndex < bIndex;
    };
    auto before = [&](int64_t a, int64_t b) {
      return better(value[a * inner], index[a * inner], value[b * inner], index[b * inner]);
    };
    auto swap = [&](int64_t a, int64_t b) {
      T oldValue = value[a * inner];
      int64_t oldIndex = index[a * inner];
      value[a * inner] = value[b * inner];
      index[a * inner] = index[b * inner];
      value[b * inner] = oldValue;
      index[b * inner] = oldIndex;
    };
    for (int64_t j = 0; j < k; ++j) {
      value[j * inner] = from[j * inner];
      index[j * inner] = j;
    }
    makeHeap(k, before, swap);
    C worst = value[0];
    for (int64_t j = k; j < dim; ++j) {
      // An equal element comes after those in the heap.
      C candidate = from[j * inner];
      if (!(largest ? greater(candidate, worst) : greater(worst, candidate)))
        continue;
      value[0] = from[j * inner];
      index[0] = j;
      siftDown(0, k, before, swap);
      worst = value[0];
    }
    sortHeap(k, before, swap);
  }
  return PEBBLE_OK;
}

} // namespace pebble::kernels

#define PEBBLE_HERE_top_k 1
#include "runtime/kernels/Instantiate.h"
