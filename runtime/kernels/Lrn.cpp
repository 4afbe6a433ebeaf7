// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Local response normalization across channels.

#include "runtime/kernels/Accumulate.h"
#include "runtime/kernels/Tensor.h"
#include "runtime/kernels/math.h"

namespace pebble::kernels {

template <typename T>
int32_t lrn(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  using A = Acc<T>;
  const pebble_tensor &input = tensors[0], &result = tensors[1];
  Attributes attributes(ints, floats);
  int64_t size = attributes.integer();
  A alpha = static_cast<A>(attributes.real()), beta = static_cast<A>(attributes.real());
  A bias = static_cast<A>(attributes.real());
  if (input.rank < 2 || !sameDims(input, result))
    return PEBBLE_ERROR_SHAPE;
  if (size < 1)
    return PEBBLE_ERROR_VALUE;
  int64_t channels = input.dims[1], inner = product(input.dims, 2, input.rank);
  int64_t before = (size - 1) / 2, after = size - 1 - before;
  constexpr int64_t columnBlock = 256;
  for (int64_t plane = 0; plane < input.dims[0] * channels; ++plane) {
    int64_t channel = plane % channels;
    int64_t low = channel > before ? channel - before : 0;
    int64_t high = channel + after < channels ? channel + after : channels - 1;
    for (int64_t first = 0; first < inner; first += columnBlock) {
      int64_t width = inner - first < columnBlock ? inner - first : columnBlock;
      const T *in = data<const T>(input) + plane * inner + first;
      T *out = data<T>(result) + plane * inner + first;
      A squares[columnBlock];
      for (int64_t j = 0; j < width; ++j)
        squares[j] = A(0);
      for (int64_t other = low; other <= high; ++other) {
        const T *from = in + (other - channel) * inner;
        for (int64_t j = 0; j < width; ++j)
          squares[j] += widen(from[j]) * widen(from[j]);
      }
      for (int64_t j = 0; j < width; ++j) {
        A scale = bias + alpha / static_cast<A>(size) * squares[j];
        out[j] = static_cast<T>(widen(in[j]) / math::pow(scale, beta));
      }
    }
  }
  return PEBBLE_OK;
}

} // namespace pebble::kernels

#define PEBBLE_HERE_lrn 1
#include "runtime/kernels/Instantiate.h"
