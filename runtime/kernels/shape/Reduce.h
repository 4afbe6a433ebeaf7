// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Shape functions of matmul, reductions, scans and normalizations.
#ifndef PEBBLE_RUNTIME_KERNELS_SHAPE_REDUCE_H
#define PEBBLE_RUNTIME_KERNELS_SHAPE_REDUCE_H

#include "runtime/kernels/shape/Common.h"

namespace pebble::shape {

template <typename C> int32_t matmul(C &c) {
  int32_t a = c.rank(0), b = c.rank(1);
  PEBBLE_SHAPE_TRY(requireRank(c, 0, 1, PEBBLE_MAX_RANK));
  PEBBLE_SHAPE_TRY(requireRank(c, 1, 1, PEBBLE_MAX_RANK));
  Dim inner = c.dim(0, a - 1), other = c.dim(1, b == 1 ? 0 : b - 2);
  if (differ(inner, other))
    return c.fail(PEBBLE_ERROR_SHAPE, "multiplies {0} columns with {1} rows", inner, other);
  int32_t batchA = a > 2 ? a - 2 : 0, batchB = b > 2 ? b - 2 : 0;
  int32_t batch = batchA > batchB ? batchA : batchB, rank = 0;
  Dim dims[PEBBLE_MAX_RANK];
  for (; rank < batch; ++rank) {
    int32_t i = rank - (batch - batchA), k = rank - (batch - batchB);
    Dim lhs = i < 0 ? Dim(1) : c.dim(0, i), rhs = k < 0 ? Dim(1) : c.dim(1, k);
    if (!broadcast(lhs, rhs, dims[rank]))
      return c.fail(PEBBLE_ERROR_SHAPE, "cannot broadcast a dim of {0} to {1}", lhs, rhs);
  }
  if (a > 1)
    dims[rank++] = c.dim(0, a - 2);
  if (b > 1)
    dims[rank++] = c.dim(1, b - 1);
  setDims(c, 0, dims, rank);
  return PEBBLE_OK;
}

template <typename C> int32_t reduce(C &c) {
  bool keep = c.nextInt() != 0;
  int32_t rank = c.rank(0);
  AxisSet axes;
  PEBBLE_SHAPE_TRY(readAxes(c, 1, rank, axes));
  if (keep) {
    c.setRank(0, rank);
    for (int32_t i = 0; i < rank; ++i)
      c.set(0, i, axes.contains(i) ? Dim(1) : axes.isKnown ? c.dim(0, i) : Dim::unknown());
    return PEBBLE_OK;
  }
  int32_t count = 0;
  PEBBLE_SHAPE_TRY(readRank(c, 1, count));
  c.setRank(0, rank - count);
  for (int32_t i = 0, out = 0; i < rank && out < rank - count; ++i)
    if (!axes.isKnown)
      c.set(0, out++, Dim::unknown());
    else if (!axes.contains(i))
      c.set(0, out++, c.dim(0, i));
  return PEBBLE_OK;
}

/// A scalar counts as having one axis.
template <typename C> int32_t requireAxisOfAny(C &c, int64_t axis, int32_t rank) {
  return requireAxis(c, axis, rank == 0 ? 1 : rank);
}

template <typename C> int32_t argReduce(C &c) {
  int64_t axis = c.nextInt();
  bool keep = c.nextInt() != 0;
  int32_t rank = c.rank(0);
  PEBBLE_SHAPE_TRY(requireAxisOfAny(c, axis, rank));
  if (rank == 0)
    return copyDims(c, 0, 0);
  if (c.dim(0, int32_t(axis)).is(0))
    return c.fail(PEBBLE_ERROR_SHAPE, "has {0} elements to choose from along axis {1}", 0, axis);
  if (keep)
    return copyDims(c, 0, 0, int32_t(axis), 1);
  c.setRank(0, rank - 1);
  for (int32_t i = 0; i < rank - 1; ++i)
    c.set(0, i, c.dim(0, i < axis ? i : i + 1));
  return PEBBLE_OK;
}

/// Running sums and products: `axis` is an operand but decides no dim.
template <typename C> int32_t cumulative(C &c) {
  PEBBLE_SHAPE_TRY(requireRank(c, 0, 1, PEBBLE_MAX_RANK));
  return copyDims(c, 0, 0);
}

template <typename C> int32_t softmax(C &c) {
  PEBBLE_SHAPE_TRY(requireAxisOfAny(c, c.nextInt(), c.rank(0)));
  return copyDims(c, 0, 0);
}

/// Operand `operand` broadcasts, one way, to the dims of the input from `axis` on.
template <typename C> int32_t requireFits(C &c, int32_t operand, int32_t axis) {
  int32_t rank = c.rank(operand), inner = c.rank(0) - axis;
  if (rank > inner)
    return c.fail(PEBBLE_ERROR_SHAPE, "has a scale or bias of rank {0} for {1} normalized dims",
                  rank, inner);
  for (int32_t i = 0; i < rank; ++i) {
    Dim dim = c.dim(operand, i), input = c.dim(0, c.rank(0) - rank + i);
    if (!dim.is(1) && differ(dim, input))
      return c.fail(PEBBLE_ERROR_SHAPE, "has a scale or bias of {0} for a dim of {1}", dim, input);
  }
  return PEBBLE_OK;
}

template <typename C> int32_t layerNorm(C &c) {
  int64_t axis = c.nextInt();
  PEBBLE_SHAPE_TRY(requireAxis(c, axis, c.rank(0)));
  PEBBLE_SHAPE_TRY(requireFits(c, 1, int32_t(axis)));
  if (c.has(2))
    PEBBLE_SHAPE_TRY(requireFits(c, 2, int32_t(axis)));
  PEBBLE_SHAPE_TRY(copyDims(c, 0, 0));
  static constexpr int32_t results[] = {1, 2};
  for (int32_t result : results) {
    c.setRank(result, c.rank(0));
    for (int32_t i = 0; i < c.rank(0); ++i)
      c.set(result, i, i < axis ? c.dim(0, i) : Dim(1));
  }
  return PEBBLE_OK;
}

template <typename C> int32_t lrn(C &c) {
  int64_t size = c.nextInt();
  PEBBLE_SHAPE_TRY(requireRank(c, 0, 2, PEBBLE_MAX_RANK));
  if (size < 1)
    return c.fail(PEBBLE_ERROR_SHAPE, "has size {0}; expected {1} or more", size, 1);
  return copyDims(c, 0, 0);
}

template <typename C> int32_t determinant(C &c) {
  int32_t rank = c.rank(0);
  PEBBLE_SHAPE_TRY(requireRank(c, 0, 2, PEBBLE_MAX_RANK));
  if (differ(c.dim(0, rank - 2), c.dim(0, rank - 1)))
    return c.fail(PEBBLE_ERROR_SHAPE, "needs square matrices, but has {0} rows and {1} columns",
                  c.dim(0, rank - 2), c.dim(0, rank - 1));
  c.setRank(0, rank - 2);
  for (int32_t i = 0; i < rank - 2; ++i)
    c.set(0, i, c.dim(0, i));
  return PEBBLE_OK;
}

} // namespace pebble::shape

#endif // PEBBLE_RUNTIME_KERNELS_SHAPE_REDUCE_H
