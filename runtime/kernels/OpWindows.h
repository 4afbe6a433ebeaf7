// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The windows of convolutions and pools, from their operands and attributes.
#ifndef PEBBLE_KERNELS_OPWINDOWS_H
#define PEBBLE_KERNELS_OPWINDOWS_H

#include "runtime/kernels/Window.h"

namespace pebble::kernels {

inline int32_t convWindows(Windows &w, const pebble_tensor &input, const pebble_tensor &weight,
                           const int64_t *ints, int64_t &group) {
  if (input.rank < 3 || weight.rank != input.rank)
    return PEBBLE_ERROR_SHAPE;
  Attributes attributes(ints, nullptr);
  Attributes::Array strides = attributes.array(), dilations = attributes.array();
  Attributes::Array pads = attributes.array();
  group = attributes.integer();
  int64_t autoPad = attributes.integer();
  if (group < 1 || input.dims[1] != weight.dims[1] * group || weight.dims[0] % group != 0)
    return PEBBLE_ERROR_SHAPE;
  return resolveWindows(w, input, weight.dims + 2, strides, dilations, pads, autoPad, false);
}

// Here a window is what one input position adds to in the output.
inline int32_t convTransposeWindows(Windows &w, const pebble_tensor &input,
                                    const pebble_tensor &weight, const int64_t *ints,
                                    int64_t &group) {
  if (input.rank < 3 || input.rank > maxRank || weight.rank != input.rank)
    return PEBBLE_ERROR_SHAPE;
  Attributes attributes(ints, nullptr);
  Attributes::Array strides = attributes.array(), dilations = attributes.array();
  Attributes::Array pads = attributes.array(), outputPadding = attributes.array();
  Attributes::Array outputShape = attributes.array();
  group = attributes.integer();
  int64_t autoPad = attributes.integer();
  w.rank = input.rank - 2;
  auto fits = [&](Attributes::Array array, int64_t size) {
    return array.size == 0 || array.size == size;
  };
  // ONNX allows N and C in front of the spatial dims of output_shape.
  int64_t skipped = outputShape.size == w.rank + 2 ? 2 : 0;
  if (!fits(strides, w.rank) || !fits(dilations, w.rank) || !fits(pads, 2 * w.rank) ||
      !fits(outputPadding, w.rank) || !fits(outputShape, w.rank + skipped) || group < 1 ||
      input.dims[1] != weight.dims[0] || weight.dims[0] % group != 0)
    return PEBBLE_ERROR_SHAPE;
  for (int64_t d = 0; d < w.rank; ++d) {
    w.input[d] = input.dims[d + 2];
    w.kernel[d] = weight.dims[d + 2];
    w.stride[d] = strides.size ? strides[d] : 1;
    w.dilation[d] = dilations.size ? dilations[d] : 1;
    w.before[d] = pads.size ? pads[d] : 0;
    w.after[d] = pads.size ? pads[d + w.rank] : 0;
    if (w.kernel[d] < 1 || w.stride[d] < 1 || w.dilation[d] < 1)
      return PEBBLE_ERROR_VALUE;
    int64_t whole = (w.input[d] - 1) * w.stride[d] + (w.kernel[d] - 1) * w.dilation[d] + 1 +
                    (outputPadding.size ? outputPadding[d] : 0);
    if (!outputShape.size && autoPad == explicitPads) {
      w.output[d] = whole - w.before[d] - w.after[d];
    } else {
      w.output[d] = outputShape.size ? outputShape[d + skipped] : w.input[d] * w.stride[d];
      int64_t total = whole > w.output[d] ? whole - w.output[d] : 0;
      w.before[d] = autoPad == sameUpper ? total / 2 : total - total / 2;
      w.after[d] = total - w.before[d];
    }
    if (w.output[d] < 0)
      return PEBBLE_ERROR_SHAPE;
  }
  return PEBBLE_OK;
}

// Only the two-dimensional form exists.
inline int32_t deformConvWindows(Windows &w, const pebble_tensor &input,
                                 const pebble_tensor &weight, const int64_t *ints, int64_t &group,
                                 int64_t &offsetGroup) {
  if (input.rank != 4 || weight.rank != 4)
    return PEBBLE_ERROR_UNSUPPORTED;
  Attributes attributes(ints, nullptr);
  Attributes::Array strides = attributes.array(), dilations = attributes.array();
  Attributes::Array pads = attributes.array();
  group = attributes.integer();
  offsetGroup = attributes.integer();
  if (group < 1 || offsetGroup < 1 || input.dims[1] != weight.dims[1] * group ||
      weight.dims[0] % group != 0 || input.dims[1] % offsetGroup != 0)
    return PEBBLE_ERROR_SHAPE;
  return resolveWindows(w, input, weight.dims + 2, strides, dilations, pads, explicitPads, false);
}

inline int32_t poolWindows(Windows &w, const pebble_tensor &input, Attributes &attributes) {
  Attributes::Array kernel = attributes.array(), strides = attributes.array();
  Attributes::Array dilations = attributes.array(), pads = attributes.array();
  bool ceilMode = attributes.flag();
  int64_t autoPad = attributes.integer();
  if (kernel.size != input.rank - 2)
    return PEBBLE_ERROR_SHAPE;
  return resolveWindows(w, input, kernel.elements, strides, dilations, pads, autoPad, ceilMode);
}

} // namespace pebble::kernels
#endif // PEBBLE_KERNELS_OPWINDOWS_H
