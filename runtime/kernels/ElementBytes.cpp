// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Elementwise layers and softmax on u8 codes.

#include "runtime/kernels/Requantize.h"
#include "runtime/kernels/Tensor.h"

namespace pebble::kernels {
namespace {

// Strides of an operand in the result's index space, 0 where it broadcasts.
bool broadcastStrides(const pebble_tensor &operand, const pebble_tensor &result, int64_t *strides) {
  int64_t stride = 1;
  for (int i = result.rank - 1; i >= 0; --i) {
    int own = i - (result.rank - operand.rank);
    int64_t size = own >= 0 ? operand.dims[own] : 1;
    if (size != 1 && size != result.dims[i])
      return false;
    strides[i] = size == 1 ? 0 : stride;
    stride *= size;
  }
  return true;
}

// result = combine(lhs, rhs) with the operands' codes as integers.
template <typename Combine>
PEBBLE_INLINE int32_t combineBytes(const pebble_tensor *tensors, Combine combine) {
  const pebble_tensor &lhs = tensors[0], &rhs = tensors[1], &result = tensors[2];
  const uint8_t *a = data<const uint8_t>(lhs), *b = data<const uint8_t>(rhs);
  uint8_t *to = data<uint8_t>(result);
  int64_t count = numel(result);
  if (sameDims(lhs, result) && sameDims(rhs, result)) {
    for (int64_t i = 0; i < count; ++i)
      to[i] = combine(a[i], b[i]);
    return PEBBLE_OK;
  }
  if (result.rank > maxRank)
    return PEBBLE_ERROR_UNSUPPORTED;
  Odometer<2> at;
  at.rank = result.rank;
  copyElements(at.dims, result.dims, result.rank);
  if (!broadcastStrides(lhs, result, at.strides[0]) ||
      !broadcastStrides(rhs, result, at.strides[1]))
    return PEBBLE_ERROR_SHAPE;
  at.reset();
  int64_t row = at.rank > 0 ? at.dims[at.rank - 1] : 1;
  int64_t aStep = at.rank > 0 ? at.strides[0][at.rank - 1] : 0;
  int64_t bStep = at.rank > 0 ? at.strides[1][at.rank - 1] : 0;
  at.rank = at.rank > 0 ? at.rank - 1 : 0;
  for (int64_t done = 0; done < count; done += row) {
    const uint8_t *x = a + at.offset[0], *y = b + at.offset[1];
    for (int64_t i = 0; i < row; ++i)
      *to++ = combine(x[i * aStep], y[i * bStep]);
    at.next();
  }
  return PEBBLE_OK;
}

// The value holds the zero point when it is rounded; `offset` goes from there to the stored code.
CodeRange offsetRange(int64_t offset, int64_t low, int64_t high) {
  return {static_cast<float>(low - offset), static_cast<float>(high - offset),
          static_cast<int32_t>(offset)};
}

} // namespace

template <typename T>
int32_t lookup_bytes(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  const uint8_t *from = data<const uint8_t>(tensors[0]), *table = data<const uint8_t>(tensors[1]);
  uint8_t *to = data<uint8_t>(tensors[2]);
  for (int64_t i = 0, count = numel(tensors[0]); i < count; ++i)
    to[i] = table[from[i]];
  return PEBBLE_OK;
}

// base + code * ratio for each operand, fused, the right one first.
template <typename T>
int32_t add_bytes(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  Attributes attributes(ints, floats);
  int32_t lhsOffset = static_cast<int32_t>(attributes.integer());
  int32_t rhsOffset = static_cast<int32_t>(attributes.integer());
  int64_t offset = attributes.integer();
  int64_t low = attributes.integer(), high = attributes.integer();
  auto lhsRatio = static_cast<float>(attributes.real());
  auto rhsRatio = static_cast<float>(attributes.real());
  auto base = static_cast<float>(attributes.real());
  CodeRange range = offsetRange(offset, low, high);
  auto left = [=](uint8_t code)
                  PEBBLE_INLINE_LAMBDA { return static_cast<float>(int32_t(code) - lhsOffset); };
  auto right = [=](uint8_t code)
                   PEBBLE_INLINE_LAMBDA { return static_cast<float>(int32_t(code) - rhsOffset); };
  return combineBytes(tensors, [&](uint8_t a, uint8_t b) PEBBLE_INLINE_LAMBDA {
    return range.code(multiplyAdd(left(a), lhsRatio, multiplyAdd(right(b), rhsRatio, base)));
  });
}

// An exact product of centered codes, then one multiply and the zero point.
template <typename T>
int32_t mul_bytes(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  Attributes attributes(ints, floats);
  int32_t lhsZero = static_cast<int32_t>(attributes.integer());
  int32_t rhsZero = static_cast<int32_t>(attributes.integer());
  auto resultZero = static_cast<float>(attributes.integer());
  int64_t offset = attributes.integer();
  int64_t low = attributes.integer(), high = attributes.integer();
  auto ratio = static_cast<float>(attributes.real());
  CodeRange range = offsetRange(offset, low, high);
  return combineBytes(tensors, [&](uint8_t a, uint8_t b) PEBBLE_INLINE_LAMBDA {
    int32_t product = (int32_t(a) - lhsZero) * (int32_t(b) - rhsZero);
    return range.code(static_cast<float>(product) * ratio + resultZero);
  });
}

// Exponentials come from a table whose last entry belongs to the row's largest code.
template <typename T>
int32_t softmax_bytes(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  Attributes attributes(ints, floats);
  int64_t axis = attributes.integer(), zeroPoint = attributes.integer();
  int64_t low = attributes.integer(), high = attributes.integer();
  auto steps = static_cast<float>(attributes.real());
  const pebble_tensor &input = tensors[0];
  const float *table = data<const float>(tensors[1]);
  CodeRange range = CodeRange::make(zeroPoint, low, high);
  int64_t length = input.dims[axis], inner = product(input.dims, axis + 1, input.rank);
  int64_t outer = product(input.dims, 0, static_cast<int>(axis));
  for (int64_t o = 0; o < outer; ++o)
    for (int64_t i = 0; i < inner; ++i) {
      int64_t base = o * length * inner + i;
      const uint8_t *from = data<const uint8_t>(input) + base;
      uint8_t *to = data<uint8_t>(tensors[2]) + base;
      uint8_t largest = 0;
      for (int64_t k = 0; k < length; ++k)
        largest = from[k * inner] > largest ? from[k * inner] : largest;
      const float *shifted = table + (255 - largest);
      float sum = 0;
      for (int64_t k = 0; k < length; ++k)
        sum += shifted[from[k * inner]];
      for (int64_t k = 0; k < length; ++k)
        to[k * inner] = range.code(shifted[from[k * inner]] * steps / sum);
    }
  return PEBBLE_OK;
}

} // namespace pebble::kernels

#define PEBBLE_HERE_lookup_bytes 1
#define PEBBLE_HERE_add_bytes 1
#define PEBBLE_HERE_mul_bytes 1
#define PEBBLE_HERE_softmax_bytes 1
#include "runtime/kernels/Instantiate.h"
