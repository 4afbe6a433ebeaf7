// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// pow and fmod on f32 and f64: see math.h.
#ifndef PEBBLE_KERNELS_MATHPOWER_H
#define PEBBLE_KERNELS_MATHPOWER_H

#include "runtime/kernels/MathFloat.h"

namespace pebble::math {

// An unevaluated sum, |low| <= ulp(high) / 2.
struct Pair {
  double high, low;
};

// Exact where |a| >= |b| or a is 0.
PEBBLE_MATH Pair fastSum(double a, double b) {
  double sum = a + b;
  return {sum, b - (sum - a)};
}

// Dekker's product, without a fused multiply-add; |a|, |b| < 2^996.
PEBBLE_MATH Pair exactProduct(double a, double b) {
  constexpr double splitter = 0x1p27 + 1.0;
  double aTop = a * splitter, bTop = b * splitter;
  aTop -= aTop - a;
  bTop -= bTop - b;
  double aRest = a - aTop, bRest = b - bTop;
  double product = a * b;
  return {product, ((aTop * bTop - product) + aTop * bRest + aRest * bTop) + aRest * bRest};
}

// log(x) with about 64 bits, for positive finite x.
PEBBLE_MATH Pair logPair(double x) {
  LogParts64 parts = splitLog(x);
  double f = parts.fraction;
  double u = 2.0 + f;
  double uLow = f - (u - 2.0);
  double s = f / u;
  Pair su = exactProduct(s, u);
  double sLow = ((f - su.high) - su.low - s * uLow) / u;
  Pair z = exactProduct(s, s);
  z.low += 2.0 * s * sLow;
  // s * (2 + z * P(z)), with the leading terms in pairs.
  constexpr const double (&p)[8] = logPolynomial64;
  const double rest[] = {p[1], p[2], p[3], p[4], p[5], p[6], p[7]};
  Pair t = fastSum(p[0], z.high * polynomial(z.high, rest));
  Pair zt = exactProduct(z.high, t.high);
  zt.low += z.high * t.low + z.low * t.high;
  Pair w = fastSum(2.0, zt.high);
  w.low += zt.low;
  Pair sw = exactProduct(s, w.high);
  sw.low += s * w.low + sLow * w.high;
  Pair sum = fastSum(parts.exponent * ln2High64, sw.high);
  sum.low += parts.exponent * ln2Low64 + sw.low;
  return fastSum(sum.high, sum.low);
}

// Exponents beyond these give 0, 1 or infinity like those themselves, for every base.
PEBBLE_MATH double boundExponent(double y) {
  y = y > 0x1p65 ? 0x1p65 : y;
  return y < -0x1p65 ? -0x1p65 : y;
}

// magnitude^y for a positive finite magnitude.
PEBBLE_MATH double powerCore(double magnitude, double y) {
  y = boundExponent(y);
  Pair l = logPair(magnitude);
  Pair e = exactProduct(y, l.high);
  e.low += y * l.low;
  Pair sum = fastSum(e.high, e.low);
  double power = exp(sum.high);
  return power == infinity64 ? power : power + power * sum.low;
}

// Gives `power` = |x|^y the sign and the special values of C's pow.
PEBBLE_MATH double finishPower(double x, double y, double power) {
  double magnitude = abs(x), size = abs(y);
  double shifted = size + 0x1p52;
  bool huge = size >= 0x1p52;
  bool integral = huge || shifted - 0x1p52 == size;
  uint64_t unit = bitCast<uint64_t>(huge ? size : shifted) & 1;
  bool odd = integral && unit != 0 && size < 0x1p53;
  double limit = (magnitude > 1.0) == (y > 0.0) ? infinity64 : 0.0;
  double result = magnitude == 0.0 || magnitude == infinity64 ? limit : power;
  result = x < 0.0 && !integral && magnitude != infinity64 ? nan64 : result;
  result = bitCast<uint64_t>(x) >> 63 && odd ? -result : result;
  result = x == x && y == y ? result : nan64;
  return x == 1.0 || y == 0.0 ? 1.0 : result;
}

PEBBLE_MATH double pow(double x, double y) { return finishPower(x, y, powerCore(abs(x), y)); }

PEBBLE_MATH float pow(float x, float y) {
  double wide = x, exponent = y;
  // A plain f64 logarithm leaves 20 bits to spare.
  double power = exp(boundExponent(exponent) * logCore(abs(wide), 0.0));
  return static_cast<float>(finishPower(wide, exponent, power));
}

// The remainder of x / y with the sign of x, exact; by long division of the mantissas.
template <typename T, typename Bits, int MantissaBits> inline T remainderOf(T x, T y) {
  constexpr int width = sizeof(T) * 8;
  constexpr int exponentMask = (1 << (width - 1 - MantissaBits)) - 1;
  constexpr Bits one = 1, hidden = one << MantissaBits, signBit = one << (width - 1);
  Bits a = bitCast<Bits>(x), b = bitCast<Bits>(y) & ~signBit;
  const Bits sign = a & signBit;
  a &= ~signBit;
  constexpr Bits infinityBits = Bits(exponentMask) << MantissaBits;
  if (b == 0 || a >= infinityBits || b > infinityBits)
    return (x * y) / (x * y);
  if (a < b)
    return x;
  auto normalize = [](Bits &bits) {
    int exponent = static_cast<int>(bits >> MantissaBits);
    bits &= hidden - 1;
    bits |= exponent ? hidden : 0;
    exponent += !exponent;
    for (; bits < hidden; --exponent)
      bits <<= 1;
    return exponent;
  };
  int exponent = normalize(a), lastExponent = normalize(b);
  for (; exponent > lastExponent; --exponent) {
    a = a >= b ? a - b : a;
    a <<= 1;
  }
  a = a >= b ? a - b : a;
  if (a == 0)
    return bitCast<T>(sign);
  for (; a < hidden; --exponent)
    a <<= 1;
  a = exponent > 0 ? (a - hidden) | static_cast<Bits>(exponent) << MantissaBits
                   : a >> (1 - exponent);
  return bitCast<T>(a | sign);
}

PEBBLE_MATH double fmod(double x, double y) { return remainderOf<double, uint64_t, 52>(x, y); }
PEBBLE_MATH float fmod(float x, float y) { return remainderOf<float, uint32_t, 23>(x, y); }

} // namespace pebble::math
#endif // PEBBLE_KERNELS_MATHPOWER_H
