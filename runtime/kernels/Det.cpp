// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/kernels/Accumulate.h"
#include "runtime/kernels/Tensor.h"

namespace pebble::kernels {

// By elimination with the largest pivot, on a copy of the matrix that lies on the stack: matrices
// with more than 4 KiB of f32 or f64 elements are not served.
template <typename T>
int32_t det(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  using A = Acc<T>;
  const pebble_tensor &input = tensors[0], &result = tensors[1];
  constexpr int64_t capacity = 4096 / sizeof(A);
  if (input.rank < 2 || input.dims[input.rank - 1] != input.dims[input.rank - 2] ||
      result.rank != input.rank - 2 || numel(result) != product(input.dims, 0, input.rank - 2))
    return PEBBLE_ERROR_SHAPE;
  int64_t size = input.dims[input.rank - 1];
  if (size * size > capacity)
    return PEBBLE_ERROR_UNSUPPORTED;
  for (int64_t matrix = 0; matrix < numel(result); ++matrix) {
    A rows[capacity];
    for (int64_t i = 0; i < size * size; ++i)
      rows[i] = widen(data<const T>(input)[matrix * size * size + i]);
    A determinant = A(1);
    for (int64_t column = 0; column < size; ++column) {
      auto magnitude = [&](int64_t row) {
        A value = rows[row * size + column];
        return value < 0 ? -value : value;
      };
      int64_t pivot = column;
      for (int64_t row = column + 1; row < size; ++row)
        pivot = magnitude(row) > magnitude(pivot) ? row : pivot;
      if (pivot != column) {
        determinant = -determinant;
        for (int64_t j = column; j < size; ++j) {
          A other = rows[pivot * size + j];
          rows[pivot * size + j] = rows[column * size + j];
          rows[column * size + j] = other;
        }
      }
      A diagonal = rows[column * size + column];
      determinant *= diagonal;
      if (diagonal == 0)
        break;
      for (int64_t row = column + 1; row < size; ++row) {
        A factor = rows[row * size + column] / diagonal;
        for (int64_t j = column + 1; j < size; ++j)
          rows[row * size + j] -= factor * rows[column * size + j];
      }
    }
    data<T>(result)[matrix] = static_cast<T>(determinant);
  }
  return PEBBLE_OK;
}

} // namespace pebble::kernels

#define PEBBLE_HERE_det 1
#include "runtime/kernels/Instantiate.h"
