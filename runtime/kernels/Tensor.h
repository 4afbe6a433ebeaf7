// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What every kernel needs to read its arguments.
#ifndef PEBBLE_KERNELS_TENSOR_H
#define PEBBLE_KERNELS_TENSOR_H

#include "runtime/kernels/Types.h"

namespace pebble::kernels {

// Kernels keep per-dim state on the stack, so ranks are bounded.
inline constexpr int maxRank = 16;

inline bool present(const pebble_tensor &tensor) { return tensor.dtype != PEBBLE_NONE; }

template <typename T> inline T *data(const pebble_tensor &tensor) {
  return static_cast<T *>(tensor.data);
}

inline int64_t product(const int64_t *dims, int begin, int end) {
  int64_t result = 1;
  for (int i = begin; i < end; ++i)
    result *= dims[i];
  return result;
}

inline int64_t numel(const pebble_tensor &tensor) { return product(tensor.dims, 0, tensor.rank); }

inline bool sameDims(const pebble_tensor &a, const pebble_tensor &b) {
  if (a.rank != b.rank)
    return false;
  for (int i = 0; i < a.rank; ++i)
    if (a.dims[i] != b.dims[i])
      return false;
  return true;
}

// Row-major strides, in elements.
inline void rowMajorStrides(const int64_t *dims, int rank, int64_t *strides) {
  int64_t stride = 1;
  for (int i = rank - 1; i >= 0; --i) {
    strides[i] = stride;
    stride *= dims[i];
  }
}

// Element `i` of an index operand, whose dtype is i32 or i64.
inline int64_t indexAt(const pebble_tensor &tensor, int64_t i) {
  return tensor.dtype == PEBBLE_I32 ? static_cast<int64_t>(data<const int32_t>(tensor)[i])
                                    : data<const int64_t>(tensor)[i];
}

// Element `i` of a float operand as double.
inline double realAt(const pebble_tensor &tensor, int64_t i) {
  switch (tensor.dtype) {
  case PEBBLE_F64:
    return data<const double>(tensor)[i];
  case PEBBLE_F16:
    return data<const Half>(tensor)[i];
  case PEBBLE_BF16:
    return data<const BFloat16>(tensor)[i];
  default:
    return data<const float>(tensor)[i];
  }
}

// Turns a position that may count from the end into one in [0, size); false when out of range.
inline bool normalizeIndex(int64_t &index, int64_t size) {
  if (index < 0)
    index += size;
  return index >= 0 && index < size;
}

template <typename T> inline void copyElements(T *to, const T *from, int64_t count) {
  if (count > 0)
    __builtin_memcpy(to, from, static_cast<decltype(sizeof(0))>(count) * sizeof(T));
}

template <typename T> inline void fillElements(T *to, T value, int64_t count) {
  for (int64_t i = 0; i < count; ++i)
    to[i] = value;
}

// Walks the attributes in the op's declared order; the calls must follow that order.
class Attributes {
public:
  struct Array {
    const int64_t *elements;
    int64_t size;
    int64_t operator[](int64_t i) const { return elements[i]; }
  };

  Attributes(const int64_t *ints, const double *floats) : ints(ints), floats(floats) {}

  int64_t integer() { return *ints++; }
  bool flag() { return *ints++ != 0; }
  double real() { return *floats++; }
  Array array() {
    Array result = {ints + 1, ints[0]};
    ints += 1 + result.size;
    return result;
  }
  // A DenseF64Array carries no length: it runs parallel to an integer array.
  const double *reals(int64_t count) {
    const double *result = floats;
    floats += count;
    return result;
  }

private:
  const int64_t *ints;
  const double *floats;
};

// Visits the positions of a row-major index space and keeps, for each of N tensors, the offset
// that its strides give.
template <int N> struct Odometer {
  int rank = 0;
  int64_t dims[maxRank];
  int64_t position[maxRank];
  int64_t strides[N][maxRank];
  int64_t offset[N];

  void reset() {
    for (int i = 0; i < rank; ++i)
      position[i] = 0;
    for (int n = 0; n < N; ++n)
      offset[n] = 0;
  }

  // Steps to the next position; wraps to the first one after the last.
  void next() {
    for (int i = rank - 1; i >= 0; --i) {
      for (int n = 0; n < N; ++n)
        offset[n] += strides[n][i];
      if (++position[i] < dims[i])
        return;
      for (int n = 0; n < N; ++n)
        offset[n] -= strides[n][i] * dims[i];
      position[i] = 0;
    }
  }
};

} // namespace pebble::kernels
#endif // PEBBLE_KERNELS_TENSOR_H
