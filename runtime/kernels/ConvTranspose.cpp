// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// N-d transposed convolution, one block of output columns at a time. The block is kept on the stack
// with the columns of each phase (column modulo stride) side by side: input elements that are
// neighbours then add to sums that are neighbours, whatever the stride.

#include "runtime/kernels/Accumulate.h"
#include "runtime/kernels/OpWindows.h"

namespace pebble::kernels {
namespace {

// Columns of a block at most; a stride that is wider makes phases of one column.
inline constexpr int64_t columnBlock = 256;

template <typename T> struct TransposedRow {
  using A = Acc<T>;
  const Windows &w;
  const int64_t *at;    // the row's output coordinates, but the last
  int64_t first, width; // its columns; `first` is a multiple of the stride
  int64_t span;         // columns of a phase
  A *sums;

  // Adds one input channel under one kernel of weights.
  PEBBLE_INLINE void add(const T *channel, const T *kernel) {
    int64_t last = w.rank - 1, tap[maxRank] = {}, taps = product(w.kernel, 0, last);
    for (int64_t i = 0; i < taps; ++i) {
      bool hit = true;
      int64_t row = 0;
      for (int64_t d = 0; d < last; ++d) {
        int64_t distance = at[d] + w.before[d] - tap[d] * w.dilation[d];
        int64_t position = distance / w.stride[d];
        hit &= distance >= 0 && distance % w.stride[d] == 0 && position < w.input[d];
        row = row * w.input[d] + position;
      }
      if (hit)
        addRow(channel + row * w.input[last], kernel + i * w.kernel[last]);
      for (int64_t d = last - 1; d >= 0 && ++tap[d] == w.kernel[d]; --d)
        tap[d] = 0;
    }
  }

  PEBBLE_INLINE void addRow(const T *row, const T *weights) {
    int64_t last = w.rank - 1, stride = w.stride[last];
    for (int64_t tap = 0; tap < w.kernel[last]; ++tap) {
      // Input element i adds to column i * stride + shift of the block.
      int64_t shift = tap * w.dilation[last] - w.before[last] - first;
      ValidRange valid = validRange(shift, stride, width, w.input[last]);
      int64_t phase = shift % stride + (shift % stride < 0 ? stride : 0);
      A *to = sums + phase * span + (shift - phase) / stride;
      A weight = widen(weights[tap]);
      for (int64_t i = valid.begin; i < valid.end; ++i)
        to[i] += weight * widen(row[i]);
    }
  }
};

} // namespace

template <typename T>
int32_t conv_transpose(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  using A = Acc<T>;
  const pebble_tensor &input = tensors[0], &weight = tensors[1], &bias = tensors[2];
  const pebble_tensor &result = tensors[3];
  Windows w;
  int64_t group = 1;
  if (int32_t status = convTransposeWindows(w, input, weight, ints, group))
    return status;
  int64_t batch = input.dims[0], groupInputs = input.dims[1] / group;
  int64_t groupOutputs = weight.dims[1], outputs = groupOutputs * group;
  if (!hasOutputDims(w, result, batch, outputs) || (present(bias) && numel(bias) != outputs))
    return PEBBLE_ERROR_SHAPE;

  int64_t last = w.rank - 1, columns = w.output[last], stride = w.stride[last];
  int64_t rows = product(w.output, 0, int(last));
  int64_t channelSize = product(w.input, 0, int(w.rank));
  int64_t kernelSize = product(w.kernel, 0, int(w.rank));
  int64_t block = stride < columnBlock ? columnBlock / stride * stride : columnBlock;
  // Fewer phases than the stride are in use when it is wider than the block.
  int64_t span = stride < columnBlock ? block / stride : 1;
  for (int64_t plane = 0; plane < batch * outputs; ++plane) {
    int64_t output = plane % outputs, inputs = output / groupOutputs * groupInputs;
    const T *image =
        data<const T>(input) + (plane / outputs * input.dims[1] + inputs) * channelSize;
    const T *kernels =
        data<const T>(weight) + (inputs * groupOutputs + output % groupOutputs) * kernelSize;
    A start = present(bias) ? widen(data<const T>(bias)[output]) : A(0);
    for (int64_t row = 0; row < rows; ++row) {
      int64_t at[maxRank], rest = row;
      for (int64_t d = last - 1; d >= 0; --d) {
        at[d] = rest % w.output[d];
        rest /= w.output[d];
      }
      for (int64_t first = 0; first < columns; first += block) {
        int64_t width = columns - first < block ? columns - first : block;
        A sums[columnBlock];
        for (int64_t j = 0; j < columnBlock; ++j)
          sums[j] = start;
        TransposedRow<T> target{w, at, first, width, span, sums};
        for (int64_t channel = 0; channel < groupInputs; ++channel)
          target.add(image + channel * channelSize, kernels + channel * groupOutputs * kernelSize);
        T *out = data<T>(result) + (plane * rows + row) * columns + first;
        for (int64_t j = 0; j < width; ++j)
          out[j] = static_cast<T>(sums[j % stride * span + j / stride]);
      }
    }
  }
  return PEBBLE_OK;
}

} // namespace pebble::kernels

#define PEBBLE_HERE_conv_transpose 1
#include "runtime/kernels/Instantiate.h"
