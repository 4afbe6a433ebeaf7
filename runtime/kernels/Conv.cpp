// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// N-d convolution as a product of the weights with panels of input columns that are gathered on the
// stack, or read in place where a panel lies contiguous in the input. Where few output channels
// would share a panel, gathering would dominate: then rows of the input add to rows of the output.
// Both take the taps of a sum in the same order.

#include "runtime/kernels/OpWindows.h"
#include "runtime/kernels/TileProduct.h"
#include "runtime/kernels/WindowRows.h"

namespace pebble::kernels {

// Element `index` of a bias of the input's or the result's type; absent, zero.
template <typename T> struct Bias {
  const T *same = nullptr;
  const Sum<T> *wide = nullptr;

  PEBBLE_INLINE Acc<T> operator()(int64_t index) const {
    return same ? widen(same[index]) : wide ? static_cast<Acc<T>>(wide[index]) : Acc<T>(0);
  }
};

namespace {

// Adjacent dims that a window of one tap crosses without padding or stride are one dim: long rows
// need no gathering.
PEBBLE_INLINE void mergePointwiseDims(Windows &w) {
  auto isPointwise = [&](int64_t d) {
    return w.kernel[d] == 1 && w.stride[d] == 1 && w.before[d] == 0 && w.after[d] == 0;
  };
  while (w.rank > 1 && isPointwise(w.rank - 1) && isPointwise(w.rank - 2)) {
    w.input[w.rank - 2] *= w.input[w.rank - 1];
    w.output[w.rank - 2] *= w.output[w.rank - 1];
    --w.rank;
  }
}

// The input columns of `width` consecutive output positions, one row a tap (channel, kernel...).
template <typename T> struct ConvColumns {
  using A = Acc<T>;
  const Windows &w;
  const T *image;
  int64_t channelSize;
  int64_t start[maxRank]; // output coordinates of the first position
  int64_t width;

  PEBBLE_INLINE void operator()(Panel<A> &panel, int64_t first, int64_t count) const {
    int64_t tap[maxRank];
    int64_t channel = first;
    for (int64_t d = w.rank - 1; d >= 0; --d) {
      tap[d] = channel % w.kernel[d];
      channel /= w.kernel[d];
    }
    for (int64_t k = 0; k < count; ++k) {
      panel.rows[k] = gather(panel.storage[k], image + channel * channelSize, tap);
      int64_t d = w.rank - 1;
      for (; d >= 0 && ++tap[d] == w.kernel[d]; --d)
        tap[d] = 0;
      channel += d < 0;
    }
  }

  PEBBLE_INLINE const A *gather(A *storage, const T *channel, const int64_t *tap) const {
    int64_t last = w.rank - 1;
    int64_t at[maxRank];
    for (int64_t d = 0; d < w.rank; ++d)
      at[d] = start[d];
    for (int64_t column = 0; column < width;) {
      int64_t rest = w.output[last] - at[last];
      int64_t run = width - column < rest ? width - column : rest;
      bool inside = true;
      int64_t row = 0;
      for (int64_t d = 0; d < last; ++d) {
        int64_t position = w.position(d, at[d], tap[d]);
        inside &= position >= 0 && position < w.input[d];
        row = row * w.input[d] + position;
      }
      int64_t from = w.position(last, at[last], tap[last]);
      int64_t step = w.stride[last];
      ValidRange valid = validRange(from, step, w.input[last], run);
      if (!inside)
        valid = {run, run};
      if constexpr (isSame<T, A>)
        if (run == panelWidth<A> && step == 1 && valid.begin == 0 && valid.end == run)
          return channel + row * w.input[last] + from;
      copy(storage + column, channel, row * w.input[last] + from, step, valid, run);
      column += run;
      at[last] = 0;
      for (int64_t d = last - 1; d >= 0 && ++at[d] == w.output[d]; --d)
        at[d] = 0;
    }
    for (int64_t column = width; column < panelWidth<A>; ++column)
      storage[column] = A(0);
    return storage;
  }

  PEBBLE_INLINE static void copy(A *to, const T *channel, int64_t from, int64_t step,
                                 ValidRange valid, int64_t run) {
    for (int64_t i = 0; i < valid.begin; ++i)
      to[i] = A(0);
    if (step == 1)
      for (int64_t i = valid.begin; i < valid.end; ++i)
        to[i] = widen(channel[from + i]);
    else
      for (int64_t i = valid.begin; i < valid.end; ++i)
        to[i] = widen(channel[from + i * step]);
    for (int64_t i = valid.end; i < run; ++i)
      to[i] = A(0);
  }
};

// One output channel of a group.
template <typename T>
PEBBLE_INLINE void convRows(const Windows &w, const T *image, const T *weights, int64_t channels,
                            int64_t channelSize, Acc<T> start, Sum<T> *out) {
  using A = Acc<T>;
  int64_t last = w.rank - 1, columns = w.output[last], step = w.stride[last];
  int64_t rows = product(w.output, 0, int(last)), kernelSize = product(w.kernel, 0, int(w.rank));
  for (int64_t row = 0; row < rows; ++row) {
    int64_t at[maxRank];
    rowCoordinates(w, row, at);
    for (int64_t first = 0; first < columns; first += columnBlock) {
      int64_t width = columns - first < columnBlock ? columns - first : columnBlock;
      A sums[columnBlock];
      for (int64_t j = 0; j < width; ++j)
        sums[j] = start;
      for (int64_t channel = 0; channel < channels; ++channel)
        forWindowRows(w, at, [&](int64_t inputRow, int64_t tapRow) PEBBLE_INLINE_LAMBDA {
          const T *in = image + channel * channelSize + inputRow;
          const T *taps = weights + channel * kernelSize + tapRow * w.kernel[last];
          for (int64_t tap = 0; tap < w.kernel[last]; ++tap) {
            int64_t from = w.position(last, first, tap);
            ValidRange valid = validRange(from, step, w.input[last], width);
            A weight = widen(taps[tap]);
            if (step == 1)
              for (int64_t j = valid.begin; j < valid.end; ++j)
                sums[j] += weight * widen(in[from + j]);
            else if (step == 2)
              for (int64_t j = valid.begin; j < valid.end; ++j)
                sums[j] += weight * widen(in[from + 2 * j]);
            else
              for (int64_t j = valid.begin; j < valid.end; ++j)
                sums[j] += weight * widen(in[from + step * j]);
          }
        });
      for (int64_t j = 0; j < width; ++j)
        out[row * columns + first + j] = static_cast<Sum<T>>(sums[j]);
    }
  }
}

template <typename T>
PEBBLE_INLINE int32_t readBias(Bias<T> &bias, const pebble_tensor &tensor, int64_t channels) {
  if (!present(tensor))
    return PEBBLE_OK;
  if (tensor.rank != 1 || tensor.dims[0] != channels)
    return PEBBLE_ERROR_SHAPE;
  if (tensor.dtype == dtypeOf<T>)
    bias.same = data<const T>(tensor);
  else if (tensor.dtype == dtypeOf<Sum<T>>)
    bias.wide = data<const Sum<T>>(tensor);
  else
    return PEBBLE_ERROR_UNSUPPORTED;
  return PEBBLE_OK;
}

} // namespace

template <typename T>
int32_t conv(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  const pebble_tensor &input = tensors[0], &weight = tensors[1], &result = tensors[3];
  Windows w;
  int64_t group = 1;
  if (int32_t status = convWindows(w, input, weight, ints, group))
    return status;
  int64_t batch = input.dims[0], outputs = weight.dims[0];
  Bias<T> bias;
  if (int32_t status = readBias(bias, tensors[2], outputs))
    return status;
  if (!hasOutputDims(w, result, batch, outputs))
    return PEBBLE_ERROR_SHAPE;
  mergePointwiseDims(w);

  int64_t positions = 1, channelSize = 1, depth = weight.dims[1];
  for (int64_t d = 0; d < w.rank; ++d) {
    positions *= w.output[d];
    channelSize *= w.input[d];
    depth *= w.kernel[d];
  }
  int64_t groupOutputs = outputs / group;
  for (int64_t outer = 0; outer < batch * group; ++outer) {
    int64_t image = outer / group, output = outer % group * groupOutputs;
    const T *in = data<const T>(input) + outer * weight.dims[1] * channelSize;
    const T *matrix = data<const T>(weight) + output * depth;
    Sum<T> *out = data<Sum<T>>(result) + (image * outputs + output) * positions;
    if (groupOutputs < 3) {
      for (int64_t row = 0; row < groupOutputs; ++row)
        convRows(w, in, matrix + row * depth, weight.dims[1], channelSize, bias(output + row),
                 out + row * positions);
      continue;
    }
    ConvColumns<T> columns{w, in, channelSize, {}, 0};
    for (int64_t first = 0; first < positions; first += panelWidth<Acc<T>>) {
      int64_t rest = first;
      for (int64_t d = w.rank - 1; d >= 0; --d) {
        columns.start[d] = rest % w.output[d];
        rest /= w.output[d];
      }
      columns.width =
          positions - first < panelWidth<Acc<T>> ? positions - first : panelWidth<Acc<T>>;
      multiplyPanel(
          matrix, depth, groupOutputs, depth, columns.width, out + first, positions,
          [&](int64_t row) { return bias(output + row); }, columns);
    }
  }
  return PEBBLE_OK;
}

} // namespace pebble::kernels

#define PEBBLE_HERE_conv 1
#include "runtime/kernels/Instantiate.h"
