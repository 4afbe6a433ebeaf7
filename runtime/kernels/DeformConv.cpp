// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Two-dimensional deformable convolution: the product of conv, over columns that are sampled
// between input elements.

#include "runtime/kernels/OpWindows.h"
#include "runtime/kernels/TileProduct.h"
#include "runtime/kernels/math.h"

namespace pebble::kernels {
namespace {

// Bilinear; elements outside the channel count as zero.
template <typename T>
PEBBLE_INLINE Acc<T> sample(const T *channel, int64_t height, int64_t width, Acc<T> y, Acc<T> x) {
  using A = Acc<T>;
  // Also false for NaN.
  if (!(y > A(-1) && x > A(-1) && y < static_cast<A>(height) && x < static_cast<A>(width)))
    return A(0);
  int64_t top = static_cast<int64_t>(y + A(1)) - 1, left = static_cast<int64_t>(x + A(1)) - 1;
  A dy = y - static_cast<A>(top), dx = x - static_cast<A>(left);
  auto at = [&](int64_t row, int64_t column) {
    bool inside = row >= 0 && row < height && column >= 0 && column < width;
    return inside ? widen(channel[row * width + column]) : A(0);
  };
  A above = at(top, left) * (A(1) - dx) + at(top, left + 1) * dx;
  A below = at(top + 1, left) * (A(1) - dx) + at(top + 1, left + 1) * dx;
  return above * (A(1) - dy) + below * dy;
}

// The sampled columns of `width` output positions from `start` on, one row a tap.
template <typename T> struct SampledColumns {
  using A = Acc<T>;
  const Windows &w;
  const T *image, *offsets, *masks; // of one batch entry; masks may be null
  int64_t firstChannel, offsetGroupChannels;
  int64_t start, width;

  PEBBLE_INLINE void operator()(Panel<A> &panel, int64_t first, int64_t count) const {
    int64_t taps = w.kernel[0] * w.kernel[1], positions = w.output[0] * w.output[1];
    for (int64_t k = 0; k < count; ++k) {
      int64_t channel = firstChannel + (first + k) / taps, tap = (first + k) % taps;
      int64_t offsetTap = channel / offsetGroupChannels * taps + tap;
      const T *plane = image + channel * w.input[0] * w.input[1];
      A *to = panel.storage[k];
      panel.rows[k] = to;
      for (int64_t j = 0; j < panelWidth<A>; ++j) {
        int64_t at = start + j;
        to[j] = A(0);
        if (j >= width)
          continue;
        int64_t row = w.position(0, at / w.output[1], tap / w.kernel[1]);
        int64_t column = w.position(1, at % w.output[1], tap % w.kernel[1]);
        A y = static_cast<A>(row) + widen(offsets[2 * offsetTap * positions + at]);
        A x = static_cast<A>(column) + widen(offsets[(2 * offsetTap + 1) * positions + at]);
        to[j] = sample(plane, w.input[0], w.input[1], y, x);
        if (masks)
          to[j] *= widen(masks[offsetTap * positions + at]);
      }
    }
  }
};

bool isField(const pebble_tensor &tensor, const Windows &w, int64_t batch, int64_t channels) {
  return tensor.rank == 4 && tensor.dims[0] == batch && tensor.dims[1] == channels &&
         tensor.dims[2] == w.output[0] && tensor.dims[3] == w.output[1];
}

} // namespace

template <typename T>
int32_t deform_conv(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  const pebble_tensor &input = tensors[0], &weight = tensors[1], &offset = tensors[2];
  const pebble_tensor &bias = tensors[3], &mask = tensors[4], &result = tensors[5];
  Windows w;
  int64_t group = 1, offsetGroup = 1;
  if (int32_t status = deformConvWindows(w, input, weight, ints, group, offsetGroup))
    return status;
  int64_t batch = input.dims[0], channels = input.dims[1], outputs = weight.dims[0];
  int64_t taps = w.kernel[0] * w.kernel[1], positions = w.output[0] * w.output[1];
  if (!hasOutputDims(w, result, batch, outputs) ||
      !isField(offset, w, batch, 2 * offsetGroup * taps) ||
      (present(mask) && !isField(mask, w, batch, offsetGroup * taps)) ||
      (present(bias) && numel(bias) != outputs))
    return PEBBLE_ERROR_SHAPE;
  const T *biases = data<const T>(bias);
  int64_t groupInputs = weight.dims[1], groupOutputs = outputs / group;
  int64_t depth = groupInputs * taps;
  for (int64_t outer = 0; outer < batch * group; ++outer) {
    int64_t n = outer / group, g = outer % group, output = g * groupOutputs;
    const T *image = data<const T>(input) + n * channels * w.input[0] * w.input[1];
    const T *offsets = data<const T>(offset) + n * 2 * offsetGroup * taps * positions;
    const T *masks =
        present(mask) ? data<const T>(mask) + n * offsetGroup * taps * positions : nullptr;
    T *out = data<T>(result) + (n * outputs + output) * positions;
    for (int64_t first = 0; first < positions; first += panelWidth<Acc<T>>) {
      int64_t rest = positions - first;
      SampledColumns<T> columns{w,
                                image,
                                offsets,
                                masks,
                                g * groupInputs,
                                channels / offsetGroup,
                                first,
                                rest < panelWidth<Acc<T>> ? rest : panelWidth<Acc<T>>};
      multiplyPanel(
          data<const T>(weight) + output * depth, depth, groupOutputs, depth, columns.width,
          out + first, positions,
          [&](int64_t row) { return present(bias) ? widen(biases[output + row]) : Acc<T>(0); },
          columns);
    }
  }
  return PEBBLE_OK;
}

} // namespace pebble::kernels

#define PEBBLE_HERE_deform_conv 1
#include "runtime/kernels/Instantiate.h"
