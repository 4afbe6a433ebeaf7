// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Shape functions of resampling, transforms and recurrences.
#ifndef PEBBLE_RUNTIME_KERNELS_SHAPE_SIGNAL_H
#define PEBBLE_RUNTIME_KERNELS_SHAPE_SIGNAL_H

#include "runtime/kernels/shape/Common.h"

namespace pebble::shape {

/// Float positions and sizes round through this: down, into the range that a dim can have.
constexpr Dim floorToDim(double value) {
  if (!(value < 9.0e18))
    return Dim::overflow();
  if (value < 0)
    return -1;
  return int64_t(value);
}

enum AspectRatio : int64_t { stretch = 0, notLarger = 1, notSmaller = 2 };

/// The one scale that keeps the aspect ratio: the least or greatest of sizes[i] / in[i].
template <typename C>
int32_t commonScale(C &c, const AxisSet &axes, int64_t aspectRatio, Real &scale) {
  for (int32_t i = 0; i < c.rank(0); ++i) {
    if (!axes.contains(i))
      continue;
    Dim size = c.element(3, axes.place[i]), in = c.dim(0, i);
    if (!size.isKnown() || !in.isKnown()) {
      scale = Real();
      return PEBBLE_OK;
    }
    if (in.is(0))
      return c.fail(PEBBLE_ERROR_SHAPE, "cannot keep the aspect ratio of a dim of {0}", in);
    double ratio = double(size.value()) / double(in.value());
    if (!scale.isKnown || (aspectRatio == notLarger ? ratio < scale.value : ratio > scale.value))
      scale = Real{ratio, true};
  }
  return PEBBLE_OK;
}

template <typename C> int32_t resize(C &c) {
  c.nextInt(); // mode
  bool crop = c.nextInt() == 5;
  c.nextInt(); // nearest_mode
  c.nextInt(); // antialias
  c.nextInt(); // exclude_outside
  int64_t aspectRatio = c.nextInt();
  Array axisList = c.nextArray();
  int32_t rank = c.rank(0);
  AxisSet axes;
  for (int64_t i = 0; i < axisList.size; ++i) {
    PEBBLE_SHAPE_TRY(requireAxis(c, axisList[i], rank));
    PEBBLE_SHAPE_TRY(addAxis(c, axes, int32_t(axisList[i]), int32_t(i)));
  }
  if (c.has(2) == c.has(3))
    return c.fail(PEBBLE_ERROR_SHAPE, "needs either `scales` or `sizes`");
  Dim length;
  PEBBLE_SHAPE_TRY(readLength(c, c.has(2) ? 2 : 3, length));
  if (differ(length, axisList.size))
    return c.fail(PEBBLE_ERROR_SHAPE, "has {0} scales or sizes for {1} axes", length,
                  axisList.size);
  if (crop && !c.has(1))
    return c.fail(PEBBLE_ERROR_SHAPE, "needs `roi` to crop");
  if (crop) {
    PEBBLE_SHAPE_TRY(readLength(c, 1, length));
    if (differ(length, axisList.size * 2))
      return c.fail(PEBBLE_ERROR_SHAPE, "has {0} numbers in `roi`; expected {1}", length,
                    axisList.size * 2);
  }
  Real common;
  if (c.has(3) && aspectRatio != stretch)
    PEBBLE_SHAPE_TRY(commonScale(c, axes, aspectRatio, common));

  c.setRank(0, rank);
  for (int32_t i = 0; i < rank; ++i) {
    Dim in = c.dim(0, i), dim = in;
    if (axes.contains(i) && c.has(3)) {
      dim = c.element(3, axes.place[i]);
      if (aspectRatio != stretch)
        dim = common.isKnown && in.isKnown() ? floorToDim(common.value * double(in.value()) + 0.5)
                                             : Dim::unknown();
      PEBBLE_SHAPE_TRY(requireNonNegative(c, dim, "has a size of {0}; expected 0 or more"));
    } else if (axes.contains(i)) {
      Real scale = c.real(2, axes.place[i]);
      if (scale.isKnown && !(scale.value > 0))
        return c.fail(PEBBLE_ERROR_VALUE, "has a scale on axis {0} that is not positive", i);
      Real begin{0, true}, end{1, true};
      if (crop) {
        begin = c.real(1, axes.place[i]);
        end = c.real(1, axes.place[i] + axisList.size);
      }
      dim = Dim::unknown();
      // Products in f32, as exporters and other runtimes compute them.
      if (in.isKnown() && scale.isKnown && begin.isKnown && end.isKnown)
        dim = floorToDim(float(in.value()) * (float(end.value) - float(begin.value)) *
                         float(scale.value));
      PEBBLE_SHAPE_TRY(requireNonNegative(c, dim, "has a result dim of {0}"));
    }
    c.set(0, i, dim);
  }
  return PEBBLE_OK;
}

template <typename C> int32_t gridSample(C &c) {
  int32_t rank = c.rank(0);
  PEBBLE_SHAPE_TRY(requireRank(c, 0, 3, PEBBLE_MAX_RANK));
  PEBBLE_SHAPE_TRY(requireRank(c, 1, rank, rank));
  if (differ(c.dim(0, 0), c.dim(1, 0)))
    return c.fail(PEBBLE_ERROR_SHAPE, "has batches of {0} inputs and {1} grids", c.dim(0, 0),
                  c.dim(1, 0));
  if (differ(c.dim(1, rank - 1), rank - 2))
    return c.fail(PEBBLE_ERROR_SHAPE, "has grid points of {0} numbers for {1} spatial dims",
                  c.dim(1, rank - 1), rank - 2);
  c.setRank(0, rank);
  c.set(0, 0, refine(c.dim(0, 0), c.dim(1, 0)));
  c.set(0, 1, c.dim(0, 1));
  for (int32_t i = 2; i < rank; ++i)
    c.set(0, i, c.dim(1, i - 1));
  return PEBBLE_OK;
}

template <typename C> int32_t affineGrid(C &c) {
  PEBBLE_SHAPE_TRY(requireRank(c, 0, 3, 3));
  int32_t rank = 0;
  PEBBLE_SHAPE_TRY(readRank(c, 1, rank));
  if (rank != 4 && rank != 5)
    return c.fail(PEBBLE_ERROR_SHAPE, "has {0} numbers in `size`; expected N, C and 2 or 3 dims",
                  rank);
  int32_t spatial = rank - 2;
  if (differ(c.dim(0, 1), spatial) || differ(c.dim(0, 2), spatial + 1))
    return c.fail(PEBBLE_ERROR_SHAPE, "has matrices of {0} x {1}, which do not fit `size`",
                  c.dim(0, 1), c.dim(0, 2));
  if (differ(c.dim(0, 0), c.element(1, 0)))
    return c.fail(PEBBLE_ERROR_SHAPE, "has {0} matrices for a batch of {1}", c.dim(0, 0),
                  c.element(1, 0));
  c.setRank(0, rank);
  c.set(0, 0, refine(c.dim(0, 0), c.element(1, 0)));
  for (int32_t i = 0; i < spatial; ++i) {
    Dim dim = c.element(1, i + 2);
    PEBBLE_SHAPE_TRY(requireNonNegative(c, dim, "has a size of {0}; expected 0 or more"));
    c.set(0, i + 1, dim);
  }
  c.set(0, rank - 1, spatial);
  return PEBBLE_OK;
}

template <typename C> int32_t roiAlign(C &c) {
  c.nextInt(); // mode
  c.nextInt(); // half_pixel
  int64_t height = c.nextInt(), width = c.nextInt();
  PEBBLE_SHAPE_TRY(requireRank(c, 0, 4, 4));
  PEBBLE_SHAPE_TRY(requireRank(c, 1, 2, 2));
  if (differ(c.dim(1, 1), 4))
    return c.fail(PEBBLE_ERROR_SHAPE, "has regions of {0} numbers; expected {1}", c.dim(1, 1), 4);
  Dim indices;
  PEBBLE_SHAPE_TRY(readLength(c, 2, indices));
  if (differ(indices, c.dim(1, 0)))
    return c.fail(PEBBLE_ERROR_SHAPE, "has {0} batch indices for {1} regions", indices,
                  c.dim(1, 0));
  if (height < 1 || width < 1)
    return c.fail(PEBBLE_ERROR_SHAPE, "has an output of {0} x {1}; expected 1 x 1 or more", height,
                  width);
  Dim dims[] = {refine(c.dim(1, 0), indices), c.dim(0, 1), height, width};
  setDims(c, 0, dims, 4);
  return PEBBLE_OK;
}

template <typename C> int32_t dft(C &c) {
  bool inverse = c.nextInt() != 0, onesided = c.nextInt() != 0;
  int32_t rank = c.rank(0);
  PEBBLE_SHAPE_TRY(requireRank(c, 0, 2, PEBBLE_MAX_RANK));
  Dim parts = c.dim(0, rank - 1);
  bool toReal = inverse && onesided;
  if (isLess(parts, 1) || isLess(2, parts))
    return c.fail(PEBBLE_ERROR_SHAPE, "has a last dim of {0}; expected 1 (real) or 2 (complex)",
                  parts);
  Dim where = -2;
  if (c.has(2))
    PEBBLE_SHAPE_TRY(readScalar(c, 2, where));
  Dim length;
  if (c.has(1)) {
    PEBBLE_SHAPE_TRY(readScalar(c, 1, length));
    if (isLess(length, 1))
      return c.fail(PEBBLE_ERROR_VALUE, "has length {0}; expected {1} or more", length, 1);
  }
  if (!where.isKnown()) {
    c.setRank(0, rank);
    for (int32_t i = 0; i < rank - 1; ++i)
      c.set(0, i, Dim::unknown());
    c.set(0, rank - 1, toReal ? 1 : 2);
    return PEBBLE_OK;
  }
  int32_t axis = 0;
  PEBBLE_SHAPE_TRY(normalizeAxis(c, where, rank, axis));
  if (axis == rank - 1)
    return c.fail(PEBBLE_ERROR_SHAPE, "has axis {0}, which holds the complex parts", axis);
  if (!c.has(1))
    length = toReal ? (c.dim(0, axis) - 1) * 2 : c.dim(0, axis);
  PEBBLE_SHAPE_TRY(requireNonNegative(c, length, "has length {0}; expected 0 or more"));
  Dim bins = onesided && !inverse ? floorDiv(length, 2) + 1 : length;
  PEBBLE_SHAPE_TRY(copyDims(c, 0, 0, axis, bins));
  c.set(0, rank - 1, toReal ? 1 : 2);
  return PEBBLE_OK;
}

template <typename C> int32_t stft(C &c) {
  bool onesided = c.nextInt() != 0;
  PEBBLE_SHAPE_TRY(requireRank(c, 0, 2, 3));
  if (c.rank(0) == 3 && (isLess(c.dim(0, 2), 1) || isLess(2, c.dim(0, 2))))
    return c.fail(PEBBLE_ERROR_SHAPE, "has a last dim of {0}; expected 1 (real) or 2 (complex)",
                  c.dim(0, 2));
  Dim step, length = c.dim(0, 1), window;
  PEBBLE_SHAPE_TRY(readScalar(c, 1, step));
  if (c.has(2))
    PEBBLE_SHAPE_TRY(readLength(c, 2, window));
  if (c.has(3))
    PEBBLE_SHAPE_TRY(readScalar(c, 3, length));
  else if (c.has(2))
    length = window;
  if (c.has(2) && differ(window, length))
    return c.fail(PEBBLE_ERROR_SHAPE, "has a window of {0} for frames of {1}", window, length);
  if (isLess(step, 1) || isLess(length, 1))
    return c.fail(PEBBLE_ERROR_VALUE, "has frames of {1} every {0} samples; expected 1 or more",
                  step, length);
  Dim room = c.dim(0, 1) - length;
  if (isLess(room, 0))
    return c.fail(PEBBLE_ERROR_SHAPE, "has frames of {0} in a signal of {1}", length, c.dim(0, 1));
  Dim frames = step.isKnown() ? floorDiv(room, step.value()) + 1 : Dim::unknown();
  Dim dims[] = {c.dim(0, 0), frames, onesided ? floorDiv(length, 2) + 1 : length, 2};
  setDims(c, 0, dims, 4);
  return PEBBLE_OK;
}

template <typename C> int32_t random(C &c) {
  int32_t rank = 0;
  PEBBLE_SHAPE_TRY(readRank(c, 0, rank));
  c.setRank(0, rank);
  for (int32_t i = 0; i < rank; ++i) {
    Dim dim = c.element(0, i);
    PEBBLE_SHAPE_TRY(requireNonNegative(c, dim, "has dim {0} in `shape`; expected 0 or more"));
    c.set(0, i, dim);
  }
  return PEBBLE_OK;
}

} // namespace pebble::shape

#endif // PEBBLE_RUNTIME_KERNELS_SHAPE_SIGNAL_H
