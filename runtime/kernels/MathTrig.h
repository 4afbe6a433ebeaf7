// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// sin, cos and tan on f32 and f64, for arguments of any size: see math.h.
#ifndef PEBBLE_KERNELS_MATHTRIG_H
#define PEBBLE_KERNELS_MATHTRIG_H

#include "runtime/kernels/MathFloat.h"

namespace pebble::math {

// An angle less a multiple of pi/2: quadrant * pi/2 + (high + low), |high| <= pi/4.
struct Angle {
  double high, low;
  uint32_t quadrant;
};

// Products with parts of 2/pi of 27 bits are exact in f64. Parts whose product is a multiple of 4
// are left out, so four parts reach 2^-56 for every f32; which four depends on the size of x.
PEBBLE_MATH Angle reduceAngle(float argument) {
  constexpr double part0 = 0x1.45f306c000000p-1, part1 = 0x1.c9c8828000000p-29,
                   part2 = 0x1.29fc270000000p-56, part3 = 0x1.5f47d4c000000p-82,
                   part4 = 0x1.3770368000000p-110, part5 = 0x1.6295990000000p-136,
                   part6 = 0x1.e21c820000000p-163;
  constexpr double fourMagic = 0x1.8p54; // its last bit weighs 4
  double x = argument, a = abs(x);
  bool from1 = a >= 0x1p52, from2 = a >= 0x1p79, from3 = a >= 0x1p106;
  double p0 = x * (from3 ? part3 : from2 ? part2 : from1 ? part1 : part0);
  double p1 = x * (from3 ? part4 : from2 ? part3 : from1 ? part2 : part1);
  double p2 = x * (from3 ? part5 : from2 ? part4 : from1 ? part3 : part2);
  double p3 = x * (from3 ? part6 : from2 ? part5 : from1 ? part4 : part3);
  p0 -= (p0 + fourMagic) - fourMagic;
  double shifted = ((p0 + p1) + p2) + roundingMagic64;
  double whole = shifted - roundingMagic64;
  double fraction = ((p0 - whole) + p1) + (p2 + p3);
  return {fraction * halfPi64, 0.0, static_cast<uint32_t>(lowInteger(shifted))};
}

// 2/pi, 32 bits a word, behind two words of zeros for arguments below 2^53.
inline constexpr uint32_t twoOverPi[] = {
    0,          0,          0xa2f9836e, 0x4e441529, 0xfc2757d1, 0xf534ddc0, 0xdb629599, 0x3c439041,
    0xfe5163ab, 0xdebbc561, 0xb7246e3a, 0x424dd2e0, 0x06492eea, 0x09d1921c, 0xfe1deb1c, 0xb129a73e,
    0xe88235f5, 0x2ebb4484, 0xe99c7026, 0xb45f7e41, 0x3991d639, 0x835339f4, 0x9c845f8b, 0xbdf9283b,
    0x1ff897ff, 0xde05980f, 0xef2f118b, 0x5a0a6d1f, 0x6d367ecf, 0x27cb09b7, 0x4f463f66, 0x9e5fea2d,
    0x7527bac7, 0xebe5f17b, 0x3d0739f7, 0x8a5292ea, 0x6bfb5fb1, 0x1f8d5d08, 0x56033046, 0xfc7b6bab};

// Payne and Hanek's reduction, for x >= 2^20: the product of x's mantissa and a window of 192 bits
// of 2/pi, modulo 4.
inline Angle reduceHugeAngle(double x) {
  uint64_t bits = bitCast<uint64_t>(x);
  int32_t exponent = static_cast<int32_t>(bits >> 52 & 0x7ff) - 1075;
  uint64_t mantissa = (bits & 0x000fffffffffffff) | 0x0010000000000000;
  // x = mantissa * 2^exponent. The window starts with the bit of 2/pi whose product weighs 2 *
  // mantissa: bit number exponent - 1, counted from 1 behind the point.
  int32_t first = exponent - 2 + 64;
  int32_t word = first >> 5, shift = first & 31;
  uint32_t window[6];
  for (int i = 0; i < 6; ++i) {
    uint64_t pair = static_cast<uint64_t>(twoOverPi[word + i]) << 32 | twoOverPi[word + i + 1];
    window[5 - i] = static_cast<uint32_t>(pair << shift >> 32);
  }
  uint32_t result[6] = {};
  for (int limb = 0; limb < 2; ++limb) {
    uint64_t factor = limb ? mantissa >> 32 : mantissa & 0xffffffff;
    uint64_t carry = 0;
    for (int i = 0; i + limb < 6; ++i) {
      carry += factor * window[i] + result[i + limb];
      result[i + limb] = static_cast<uint32_t>(carry);
      carry >>= 32;
    }
  }
  // The top two bits are the quadrant, the rest a fraction that is rounded to nearest.
  uint32_t quadrant = result[5] >> 30;
  bool negative = (result[5] >> 29) & 1;
  quadrant += negative;
  for (int i = 5; i >= 0; --i) {
    result[i] = result[i] << 2 | (i > 0 ? result[i - 1] >> 30 : 0);
    result[i] = negative ? ~result[i] : result[i];
  }
  int32_t scale = 0;
  for (; scale < 160 && !(result[5] >> 31); ++scale)
    for (int i = 5; i >= 0; --i)
      result[i] = result[i] << 1 | (i > 0 ? result[i - 1] >> 31 : 0);
  uint64_t top = static_cast<uint64_t>(result[5]) << 32 | result[4];
  uint64_t next = static_cast<uint64_t>(result[3]) << 32 | result[2];
  double high = static_cast<double>(top >> 11) * 0x1p-53;
  double low = static_cast<double>((top & 0x7ff) << 53 | next >> 11) * 0x1p-117;
  double unit = scaleByPower(negative ? -1.0 : 1.0, -scale);
  high *= unit;
  low *= unit;
  // (high + low) * pi/2 with the product of the high parts split exactly in 26-bit halves.
  double highTop = bitCast<double>(bitCast<uint64_t>(high) & 0xfffffffff8000000);
  double piTop = bitCast<double>(bitCast<uint64_t>(halfPi64) & 0xfffffffff8000000);
  double product = high * halfPi64;
  double error =
      ((highTop * piTop - product) + highTop * (halfPi64 - piTop) + (high - highTop) * piTop) +
      (high - highTop) * (halfPi64 - piTop);
  double rest = error + (low * halfPi64 + high * halfPiLow64);
  double sum = product + rest;
  return {sum, rest - (sum - product), quadrant};
}

PEBBLE_MATH Angle reduceAngle(double x) {
  double a = abs(x);
  if (a >= 0x1p20) {
    if (!(a < infinity64))
      return {nan64, nan64, 0};
    Angle angle = reduceHugeAngle(a);
    return x < 0.0 ? Angle{-angle.high, -angle.low, 0u - angle.quadrant} : angle;
  }
  // pi/2 in parts of 33 bits: their products with n are exact.
  constexpr double part1 = 0x1.921fb54400000p+0, part2 = 0x1.0b4611a600000p-34,
                   part3 = 0x1.3198a2e000000p-69, part4 = 0x1.b839a252049c1p-104;
  double shifted = x * 0x1.45f306dc9c883p-1 + roundingMagic64;
  double n = shifted - roundingMagic64;
  double rest = x - n * part1;
  double high = rest - n * part2;
  double low = (rest - high) - n * part2;
  double third = n * part3;
  double sum = high - third;
  low += ((high - sum) - third) - n * part4;
  double final = sum + low;
  return {final, low - (final - sum), static_cast<uint32_t>(lowInteger(shifted))};
}

struct SinCos {
  double sin, cos;
};

PEBBLE_MATH SinCos sinCosOfReduced(double x, double low) {
  constexpr double s[] = {-0x1.5555555555555p-3, 0x1.1111111111089p-7,   -0x1.a01a01a0065b0p-13,
                          0x1.71de3a3f64f3fp-19, -0x1.ae643c51674bep-26, 0x1.61140b7577739p-33,
                          -0x1.a5113bd5edb81p-41};
  constexpr double c[] = {0x1.555555555554cp-5,   -0x1.6c16c16c15229p-10, 0x1.a01a019cc0cb3p-16,
                          -0x1.27e4f813d9386p-22, 0x1.1ee9f21c24b0dp-29,  -0x1.8fb19731e37c9p-37};
  double z = x * x, halfSquare = 0.5 * z;
  double sine = x + (x * (z * polynomial(z, s)) + low * (1.0 - halfSquare));
  double w = 1.0 - halfSquare;
  double cosine = w + (((1.0 - w) - halfSquare) + (z * (z * polynomial(z, c)) - x * low));
  return {sine, cosine};
}

struct SinCos32 {
  float sin, cos;
};

PEBBLE_MATH SinCos32 sinCosOfReduced(float x) {
  constexpr float s[] = {-0x1.555556p-3f, 0x1.111166p-7f, -0x1.a04a72p-13f, 0x1.786336p-19f};
  constexpr float c[] = {0x1.555556p-5f, -0x1.6c1752p-10f, 0x1.a06600p-16f, -0x1.33482ap-22f};
  float z = x * x, halfSquare = 0.5f * z;
  float w = 1.0f - halfSquare;
  return {x + x * (z * polynomial(z, s)),
          w + (((1.0f - w) - halfSquare) + z * (z * polynomial(z, c)))};
}

PEBBLE_MATH double sin(double x) {
  Angle angle = reduceAngle(x);
  SinCos both = sinCosOfReduced(angle.high, angle.low);
  double value = angle.quadrant & 1 ? both.cos : both.sin;
  double result = angle.quadrant & 2 ? -value : value;
  return x == 0.0 ? x : result;
}

PEBBLE_MATH double cos(double x) {
  Angle angle = reduceAngle(x);
  SinCos both = sinCosOfReduced(angle.high, angle.low);
  double value = angle.quadrant & 1 ? both.sin : both.cos;
  return (angle.quadrant + 1) & 2 ? -value : value;
}

PEBBLE_MATH double tanOf(Angle angle) {
  SinCos both = sinCosOfReduced(angle.high, angle.low);
  bool odd = angle.quadrant & 1;
  return (odd ? -both.cos : both.sin) / (odd ? both.sin : both.cos);
}

PEBBLE_MATH double tan(double x) {
  double result = tanOf(reduceAngle(x));
  return x == 0.0 ? x : result;
}

PEBBLE_MATH float sin(float x) {
  Angle angle = reduceAngle(x);
  SinCos32 both = sinCosOfReduced(static_cast<float>(angle.high));
  float value = angle.quadrant & 1 ? both.cos : both.sin;
  float result = angle.quadrant & 2 ? -value : value;
  return x == 0.0f ? x : result;
}

PEBBLE_MATH float cos(float x) {
  Angle angle = reduceAngle(x);
  SinCos32 both = sinCosOfReduced(static_cast<float>(angle.high));
  float value = angle.quadrant & 1 ? both.sin : both.cos;
  return (angle.quadrant + 1) & 2 ? -value : value;
}

PEBBLE_MATH float tan(float x) {
  float result = static_cast<float>(tanOf(reduceAngle(x)));
  return x == 0.0f ? x : result;
}

} // namespace pebble::math
#endif // PEBBLE_KERNELS_MATHTRIG_H
