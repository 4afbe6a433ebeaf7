// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Kernels that are one strided copy.

#include "runtime/kernels/StridedCopy.h"

namespace pebble::kernels {

template <typename T>
int32_t transpose(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  const pebble_tensor &input = tensors[0], &result = tensors[1];
  Attributes::Array permutation = Attributes(ints, floats).array();
  if (input.rank > maxRank)
    return PEBBLE_ERROR_UNSUPPORTED;
  if (result.rank != input.rank || permutation.size != input.rank)
    return PEBBLE_ERROR_SHAPE;
  int64_t from[maxRank], to[maxRank];
  rowMajorStrides(input.dims, input.rank, from);
  rowMajorStrides(result.dims, result.rank, to);
  CopyLoops loops;
  for (int i = 0; i < result.rank; ++i) {
    int64_t source = permutation[i];
    if (source < 0 || source >= input.rank || input.dims[source] != result.dims[i])
      return PEBBLE_ERROR_SHAPE;
    loops.add(result.dims[i], to[i], from[source]);
  }
  stridedCopy(data<T>(result), data<const T>(input), loops);
  return PEBBLE_OK;
}

template <typename T>
int32_t broadcast_to(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  const pebble_tensor &input = tensors[0], &result = tensors[2];
  if (result.rank > maxRank)
    return PEBBLE_ERROR_UNSUPPORTED;
  if (input.rank > result.rank)
    return PEBBLE_ERROR_SHAPE;
  int64_t from[maxRank], to[maxRank];
  rowMajorStrides(input.dims, input.rank, from);
  rowMajorStrides(result.dims, result.rank, to);
  int lead = result.rank - input.rank;
  CopyLoops loops;
  for (int i = 0; i < result.rank; ++i) {
    int64_t dim = i < lead ? 1 : input.dims[i - lead];
    if (dim != 1 && dim != result.dims[i])
      return PEBBLE_ERROR_SHAPE;
    loops.add(result.dims[i], to[i], dim == 1 ? 0 : from[i - lead]);
  }
  stridedCopy(data<T>(result), data<const T>(input), loops);
  return PEBBLE_OK;
}

template <typename T>
int32_t tile(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  const pebble_tensor &input = tensors[0], &result = tensors[2];
  if (input.rank > maxRank)
    return PEBBLE_ERROR_UNSUPPORTED;
  if (input.rank != result.rank)
    return PEBBLE_ERROR_SHAPE;
  if (numel(result) == 0)
    return PEBBLE_OK;
  int64_t from[maxRank], to[maxRank];
  rowMajorStrides(input.dims, input.rank, from);
  rowMajorStrides(result.dims, result.rank, to);
  CopyLoops loops;
  for (int i = 0; i < input.rank; ++i) {
    int64_t dim = input.dims[i];
    if (dim == 0 || result.dims[i] % dim != 0)
      return PEBBLE_ERROR_SHAPE;
    loops.add(result.dims[i] / dim, to[i] * dim, 0);
    loops.add(dim, to[i], from[i]);
  }
  stridedCopy(data<T>(result), data<const T>(input), loops);
  return PEBBLE_OK;
}

template <typename T>
int32_t slice(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  const pebble_tensor &input = tensors[0], &starts = tensors[1], &axes = tensors[3],
                      &steps = tensors[4], &result = tensors[5];
  if (input.rank > maxRank)
    return PEBBLE_ERROR_UNSUPPORTED;
  if (input.rank != result.rank || numel(starts) != numel(axes) || numel(starts) != numel(steps))
    return PEBBLE_ERROR_SHAPE;
  if (numel(result) == 0)
    return PEBBLE_OK;
  int64_t from[maxRank], to[maxRank], offset = 0;
  rowMajorStrides(input.dims, input.rank, from);
  rowMajorStrides(result.dims, result.rank, to);
  bool sliced[maxRank] = {};
  for (int64_t k = 0, count = numel(axes); k < count; ++k) {
    int64_t axis = indexAt(axes, k);
    if (!normalizeIndex(axis, input.rank))
      return PEBBLE_ERROR_INDEX;
    int64_t dim = input.dims[axis], step = indexAt(steps, k), start = indexAt(starts, k);
    if (step == 0 || sliced[axis])
      return PEBBLE_ERROR_VALUE;
    sliced[axis] = true;
    start = start < 0 ? start + dim : start;
    int64_t highest = step > 0 ? dim : dim - 1;
    start = start < 0 ? 0 : start > highest ? highest : start;
    // The result's dim came out of the same clamping; what it says must stay inside the input.
    int64_t extra = result.dims[axis] - 1;
    // Beyond the dim every step is as good as another, and the products stay small.
    step = step > dim ? dim : step < -dim ? -dim : step;
    int64_t room = dim == 0 ? -1 : step > 0 ? (dim - 1 - start) / step : start / -step;
    if (start >= dim || extra > room)
      return PEBBLE_ERROR_SHAPE;
    offset += start * from[axis];
    from[axis] *= step;
  }
  CopyLoops loops;
  for (int i = 0; i < input.rank; ++i) {
    if (!sliced[i] && input.dims[i] != result.dims[i])
      return PEBBLE_ERROR_SHAPE;
    loops.add(result.dims[i], to[i], from[i]);
  }
  stridedCopy(data<T>(result), data<const T>(input) + offset, loops);
  return PEBBLE_OK;
}

template <typename T>
int32_t concat(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  Attributes attributes(ints, floats);
  int64_t operands = attributes.integer(), axis = attributes.integer();
  const pebble_tensor &result = tensors[operands];
  if (axis < 0 || axis >= result.rank)
    return PEBBLE_ERROR_SHAPE;
  int64_t outer = product(result.dims, 0, axis);
  int64_t inner = product(result.dims, axis + 1, result.rank);
  int64_t resultRun = result.dims[axis] * inner, done = 0;
  for (int64_t k = 0; k < operands; ++k) {
    const pebble_tensor &input = tensors[k];
    if (input.rank != result.rank)
      return PEBBLE_ERROR_SHAPE;
    for (int i = 0; i < result.rank; ++i)
      if (i != axis && input.dims[i] != result.dims[i])
        return PEBBLE_ERROR_SHAPE;
    int64_t run = input.dims[axis] * inner;
    if (done + run > resultRun)
      return PEBBLE_ERROR_SHAPE;
    T *to = data<T>(result) + done;
    const T *from = data<const T>(input);
    for (int64_t o = 0; o < outer; ++o)
      copyElements(to + o * resultRun, from + o * run, run);
    done += run;
  }
  return done == resultRun ? PEBBLE_OK : PEBBLE_ERROR_SHAPE;
}

template <typename T>
int32_t reverse_sequence(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  const pebble_tensor &input = tensors[0], &lengths = tensors[1], &result = tensors[2];
  Attributes attributes(ints, floats);
  int64_t batchAxis = attributes.integer(), timeAxis = attributes.integer();
  if (input.rank < 2 || batchAxis + timeAxis != 1 || batchAxis * timeAxis != 0 ||
      !sameDims(input, result) || numel(lengths) != input.dims[batchAxis])
    return PEBBLE_ERROR_SHAPE;
  int64_t inner = product(input.dims, 2, input.rank);
  int64_t batches = input.dims[batchAxis], steps = input.dims[timeAxis];
  int64_t batchStride = batchAxis == 0 ? input.dims[1] * inner : inner;
  int64_t timeStride = timeAxis == 0 ? input.dims[1] * inner : inner;
  for (int64_t b = 0; b < batches; ++b) {
    int64_t length = indexAt(lengths, b);
    if (length < 0 || length > steps)
      return PEBBLE_ERROR_VALUE;
    const T *from = data<const T>(input) + b * batchStride;
    T *to = data<T>(result) + b * batchStride;
    for (int64_t t = 0; t < steps; ++t) {
      int64_t source = t < length ? length - 1 - t : t;
      copyElements(to + t * timeStride, from + source * timeStride, inner);
    }
  }
  return PEBBLE_OK;
}

} // namespace pebble::kernels

#define PEBBLE_HERE_transpose 1
#define PEBBLE_HERE_broadcast_to 1
#define PEBBLE_HERE_tile 1
#define PEBBLE_HERE_slice 1
#define PEBBLE_HERE_concat 1
#define PEBBLE_HERE_reverse_sequence 1
#include "runtime/kernels/Instantiate.h"
