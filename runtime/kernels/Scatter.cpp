// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/kernels/Tensor.h"

namespace pebble::kernels {
namespace {

enum Reduction { none = 0, add = 1, mul = 2, min = 3, max = 4 };

// NaN wins over every number, as in nn.min and nn.max.
template <typename T> T combine(T old, T update, int64_t reduction) {
  using C = ComputeOf<T>;
  C a = old, b = update;
  if constexpr (dtypeOf<T> == PEBBLE_BOOL) {
    switch (reduction) {
    case add:
    case max:
      return T(a || b);
    case mul:
    case min:
      return T(a && b);
    default:
      return update;
    }
  } else {
    switch (reduction) {
    case add:
      return T(wrapAdd<C>(a, b));
    case mul:
      return T(wrapMul<C>(a, b));
    case min:
      return T(a < b || a != a ? a : b);
    case max:
      return T(a > b || a != a ? a : b);
    default:
      return update;
    }
  }
}

} // namespace

template <typename T>
int32_t scatter_elements(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  const pebble_tensor &source = tensors[0], &indices = tensors[1], &updates = tensors[2],
                      &result = tensors[3];
  Attributes attributes(ints, floats);
  int64_t axis = attributes.integer(), reduction = attributes.integer();
  int rank = source.rank;
  if (rank > maxRank)
    return PEBBLE_ERROR_UNSUPPORTED;
  if (!sameDims(source, result) || !sameDims(indices, updates) || indices.rank != rank ||
      !normalizeIndex(axis, rank))
    return PEBBLE_ERROR_SHAPE;
  Odometer<1> walk;
  walk.rank = rank;
  rowMajorStrides(source.dims, rank, walk.strides[0]);
  for (int i = 0; i < rank; ++i) {
    if (i != axis && indices.dims[i] > source.dims[i])
      return PEBBLE_ERROR_SHAPE;
    walk.dims[i] = indices.dims[i];
  }
  int64_t axisStride = walk.strides[0][axis];
  walk.strides[0][axis] = 0;
  walk.reset();
  T *to = data<T>(result);
  const T *from = data<const T>(updates);
  copyElements(to, data<const T>(source), numel(source));
  for (int64_t k = 0, count = numel(indices); k < count; ++k, walk.next()) {
    int64_t index = indexAt(indices, k);
    if (!normalizeIndex(index, source.dims[axis]))
      return PEBBLE_ERROR_INDEX;
    T &element = to[walk.offset[0] + index * axisStride];
    element = combine(element, from[k], reduction);
  }
  return PEBBLE_OK;
}

template <typename T>
int32_t scatter_nd(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  const pebble_tensor &source = tensors[0], &indices = tensors[1], &updates = tensors[2],
                      &result = tensors[3];
  int64_t reduction = Attributes(ints, floats).integer();
  if (source.rank > maxRank)
    return PEBBLE_ERROR_UNSUPPORTED;
  if (!sameDims(source, result) || indices.rank < 1)
    return PEBBLE_ERROR_SHAPE;
  int64_t depth = indices.dims[indices.rank - 1];
  if (depth > source.rank)
    return PEBBLE_ERROR_SHAPE;
  int64_t strides[maxRank];
  rowMajorStrides(source.dims, source.rank, strides);
  int64_t inner = product(source.dims, depth, source.rank);
  int64_t count = product(indices.dims, 0, indices.rank - 1);
  if (numel(updates) != count * inner)
    return PEBBLE_ERROR_SHAPE;
  T *to = data<T>(result);
  const T *from = data<const T>(updates);
  copyElements(to, data<const T>(source), numel(source));
  for (int64_t k = 0; k < count; ++k, from += inner) {
    int64_t offset = 0;
    for (int64_t d = 0; d < depth; ++d) {
      int64_t index = indexAt(indices, k * depth + d);
      if (!normalizeIndex(index, source.dims[d]))
        return PEBBLE_ERROR_INDEX;
      offset += index * strides[d];
    }
    if (reduction == none)
      copyElements(to + offset, from, inner);
    else
      for (int64_t i = 0; i < inner; ++i)
        to[offset + i] = combine(to[offset + i], from[i], reduction);
  }
  return PEBBLE_OK;
}

} // namespace pebble::kernels

#define PEBBLE_HERE_scatter_elements 1
#define PEBBLE_HERE_scatter_nd 1
#include "runtime/kernels/Instantiate.h"
