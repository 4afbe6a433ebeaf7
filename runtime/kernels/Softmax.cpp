// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Softmax, its logarithm and hardmax along one axis. A row is an axis' worth of elements; rows are
// contiguous (inner == 1) or lie side by side, and then a block of them is worked on at once.

#include "runtime/kernels/Accumulate.h"
#include "runtime/kernels/Tensor.h"
#include "runtime/kernels/math.h"

namespace pebble::kernels {
namespace {

struct AxisShape {
  int64_t outer = 1, size = 1, inner = 1;
};

int32_t resolveAxis(AxisShape &shape, const pebble_tensor &input, const pebble_tensor &result,
                    const int64_t *ints) {
  int64_t axis = ints[0];
  // A scalar is a row of one element.
  bool scalar = input.rank == 0 && axis == 0;
  if (!scalar && (axis < 0 || axis >= input.rank))
    return PEBBLE_ERROR_INDEX;
  if (!sameDims(input, result))
    return PEBBLE_ERROR_SHAPE;
  if (scalar)
    return PEBBLE_OK;
  shape.outer = product(input.dims, 0, int(axis));
  shape.size = input.dims[axis];
  shape.inner = product(input.dims, int(axis) + 1, input.rank);
  return PEBBLE_OK;
}

// Rows side by side whose running values are on the stack at once.
inline constexpr int64_t columnBlock = 256;

template <typename V> PEBBLE_INLINE V larger(const V &a, const V &b) {
  V better = a > b ? a : b;
  return a != a ? a : better;
}

template <typename T> PEBBLE_INLINE Acc<T> rowMaximum(const T *row, int64_t size) {
  using A = Acc<T>;
  Partial<A> partial = splat<A, partialSums>(lowestValue<A>());
  int64_t i = 0;
  for (; i + partialSums <= size; i += partialSums)
    partial = larger(partial, loadPartial(row + i));
  if (i < size)
    partial = larger(partial, loadPartial(row + i, size - i, lowestValue<A>()));
  return combinePartial<A>(partial, [](A a, A b) { return larger(a, b); });
}

// Sum of exp(row[i] - maximum); the terms go to `terms` when that is not null.
template <typename T>
PEBBLE_INLINE Acc<T> exponentialSum(const T *row, int64_t size, Acc<T> maximum, Acc<T> *terms) {
  using A = Acc<T>;
  Partial<A> sum{};
  for (int64_t first = 0; first < size; first += partialSums) {
    int64_t count = size - first < partialSums ? size - first : partialSums;
    A block[partialSums];
    for (int i = 0; i < partialSums; ++i)
      block[i] = i < count ? math::exp(widen(row[first + i]) - maximum) : A(0);
    if (terms)
      for (int64_t i = 0; i < count; ++i)
        terms[first + i] = block[i];
    sum += loadPartial(block);
  }
  return sumPartial<A>(sum);
}

template <bool Logarithm, typename T>
PEBBLE_INLINE void softmaxRow(const T *row, T *result, int64_t size) {
  using A = Acc<T>;
  A maximum = rowMaximum(row, size);
  if constexpr (Logarithm) {
    A shift = math::log(exponentialSum(row, size, maximum, static_cast<A *>(nullptr)));
    for (int64_t i = 0; i < size; ++i)
      result[i] = static_cast<T>(widen(row[i]) - maximum - shift);
  } else if constexpr (isSame<T, A>) {
    A sum = exponentialSum(row, size, maximum, result);
    for (int64_t i = 0; i < size; ++i)
      result[i] = result[i] / sum;
  } else {
    A sum = exponentialSum(row, size, maximum, static_cast<A *>(nullptr));
    for (int64_t i = 0; i < size; ++i)
      result[i] = static_cast<T>(math::exp(widen(row[i]) - maximum) / sum);
  }
}

// `width` rows side by side, `stride` elements from one element of a row to the next.
template <bool Logarithm, typename T>
PEBBLE_INLINE void softmaxColumns(const T *input, T *result, int64_t size, int64_t stride,
                                  int64_t width) {
  using A = Acc<T>;
  A maximum[columnBlock], sum[columnBlock];
  for (int64_t j = 0; j < width; ++j) {
    maximum[j] = lowestValue<A>();
    sum[j] = A(0);
  }
  for (int64_t i = 0; i < size; ++i)
    for (int64_t j = 0; j < width; ++j)
      maximum[j] = larger(maximum[j], widen(input[i * stride + j]));
  for (int64_t i = 0; i < size; ++i)
    for (int64_t j = 0; j < width; ++j)
      sum[j] += math::exp(widen(input[i * stride + j]) - maximum[j]);
  if constexpr (Logarithm)
    for (int64_t j = 0; j < width; ++j)
      sum[j] = math::log(sum[j]);
  for (int64_t i = 0; i < size; ++i)
    for (int64_t j = 0; j < width; ++j) {
      A centered = widen(input[i * stride + j]) - maximum[j];
      result[i * stride + j] =
          static_cast<T>(Logarithm ? centered - sum[j] : math::exp(centered) / sum[j]);
    }
}

template <bool Logarithm, typename T>
PEBBLE_INLINE int32_t runSoftmax(const pebble_tensor *tensors, const int64_t *ints) {
  AxisShape shape;
  if (int32_t status = resolveAxis(shape, tensors[0], tensors[1], ints))
    return status;
  const T *input = data<const T>(tensors[0]);
  T *result = data<T>(tensors[1]);
  for (int64_t outer = 0; outer < shape.outer; ++outer) {
    int64_t base = outer * shape.size * shape.inner;
    if (shape.inner == 1) {
      softmaxRow<Logarithm>(input + base, result + base, shape.size);
      continue;
    }
    for (int64_t first = 0; first < shape.inner; first += columnBlock) {
      int64_t width = shape.inner - first < columnBlock ? shape.inner - first : columnBlock;
      softmaxColumns<Logarithm>(input + base + first, result + base + first, shape.size,
                                shape.inner, width);
    }
  }
  return PEBBLE_OK;
}

} // namespace

template <typename T>
int32_t softmax(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  return runSoftmax<false, T>(tensors, ints);
}

template <typename T>
int32_t log_softmax(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  return runSoftmax<true, T>(tensors, ints);
}

template <typename T>
int32_t hardmax(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  AxisShape shape;
  if (int32_t status = resolveAxis(shape, tensors[0], tensors[1], ints))
    return status;
  for (int64_t outer = 0; outer < shape.outer; ++outer)
    for (int64_t inner = 0; inner < shape.inner && shape.size > 0; ++inner) {
      int64_t base = outer * shape.size * shape.inner + inner, best = 0;
      const T *input = data<const T>(tensors[0]) + base;
      T *result = data<T>(tensors[1]) + base;
      for (int64_t i = 0; i < shape.size; ++i) {
        result[i * shape.inner] = T(0.0f);
        if (widen(input[i * shape.inner]) > widen(input[best * shape.inner]))
          best = i;
      }
      result[best * shape.inner] = T(1.0f);
    }
  return PEBBLE_OK;
}

} // namespace pebble::kernels

#define PEBBLE_HERE_softmax 1
#define PEBBLE_HERE_log_softmax 1
#define PEBBLE_HERE_hardmax 1
#include "runtime/kernels/Instantiate.h"
