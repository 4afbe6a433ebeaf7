// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Kernels whose elements follow from their position.

#include "runtime/kernels/Convert.h"
#include "runtime/kernels/Tensor.h"

namespace pebble::kernels {
namespace {

// The bits of 1 in `dtype`.
uint64_t bitsOfOne(int dtype) {
  switch (dtype) {
  case PEBBLE_F32:
    return bitCast<uint32_t>(1.0f);
  case PEBBLE_F64:
    return bitCast<uint64_t>(1.0);
  case PEBBLE_F16:
    return Half(1.0f).bits;
  case PEBBLE_BF16:
    return BFloat16(1.0f).bits;
  default:
    return 1;
  }
}

template <typename T> void fillDiagonal(const pebble_tensor &result, int64_t shift) {
  int64_t rows = result.dims[0], columns = result.dims[1];
  T one = static_cast<T>(bitsOfOne(result.dtype));
  T *to = data<T>(result);
  fillElements(to, T(0), rows * columns);
  int64_t first = shift < 0 ? -shift : 0;
  for (int64_t i = first; i < rows && i + shift < columns; ++i)
    to[i * columns + i + shift] = one;
}

template <typename T>
void fillOneHot(const pebble_tensor &indices, const pebble_tensor &values,
                const pebble_tensor &result, int64_t axis) {
  int64_t outer = product(result.dims, 0, axis), depth = result.dims[axis];
  int64_t inner = product(result.dims, axis + 1, result.rank);
  T off = data<const T>(values)[0], on = data<const T>(values)[1];
  T *to = data<T>(result);
  fillElements(to, off, outer * depth * inner);
  for (int64_t o = 0; o < outer; ++o)
    for (int64_t i = 0; i < inner; ++i) {
      int64_t index = indexAt(indices, o * inner + i);
      if (normalizeIndex(index, depth))
        to[(o * depth + index) * inner + i] = on;
    }
}

} // namespace

template <typename T>
int32_t range(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  using C = ComputeOf<T>;
  C start = *data<const T>(tensors[0]), delta = *data<const T>(tensors[2]);
  T *to = data<T>(tensors[3]);
  for (int64_t i = 0, count = numel(tensors[3]); i < count; ++i)
    to[i] = T(wrapAdd<C>(start, wrapMul<C>(static_cast<C>(i), delta)));
  return PEBBLE_OK;
}

template <typename T>
int32_t eye_like(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  const pebble_tensor &result = tensors[1];
  Attributes attributes(ints, floats);
  attributes.integer(); // the result's dtype, which it carries itself
  int64_t shift = attributes.integer();
  if (result.rank != 2)
    return PEBBLE_ERROR_SHAPE;
  // Beyond the matrix no diagonal is left; sums with positions must not overflow.
  int64_t limit = result.dims[0] + result.dims[1];
  shift = shift > limit ? limit : shift < -limit ? -limit : shift;
  switch (elementSize(result.dtype)) {
  case 1:
    fillDiagonal<uint8_t>(result, shift);
    return PEBBLE_OK;
  case 2:
    fillDiagonal<uint16_t>(result, shift);
    return PEBBLE_OK;
  case 4:
    fillDiagonal<uint32_t>(result, shift);
    return PEBBLE_OK;
  case 8:
    fillDiagonal<uint64_t>(result, shift);
    return PEBBLE_OK;
  default:
    return PEBBLE_ERROR_UNSUPPORTED;
  }
}

template <typename T>
int32_t one_hot(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  const pebble_tensor &indices = tensors[0], &values = tensors[2], &result = tensors[3];
  int64_t axis = Attributes(ints, floats).integer();
  if (result.rank != indices.rank + 1 || axis < 0 || axis >= result.rank || numel(values) != 2)
    return PEBBLE_ERROR_SHAPE;
  for (int i = 0; i < indices.rank; ++i)
    if (indices.dims[i] != result.dims[i < axis ? i : i + 1])
      return PEBBLE_ERROR_SHAPE;
  switch (elementSize(result.dtype)) {
  case 1:
    fillOneHot<uint8_t>(indices, values, result, axis);
    return PEBBLE_OK;
  case 2:
    fillOneHot<uint16_t>(indices, values, result, axis);
    return PEBBLE_OK;
  case 4:
    fillOneHot<uint32_t>(indices, values, result, axis);
    return PEBBLE_OK;
  case 8:
    fillOneHot<uint64_t>(indices, values, result, axis);
    return PEBBLE_OK;
  default:
    return PEBBLE_ERROR_UNSUPPORTED;
  }
}

template <typename T>
int32_t trilu(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  const pebble_tensor &input = tensors[0], &result = tensors[2];
  bool upper = Attributes(ints, floats).flag();
  if (input.rank < 2 || !sameDims(input, result))
    return PEBBLE_ERROR_SHAPE;
  int64_t rows = input.dims[input.rank - 2], columns = input.dims[input.rank - 1];
  int64_t shift = present(tensors[1]) ? indexAt(tensors[1], 0) : 0;
  int64_t limit = rows + columns;
  shift = shift > limit ? limit : shift < -limit ? -limit : shift;
  const T *from = data<const T>(input);
  T *to = data<T>(result);
  for (int64_t m = product(input.dims, 0, input.rank - 2); m > 0; --m)
    for (int64_t i = 0; i < rows; ++i, from += columns, to += columns) {
      // Columns [begin, end) are kept.
      int64_t diagonal = i + shift + (upper ? 0 : 1);
      diagonal = diagonal < 0 ? 0 : diagonal > columns ? columns : diagonal;
      int64_t begin = upper ? diagonal : 0, end = upper ? columns : diagonal;
      fillElements(to, T(0), begin);
      copyElements(to + begin, from + begin, end - begin);
      fillElements(to + end, T(0), columns - end);
    }
  return PEBBLE_OK;
}

} // namespace pebble::kernels

#define PEBBLE_HERE_range 1
#define PEBBLE_HERE_eye_like 1
#define PEBBLE_HERE_one_hot 1
#define PEBBLE_HERE_trilu 1
#include "runtime/kernels/Instantiate.h"
