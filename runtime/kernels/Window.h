// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where the windows of convolutions and pools lie.
#ifndef PEBBLE_KERNELS_WINDOW_H
#define PEBBLE_KERNELS_WINDOW_H

#include "runtime/kernels/Tensor.h"
#include "runtime/kernels/Vector.h"

namespace pebble::kernels {

// Spatial dims of a window op: the dims after N and C.
struct Windows {
  int64_t rank = 0;
  int64_t input[maxRank], output[maxRank], kernel[maxRank], stride[maxRank], dilation[maxRank];
  int64_t before[maxRank], after[maxRank]; // padding

  // First input position of tap `tap` in the window of output position `at`; may be negative.
  PEBBLE_INLINE int64_t position(int64_t dim, int64_t at, int64_t tap) const {
    return at * stride[dim] - before[dim] + tap * dilation[dim];
  }
};

enum AutoPad { explicitPads = 0, sameUpper = 1, sameLower = 2 };

// The output positions [begin, end) out of [0, count) whose input position `from + i * step` lies
// in [0, size).
struct ValidRange {
  int64_t begin, end;
};
PEBBLE_INLINE ValidRange validRange(int64_t from, int64_t step, int64_t size, int64_t count) {
  // Divisions cost as much as a short row, and most rows need none.
  int64_t begin = from >= 0 ? 0 : (step - 1 - from) / step;
  int64_t end = count;
  if (from + (count - 1) * step >= size)
    end = from >= size ? 0 : (size - 1 - from) / step + 1;
  begin = begin < count ? begin : count;
  return {begin, end < begin ? begin : end};
}

// Fills strides, dilations, pads and output dims. An empty attribute list means its default.
PEBBLE_INLINE int32_t resolveWindows(Windows &w, const pebble_tensor &input,
                                     const int64_t *kernelDims, Attributes::Array strides,
                                     Attributes::Array dilations, Attributes::Array pads,
                                     int64_t autoPad, bool ceilMode) {
  w.rank = input.rank - 2;
  if (w.rank < 1 || input.rank > maxRank)
    return PEBBLE_ERROR_SHAPE;
  if ((strides.size && strides.size != w.rank) || (dilations.size && dilations.size != w.rank) ||
      (pads.size && pads.size != 2 * w.rank))
    return PEBBLE_ERROR_SHAPE;
  for (int64_t d = 0; d < w.rank; ++d) {
    w.input[d] = input.dims[d + 2];
    w.kernel[d] = kernelDims[d];
    w.stride[d] = strides.size ? strides.elements[d] : 1;
    w.dilation[d] = dilations.size ? dilations.elements[d] : 1;
    w.before[d] = pads.size ? pads.elements[d] : 0;
    w.after[d] = pads.size ? pads.elements[d + w.rank] : 0;
    if (w.kernel[d] < 1 || w.stride[d] < 1 || w.dilation[d] < 1)
      return PEBBLE_ERROR_VALUE;
    int64_t extent = (w.kernel[d] - 1) * w.dilation[d] + 1;
    if (autoPad != explicitPads) {
      w.output[d] = (w.input[d] + w.stride[d] - 1) / w.stride[d];
      int64_t total = (w.output[d] - 1) * w.stride[d] + extent - w.input[d];
      total = total > 0 ? total : 0;
      w.before[d] = autoPad == sameUpper ? total / 2 : total - total / 2;
      w.after[d] = total - w.before[d];
      continue;
    }
    int64_t slack = w.input[d] + w.before[d] + w.after[d] - extent;
    if (slack < 0)
      return PEBBLE_ERROR_SHAPE;
    w.output[d] = (slack + (ceilMode ? w.stride[d] - 1 : 0)) / w.stride[d] + 1;
    // A last window that would start in the padding after the input is dropped.
    if (ceilMode && (w.output[d] - 1) * w.stride[d] >= w.input[d] + w.before[d])
      --w.output[d];
  }
  return PEBBLE_OK;
}

// Whether the result has these output dims behind N and C.
PEBBLE_INLINE bool hasOutputDims(const Windows &w, const pebble_tensor &result, int64_t batch,
                                 int64_t channels) {
  if (result.rank != w.rank + 2 || result.dims[0] != batch || result.dims[1] != channels)
    return false;
  for (int64_t d = 0; d < w.rank; ++d)
    if (result.dims[d + 2] != w.output[d])
      return false;
  return true;
}

} // namespace pebble::kernels
#endif // PEBBLE_KERNELS_WINDOW_H
