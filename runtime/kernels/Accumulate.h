// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// In which type kernels add up, and sums whose order depends on their length alone.
#ifndef PEBBLE_KERNELS_ACCUMULATE_H
#define PEBBLE_KERNELS_ACCUMULATE_H

#include "runtime/kernels/Types.h"
#include "runtime/kernels/Vector.h"

namespace pebble::kernels {

// Integers add up in unsigned types, in which overflow wraps.
template <typename T, bool = isFloat<T>> struct AccTraits {
  using Type = AccumulatorOf<T>;
};
template <typename T> struct AccTraits<T, false> {
  using Type = typename WrapTraits<T>::Type;
};
template <typename T> using Acc = typename AccTraits<T>::Type;

// Element type of a contraction's result.
template <typename T, bool = isFloat<T>> struct SumTraits {
  using Type = T;
};
template <typename T> struct SumTraits<T, false> {
  using Type = AccumulatorOf<T>;
};
template <typename T> using Sum = typename SumTraits<T>::Type;

template <typename A, typename B> inline constexpr bool isSame = false;
template <typename A> inline constexpr bool isSame<A, A> = true;

// Whether partial sums may be kept in an array of R without changing a bit.
template <typename R> inline constexpr bool keepsPartialSums = sizeof(R) == sizeof(Acc<R>);

template <typename T> PEBBLE_INLINE Acc<T> widen(T value) { return static_cast<Acc<T>>(value); }
template <typename R> PEBBLE_INLINE R narrow(Acc<R> value) { return static_cast<R>(value); }

// Bounds of a type that values compare in; infinite for floats.
template <typename V> constexpr V lowestValue() {
  if constexpr (isFloat<V>)
    return -static_cast<V>(__builtin_inff());
  else if constexpr (TypeTraits<V>::isSigned)
    return static_cast<V>(StorageOf<V>(1) << (sizeof(V) * 8 - 1));
  else
    return V(0);
}
template <typename V> constexpr V highestValue() {
  if constexpr (isFloat<V>)
    return static_cast<V>(__builtin_inff());
  else if constexpr (TypeTraits<V>::isSigned)
    return static_cast<V>(static_cast<StorageOf<V>>(~StorageOf<V>(0)) >> 1);
  else if constexpr (TypeTraits<V>::dtype == PEBBLE_BOOL)
    return V(true);
  else
    return static_cast<V>(~StorageOf<V>(0));
}

// Sixteen independent partial sums: enough to hide the latency of an addition on every target, and
// the same number everywhere, so that results do not depend on the vector width.
inline constexpr int64_t partialSums = 16;
template <typename A> using Partial = Vector<A, partialSums>;

template <typename T> PEBBLE_INLINE Partial<Acc<T>> loadPartial(const T *from) {
  Partial<Acc<T>> result;
  if constexpr (isSame<T, Acc<T>>) {
    __builtin_memcpy(&result, from, sizeof(result));
  } else {
    for (int i = 0; i < partialSums; ++i)
      result[i] = widen(from[i]);
  }
  return result;
}

// The first `count` elements, then copies of `filler`.
template <typename T>
PEBBLE_INLINE Partial<Acc<T>> loadPartial(const T *from, int64_t count, Acc<T> filler) {
  Acc<T> padded[partialSums];
  for (int i = 0; i < partialSums; ++i)
    padded[i] = i < count ? widen(from[i]) : filler;
  Partial<Acc<T>> result;
  __builtin_memcpy(&result, padded, sizeof(result));
  return result;
}

// Combines lane i with lane i + 8, then i + 4, i + 2, i + 1.
template <typename A, typename Combine>
PEBBLE_INLINE A combinePartial(const Partial<A> &partial, Combine combine) {
  A lanes[partialSums];
  __builtin_memcpy(lanes, &partial, sizeof(lanes));
  for (int i = 0; i < 8; ++i)
    lanes[i] = combine(lanes[i], lanes[i + 8]);
  for (int i = 0; i < 4; ++i)
    lanes[i] = combine(lanes[i], lanes[i + 4]);
  for (int i = 0; i < 2; ++i)
    lanes[i] = combine(lanes[i], lanes[i + 2]);
  return combine(lanes[0], lanes[1]);
}

template <typename A> PEBBLE_INLINE A sumPartial(const Partial<A> &partial) {
  return combinePartial<A>(partial, [](A a, A b) { return static_cast<A>(a + b); });
}

// sums[r] += products of the `count` elements at rows + r * stride with those at `vector`.
template <int Rows, typename T>
PEBBLE_INLINE void addProducts(Partial<Acc<T>> (&sums)[Rows], const T *rows, int64_t stride,
                               const T *vector, int64_t count) {
  int64_t k = 0;
  for (; k + partialSums <= count; k += partialSums) {
    Partial<Acc<T>> factor = loadPartial(vector + k);
    for (int r = 0; r < Rows; ++r)
      sums[r] += loadPartial(rows + r * stride + k) * factor;
  }
  if (k < count) {
    Partial<Acc<T>> factor = loadPartial(vector + k, count - k, Acc<T>(0));
    for (int r = 0; r < Rows; ++r)
      sums[r] += loadPartial(rows + r * stride + k, count - k, Acc<T>(0)) * factor;
  }
}

} // namespace pebble::kernels
#endif // PEBBLE_KERNELS_ACCUMULATE_H
