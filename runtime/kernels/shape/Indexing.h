// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Shape functions of the ops that select elements by value or position.
#ifndef PEBBLE_RUNTIME_KERNELS_SHAPE_INDEXING_H
#define PEBBLE_RUNTIME_KERNELS_SHAPE_INDEXING_H

#include "runtime/kernels/shape/Common.h"

namespace pebble::shape {

template <typename C> int32_t requireResultRank(C &c, int64_t rank) {
  if (rank > PEBBLE_MAX_RANK)
    return c.fail(PEBBLE_ERROR_UNSUPPORTED, "has rank {0}; ranks above {1} are not supported", rank,
                  PEBBLE_MAX_RANK);
  return PEBBLE_OK;
}

template <typename C> int32_t gather(C &c) {
  int64_t axis = c.nextInt();
  int32_t data = c.rank(0), indices = c.rank(1);
  PEBBLE_SHAPE_TRY(requireAxis(c, axis, data));
  int32_t rank = data + indices - 1;
  PEBBLE_SHAPE_TRY(requireResultRank(c, rank));
  c.setRank(0, rank);
  for (int32_t i = 0; i < rank; ++i) {
    if (i < axis)
      c.set(0, i, c.dim(0, i));
    else if (i < axis + indices)
      c.set(0, i, c.dim(1, i - int32_t(axis)));
    else
      c.set(0, i, c.dim(0, i - indices + 1));
  }
  return PEBBLE_OK;
}

/// Operand `indices` has operand 0's rank and stays within its dims off `axis`.
template <typename C> int32_t requireElementIndices(C &c, int64_t axis) {
  PEBBLE_SHAPE_TRY(requireAxis(c, axis, c.rank(0)));
  if (c.rank(0) != c.rank(1))
    return c.fail(PEBBLE_ERROR_SHAPE, "has data of rank {0} and indices of rank {1}", c.rank(0),
                  c.rank(1));
  for (int32_t i = 0; i < c.rank(0); ++i)
    if (i != axis && isLess(c.dim(0, i), c.dim(1, i)))
      return c.fail(PEBBLE_ERROR_SHAPE, "has indices of {0} in a dim of {1}", c.dim(1, i),
                    c.dim(0, i));
  return PEBBLE_OK;
}

template <typename C> int32_t gatherElements(C &c) {
  PEBBLE_SHAPE_TRY(requireElementIndices(c, c.nextInt()));
  return copyDims(c, 1, 0);
}

template <typename C> int32_t scatterElements(C &c) {
  PEBBLE_SHAPE_TRY(requireElementIndices(c, c.nextInt()));
  PEBBLE_SHAPE_TRY(requireSameDims(c, 1, 2));
  return copyDims(c, 0, 0);
}

/// Reads how many dims of the data one index tuple covers: the last dim of operand 1.
template <typename C> int32_t readTupleSize(C &c, int64_t most, int64_t &size) {
  PEBBLE_SHAPE_TRY(requireRank(c, 1, 1, PEBBLE_MAX_RANK));
  Dim last = c.dim(1, c.rank(1) - 1);
  if (!last.isKnown())
    return c.fail(PEBBLE_ERROR_SHAPE,
                  "needs indices whose last dim is known: the result's rank depends on it");
  if (last.value() > most)
    return c.fail(PEBBLE_ERROR_SHAPE, "has index tuples of {0} for {1} dims", last, most);
  size = last.value();
  return PEBBLE_OK;
}

template <typename C> int32_t gatherND(C &c) {
  int64_t batch = c.nextInt();
  int32_t data = c.rank(0), indices = c.rank(1);
  int64_t size = 0;
  if (batch < 0 || batch >= (data < indices ? data : indices))
    return c.fail(PEBBLE_ERROR_SHAPE, "has {0} batch dims; both operands need more dims than that",
                  batch);
  PEBBLE_SHAPE_TRY(readTupleSize(c, data - batch, size));
  for (int32_t i = 0; i < batch; ++i)
    if (differ(c.dim(0, i), c.dim(1, i)))
      return c.fail(PEBBLE_ERROR_SHAPE, "has batch dims of {0} and {1}", c.dim(0, i), c.dim(1, i));
  int32_t head = indices - 1, skip = int32_t(batch + size), rank = head + data - skip;
  PEBBLE_SHAPE_TRY(requireResultRank(c, rank));
  c.setRank(0, rank);
  for (int32_t i = 0; i < rank; ++i)
    c.set(0, i,
          i < batch  ? refine(c.dim(1, i), c.dim(0, i))
          : i < head ? c.dim(1, i)
                     : c.dim(0, skip + i - head));
  return PEBBLE_OK;
}

template <typename C> int32_t scatterND(C &c) {
  int64_t size = 0;
  PEBBLE_SHAPE_TRY(readTupleSize(c, c.rank(0), size));
  int32_t head = c.rank(1) - 1, rank = head + c.rank(0) - int32_t(size);
  if (c.rank(2) != rank)
    return c.fail(PEBBLE_ERROR_SHAPE, "has updates of rank {0}; expected {1}", c.rank(2), rank);
  for (int32_t i = 0; i < rank; ++i) {
    Dim expected = i < head ? c.dim(1, i) : c.dim(0, int32_t(size) + i - head);
    if (differ(c.dim(2, i), expected))
      return c.fail(PEBBLE_ERROR_SHAPE, "has updates with a dim of {0}; expected {1}", c.dim(2, i),
                    expected);
  }
  return copyDims(c, 0, 0);
}

template <typename C> int32_t reverseSequence(C &c) {
  int64_t batch = c.nextInt(), time = c.nextInt();
  PEBBLE_SHAPE_TRY(requireRank(c, 0, 2, PEBBLE_MAX_RANK));
  PEBBLE_SHAPE_TRY(requireAxis(c, batch, c.rank(0)));
  PEBBLE_SHAPE_TRY(requireAxis(c, time, c.rank(0)));
  if (batch == time)
    return c.fail(PEBBLE_ERROR_SHAPE, "has axis {0} for both batch and time", batch);
  Dim length;
  PEBBLE_SHAPE_TRY(readLength(c, 1, length));
  if (differ(length, c.dim(0, int32_t(batch))))
    return c.fail(PEBBLE_ERROR_SHAPE, "has {0} sequence lengths for a batch of {1}", length,
                  c.dim(0, int32_t(batch)));
  return copyDims(c, 0, 0);
}

template <typename C> int32_t trilu(C &c) {
  PEBBLE_SHAPE_TRY(requireRank(c, 0, 2, PEBBLE_MAX_RANK));
  return copyDims(c, 0, 0);
}

template <typename C> int32_t eyeLike(C &c) {
  PEBBLE_SHAPE_TRY(requireRank(c, 0, 2, 2));
  return copyDims(c, 0, 0);
}

template <typename C> int32_t oneHot(C &c) {
  int64_t axis = c.nextInt();
  int32_t rank = c.rank(0) + 1;
  PEBBLE_SHAPE_TRY(requireResultRank(c, rank));
  PEBBLE_SHAPE_TRY(requireAxis(c, axis, rank));
  Dim depth;
  PEBBLE_SHAPE_TRY(readScalar(c, 1, depth));
  PEBBLE_SHAPE_TRY(requireNonNegative(c, depth, "has depth {0}; expected 0 or more"));
  Dim values = countElements(c, 2, 0, c.rank(2));
  if (differ(values, 2))
    return c.fail(PEBBLE_ERROR_SHAPE, "has {0} values; expected {1}: off and on", values, 2);
  c.setRank(0, rank);
  for (int32_t i = 0; i < rank; ++i)
    c.set(0, i, i < axis ? c.dim(0, i) : i == axis ? depth : c.dim(0, i - 1));
  return PEBBLE_OK;
}

template <typename C> int32_t nonZero(C &c) {
  int32_t rank = c.rank(0) == 0 ? 1 : c.rank(0);
  Dim dims[] = {rank, countElements(c, 0, 0, c.rank(0))}, one = 1;
  setDims(c, 0, dims, 2);
  setDims(c, 1, &one, 1);
  return PEBBLE_OK;
}

template <typename C> int32_t compress(C &c) {
  int64_t axis = c.nextInt();
  Dim condition, one = 1;
  PEBBLE_SHAPE_TRY(readLength(c, 1, condition));
  setDims(c, 1, &one, 1);
  if (axis == -1) {
    Dim count = countElements(c, 0, 0, c.rank(0));
    setDims(c, 0, &count, 1);
    return PEBBLE_OK;
  }
  PEBBLE_SHAPE_TRY(requireAxis(c, axis, c.rank(0)));
  return copyDims(c, 0, 0);
}

template <typename C> int32_t unique(C &c) {
  bool hasAxis = c.nextInt() != 0;
  int64_t axis = c.nextInt();
  Dim count = countElements(c, 0, 0, c.rank(0)), one = 1;
  if (hasAxis) {
    PEBBLE_SHAPE_TRY(requireAxis(c, axis, c.rank(0)));
    count = c.dim(0, int32_t(axis));
    PEBBLE_SHAPE_TRY(copyDims(c, 0, 0));
  } else {
    setDims(c, 0, &count, 1);
  }
  static constexpr int32_t results[] = {1, 2, 3};
  for (int32_t result : results)
    setDims(c, result, &count, 1);
  setDims(c, 4, &one, 1);
  return PEBBLE_OK;
}

template <typename C> int32_t topK(C &c) {
  int64_t axis = c.nextInt();
  PEBBLE_SHAPE_TRY(requireAxis(c, axis, c.rank(0)));
  Dim k, size = c.dim(0, int32_t(axis));
  PEBBLE_SHAPE_TRY(readScalar(c, 1, k));
  PEBBLE_SHAPE_TRY(requireNonNegative(c, k, "has k = {0}; expected 0 or more"));
  if (isLess(size, k))
    return c.fail(PEBBLE_ERROR_SHAPE, "has k = {0} for a dim of {1}", k, size);
  PEBBLE_SHAPE_TRY(copyDims(c, 0, 0, int32_t(axis), k));
  return copyDims(c, 0, 1, int32_t(axis), k);
}

template <typename C> int32_t nonMaxSuppression(C &c) {
  PEBBLE_SHAPE_TRY(requireRank(c, 0, 3, 3));
  PEBBLE_SHAPE_TRY(requireRank(c, 1, 3, 3));
  if (differ(c.dim(0, 2), 4))
    return c.fail(PEBBLE_ERROR_SHAPE, "has boxes of {0} numbers; expected {1}", c.dim(0, 2), 4);
  if (differ(c.dim(0, 0), c.dim(1, 0)))
    return c.fail(PEBBLE_ERROR_SHAPE, "has batches of {0} boxes and {1} scores", c.dim(0, 0),
                  c.dim(1, 0));
  if (differ(c.dim(0, 1), c.dim(1, 2)))
    return c.fail(PEBBLE_ERROR_SHAPE, "has {0} boxes and {1} scores", c.dim(0, 1), c.dim(1, 2));
  Dim limit = 0, boxes = refine(c.dim(0, 1), c.dim(1, 2));
  if (c.has(2))
    PEBBLE_SHAPE_TRY(readScalar(c, 2, limit));
  if (isLess(limit, 0))
    limit = 0;
  Dim most = limit.is(0) || boxes.is(0)           ? Dim(0)
             : limit.isKnown() && boxes.isKnown() ? (isLess(limit, boxes) ? limit : boxes)
                                                  : Dim::unknown();
  Dim batches = refine(c.dim(0, 0), c.dim(1, 0));
  Dim dims[] = {batches * c.dim(1, 1) * most, 3}, one = 1;
  setDims(c, 0, dims, 2);
  setDims(c, 1, &one, 1);
  return PEBBLE_OK;
}

} // namespace pebble::shape

#endif // PEBBLE_RUNTIME_KERNELS_SHAPE_INDEXING_H
