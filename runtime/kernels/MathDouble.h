// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Exponentials, logarithms, inverse trigonometric and hyperbolic functions and erf on f64: see
// math.h. Polynomials are minimax fits, lowest coefficient first.
#ifndef PEBBLE_KERNELS_MATHDOUBLE_H
#define PEBBLE_KERNELS_MATHDOUBLE_H

#include "runtime/kernels/Types.h"

#define PEBBLE_MATH __attribute__((always_inline)) inline

namespace pebble::math {

using kernels::bitCast;

inline constexpr double infinity64 = __builtin_inf();
inline constexpr double nan64 = __builtin_nan("");

// sum of coefficients[i] * x^i. Unrolled by recursion over the count, since vectorizers want
// straight-line code.
template <typename T, int N, int I = 0>
PEBBLE_MATH constexpr T polynomial(T x, const T (&coefficients)[N]) {
  if constexpr (I == N - 1)
    return coefficients[I];
  else
    return coefficients[I] + x * polynomial<T, N, I + 1>(x, coefficients);
}

PEBBLE_MATH double abs(double x) {
  return bitCast<double>(bitCast<uint64_t>(x) & ~(uint64_t(1) << 63));
}
PEBBLE_MATH double copySign(double magnitude, double sign) {
  constexpr uint64_t mask = uint64_t(1) << 63;
  return bitCast<double>((bitCast<uint64_t>(magnitude) & ~mask) | (bitCast<uint64_t>(sign) & mask));
}

// The correctly rounded square root, bit by bit, for targets whose own one is a call of libm.
inline double sqrtByBits(double x) {
  if (!(x > 0.0) || x == infinity64)
    return x == 0.0 || x == infinity64 ? x : nan64;
  bool tiny = x < 0x1p-1022;
  uint64_t bits = bitCast<uint64_t>(tiny ? x * 0x1p54 : x);
  int32_t exponent = static_cast<int32_t>(bits >> 52) - 1023;
  uint64_t rest = (bits & 0x000fffffffffffff) | 0x0010000000000000;
  rest <<= 1 + (exponent & 1);
  exponent = (exponent >> 1) - (tiny ? 27 : 0);
  uint64_t root = 0, twice = 0;
  for (uint64_t bit = uint64_t(1) << 53; bit != 0; bit >>= 1, rest <<= 1)
    if (twice + bit <= rest) {
      rest -= twice + bit;
      twice += 2 * bit;
      root += bit;
    }
  root += rest != 0 ? root & 1 : 0;
  return bitCast<double>((root >> 1) + (static_cast<uint64_t>(exponent + 1022) << 52));
}

// __ARM_FP has bit 2 for f32 and bit 3 for f64 hardware.
PEBBLE_MATH double sqrt(double x) {
#if defined(__arm__) && (!defined(__ARM_FP) || !(__ARM_FP & 8))
  return sqrtByBits(x);
#else
  return __builtin_sqrt(x);
#endif
}

// An integer read off the low bits of value + roundingMagic64: |value| < 2^31, ties to even.
inline constexpr double roundingMagic64 = 0x1.8p52;
PEBBLE_MATH int32_t lowInteger(double shifted) {
  return static_cast<int32_t>(static_cast<uint32_t>(bitCast<uint64_t>(shifted)));
}

// x * 2^n for n in [-2044, 2046]; two steps, so that a subnormal result is rounded once.
PEBBLE_MATH double scaleByPower(double x, int32_t n) {
  int32_t first = n >> 1, second = n - first;
  double a = bitCast<double>(static_cast<uint64_t>(static_cast<uint32_t>(first + 1023)) << 52);
  double b = bitCast<double>(static_cast<uint64_t>(static_cast<uint32_t>(second + 1023)) << 52);
  return x * a * b;
}

inline constexpr double ln2High64 =
    0x1.62e42fee00000p-1; // 32 bits: products with exponents are exact
inline constexpr double ln2Low64 = 0x1.a39ef35793c76p-33;
inline constexpr double log2e64 = 0x1.71547652b82fep+0;
inline constexpr double halfPi64 = 0x1.921fb54442d18p+0, halfPiLow64 = 0x1.1a62633145c07p-54;

struct Reduced64 {
  double remainder; // e^remainder - 1 = remainder + tail
  double tail;
  int32_t exponent;
};

// x = exponent * ln 2 + remainder, |remainder| <= ln2 / 2.
PEBBLE_MATH Reduced64 reduceExp(double x) {
  constexpr double p[] = {0x1.0000000000000p-1,  0x1.555555555555cp-3,  0x1.5555555555559p-5,
                          0x1.111111110e9e2p-7,  0x1.6c16c16c148bfp-10, 0x1.a01a01b4527f7p-13,
                          0x1.a01a01afc509bp-16, 0x1.71ddee4b3c815p-19, 0x1.27e4c745fcb70p-22,
                          0x1.af6ec9cd9a08fp-26, 0x1.1f931b45f4617p-29};
  double shifted = x * log2e64 + roundingMagic64;
  double n = shifted - roundingMagic64;
  double r = (x - n * ln2High64) - n * ln2Low64;
  return {r, r * r * polynomial(r, p), lowInteger(shifted)};
}

// 2^k * e^x for small k, without overflow of e^x on the way.
PEBBLE_MATH double expScaled(double x, int32_t k) {
  x = x > 712.0 ? 712.0 : x;
  x = x < -748.0 ? -748.0 : x;
  Reduced64 reduced = reduceExp(x);
  return scaleByPower(1.0 + (reduced.remainder + reduced.tail), reduced.exponent + k);
}

PEBBLE_MATH double exp(double x) { return expScaled(x, 0); }

// e^x - 1 for |x| <= 40.
PEBBLE_MATH double expm1Core(double x) {
  Reduced64 reduced = reduceExp(x);
  double scale = scaleByPower(1.0, reduced.exponent);
  return scale * (reduced.remainder + reduced.tail) + (scale - 1.0);
}

struct LogParts64 {
  double fraction; // x = 2^exponent * (1 + fraction), 1 + fraction in [sqrt(1/2), sqrt(2))
  double exponent;
};

PEBBLE_MATH LogParts64 splitLog(double x) {
  constexpr uint64_t root = 0x3fe6a09e667f3bcd; // sqrt(1/2)
  bool tiny = x < 0x1p-1022;
  uint64_t bits = bitCast<uint64_t>(tiny ? x * 0x1p54 : x) - root;
  // The exponent through the magic constant's low bits: AVX2 converts no 64-bit integers.
  uint64_t biased = (bits >> 52) & 0xfff;
  biased = (biased ^ 0x800) + (bitCast<uint64_t>(roundingMagic64) - 0x800);
  double exponent = bitCast<double>(biased) - roundingMagic64;
  double mantissa = bitCast<double>((bits & 0x000fffffffffffff) + root);
  return {mantissa - 1.0, tiny ? exponent - 54.0 : exponent};
}

// log((1 + s) / (1 - s)) = s * (2 + z * polynomial(z)), z = s^2.
inline constexpr double logPolynomial64[] = {
    0x1.5555555555555p-1, 0x1.9999999999d0dp-2, 0x1.2492492439d88p-2, 0x1.c71c724b097b2p-3,
    0x1.745ce1e0be40cp-3, 0x1.3b202155beba3p-3, 0x1.0f6777f1d517bp-3, 0x1.0f0ca000b1f2ep-3};

// log(x) + correction for positive finite x.
PEBBLE_MATH double logCore(double x, double correction) {
  LogParts64 parts = splitLog(x);
  double f = parts.fraction, s = f / (2.0 + f), z = s * s;
  double halfSquare = 0.5 * f * f;
  double tail = s * (halfSquare + z * polynomial(z, logPolynomial64));
  double low = tail + (parts.exponent * ln2Low64 + correction);
  return parts.exponent * ln2High64 - ((halfSquare - low) - f);
}

PEBBLE_MATH double log(double x) {
  double result = logCore(x, 0.0);
  result = x == infinity64 ? x : result;
  result = x == 0.0 ? -infinity64 : result;
  return x >= 0.0 ? result : nan64;
}

PEBBLE_MATH double log1p(double x) {
  double u = 1.0 + x;
  // What the addition lost, relative to u; nothing is lost where u is huge.
  double lost = x > 1.0 ? 1.0 - (u - x) : x - (u - 1.0);
  double result = logCore(u, lost / u);
  result = x == infinity64 ? x : result;
  result = x == -1.0 ? -infinity64 : result;
  result = x == 0.0 ? x : result;
  return x >= -1.0 ? result : nan64;
}

PEBBLE_MATH double sigmoid(double x) {
  double z = exp(-abs(x));
  double result = (x < 0.0 ? z : 1.0) / (1.0 + z);
  return x == x ? result : x;
}

PEBBLE_MATH double sinh(double x) {
  constexpr double p[] = {0x1.5555555555556p-3,  0x1.1111111111040p-7,  0x1.a01a01a0318cep-13,
                          0x1.71de3a40575c3p-19, 0x1.ae646b4c3b666p-26, 0x1.6118e000f6d96p-33,
                          0x1.b52e8aabd236bp-41};
  double a = abs(x), z = x * x;
  double half = expScaled(a, -1);
  double large = half - 0.25 / half;
  double small = a + a * (z * polynomial(z, p));
  return copySign(a < 1.0 ? small : large, x);
}

PEBBLE_MATH double cosh(double x) {
  double half = expScaled(abs(x), -1);
  return half + 0.25 / half;
}

PEBBLE_MATH double tanh(double x) {
  double a = abs(x);
  double t = expm1Core(a > 20.0 ? 40.0 : 2.0 * a);
  double result = copySign(a > 20.0 ? 1.0 : t / (t + 2.0), x);
  result = a < 0x1p-28 ? x : result;
  return x == x ? result : x;
}

PEBBLE_MATH double asinh(double x) {
  double a = abs(x);
  double square = a * a;
  double near = log1p(a + square / (1.0 + sqrt(1.0 + square)));
  double far = log(a) + (ln2High64 + ln2Low64);
  double result = a > 0x1p28 ? far : near;
  return copySign(a < 0x1p-28 ? a : result, x);
}

PEBBLE_MATH double acosh(double x) {
  double t = x - 1.0;
  double near = log1p(t + sqrt(2.0 * t + t * t));
  double far = log(x) + (ln2High64 + ln2Low64);
  double result = x > 0x1p28 ? far : near;
  return x >= 1.0 ? result : nan64;
}

PEBBLE_MATH double atanh(double x) {
  double a = abs(x);
  double twice = 2.0 * a;
  double near = twice + twice * a / (1.0 - a);
  double far = twice / (1.0 - a);
  double result = 0.5 * log1p(a < 0.5 ? near : far);
  result = a < 0x1p-28 ? a : result;
  return a <= 1.0 ? copySign(result, x) : nan64;
}

PEBBLE_MATH double atan(double x) {
  constexpr double p[] = {-0x1.555555555553dp-2, 0x1.999999999589cp-3,  -0x1.24924922af024p-3,
                          0x1.c71c70e6be5ddp-4,  -0x1.745cf8efe7fbfp-4, 0x1.3b111a67b3380p-4,
                          -0x1.10ebc608e5530p-4, 0x1.df10035167ee2p-5,  -0x1.9cd5acc714724p-5,
                          0x1.37dc4f77b769bp-5,  -0x1.2577333483c26p-6};
  double a = abs(x);
  bool far = a > 2.414, mid = a > 0.4142;
  double numerator = far ? -1.0 : mid ? a - 1.0 : a;
  double denominator = far ? a : mid ? a + 1.0 : 1.0;
  double base = far ? halfPi64 : mid ? 0.5 * halfPi64 : 0.0;
  double baseLow = far ? halfPiLow64 : mid ? 0.5 * halfPiLow64 : 0.0;
  double t = numerator / denominator, z = t * t;
  return copySign(base + (t + (t * (z * polynomial(z, p)) + baseLow)), x);
}

// asin(t) = t + t * asinTail(t^2), |t| <= 1/2.
PEBBLE_MATH double asinTail(double z) {
  constexpr double p[] = {0x1.5555555555578p-3, 0x1.333333332df3bp-4, 0x1.6db6db7228741p-5,
                          0x1.f1c71a8d0ad1dp-6, 0x1.6e8bdfb736f80p-6, 0x1.1c49e1bb58bdbp-6,
                          0x1.ca20e2dc2ffd0p-7, 0x1.757ae40ac738ap-7, 0x1.6176e261d0e6ep-7,
                          0x1.e2969441d9bcep-9, 0x1.649dc0bed3622p-6, -0x1.5962e20c00889p-6,
                          0x1.0bb489e85fad1p-5};
  return z * polynomial(z, p);
}

PEBBLE_MATH double asin(double x) {
  double a = abs(x);
  bool far = a > 0.5;
  double z = far ? 0.5 * (1.0 - a) : a * a;
  double t = far ? sqrt(z) : a;
  double tail = t * asinTail(z);
  double farResult = halfPi64 - (2.0 * t + (2.0 * tail - halfPiLow64));
  return copySign(far ? farResult : t + tail, x);
}

PEBBLE_MATH double acos(double x) {
  double a = abs(x);
  bool far = a > 0.5;
  double z = far ? 0.5 * (1.0 - a) : a * a;
  double t = far ? sqrt(z) : x;
  double tail = t * asinTail(z);
  double near = halfPi64 - (t + (tail - halfPiLow64));
  double right = 2.0 * (t + tail);
  double left = 2.0 * (halfPi64 - (t + (tail - halfPiLow64)));
  return far ? (x < 0.0 ? left : right) : near;
}

PEBBLE_MATH double erf(double x) {
  constexpr double p[] = {0x1.06eba8214db69p-3,   -0x1.812746b037a02p-2,  0x1.ce2f21a043b3dp-4,
                          -0x1.b82ce312c9282p-6,  0x1.565bcd17efaacp-8,   -0x1.c02db5c13e078p-11,
                          0x1.f9a35dacc014bp-14,  -0x1.f4d6eaf428378p-17, 0x1.ba2a4b94be66ap-20,
                          -0x1.6229dff46d99bp-23, 0x1.115267ff52908p-26,  -0x1.fd441b11f3c1bp-30,
                          0x1.49192698731fdp-32,  -0x1.39f01c4e8753ep-35};
  // log(erfc(a)) on [1, 5.95]
  constexpr double q[] = {-0x1.8ce54509943f6p-23, -0x1.20dd5552d8a47p+0,  -0x1.45f433398fa01p-1,
                          -0x1.a4d99a44eff45p-4,  0x1.388e103a917d5p-6,   0x1.281df88064a29p-12,
                          -0x1.d0499f9e8a52bp-10, 0x1.511e1747cf835p-11,  -0x1.8279197ae1034p-15,
                          -0x1.244a014caa0dap-14, 0x1.775314f55509cp-15,  -0x1.1358209a42234p-16,
                          0x1.208217483bc57p-18,  -0x1.c5735871be465p-21, 0x1.0bde8ffaf1163p-23,
                          -0x1.d03a7155a94bep-27, 0x1.174d2be2ee592p-30,  -0x1.a187bc76fb0c5p-35,
                          0x1.2421c2ad40d61p-40};
  double a = abs(x), z = x * x;
  double small = a + a * polynomial(z, p);
  double bounded = a > 5.95 ? 5.95 : a;
  double large = 1.0 - exp(polynomial(bounded, q));
  double result = copySign(a < 1.0 ? small : large, x);
  return x == x ? result : x;
}

} // namespace pebble::math
#endif // PEBBLE_KERNELS_MATHDOUBLE_H
