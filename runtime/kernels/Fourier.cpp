// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/kernels/FourierLine.h"
#include "runtime/kernels/FourierShape.h"

namespace pebble::kernels {

template <typename T>
int32_t dft(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  const pebble_tensor &input = tensors[0], &result = tensors[3];
  DftShape shape;
  if (int32_t status = resolveDft(shape, input, tensors[1], tensors[2], ints))
    return status;
  int last = input.rank - 1;
  int64_t parts = input.dims[last], resultParts = shape.realResult ? 1 : 2;
  if (result.rank != input.rank || result.dims[last] != resultParts)
    return PEBBLE_ERROR_SHAPE;
  for (int i = 0; i < last; ++i)
    if (result.dims[i] != (i == shape.axis ? shape.bins : input.dims[i]))
      return PEBBLE_ERROR_SHAPE;

  int64_t size = input.dims[shape.axis], outer = product(input.dims, 0, int(shape.axis));
  int64_t inner = product(input.dims, int(shape.axis) + 1, last);
  // A one-sided spectrum stands for both sides.
  int64_t wanted = shape.realResult ? shape.length / 2 + 1 : shape.length;
  int64_t count = size < wanted ? size : wanted;
  double scale = shape.inverse ? 1.0 / static_cast<double>(shape.length) : 1.0;
  for (int64_t line = 0; line < outer * inner; ++line) {
    int64_t o = line / inner, i = line % inner;
    const T *from = data<const T>(input) + (o * size * inner + i) * parts;
    auto read = [&](int64_t n) {
      const T *at = from + n * inner * parts;
      bool twice = shape.realResult && n != 0 && 2 * n != shape.length;
      double weight = twice ? 2.0 : 1.0;
      return Complex{weight * static_cast<double>(widen(at[0])),
                     parts == 2 ? weight * static_cast<double>(widen(at[1])) : 0.0};
    };
    T *to = data<T>(result) + (o * shape.bins * inner + i) * resultParts;
    for (int64_t k = 0; k < shape.bins; ++k) {
      Complex sum = fourierSum(read, count, shape.length, k, shape.inverse ? 1 : -1);
      to[k * inner * resultParts] = static_cast<T>(scale * sum.real);
      if (!shape.realResult)
        to[k * inner * 2 + 1] = static_cast<T>(scale * sum.imaginary);
    }
  }
  return PEBBLE_OK;
}

template <typename T>
int32_t stft(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  const pebble_tensor &signal = tensors[0], &window = tensors[2], &result = tensors[4];
  StftShape shape;
  if (int32_t status = resolveStft(shape, signal, tensors[1], window, tensors[3], ints))
    return status;
  int64_t batch = signal.dims[0], size = signal.dims[1], parts = signal.dims[2];
  if (result.rank != 4 || result.dims[0] != batch || result.dims[1] != shape.frames ||
      result.dims[2] != shape.bins || result.dims[3] != 2)
    return PEBBLE_ERROR_SHAPE;
  // A window that is shorter than the frame ends in zeros.
  int64_t count = present(window) && window.dims[0] < shape.length ? window.dims[0] : shape.length;
  const T *weights = present(window) ? data<const T>(window) : nullptr;
  for (int64_t frame = 0; frame < batch * shape.frames; ++frame) {
    const T *from = data<const T>(signal) +
                    (frame / shape.frames * size + frame % shape.frames * shape.step) * parts;
    auto read = [&](int64_t n) {
      double weight = weights ? static_cast<double>(widen(weights[n])) : 1.0;
      return Complex{weight * static_cast<double>(widen(from[n * parts])),
                     parts == 2 ? weight * static_cast<double>(widen(from[n * 2 + 1])) : 0.0};
    };
    T *to = data<T>(result) + frame * shape.bins * 2;
    for (int64_t k = 0; k < shape.bins; ++k) {
      Complex sum = fourierSum(read, count, shape.length, k, -1);
      to[2 * k] = static_cast<T>(sum.real);
      to[2 * k + 1] = static_cast<T>(sum.imaginary);
    }
  }
  return PEBBLE_OK;
}

} // namespace pebble::kernels

#define PEBBLE_HERE_dft 1
#define PEBBLE_HERE_stft 1
#include "runtime/kernels/Instantiate.h"
