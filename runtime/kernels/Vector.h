// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Vectors of the compiler's generic kind: wider than the target's registers they are split, so one
// source serves every target.
#ifndef PEBBLE_KERNELS_VECTOR_H
#define PEBBLE_KERNELS_VECTOR_H

#include <stdint.h>

#define PEBBLE_INLINE __attribute__((always_inline)) inline
#define PEBBLE_INLINE_LAMBDA __attribute__((always_inline))

namespace pebble::kernels {

template <typename A, int Lanes> struct VectorType {
  typedef A Type __attribute__((vector_size(Lanes * sizeof(A))));
};
template <typename A, int Lanes> using Vector = typename VectorType<A, Lanes>::Type;

template <typename A, int Lanes> PEBBLE_INLINE Vector<A, Lanes> splat(A value) {
  Vector<A, Lanes> result;
  for (int i = 0; i < Lanes; ++i)
    result[i] = value;
  return result;
}

} // namespace pebble::kernels
#endif // PEBBLE_KERNELS_VECTOR_H
