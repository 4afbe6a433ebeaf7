// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PEBBLE_KERNELS_EXTREME_H
#define PEBBLE_KERNELS_EXTREME_H

#include "runtime/kernels/Accumulate.h"

namespace pebble::kernels {

// Maximum and minimum; a NaN stays.
template <typename T> struct OrderValue {
  using Type = ComputeOf<T>;
};
template <> struct OrderValue<Bool> {
  using Type = uint8_t;
};
template <typename T, bool Maximum> struct ExtremeOf {
  using Value = typename OrderValue<T>::Type;
  int64_t count = 0;
  PEBBLE_INLINE static Value identity() {
    if constexpr (dtypeOf<T> == PEBBLE_BOOL)
      return Maximum ? 0 : 1;
    else
      return Maximum ? lowestValue<Value>() : highestValue<Value>();
  }
  PEBBLE_INLINE static Value load(T x) { return static_cast<Value>(x); }
  PEBBLE_INLINE static Partial<Value> loadAll(const T *x) {
    Partial<Value> result;
    if constexpr (sizeof(T) == sizeof(Value))
      __builtin_memcpy(&result, x, sizeof(result));
    else
      for (int i = 0; i < partialSums; ++i)
        result[i] = load(x[i]);
    return result;
  }
  PEBBLE_INLINE static Partial<Value> loadSome(const T *x, int64_t count) {
    Value padded[partialSums];
    for (int i = 0; i < partialSums; ++i)
      padded[i] = i < count ? load(x[i]) : identity();
    Partial<Value> result;
    __builtin_memcpy(&result, padded, sizeof(result));
    return result;
  }
  template <typename V> PEBBLE_INLINE static V combine(const V &a, const V &b) {
    V better = (Maximum ? a > b : a < b) ? a : b;
    return a != a ? a : better;
  }
  PEBBLE_INLINE T finish(Value x) const {
    if constexpr (dtypeOf<T> == PEBBLE_BOOL)
      return T(x != 0);
    else
      return static_cast<T>(x);
  }
};

} // namespace pebble::kernels
#endif // PEBBLE_KERNELS_EXTREME_H
