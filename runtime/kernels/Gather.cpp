// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/kernels/Tensor.h"

namespace pebble::kernels {

template <typename T>
int32_t gather(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  const pebble_tensor &source = tensors[0], &indices = tensors[1], &result = tensors[2];
  int64_t axis = Attributes(ints, floats).integer();
  if (axis < 0 || axis >= source.rank)
    return PEBBLE_ERROR_SHAPE;
  int64_t dim = source.dims[axis], count = numel(indices);
  int64_t outer = product(source.dims, 0, axis);
  int64_t inner = product(source.dims, axis + 1, source.rank);
  if (numel(result) != outer * count * inner)
    return PEBBLE_ERROR_SHAPE;
  for (int64_t k = 0; k < count; ++k) {
    int64_t index = indexAt(indices, k);
    if (!normalizeIndex(index, dim))
      return PEBBLE_ERROR_INDEX;
  }
  T *to = data<T>(result);
  const T *from = data<const T>(source);
  for (int64_t o = 0; o < outer; ++o, from += dim * inner)
    for (int64_t k = 0; k < count; ++k, to += inner) {
      int64_t index = indexAt(indices, k);
      index = index < 0 ? index + dim : index;
      if (inner == 1)
        *to = from[index];
      else
        copyElements(to, from + index * inner, inner);
    }
  return PEBBLE_OK;
}

template <typename T>
int32_t gather_elements(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  const pebble_tensor &source = tensors[0], &indices = tensors[1], &result = tensors[2];
  int64_t axis = Attributes(ints, floats).integer();
  int rank = source.rank;
  if (rank > maxRank)
    return PEBBLE_ERROR_UNSUPPORTED;
  if (indices.rank != rank || !sameDims(indices, result) || !normalizeIndex(axis, rank))
    return PEBBLE_ERROR_SHAPE;
  for (int i = 0; i < rank; ++i)
    if (i != axis && indices.dims[i] > source.dims[i])
      return PEBBLE_ERROR_SHAPE;
  int64_t count = numel(indices), dim = source.dims[axis];
  if (count == 0)
    return PEBBLE_OK;
  // Rows run along the last dim; the other dims are walked.
  Odometer<1> walk;
  int64_t strides[maxRank];
  rowMajorStrides(source.dims, rank, strides);
  walk.rank = rank - 1;
  for (int i = 0; i < rank - 1; ++i) {
    walk.dims[i] = indices.dims[i];
    walk.strides[0][i] = i == axis ? 0 : strides[i];
  }
  walk.reset();
  int64_t columns = indices.dims[rank - 1], axisStride = strides[axis];
  int64_t columnStride = axis == rank - 1 ? 0 : 1;
  T *to = data<T>(result);
  for (int64_t k = 0; k < count; k += columns, walk.next()) {
    const T *from = data<const T>(source) + walk.offset[0];
    for (int64_t j = 0; j < columns; ++j) {
      int64_t index = indexAt(indices, k + j);
      if (!normalizeIndex(index, dim))
        return PEBBLE_ERROR_INDEX;
      to[k + j] = from[j * columnStride + index * axisStride];
    }
  }
  return PEBBLE_OK;
}

template <typename T>
int32_t gather_nd(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  const pebble_tensor &source = tensors[0], &indices = tensors[1], &result = tensors[2];
  int64_t batchDims = Attributes(ints, floats).integer();
  if (source.rank > maxRank)
    return PEBBLE_ERROR_UNSUPPORTED;
  if (indices.rank < 1 || batchDims < 0 || batchDims >= indices.rank)
    return PEBBLE_ERROR_SHAPE;
  int64_t depth = indices.dims[indices.rank - 1];
  if (batchDims + depth > source.rank)
    return PEBBLE_ERROR_SHAPE;
  for (int i = 0; i < batchDims; ++i)
    if (source.dims[i] != indices.dims[i])
      return PEBBLE_ERROR_SHAPE;
  int64_t strides[maxRank];
  rowMajorStrides(source.dims, source.rank, strides);
  int64_t batches = product(source.dims, 0, batchDims);
  int64_t batchStride = product(source.dims, batchDims, source.rank);
  int64_t inner = product(source.dims, batchDims + depth, source.rank);
  int64_t perBatch = product(indices.dims, batchDims, indices.rank - 1);
  if (numel(result) != batches * perBatch * inner)
    return PEBBLE_ERROR_SHAPE;
  T *to = data<T>(result);
  const T *from = data<const T>(source);
  int64_t at = 0;
  for (int64_t b = 0; b < batches; ++b, from += batchStride)
    for (int64_t k = 0; k < perBatch; ++k, to += inner) {
      int64_t offset = 0;
      for (int64_t d = 0; d < depth; ++d) {
        int64_t index = indexAt(indices, at++);
        if (!normalizeIndex(index, source.dims[batchDims + d]))
          return PEBBLE_ERROR_INDEX;
        offset += index * strides[batchDims + d];
      }
      copyElements(to, from + offset, inner);
    }
  return PEBBLE_OK;
}

} // namespace pebble::kernels

#define PEBBLE_HERE_gather 1
#define PEBBLE_HERE_gather_elements 1
#define PEBBLE_HERE_gather_nd 1
#include "runtime/kernels/Instantiate.h"
