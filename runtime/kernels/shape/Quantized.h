// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Shape functions of the channels-last kernels on codes.
#ifndef PEBBLE_RUNTIME_KERNELS_SHAPE_QUANTIZED_H
#define PEBBLE_RUNTIME_KERNELS_SHAPE_QUANTIZED_H

#include "runtime/kernels/shape/Window.h"

namespace pebble::shape {

/// Reads kernel_shape, strides, dilations and pads, and sets N, OH, OW of result 0.
template <typename C> int32_t slideBytes(C &c) {
  Array kernel = c.nextArray();
  Window w;
  w.strides = c.nextArray();
  w.dilations = c.nextArray();
  w.pads = c.nextArray();
  PEBBLE_SHAPE_TRY(requireRank(c, 0, 4, 4));
  PEBBLE_SHAPE_TRY(requireKernel(c, kernel, 2));
  PEBBLE_SHAPE_TRY(requireSteps(c, w.strides, w.dilations, w.pads, 2));
  c.setRank(0, 4);
  c.set(0, 0, c.dim(0, 0));
  for (int32_t i = 0; i < 2; ++i) {
    Dim places;
    PEBBLE_SHAPE_TRY(windowPlaces(c, w, i, c.dim(0, i + 1), kernel[i], places));
    c.set(0, i + 1, places);
  }
  return PEBBLE_OK;
}

template <typename C> int32_t convPacked(C &c) {
  PEBBLE_SHAPE_TRY(slideBytes(c));
  PEBBLE_SHAPE_TRY(requireRank(c, 1, 5, 5));
  int64_t group = c.nextInt(), channels = c.nextInt();
  PEBBLE_SHAPE_TRY(requireGroup(c, c.dim(0, 3), group));
  PEBBLE_SHAPE_TRY(requireGroup(c, channels, group));
  c.set(0, 3, channels);
  return PEBBLE_OK;
}

template <typename C> int32_t depthwisePacked(C &c) {
  PEBBLE_SHAPE_TRY(slideBytes(c));
  PEBBLE_SHAPE_TRY(requireRank(c, 1, 4, 4));
  c.set(0, 3, c.dim(0, 3));
  return PEBBLE_OK;
}

template <typename C> int32_t packBytes(C &c) {
  int32_t rank = c.rank(0);
  PEBBLE_SHAPE_TRY(requireRank(c, 0, 2, PEBBLE_MAX_RANK - 2));
  Dim blocks = ceilDiv(c.dim(0, rank - 1), 16);
  c.setRank(0, rank + 2);
  c.setRank(1, rank - 1);
  for (int32_t i = 0; i < rank - 2; ++i) {
    c.set(0, i, c.dim(0, i));
    c.set(1, i, c.dim(0, i));
  }
  c.set(0, rank - 2, blocks);
  c.set(0, rank - 1, ceilDiv(c.dim(0, rank - 2), 4));
  c.set(0, rank, 16);
  c.set(0, rank + 1, 4);
  c.set(1, rank - 2, blocks * Dim(16));
  return PEBBLE_OK;
}

template <typename C> int32_t productBytes(C &c) {
  int32_t a = c.rank(0), b = c.rank(1) - 2;
  PEBBLE_SHAPE_TRY(requireRank(c, 0, 2, PEBBLE_MAX_RANK));
  PEBBLE_SHAPE_TRY(requireRank(c, 1, 4, PEBBLE_MAX_RANK));
  int32_t rank = a > b ? a : b;
  c.setRank(0, rank);
  for (int32_t i = 0; i < rank - 2; ++i) {
    Dim lhs = i < rank - a ? Dim(1) : c.dim(0, i - rank + a);
    Dim rhs = i < rank - b ? Dim(1) : c.dim(1, i - rank + b), dim = 1;
    if (!broadcast(lhs, rhs, dim))
      return c.fail(PEBBLE_ERROR_SHAPE, "cannot broadcast a dim of {0} with one of {1}", lhs, rhs);
    c.set(0, i, dim);
  }
  c.set(0, rank - 2, c.dim(0, a - 2));
  c.set(0, rank - 1, c.nextInt());
  return PEBBLE_OK;
}

template <typename C> int32_t poolBytes(C &c) {
  PEBBLE_SHAPE_TRY(slideBytes(c));
  c.set(0, 3, c.dim(0, 3));
  return PEBBLE_OK;
}

template <typename C> int32_t meanBytes(C &c) {
  PEBBLE_SHAPE_TRY(requireRank(c, 0, 4, 4));
  c.setRank(0, 4);
  c.set(0, 0, c.dim(0, 0));
  c.set(0, 1, 1);
  c.set(0, 2, 1);
  c.set(0, 3, c.dim(0, 3));
  return PEBBLE_OK;
}

template <typename C> int32_t broadcastBytes(C &c) {
  int32_t a = c.rank(0), b = c.rank(1), rank = a > b ? a : b;
  c.setRank(0, rank);
  for (int32_t i = 0; i < rank; ++i) {
    Dim dim = 1;
    for (int32_t operand = 0; operand < 2; ++operand) {
      int32_t own = i - rank + c.rank(operand);
      if (own < 0)
        continue;
      Dim before = dim, other = c.dim(operand, own);
      if (!broadcast(before, other, dim))
        return c.fail(PEBBLE_ERROR_SHAPE, "cannot broadcast a dim of {0} with one of {1}", before,
                      other);
    }
    c.set(0, i, dim);
  }
  return PEBBLE_OK;
}

} // namespace pebble::shape

#endif // PEBBLE_RUNTIME_KERNELS_SHAPE_QUANTIZED_H
