// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Kernels that lay windows or pooled elements back into an image.

#include "runtime/kernels/Tensor.h"

namespace pebble::kernels {

// Each image element sums the columns that were taken from it, in the order of the window's
// elements.
template <typename T>
int32_t col2im(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  const pebble_tensor &input = tensors[0], &block = tensors[2], &result = tensors[3];
  Attributes attributes(ints, floats);
  Attributes::Array dilations = attributes.array(), pads = attributes.array(),
                    strides = attributes.array();
  int spatial = result.rank - 2;
  if (spatial > maxRank)
    return PEBBLE_ERROR_UNSUPPORTED;
  if (spatial < 1 || input.rank != 3 || numel(block) != spatial || dilations.size != spatial ||
      pads.size != 2 * spatial || strides.size != spatial)
    return PEBBLE_ERROR_SHAPE;
  int64_t window[maxRank], columns[maxRank], windowSize = 1, columnCount = 1;
  for (int i = 0; i < spatial; ++i) {
    window[i] = indexAt(block, i);
    if (window[i] < 1 || strides[i] < 1 || dilations[i] < 1)
      return PEBBLE_ERROR_VALUE;
    int64_t room =
        result.dims[2 + i] + pads[i] + pads[spatial + i] - dilations[i] * (window[i] - 1);
    columns[i] = room < 1 ? 0 : (room - 1) / strides[i] + 1;
    windowSize *= window[i];
    columnCount *= columns[i];
  }
  int64_t planes = product(result.dims, 0, 2);
  if (input.dims[0] * input.dims[1] != planes * windowSize || input.dims[2] != columnCount)
    return PEBBLE_ERROR_SHAPE;
  using C = ComputeOf<T>;
  Odometer<1> pixel, tap;
  pixel.rank = tap.rank = spatial;
  for (int i = 0; i < spatial; ++i) {
    pixel.dims[i] = result.dims[2 + i];
    tap.dims[i] = window[i];
    pixel.strides[0][i] = tap.strides[0][i] = 0;
  }
  pixel.reset();
  T *to = data<T>(result);
  const T *from = data<const T>(input);
  for (int64_t p = 0, pixels = product(result.dims, 2, result.rank); p < pixels;
       ++p, pixel.next()) {
    for (int64_t plane = 0; plane < planes; ++plane) {
      C sum = C(0);
      tap.reset();
      for (int64_t k = 0; k < windowSize; ++k, tap.next()) {
        int64_t column = 0;
        bool inside = true;
        for (int i = 0; i < spatial && inside; ++i) {
          int64_t at = pixel.position[i] + pads[i] - tap.position[i] * dilations[i];
          inside = at >= 0 && at % strides[i] == 0 && at / strides[i] < columns[i];
          column = column * columns[i] + at / strides[i];
        }
        if (inside)
          sum = static_cast<C>(
              wrapAdd<C>(sum, from[(plane * windowSize + k) * columnCount + column]));
      }
      to[plane * pixels + p] = T(sum);
    }
  }
  return PEBBLE_OK;
}

// `indices` count in the tensor that the pool's shape arithmetic gives; a given output shape only
// adds zeros behind it.
template <typename T>
int32_t max_unpool(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  const pebble_tensor &input = tensors[0], &indices = tensors[1], &result = tensors[3];
  Attributes attributes(ints, floats);
  Attributes::Array window = attributes.array(), pads = attributes.array(),
                    strides = attributes.array();
  int rank = input.rank, spatial = rank - 2;
  if (rank > maxRank)
    return PEBBLE_ERROR_UNSUPPORTED;
  if (spatial < 1 || result.rank != rank || !sameDims(input, indices) || window.size != spatial ||
      pads.size != 2 * spatial || strides.size != spatial)
    return PEBBLE_ERROR_SHAPE;
  int64_t dims[maxRank], resultStrides[maxRank];
  rowMajorStrides(result.dims, rank, resultStrides);
  for (int i = 0; i < rank; ++i) {
    dims[i] = input.dims[i];
    if (i >= 2)
      dims[i] =
          (dims[i] - 1) * strides[i - 2] - pads[i - 2] - pads[spatial + i - 2] + window[i - 2];
    if (dims[i] < 0)
      return PEBBLE_ERROR_SHAPE;
  }
  T *to = data<T>(result);
  const T *from = data<const T>(input);
  fillElements(to, T(0.0f), numel(result));
  for (int64_t k = 0, count = numel(input), total = product(dims, 0, rank); k < count; ++k) {
    int64_t index = indexAt(indices, k), offset = 0;
    if (index < 0 || index >= total)
      return PEBBLE_ERROR_INDEX;
    for (int i = rank - 1; i >= 0; --i) {
      int64_t at = index % dims[i];
      index /= dims[i];
      if (at >= result.dims[i])
        return PEBBLE_ERROR_INDEX;
      offset += at * resultStrides[i];
    }
    to[offset] = from[k];
  }
  return PEBBLE_OK;
}

} // namespace pebble::kernels

#define PEBBLE_HERE_col2im 1
#define PEBBLE_HERE_max_unpool 1
#include "runtime/kernels/Instantiate.h"
