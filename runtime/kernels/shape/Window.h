// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Shape functions of convolutions and pools.
#ifndef PEBBLE_RUNTIME_KERNELS_SHAPE_WINDOW_H
#define PEBBLE_RUNTIME_KERNELS_SHAPE_WINDOW_H

#include "runtime/kernels/shape/Common.h"

namespace pebble::shape {

enum AutoPad : int64_t { explicitPads = 0, sameUpper = 1, sameLower = 2 };

/// An attribute's number for dim `i`; an empty list means the default everywhere.
constexpr int64_t numberAt(Array array, int64_t i, int64_t missing) {
  return array.size == 0 ? missing : array[i];
}

/// Checks an attribute with `factor` numbers for each of `spatial` dims, each `least` or more.
template <typename C>
int32_t requireArray(C &c, Array array, int64_t spatial, int64_t factor, int64_t least,
                     const char *lengthText, const char *valueText) {
  if (array.size != 0 && array.size != spatial * factor)
    return c.fail(PEBBLE_ERROR_SHAPE, lengthText, array.size, spatial * factor);
  for (int64_t i = 0; i < array.size; ++i)
    if (array[i] < least)
      return c.fail(PEBBLE_ERROR_SHAPE, valueText, array[i], least);
  return PEBBLE_OK;
}

struct Window {
  Array strides, dilations, pads;
  int64_t autoPad = explicitPads;
  bool ceilMode = false;
};

template <typename C>
int32_t requireSteps(C &c, Array strides, Array dilations, Array pads, int64_t spatial) {
  PEBBLE_SHAPE_TRY(requireArray(c, strides, spatial, 1, 1, "has {0} strides; expected {1}",
                                "has a stride of {0}; expected {1} or more"));
  PEBBLE_SHAPE_TRY(requireArray(c, dilations, spatial, 1, 1, "has {0} dilations; expected {1}",
                                "has a dilation of {0}; expected {1} or more"));
  return requireArray(c, pads, spatial, 2, INT64_MIN, "has {0} pads; expected {1}", "");
}

/// Input elements that a window of `kernel` taps spans.
constexpr Dim windowSpan(Dim kernel, int64_t dilation) { return (kernel - 1) * dilation + 1; }

/// Places of a window in spatial dim `i` of `size`.
template <typename C>
int32_t windowPlaces(C &c, const Window &w, int64_t i, Dim size, Dim kernel, Dim &places) {
  int64_t stride = numberAt(w.strides, i, 1);
  if (isLess(kernel, 1))
    return c.fail(PEBBLE_ERROR_SHAPE, "has a window of {0}; expected {1} or more", kernel, 1);
  if (w.autoPad != explicitPads) {
    places = ceilDiv(size, stride);
    return PEBBLE_OK;
  }
  int64_t before = numberAt(w.pads, i, 0), after = numberAt(w.pads, w.pads.size / 2 + i, 0);
  Dim padded = size + before + after;
  Dim span = windowSpan(kernel, numberAt(w.dilations, i, 1)), room = padded - span;
  if (isLess(room, 0))
    return c.fail(PEBBLE_ERROR_SHAPE,
                  "has a window that spans {0} elements over a padded input of "
                  "{1}",
                  span, padded);
  places = (w.ceilMode ? ceilDiv(room, stride) : floorDiv(room, stride)) + 1;
  // A window that would start in the padding after the input is left out.
  Dim lastStart = (places - 1) * stride, dataEnd = size + before;
  if (w.ceilMode && lastStart.isKnown() && !isLess(lastStart, dataEnd))
    places = places - 1;
  return PEBBLE_OK;
}

/// An optional 1-D bias of `channels` elements.
template <typename C> int32_t requireBias(C &c, int32_t operand, Dim channels) {
  if (!c.has(operand))
    return PEBBLE_OK;
  Dim length;
  PEBBLE_SHAPE_TRY(readLength(c, operand, length));
  return differ(length, channels)
             ? c.fail(PEBBLE_ERROR_SHAPE, "has a bias of {0} for {1} output channels", length,
                      channels)
             : int32_t(PEBBLE_OK);
}

template <typename C> int32_t requireGroup(C &c, Dim channels, int64_t group) {
  if (group < 1)
    return c.fail(PEBBLE_ERROR_SHAPE, "has group {0}; expected {1} or more", group, 1);
  if (channels.isKnown() && channels.value() % group != 0)
    return c.fail(PEBBLE_ERROR_SHAPE, "cannot divide {0} channels into {1} groups", channels,
                  group);
  return PEBBLE_OK;
}

/// Input and [out, in/group, k...] weight of a convolution; sets all result dims.
template <typename C> int32_t convolveDims(C &c, const Window &w, int64_t group) {
  int32_t rank = c.rank(0);
  PEBBLE_SHAPE_TRY(requireRank(c, 0, 3, PEBBLE_MAX_RANK));
  if (c.rank(1) != rank)
    return c.fail(PEBBLE_ERROR_SHAPE, "has an input of rank {0} and a weight of rank {1}", rank,
                  c.rank(1));
  PEBBLE_SHAPE_TRY(requireSteps(c, w.strides, w.dilations, w.pads, rank - 2));
  PEBBLE_SHAPE_TRY(requireGroup(c, c.dim(1, 0), group));
  if (differ(c.dim(0, 1), c.dim(1, 1) * group))
    return c.fail(PEBBLE_ERROR_SHAPE, "has {0} input channels; its weight and groups take {1}",
                  c.dim(0, 1), c.dim(1, 1) * group);
  c.setRank(0, rank);
  c.set(0, 0, c.dim(0, 0));
  c.set(0, 1, c.dim(1, 0));
  for (int32_t i = 2; i < rank; ++i) {
    Dim places;
    PEBBLE_SHAPE_TRY(windowPlaces(c, w, i - 2, c.dim(0, i), c.dim(1, i), places));
    c.set(0, i, places);
  }
  return PEBBLE_OK;
}

template <typename C> int32_t conv(C &c) {
  Window w;
  w.strides = c.nextArray();
  w.dilations = c.nextArray();
  w.pads = c.nextArray();
  int64_t group = c.nextInt();
  w.autoPad = c.nextInt();
  PEBBLE_SHAPE_TRY(convolveDims(c, w, group));
  return requireBias(c, 2, c.dim(1, 0));
}

template <typename C> int32_t deformConv(C &c) {
  Window w;
  w.strides = c.nextArray();
  w.dilations = c.nextArray();
  w.pads = c.nextArray();
  int64_t group = c.nextInt(), offsetGroup = c.nextInt();
  PEBBLE_SHAPE_TRY(convolveDims(c, w, group));
  PEBBLE_SHAPE_TRY(requireBias(c, 3, c.dim(1, 0)));
  PEBBLE_SHAPE_TRY(requireGroup(c, c.dim(0, 1), offsetGroup));
  int32_t rank = c.rank(0);
  Dim taps = countElements(c, 1, 2, rank) * offsetGroup;
  static constexpr int32_t operands[] = {2, 4};
  for (int32_t operand : operands) {
    if (!c.has(operand))
      continue;
    PEBBLE_SHAPE_TRY(requireRank(c, operand, rank, rank));
    Dim expected = operand == 2 ? taps * (rank - 2) : taps;
    if (differ(c.dim(operand, 1), expected))
      return c.fail(PEBBLE_ERROR_SHAPE, "has an offset or mask of {0} channels; expected {1}",
                    c.dim(operand, 1), expected);
    if (differ(c.dim(operand, 0), c.dim(0, 0)))
      return c.fail(PEBBLE_ERROR_SHAPE, "has an offset or mask for a batch of {0}; expected {1}",
                    c.dim(operand, 0), c.dim(0, 0));
    for (int32_t i = 2; i < rank; ++i) {
      Dim places;
      PEBBLE_SHAPE_TRY(windowPlaces(c, w, i - 2, c.dim(0, i), c.dim(1, i), places));
      if (differ(c.dim(operand, i), places))
        return c.fail(PEBBLE_ERROR_SHAPE, "has an offset or mask of {0} for {1} window places",
                      c.dim(operand, i), places);
    }
  }
  return PEBBLE_OK;
}

template <typename C> int32_t convTranspose(C &c) {
  Array strides = c.nextArray(), dilations = c.nextArray(), pads = c.nextArray();
  Array outputPadding = c.nextArray(), outputShape = c.nextArray();
  int64_t group = c.nextInt(), autoPad = c.nextInt();
  int32_t rank = c.rank(0), spatial = rank - 2;
  PEBBLE_SHAPE_TRY(requireRank(c, 0, 3, PEBBLE_MAX_RANK));
  if (c.rank(1) != rank)
    return c.fail(PEBBLE_ERROR_SHAPE, "has an input of rank {0} and a weight of rank {1}", rank,
                  c.rank(1));
  PEBBLE_SHAPE_TRY(requireSteps(c, strides, dilations, pads, spatial));
  PEBBLE_SHAPE_TRY(requireArray(c, outputPadding, spatial, 1, 0,
                                "has {0} output paddings; expected {1}",
                                "has an output padding of {0}; expected {1} or more"));
  // ONNX allows N and C in front of the spatial dims.
  if (outputShape.size == rank)
    outputShape = Array{outputShape.data + 2, spatial};
  PEBBLE_SHAPE_TRY(requireArray(c, outputShape, spatial, 1, 0,
                                "has {0} dims in `output_shape`; expected {1}",
                                "has a dim of {0} in `output_shape`; expected {1} or more"));
  PEBBLE_SHAPE_TRY(requireGroup(c, c.dim(0, 1), group));
  if (differ(c.dim(0, 1), c.dim(1, 0)))
    return c.fail(PEBBLE_ERROR_SHAPE, "has {0} input channels; its weight takes {1}", c.dim(0, 1),
                  c.dim(1, 0));
  Dim channels = c.dim(1, 1) * group;
  PEBBLE_SHAPE_TRY(requireBias(c, 2, channels));
  c.setRank(0, rank);
  c.set(0, 0, c.dim(0, 0));
  c.set(0, 1, channels);
  for (int32_t i = 0; i < spatial; ++i) {
    Dim size = c.dim(0, i + 2), span = windowSpan(c.dim(1, i + 2), numberAt(dilations, i, 1));
    int64_t stride = numberAt(strides, i, 1);
    Dim dim = (size - 1) * stride + numberAt(outputPadding, i, 0) + span - numberAt(pads, i, 0) -
              numberAt(pads, spatial + i, 0);
    if (outputShape.size != 0)
      dim = outputShape[i];
    else if (autoPad != explicitPads)
      dim = size * stride;
    PEBBLE_SHAPE_TRY(requireNonNegative(c, dim, "has a result dim of {0}"));
    c.set(0, i + 2, dim);
  }
  return PEBBLE_OK;
}

template <typename C> int32_t requireKernel(C &c, Array kernel, int64_t spatial) {
  if (kernel.size != spatial)
    return c.fail(PEBBLE_ERROR_SHAPE, "has a window of {0} dims; expected {1}", kernel.size,
                  spatial);
  return requireArray(c, kernel, spatial, 1, 1, "", "has a window of {0}; expected {1} or more");
}

/// Sets `results` results to the dims of a pool.
template <typename C> int32_t poolDims(C &c, int32_t results) {
  Array kernel = c.nextArray();
  Window w;
  w.strides = c.nextArray();
  w.dilations = c.nextArray();
  w.pads = c.nextArray();
  w.ceilMode = c.nextInt() != 0;
  w.autoPad = c.nextInt();
  int32_t rank = c.rank(0);
  PEBBLE_SHAPE_TRY(requireRank(c, 0, 3, PEBBLE_MAX_RANK));
  PEBBLE_SHAPE_TRY(requireKernel(c, kernel, rank - 2));
  PEBBLE_SHAPE_TRY(requireSteps(c, w.strides, w.dilations, w.pads, rank - 2));
  for (int32_t result = 0; result < results; ++result) {
    PEBBLE_SHAPE_TRY(copyDims(c, 0, result));
    for (int32_t i = 2; i < rank; ++i) {
      Dim places;
      PEBBLE_SHAPE_TRY(windowPlaces(c, w, i - 2, c.dim(0, i), kernel[i - 2], places));
      c.set(result, i, places);
    }
  }
  return PEBBLE_OK;
}

template <typename C> int32_t pool(C &c) { return poolDims(c, 1); }
template <typename C> int32_t poolWithIndices(C &c) { return poolDims(c, 2); }

template <typename C> int32_t maxUnpool(C &c) {
  Array kernel = c.nextArray(), pads = c.nextArray(), strides = c.nextArray();
  int32_t rank = c.rank(0), spatial = rank - 2;
  PEBBLE_SHAPE_TRY(requireRank(c, 0, 3, PEBBLE_MAX_RANK));
  PEBBLE_SHAPE_TRY(requireSameDims(c, 0, 1));
  PEBBLE_SHAPE_TRY(requireKernel(c, kernel, spatial));
  PEBBLE_SHAPE_TRY(requireArray(c, pads, spatial, 2, INT64_MIN, "has {0} pads; expected {1}", ""));
  PEBBLE_SHAPE_TRY(requireArray(c, strides, spatial, 1, 1, "has {0} strides; expected {1}",
                                "has a stride of {0}; expected {1} or more"));
  if (c.has(2)) {
    Dim length;
    PEBBLE_SHAPE_TRY(readLength(c, 2, length));
    if (differ(length, rank))
      return c.fail(PEBBLE_ERROR_SHAPE, "has {0} dims in `output_shape`; expected {1}", length,
                    rank);
  }
  c.setRank(0, rank);
  for (int32_t i = 0; i < rank; ++i) {
    Dim dim = c.dim(0, i);
    if (c.has(2))
      dim = c.element(2, i);
    else if (i >= 2)
      dim = (dim - 1) * numberAt(strides, i - 2, 1) - numberAt(pads, i - 2, 0) -
            numberAt(pads, spatial + i - 2, 0) + kernel[i - 2];
    PEBBLE_SHAPE_TRY(requireNonNegative(c, dim, "has a result dim of {0}"));
    c.set(0, i, dim);
  }
  return PEBBLE_OK;
}

template <typename C> int32_t col2im(C &c) {
  Array dilations = c.nextArray(), pads = c.nextArray(), strides = c.nextArray();
  PEBBLE_SHAPE_TRY(requireRank(c, 0, 3, 3));
  int32_t spatial = 0;
  PEBBLE_SHAPE_TRY(readRank(c, 1, spatial));
  Dim blockRank;
  PEBBLE_SHAPE_TRY(readLength(c, 2, blockRank));
  if (differ(blockRank, spatial))
    return c.fail(PEBBLE_ERROR_SHAPE, "has a block of {0} dims for an image of {1}", blockRank,
                  spatial);
  if (spatial > PEBBLE_MAX_RANK - 2)
    return c.fail(PEBBLE_ERROR_UNSUPPORTED, "has rank {0}; ranks above {1} are not supported",
                  spatial + 2, PEBBLE_MAX_RANK);
  PEBBLE_SHAPE_TRY(requireSteps(c, strides, dilations, pads, spatial));
  Dim taps = 1, places = 1;
  Dim dims[PEBBLE_MAX_RANK];
  for (int32_t i = 0; i < spatial; ++i) {
    Dim image = c.element(1, i), block = c.element(2, i);
    PEBBLE_SHAPE_TRY(requireNonNegative(c, image, "has an image dim of {0}"));
    Window w{strides, dilations, pads};
    Dim along;
    PEBBLE_SHAPE_TRY(windowPlaces(c, w, i, image, block, along));
    taps = taps * block;
    places = places * along;
    dims[i + 2] = image;
  }
  if (differ(places, c.dim(0, 2)))
    return c.fail(PEBBLE_ERROR_SHAPE, "has {0} blocks; the image has room for {1}", c.dim(0, 2),
                  places);
  Dim columns = c.dim(0, 1);
  if (columns.isKnown() && taps.isKnown() && columns.value() % taps.value() != 0)
    return c.fail(PEBBLE_ERROR_SHAPE, "cannot divide {0} rows into blocks of {1}", columns, taps);
  dims[0] = c.dim(0, 0);
  dims[1] = taps.isKnown() ? floorDiv(columns, taps.value()) : Dim::unknown();
  setDims(c, 0, dims, spatial + 2);
  return PEBBLE_OK;
}

} // namespace pebble::shape

#endif // PEBBLE_RUNTIME_KERNELS_SHAPE_WINDOW_H
