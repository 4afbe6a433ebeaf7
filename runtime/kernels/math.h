// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Scalar mathematics with one result on every host and target: plain IEEE operations, never fused
// (-ffp-contract=off), no libm. Code is straight-line with selects for
// branches, so that loops over the inlined functions vectorize; fmod and the reduction of huge f64
// angles are the exceptions.
//
// Overloads for float and double in pebble::math: exp log log1p sin cos tan asin acos atan sinh
// cosh tanh asinh acosh atanh erf sigmoid sqrt pow fmod. Errors: at most 1.5 ulp (f32), a few ulp
// (f64); infinities, NaN, signed zeros and subnormals as in C.
#ifndef PEBBLE_KERNELS_MATH_H
#define PEBBLE_KERNELS_MATH_H

#include "runtime/kernels/MathDouble.h"
#include "runtime/kernels/MathFloat.h"
#include "runtime/kernels/MathPower.h"
#include "runtime/kernels/MathTrig.h"

// PEBBLE_MATH_UNARY(X) and PEBBLE_MATH_BINARY(X) list what `pebble_math_<function>_<f32|f64>`
// exports (math.cpp).
#define PEBBLE_MATH_UNARY(X)                                                                       \
  X(exp)                                                                                           \
  X(log)                                                                                           \
  X(sin)                                                                                           \
  X(cos)                                                                                           \
  X(tan)                                                                                           \
  X(sqrt)                                                                                          \
  X(asin) X(acos) X(atan) X(sinh) X(cosh) X(tanh) X(asinh) X(acosh) X(atanh) X(erf) X(sigmoid)
#define PEBBLE_MATH_BINARY(X) X(pow) X(fmod)

extern "C" {
#define PEBBLE_MATH_DECLARE(name)                                                                  \
  float pebble_math_##name##_f32(float x);                                                         \
  double pebble_math_##name##_f64(double x);
PEBBLE_MATH_UNARY(PEBBLE_MATH_DECLARE)
#undef PEBBLE_MATH_DECLARE
#define PEBBLE_MATH_DECLARE(name)                                                                  \
  float pebble_math_##name##_f32(float x, float y);                                                \
  double pebble_math_##name##_f64(double x, double y);
PEBBLE_MATH_BINARY(PEBBLE_MATH_DECLARE)
#undef PEBBLE_MATH_DECLARE
}

#endif // PEBBLE_KERNELS_MATH_H
