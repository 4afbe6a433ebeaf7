// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The scalar functions as symbols that compiled models call, or inline.

#include "runtime/kernels/math.h"

extern "C" {
#define PEBBLE_MATH_DEFINE(name)                                                                   \
  float pebble_math_##name##_f32(float x) { return pebble::math::name(x); }                        \
  double pebble_math_##name##_f64(double x) { return pebble::math::name(x); }
PEBBLE_MATH_UNARY(PEBBLE_MATH_DEFINE)
#undef PEBBLE_MATH_DEFINE
#define PEBBLE_MATH_DEFINE(name)                                                                   \
  float pebble_math_##name##_f32(float x, float y) { return pebble::math::name(x, y); }            \
  double pebble_math_##name##_f64(double x, double y) { return pebble::math::name(x, y); }
PEBBLE_MATH_BINARY(PEBBLE_MATH_DEFINE)
#undef PEBBLE_MATH_DEFINE
}
