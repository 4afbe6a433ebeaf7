// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Shape functions of the ops that move elements around: reshape to range.
#ifndef PEBBLE_RUNTIME_KERNELS_SHAPE_STRUCTURE_H
#define PEBBLE_RUNTIME_KERNELS_SHAPE_STRUCTURE_H

#include "runtime/kernels/shape/Common.h"

namespace pebble::shape {

/// Results have the dims of the first operand.
template <typename C> int32_t sameAsInput(C &c) { return copyDims(c, 0, 0); }

template <typename C> int32_t reshape(C &c) {
  int32_t rank = 0;
  PEBBLE_SHAPE_TRY(readRank(c, 1, rank));
  bool allowZero = c.nextInt() != 0;
  Dim dims[PEBBLE_MAX_RANK];
  // Copied dims stand on both sides, so the elements to distribute are those of the other dims;
  // this also infers a dim beside copied ones that are unknown.
  uint32_t copied = 0;
  Dim known = 1;
  int32_t inferred = -1;
  bool zero = false;
  for (int32_t i = 0; i < rank; ++i) {
    Dim dim = c.element(1, i);
    if (isLess(dim, -1))
      return c.fail(PEBBLE_ERROR_SHAPE, "has dim {0} in `shape`; expected -1 or more", dim);
    if (dim.is(-1)) {
      if (inferred >= 0)
        return c.fail(PEBBLE_ERROR_SHAPE,
                      "has -1 in `shape` at places {0} and {1}; at most one "
                      "dim can be inferred",
                      inferred, i);
      inferred = i;
      continue;
    }
    if (dim.is(0) && !allowZero) {
      if (i >= c.rank(0))
        return c.fail(PEBBLE_ERROR_SHAPE, "copies dim {0} of an input of rank {1}", i, c.rank(0));
      dims[i] = c.dim(0, i);
      copied |= 1u << i;
      continue;
    }
    zero |= dim.is(0);
    // An unknown element may be -1 or 0.
    dims[i] = dim;
    known = known * dim;
  }
  if (zero && inferred >= 0)
    return c.fail(PEBBLE_ERROR_SHAPE, "cannot infer dim {0} beside a dim of {1}", inferred, 0);
  Dim count = 1;
  for (int32_t i = 0; i < c.rank(0); ++i)
    count = (copied >> i & 1) != 0 ? count : count * c.dim(0, i);

  if (inferred < 0) {
    if (differ(count, known))
      return c.fail(PEBBLE_ERROR_SHAPE, "reshapes {0} elements to {1}", count, known);
  } else if (count.isKnown() && known.isKnown()) {
    if (count.value() % known.value() != 0)
      return c.fail(PEBBLE_ERROR_SHAPE, "cannot divide {0} elements into dims whose product is {1}",
                    count, known);
    dims[inferred] = count.value() / known.value();
  }
  setDims(c, 0, dims, rank);
  return PEBBLE_OK;
}

template <typename C> int32_t transpose(C &c) {
  Array permutation = c.nextArray();
  int32_t rank = c.rank(0);
  if (permutation.size != rank)
    return c.fail(PEBBLE_ERROR_SHAPE, "has a permutation of {0} dims for an input of rank {1}",
                  permutation.size, rank);
  AxisSet seen;
  c.setRank(0, rank);
  for (int32_t i = 0; i < rank; ++i) {
    PEBBLE_SHAPE_TRY(requireAxis(c, permutation[i], rank));
    PEBBLE_SHAPE_TRY(addAxis(c, seen, int32_t(permutation[i]), i));
    c.set(0, i, c.dim(0, int32_t(permutation[i])));
  }
  return PEBBLE_OK;
}

template <typename C> int32_t broadcastTo(C &c) {
  int32_t length = 0;
  PEBBLE_SHAPE_TRY(readRank(c, 1, length));
  int32_t rank = length > c.rank(0) ? length : c.rank(0);
  c.setRank(0, rank);
  for (int32_t i = 0; i < rank; ++i) {
    int32_t in = i - (rank - c.rank(0)), to = i - (rank - length);
    Dim a = in < 0 ? Dim(1) : c.dim(0, in), b = to < 0 ? Dim(1) : c.element(1, to), dim;
    PEBBLE_SHAPE_TRY(requireNonNegative(c, b, "has dim {0} in `shape`; expected 0 or more"));
    if (!broadcast(a, b, dim))
      return c.fail(PEBBLE_ERROR_SHAPE, "cannot broadcast a dim of {0} to {1}", a, b);
    c.set(0, i, dim);
  }
  return PEBBLE_OK;
}

template <typename C> int32_t tile(C &c) {
  Dim length;
  PEBBLE_SHAPE_TRY(readLength(c, 1, length));
  int32_t rank = c.rank(0);
  if (differ(length, rank))
    return c.fail(PEBBLE_ERROR_SHAPE, "has {0} repeats for an input of rank {1}", length, rank);
  c.setRank(0, rank);
  for (int32_t i = 0; i < rank; ++i) {
    Dim repeats = c.element(1, i);
    PEBBLE_SHAPE_TRY(requireNonNegative(c, repeats, "repeats a dim {0} times; expected 0 or more"));
    c.set(0, i, c.dim(0, i) * repeats);
  }
  return PEBBLE_OK;
}

/// Number of steps from `start` to before `end` in a dim of `size`, positions clamped as ONNX says.
constexpr Dim sliceLength(Dim size, Dim start, Dim end, Dim step) {
  if (!step.isKnown() || !size.isKnown())
    return Dim::unknown();
  int64_t n = size.value(), by = step.value();
  int64_t low = by > 0 ? 0 : -1, high = by > 0 ? n : n - 1;
  auto clamp = [&](int64_t position) {
    // A position below -n stays below any element, and the sum cannot overflow.
    position = position < 0 ? position + n : position;
    return position < low ? low : position > high ? high : position;
  };
  if (!start.isKnown() || !end.isKnown())
    return n == 0 ? Dim(0) : Dim::unknown();
  int64_t first = clamp(start.value()), last = clamp(end.value());
  // An end below -n with a negative step clamps to -1: everything down to element 0.
  int64_t distance = by > 0 ? last - first : first - last;
  if (distance <= 0)
    return 0;
  uint64_t stride = by > 0 ? uint64_t(by) : uint64_t(0) - uint64_t(by);
  return int64_t((uint64_t(distance) - 1) / stride + 1);
}

template <typename C> int32_t slice(C &c) {
  int32_t rank = c.rank(0);
  AxisSet axes;
  PEBBLE_SHAPE_TRY(readAxes(c, 3, rank, axes));
  static constexpr int32_t operands[] = {1, 2, 4};
  for (int32_t operand : operands) {
    Dim length;
    PEBBLE_SHAPE_TRY(readLength(c, operand, length));
    if (differ(length, c.dim(3, 0)))
      return c.fail(PEBBLE_ERROR_SHAPE, "has {0} positions or steps for {1} axes", length,
                    c.dim(3, 0));
  }
  c.setRank(0, rank);
  for (int32_t i = 0; i < rank; ++i) {
    Dim dim = axes.isKnown ? c.dim(0, i) : Dim::unknown();
    if (axes.contains(i)) {
      int32_t place = axes.place[i];
      Dim step = c.element(4, place);
      if (step.is(0))
        return c.fail(PEBBLE_ERROR_VALUE, "has a step of {0} on axis {1}", 0, i);
      dim = sliceLength(c.dim(0, i), c.element(1, place), c.element(2, place), step);
    }
    c.set(0, i, dim);
  }
  return PEBBLE_OK;
}

template <typename C> int32_t concat(C &c) {
  int64_t count = c.nextInt(), axis = c.nextInt();
  if (count < 1)
    return c.fail(PEBBLE_ERROR_SHAPE, "joins {0} tensors; expected {1} or more", count, 1);
  int32_t rank = c.rank(0);
  PEBBLE_SHAPE_TRY(requireAxis(c, axis, rank));
  c.setRank(0, rank);
  for (int32_t i = 0; i < rank; ++i) {
    Dim dim = c.dim(0, i);
    for (int32_t k = 1; k < count; ++k) {
      if (c.rank(k) != rank)
        return c.fail(PEBBLE_ERROR_SHAPE, "joins tensors of rank {0} and {1}", rank, c.rank(k));
      Dim other = c.dim(k, i);
      if (i != axis && differ(dim, other))
        return c.fail(PEBBLE_ERROR_SHAPE, "joins tensors whose other dims differ: {0} and {1}", dim,
                      other);
      dim = i == axis ? dim + other : refine(dim, other);
    }
    c.set(0, i, dim);
  }
  return PEBBLE_OK;
}

template <typename C> int32_t pad(C &c) {
  int32_t rank = c.rank(0);
  AxisSet axes;
  Dim length, axisCount = rank;
  PEBBLE_SHAPE_TRY(readLength(c, 1, length));
  if (c.has(3)) {
    PEBBLE_SHAPE_TRY(readAxes(c, 3, rank, axes));
    axisCount = c.dim(3, 0);
  } else {
    for (int32_t i = 0; i < rank; ++i)
      PEBBLE_SHAPE_TRY(addAxis(c, axes, i, i));
  }
  if (differ(length, axisCount * 2))
    return c.fail(PEBBLE_ERROR_SHAPE, "has {0} pads for {1} axes; expected two an axis", length,
                  axisCount);
  c.setRank(0, rank);
  for (int32_t i = 0; i < rank; ++i) {
    Dim dim = axes.isKnown ? c.dim(0, i) : Dim::unknown();
    if (axes.contains(i)) {
      Dim begin = c.element(1, axes.place[i]);
      Dim end = axisCount.isKnown() ? c.element(1, axes.place[i] + axisCount.value()) : Dim();
      dim = c.dim(0, i) + begin + end;
      PEBBLE_SHAPE_TRY(requireNonNegative(c, dim, "crops a dim to {0}; expected 0 or more"));
    }
    c.set(0, i, dim);
  }
  return PEBBLE_OK;
}

/// Elements from `start` in steps of `delta` before `limit`.
constexpr Dim rangeLength(int64_t start, int64_t limit, int64_t delta) {
  bool up = delta > 0;
  if (up ? limit <= start : limit >= start)
    return 0;
  uint64_t span = up ? uint64_t(limit) - uint64_t(start) : uint64_t(start) - uint64_t(limit);
  uint64_t step = up ? uint64_t(delta) : uint64_t(0) - uint64_t(delta);
  uint64_t count = (span - 1) / step + 1;
  return count > uint64_t(INT64_MAX) ? Dim::overflow() : Dim(int64_t(count));
}

template <typename C> int32_t realRangeLength(C &c, Dim &length) {
  Real start = c.real(0, 0), limit = c.real(1, 0), delta = c.real(2, 0);
  length = Dim::unknown();
  if (!start.isKnown || !limit.isKnown || !delta.isKnown)
    return PEBBLE_OK;
  double count = (limit.value - start.value) / delta.value;
  // False for NaN too, which a zero or infinite operand gives.
  if (!(count < 9.0e18))
    return c.fail(PEBBLE_ERROR_VALUE, "has a range without end: is `delta` zero?");
  int64_t whole = count <= 0 ? 0 : int64_t(count);
  length = count > double(whole) ? whole + 1 : whole;
  return PEBBLE_OK;
}

template <typename C> int32_t range(C &c) {
  for (int32_t i = 0; i < 3; ++i) {
    Dim count = countElements(c, i, 0, c.rank(i));
    if (differ(count, 1))
      return c.fail(PEBBLE_ERROR_SHAPE, "needs {0} element in a scalar operand, but it has {1}", 1,
                    count);
  }
  Dim length;
  if (c.isFloat(0)) {
    PEBBLE_SHAPE_TRY(realRangeLength(c, length));
  } else {
    Dim start = c.element(0, 0), limit = c.element(1, 0), delta = c.element(2, 0);
    if (delta.is(0))
      return c.fail(PEBBLE_ERROR_VALUE, "has `delta` {0}", 0);
    if (start.isKnown() && limit.isKnown() && delta.isKnown())
      length = rangeLength(start.value(), limit.value(), delta.value());
  }
  setDims(c, 0, &length, 1);
  return PEBBLE_OK;
}

} // namespace pebble::shape

#endif // PEBBLE_RUNTIME_KERNELS_SHAPE_STRUCTURE_H
