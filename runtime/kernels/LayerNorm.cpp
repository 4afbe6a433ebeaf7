// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Layer and RMS normalization, in two passes over each row of normalized elements.

#include "runtime/kernels/Accumulate.h"
#include "runtime/kernels/Tensor.h"
#include "runtime/kernels/math.h"

namespace pebble::kernels {
namespace {

// Sum of f(element) with partial sums.
template <typename T, typename F>
PEBBLE_INLINE Acc<T> sumOver(const T *row, int64_t size, Acc<T> filler, F f) {
  Partial<Acc<T>> sums{};
  int64_t i = 0;
  for (; i + partialSums <= size; i += partialSums)
    sums += f(loadPartial(row + i));
  if (i < size)
    sums += f(loadPartial(row + i, size - i, filler));
  return sumPartial<Acc<T>>(sums);
}

// A scale or bias as it broadcasts to the normalized dims.
struct Factor {
  bool present = false, dense = false;
};

int32_t broadcastFactor(Factor &factor, const pebble_tensor &tensor, Odometer<2> &elements,
                        int which, int64_t size) {
  for (int i = 0; i < elements.rank; ++i)
    elements.strides[which][i] = 0;
  factor.present = present(tensor);
  if (!factor.present)
    return PEBBLE_OK;
  int64_t stride = 1;
  for (int i = tensor.rank - 1; i >= 0; --i) {
    int dim = i + elements.rank - tensor.rank;
    if (tensor.dims[i] == 1)
      continue;
    if (dim < 0 || tensor.dims[i] != elements.dims[dim])
      return PEBBLE_ERROR_SHAPE;
    elements.strides[which][dim] = stride;
    stride *= tensor.dims[i];
  }
  factor.dense = stride == size;
  return PEBBLE_OK;
}

// The statistics may be wider than the input.
template <typename A> PEBBLE_INLINE void storeReal(const pebble_tensor &to, int64_t i, A value) {
  switch (to.dtype) {
  case PEBBLE_F64:
    data<double>(to)[i] = static_cast<double>(value);
    break;
  case PEBBLE_F16:
    data<Half>(to)[i] = static_cast<Half>(value);
    break;
  case PEBBLE_BF16:
    data<BFloat16>(to)[i] = static_cast<BFloat16>(value);
    break;
  default:
    data<float>(to)[i] = static_cast<float>(value);
  }
}

} // namespace

template <typename T>
int32_t layer_norm(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  using A = Acc<T>;
  const pebble_tensor &input = tensors[0], &scale = tensors[1], &bias = tensors[2];
  const pebble_tensor &result = tensors[3], &means = tensors[4], &inverses = tensors[5];
  Attributes attributes(ints, floats);
  int64_t axis = attributes.integer();
  bool rms = attributes.flag();
  A epsilon = static_cast<A>(attributes.real());
  if (input.rank > maxRank || axis < 0 || axis >= input.rank)
    return PEBBLE_ERROR_INDEX;
  int64_t rows = product(input.dims, 0, int(axis));
  int64_t size = product(input.dims, int(axis), input.rank);
  if (!sameDims(input, result) || numel(means) != rows || numel(inverses) != rows)
    return PEBBLE_ERROR_SHAPE;

  Odometer<2> elements;
  elements.rank = input.rank - int(axis);
  for (int i = 0; i < elements.rank; ++i)
    elements.dims[i] = input.dims[i + axis];
  Factor scaleFactor, biasFactor;
  if (int32_t status = broadcastFactor(scaleFactor, scale, elements, 0, size))
    return status;
  if (int32_t status = broadcastFactor(biasFactor, bias, elements, 1, size))
    return status;
  elements.reset();
  const T *scales = data<const T>(scale), *biases = data<const T>(bias);

  for (int64_t row = 0; row < rows; ++row) {
    const T *in = data<const T>(input) + row * size;
    T *out = data<T>(result) + row * size;
    A mean = A(0);
    if (!rms)
      mean = sumOver(in, size, A(0), [](const auto &x) PEBBLE_INLINE_LAMBDA { return x; }) /
             static_cast<A>(size);
    // The filler's distance from the mean is zero.
    A squares = sumOver(in, size, mean, [&](const auto &x) PEBBLE_INLINE_LAMBDA {
      return (x - mean) * (x - mean);
    });
    A inverse = A(1) / math::sqrt(squares / static_cast<A>(size) + epsilon);
    storeReal(means, row, mean);
    storeReal(inverses, row, inverse);
    if (scaleFactor.dense && biasFactor.dense) {
      for (int64_t i = 0; i < size; ++i)
        out[i] =
            static_cast<T>((widen(in[i]) - mean) * inverse * widen(scales[i]) + widen(biases[i]));
    } else if (scaleFactor.dense && !biasFactor.present) {
      for (int64_t i = 0; i < size; ++i)
        out[i] = static_cast<T>((widen(in[i]) - mean) * inverse * widen(scales[i]));
    } else {
      for (int64_t i = 0; i < size; ++i) {
        A value = (widen(in[i]) - mean) * inverse * widen(scales[elements.offset[0]]);
        if (biasFactor.present)
          value += widen(biases[elements.offset[1]]);
        out[i] = static_cast<T>(value);
        elements.next();
      }
    }
  }
  return PEBBLE_OK;
}

} // namespace pebble::kernels

#define PEBBLE_HERE_layer_norm 1
#include "runtime/kernels/Instantiate.h"
