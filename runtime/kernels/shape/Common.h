// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Checks and steps that several shape functions share.
//
// A shape function is a template over its call (RuntimeCall or InferenceCall): it reads operands
// and attributes from it, sets the rank and dims of each result, and returns a pebble_status.
#ifndef PEBBLE_RUNTIME_KERNELS_SHAPE_COMMON_H
#define PEBBLE_RUNTIME_KERNELS_SHAPE_COMMON_H

#include "runtime/abi/pebble_abi.h"
#include "runtime/kernels/shape/Dim.h"

namespace pebble::shape {

/// Returns from the enclosing function when `expression` is not PEBBLE_OK.
#define PEBBLE_SHAPE_TRY(expression)                                                               \
  do {                                                                                             \
    if (int32_t pebbleStatus = (expression); pebbleStatus != PEBBLE_OK)                            \
      return pebbleStatus;                                                                         \
  } while (false)

template <typename C> int32_t requireRank(C &c, int32_t operand, int32_t least, int32_t most) {
  int32_t rank = c.rank(operand);
  if (rank < least)
    return c.fail(PEBBLE_ERROR_SHAPE, "needs an operand of rank {0} or more, but it has rank {1}",
                  least, rank);
  if (rank > most)
    return c.fail(PEBBLE_ERROR_SHAPE, "needs an operand of rank {0} or less, but it has rank {1}",
                  most, rank);
  return PEBBLE_OK;
}

/// An axis attribute, which is non-negative.
template <typename C> int32_t requireAxis(C &c, int64_t axis, int32_t rank) {
  if (axis < 0 || axis >= rank)
    return c.fail(PEBBLE_ERROR_SHAPE, "has axis {0}, which is out of range for rank {1}", axis,
                  rank);
  return PEBBLE_OK;
}

/// An axis operand's value: negative counts from the end. Known values only.
template <typename C> int32_t normalizeAxis(C &c, Dim value, int32_t rank, int32_t &axis) {
  if (isLess(value, -int64_t(rank)) || !isLess(value, rank))
    return c.fail(PEBBLE_ERROR_SHAPE, "has axis {0}, which is out of range for rank {1}", value,
                  rank);
  axis = int32_t(value.value() < 0 ? value.value() + rank : value.value());
  return PEBBLE_OK;
}

/// The axes that a 1-D operand lists, as a bit set, and where in the list each axis stands.
struct AxisSet {
  uint32_t mask = 0;
  bool isKnown = true;
  int32_t place[PEBBLE_MAX_RANK] = {};
  bool contains(int32_t axis) const { return (mask >> axis & 1) != 0; }
};

template <typename C> int32_t addAxis(C &c, AxisSet &axes, int32_t axis, int32_t place) {
  if (axes.contains(axis))
    return c.fail(PEBBLE_ERROR_SHAPE, "names axis {0} twice", axis);
  axes.mask |= 1u << axis;
  axes.place[axis] = place;
  return PEBBLE_OK;
}

/// Extent of a 1-D operand.
template <typename C> int32_t readLength(C &c, int32_t operand, Dim &length) {
  PEBBLE_SHAPE_TRY(requireRank(c, operand, 1, 1));
  length = c.dim(operand, 0);
  return PEBBLE_OK;
}

/// Extent of a 1-D operand that decides a rank, and so must be known.
template <typename C> int32_t readRank(C &c, int32_t operand, int32_t &rank) {
  Dim length;
  PEBBLE_SHAPE_TRY(readLength(c, operand, length));
  if (!length.isKnown())
    return c.fail(PEBBLE_ERROR_SHAPE,
                  "needs a shape operand of known length: the result's rank depends on it");
  if (isLess(PEBBLE_MAX_RANK, length))
    return c.fail(PEBBLE_ERROR_UNSUPPORTED, "has rank {0}; ranks above {1} are not supported",
                  length, PEBBLE_MAX_RANK);
  rank = int32_t(length.value());
  return PEBBLE_OK;
}

template <typename C> int32_t readAxes(C &c, int32_t operand, int32_t rank, AxisSet &axes) {
  Dim length;
  PEBBLE_SHAPE_TRY(readLength(c, operand, length));
  if (isLess(rank, length))
    return c.fail(PEBBLE_ERROR_SHAPE, "lists {0} axes for rank {1}", length, rank);
  axes.isKnown = length.isKnown();
  for (int64_t i = 0; i < (length.isKnown() ? length.value() : 0); ++i) {
    Dim value = c.element(operand, i);
    if (!value.isKnown()) {
      axes.isKnown = false;
      continue;
    }
    int32_t axis = 0;
    PEBBLE_SHAPE_TRY(normalizeAxis(c, value, rank, axis));
    PEBBLE_SHAPE_TRY(addAxis(c, axes, axis, int32_t(i)));
  }
  return PEBBLE_OK;
}

/// Gives `result` the dims of `operand`.
template <typename C> int32_t copyDims(C &c, int32_t operand, int32_t result) {
  c.setRank(result, c.rank(operand));
  for (int32_t i = 0; i < c.rank(operand); ++i)
    c.set(result, i, c.dim(operand, i));
  return PEBBLE_OK;
}

/// Gives `result` the dims of `operand`, except for one.
template <typename C>
int32_t copyDims(C &c, int32_t operand, int32_t result, int32_t axis, Dim dim) {
  PEBBLE_SHAPE_TRY(copyDims(c, operand, result));
  c.set(result, axis, dim);
  return PEBBLE_OK;
}

template <typename C> void setDims(C &c, int32_t result, const Dim *dims, int32_t rank) {
  c.setRank(result, rank);
  for (int32_t i = 0; i < rank; ++i)
    c.set(result, i, dims[i]);
}

template <typename C> int32_t requireSameDims(C &c, int32_t a, int32_t b) {
  if (c.rank(a) != c.rank(b))
    return c.fail(PEBBLE_ERROR_SHAPE, "needs operands of one rank, but they have {0} and {1}",
                  c.rank(a), c.rank(b));
  for (int32_t i = 0; i < c.rank(a); ++i)
    if (differ(c.dim(a, i), c.dim(b, i)))
      return c.fail(PEBBLE_ERROR_SHAPE,
                    "needs operands of the same dims, but one has {0} where "
                    "the other has {1}",
                    c.dim(a, i), c.dim(b, i));
  return PEBBLE_OK;
}

template <typename C> Dim countElements(C &c, int32_t operand, int32_t begin, int32_t end) {
  Dim count = 1;
  for (int32_t i = begin; i < end; ++i)
    count = count * c.dim(operand, i);
  return count;
}

/// The value of a one-element operand.
template <typename C> int32_t readScalar(C &c, int32_t operand, Dim &value) {
  Dim count = countElements(c, operand, 0, c.rank(operand));
  if (differ(count, 1))
    return c.fail(PEBBLE_ERROR_SHAPE, "needs {0} element in a scalar operand, but it has {1}", 1,
                  count);
  value = c.element(operand, 0);
  return PEBBLE_OK;
}

template <typename C> int32_t requireNonNegative(C &c, Dim value, const char *text) {
  if (value.isOverflow())
    return c.fail(PEBBLE_ERROR_SHAPE, "has a dim that does not fit 64 bits");
  return isLess(value, 0) ? c.fail(PEBBLE_ERROR_SHAPE, text, value) : int32_t(PEBBLE_OK);
}

} // namespace pebble::shape

#endif // PEBBLE_RUNTIME_KERNELS_SHAPE_COMMON_H
