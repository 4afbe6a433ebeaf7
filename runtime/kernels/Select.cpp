// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Kernels that keep a number of elements that only the run knows.

#include "runtime/kernels/Tensor.h"

namespace pebble::kernels {

template <typename T>
int32_t non_zero(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  const pebble_tensor &input = tensors[0], &indices = tensors[1], &count = tensors[2];
  if (input.rank > maxRank)
    return PEBBLE_ERROR_UNSUPPORTED;
  int64_t total = numel(input);
  int rows = input.rank == 0 ? 1 : input.rank;
  if (indices.rank != 2 || indices.dims[0] != rows || indices.dims[1] < total)
    return PEBBLE_ERROR_SHAPE;
  Odometer<1> walk;
  walk.rank = input.rank;
  rowMajorStrides(input.dims, input.rank, walk.strides[0]);
  for (int i = 0; i < input.rank; ++i)
    walk.dims[i] = input.dims[i];
  walk.position[0] = 0;
  walk.reset();
  const T *from = data<const T>(input);
  int64_t *to = data<int64_t>(indices), columns = indices.dims[1], found = 0;
  for (int64_t k = 0; k < total; ++k, walk.next()) {
    if (static_cast<ComputeOf<T>>(from[k]) == ComputeOf<T>(0))
      continue;
    for (int i = 0; i < rows; ++i)
      to[i * columns + found] = walk.position[i];
    ++found;
  }
  *data<int64_t>(count) = found;
  return PEBBLE_OK;
}

template <typename T>
int32_t compress(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  const pebble_tensor &input = tensors[0], &condition = tensors[1], &result = tensors[2],
                      &count = tensors[3];
  int64_t axis = Attributes(ints, floats).integer();
  bool flat = axis == -1;
  if (!flat && (axis < 0 || axis >= input.rank || result.rank != input.rank))
    return PEBBLE_ERROR_SHAPE;
  int64_t outer = flat ? 1 : product(input.dims, 0, axis);
  int64_t inner = flat ? 1 : product(input.dims, axis + 1, input.rank);
  int64_t dim = flat ? numel(input) : input.dims[axis];
  int64_t room = flat ? numel(result) : result.dims[axis];
  int64_t tested = numel(condition) < dim ? numel(condition) : dim, kept = 0;
  const uint8_t *keep = data<const uint8_t>(condition);
  for (int64_t k = 0; k < tested; ++k)
    kept += keep[k] != 0;
  if (kept > room || numel(result) != outer * room * inner)
    return PEBBLE_ERROR_SHAPE;
  for (int64_t o = 0; o < outer; ++o) {
    const T *from = data<const T>(input) + o * dim * inner;
    T *to = data<T>(result) + o * room * inner;
    for (int64_t k = 0; k < tested; ++k, from += inner)
      if (keep[k]) {
        copyElements(to, from, inner);
        to += inner;
      }
  }
  *data<int64_t>(count) = kept;
  return PEBBLE_OK;
}

} // namespace pebble::kernels

#define PEBBLE_HERE_non_zero 1
#define PEBBLE_HERE_compress 1
#include "runtime/kernels/Instantiate.h"
