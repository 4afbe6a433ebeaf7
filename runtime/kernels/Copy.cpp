// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Kernels that keep every element's bits and order.

#include "runtime/kernels/Tensor.h"

namespace pebble::kernels {
namespace {

template <typename T> int32_t copyAll(const pebble_tensor &from, const pebble_tensor &to) {
  int64_t count = numel(from);
  if (count != numel(to))
    return PEBBLE_ERROR_SHAPE;
  copyElements(data<T>(to), data<const T>(from), count);
  return PEBBLE_OK;
}

} // namespace

template <typename T>
int32_t reshape(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  return copyAll<T>(tensors[0], tensors[2]);
}

template <typename T>
int32_t bit_cast(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  return copyAll<T>(tensors[0], tensors[1]);
}

} // namespace pebble::kernels

#define PEBBLE_HERE_reshape 1
#define PEBBLE_HERE_bit_cast 1
#include "runtime/kernels/Instantiate.h"
