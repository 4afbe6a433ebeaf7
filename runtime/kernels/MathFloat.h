// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The hot functions on f32, in f32 arithmetic throughout: see math.h. Polynomials are minimax fits
// with coefficients rounded to f32, lowest first.
#ifndef PEBBLE_KERNELS_MATHFLOAT_H
#define PEBBLE_KERNELS_MATHFLOAT_H

#include "runtime/kernels/MathDouble.h"

namespace pebble::math {

inline constexpr float infinity32 = __builtin_inff();
inline constexpr float nan32 = __builtin_nanf("");

PEBBLE_MATH float abs(float x) { return bitCast<float>(bitCast<uint32_t>(x) & 0x7fffffffu); }
PEBBLE_MATH float copySign(float magnitude, float sign) {
  return bitCast<float>((bitCast<uint32_t>(magnitude) & 0x7fffffffu) |
                        (bitCast<uint32_t>(sign) & 0x80000000u));
}
PEBBLE_MATH float sqrt(float x) {
#if defined(__arm__) && (!defined(__ARM_FP) || !(__ARM_FP & 4))
  return static_cast<float>(sqrtByBits(x));
#else
  return __builtin_sqrtf(x);
#endif
}

// x * 2^n for n in [-252, 254]; two steps, so that a subnormal result is rounded once.
PEBBLE_MATH float scaleByPower(float x, int32_t n) {
  int32_t first = n >> 1, second = n - first;
  float a = bitCast<float>(static_cast<uint32_t>(first + 127) << 23);
  float b = bitCast<float>(static_cast<uint32_t>(second + 127) << 23);
  return x * a * b;
}

inline constexpr float ln2High32 = 0x1.62e400p-1f; // 15 bits: products with exponents are exact
inline constexpr float ln2Low32 = 0x1.7f7d1cp-20f;

// e^x = (high + low) * 2^exponent.
struct ExpParts32 {
  float high, low;
  int32_t exponent;
};

PEBBLE_MATH ExpParts32 expParts(float x) {
  constexpr float p[] = {0x1.000000p-1f, 0x1.555556p-3f,  0x1.5554e2p-5f,
                         0x1.110feap-7f, 0x1.6d5414p-10f, 0x1.a27c5ep-13f};
  constexpr float magic = 0x1.8p23f;
  x = x > 89.0f ? 89.0f : x;
  x = x < -105.0f ? -105.0f : x;
  float shifted = x * 0x1.715476p+0f + magic;
  float n = shifted - magic;
  float r = (x - n * ln2High32) - n * ln2Low32;
  float tail = r + r * r * polynomial(r, p);
  float high = 1.0f + tail;
  int32_t exponent = static_cast<int32_t>(bitCast<uint32_t>(shifted) - bitCast<uint32_t>(magic));
  return {high, tail - (high - 1.0f), exponent};
}

PEBBLE_MATH float exp(float x) {
  ExpParts32 parts = expParts(x);
  return scaleByPower(parts.high, parts.exponent);
}

PEBBLE_MATH float log(float x) {
  constexpr float p[] = {0x1.555548p-2f,  -0x1.000008p-2f, 0x1.99a478p-3f,
                         -0x1.555b8ep-3f, 0x1.233afap-3f,  -0x1.fc3de6p-4f,
                         0x1.e6dc72p-4f,  -0x1.dd9acep-4f, 0x1.13c1aap-4f};
  constexpr uint32_t root = 0x3f3504f3; // sqrt(1/2)
  bool tiny = x < 0x1p-126f;
  uint32_t bits = bitCast<uint32_t>(tiny ? x * 0x1p23f : x) - root;
  float exponent = static_cast<float>((static_cast<int32_t>(bits) >> 23) - (tiny ? 23 : 0));
  float f = bitCast<float>((bits & 0x7fffffu) + root) - 1.0f;
  float z = f * f;
  float tail = f * z * polynomial(f, p) + exponent * ln2Low32 - 0.5f * z;
  // The leading sum is kept exact in two parts.
  float scaled = exponent * ln2High32;
  float high = scaled + f;
  float low = f - (high - scaled);
  float result = high + (low + tail);
  result = x == infinity32 ? x : result;
  result = x == 0.0f ? -infinity32 : result;
  return x >= 0.0f ? result : nan32;
}

PEBBLE_MATH float tanh(float x) {
  constexpr float p[] = {-0x1.555554p-2f, 0x1.11107cp-3f,  -0x1.b9f220p-5f,
                         0x1.63ad1cp-6f,  -0x1.0c8990p-7f, 0x1.1acf70p-9f};
  float a = abs(x), z = x * x;
  float small = a + a * (z * polynomial(z, p));
  float large = 1.0f - 2.0f / (exp(2.0f * a) + 1.0f);
  return copySign(a < 0.625f ? small : large, x);
}

PEBBLE_MATH float sigmoid(float x) {
  ExpParts32 parts = expParts(-abs(x));
  float z = scaleByPower(parts.high, parts.exponent);
  float zLow = scaleByPower(parts.low, parts.exponent);
  float sum = 1.0f + z;
  float sumLow = (z - (sum - 1.0f)) + zLow;
  bool negative = x < 0.0f;
  float quotient = (negative ? z : 1.0f) / sum;
  // One Newton step with 1 / sum, to the few bits that the correction needs.
  float inverse = negative ? 1.0f - quotient : quotient;
  return quotient + inverse * ((negative ? zLow : 0.0f) - quotient * sumLow);
}

PEBBLE_MATH float erf(float x) {
  constexpr float p[] = {0x1.06eba8p-3f, -0x1.812742p-2f,  0x1.ce2df0p-4f, -0x1.b80d60p-6f,
                         0x1.54c152p-8f, -0x1.aa1f10p-11f, 0x1.5ca58ep-14f};
  // log(erfc(a)) on [0.92, 4]
  constexpr float q[] = {0x1.7592f6p-13f, -0x1.2128fcp+0f, -0x1.444198p-1f, -0x1.bbab62p-4f,
                         0x1.9bf56cp-6f,  -0x1.11f864p-8f, 0x1.c99daap-12f, -0x1.64c61ep-16f};
  float a = abs(x), z = x * x;
  float small = a + a * polynomial(z, p);
  float bounded = a > 4.0f ? 4.0f : a;
  float large = 1.0f - exp(polynomial(bounded, q));
  return copySign(a < 0.9277f ? small : large, x);
}

// The rest goes through f64: correctly rounded in nearly all cases, and rarely hot.
#define PEBBLE_MATH_THROUGH_DOUBLE(name)                                                           \
  PEBBLE_MATH float name(float x) { return static_cast<float>(name(static_cast<double>(x))); }
PEBBLE_MATH_THROUGH_DOUBLE(log1p)
PEBBLE_MATH_THROUGH_DOUBLE(sinh)
PEBBLE_MATH_THROUGH_DOUBLE(cosh)
PEBBLE_MATH_THROUGH_DOUBLE(asinh)
PEBBLE_MATH_THROUGH_DOUBLE(acosh)
PEBBLE_MATH_THROUGH_DOUBLE(atanh)
PEBBLE_MATH_THROUGH_DOUBLE(atan)
PEBBLE_MATH_THROUGH_DOUBLE(asin)
PEBBLE_MATH_THROUGH_DOUBLE(acos)
#undef PEBBLE_MATH_THROUGH_DOUBLE

} // namespace pebble::math
#endif // PEBBLE_KERNELS_MATHFLOAT_H
