// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// IEEE double precision, rounded to nearest even, for processors whose FPU has only single (RTABI
// section 4.1.2). Arguments and results are bits in core registers, as that calling convention
// wants whatever the rest of the program does. test/targets/soft_double.c compares with a host.

#include <stdint.h>

#define SIGN (UINT64_C(1) << 63)
#define INFINITY_BITS (UINT64_C(0x7FF) << 52)
#define QUIET_NAN (INFINITY_BITS | UINT64_C(1) << 51)
#define TOP (UINT64_C(1) << 62)

// A finite number that is not zero: (mantissa / 2^62) * 2^(exponent - 1023), bit 62 set. Bit 0 also
// stands for everything below it.
struct number {
  int32_t exponent;
  uint64_t mantissa;
};

static uint64_t magnitude(uint64_t bits) { return bits & ~SIGN; }
static int isNan(uint64_t bits) { return magnitude(bits) > INFINITY_BITS; }

static uint64_t shiftRight(uint64_t value, int32_t by) {
  if (by == 0)
    return value;
  if (by > 63)
    return value != 0;
  return value >> by | ((value & ((UINT64_C(1) << by) - 1)) != 0);
}

static struct number normalize(int32_t exponent, uint64_t mantissa) {
  if (mantissa & SIGN)
    return (struct number){exponent + 1, shiftRight(mantissa, 1)};
  while (!(mantissa & TOP)) {
    mantissa <<= 1;
    --exponent;
  }
  return (struct number){exponent, mantissa};
}

static struct number unpack(uint64_t bits) {
  int32_t exponent = (int32_t)(magnitude(bits) >> 52);
  uint64_t fraction = bits & ((UINT64_C(1) << 52) - 1);
  if (exponent == 0)
    return normalize(1, fraction << 10);
  return (struct number){exponent, (fraction | UINT64_C(1) << 52) << 10};
}

// Rounds to `fractionBits` below the leading bit; `bias` and `limit` are those of the format.
static uint64_t pack(struct number n, int32_t fractionBits, int32_t bias, int32_t limit) {
  int32_t exponent = n.exponent - 1023 + bias, drop = 62 - fractionBits;
  uint64_t mantissa = n.mantissa;
  if (exponent >= limit)
    return (uint64_t)limit << fractionBits;
  if (exponent <= 0) {
    mantissa = shiftRight(mantissa, 1 - exponent);
    exponent = 1;
  }
  uint64_t half = UINT64_C(1) << (drop - 1), low = mantissa & (2 * half - 1);
  mantissa >>= drop;
  if (low > half || (low == half && (mantissa & 1)))
    ++mantissa;
  // The leading bit, when it is there, and a carry out of the fraction raise the exponent.
  return ((uint64_t)(exponent - 1) << fractionBits) + mantissa;
}

static uint64_t packDouble(uint64_t sign, struct number n) {
  return sign | pack(n, 52, 1023, 2047);
}
static uint32_t packSingle(uint64_t sign, struct number n) {
  return (uint32_t)(sign >> 32) | (uint32_t)pack(n, 23, 127, 255);
}

uint64_t __aeabi_dadd(uint64_t a, uint64_t b) {
  if (magnitude(a) < magnitude(b)) {
    uint64_t swap = a;
    a = b;
    b = swap;
  }
  if (isNan(a))
    return a | QUIET_NAN;
  if (magnitude(a) == INFINITY_BITS)
    return magnitude(b) == INFINITY_BITS && a != b ? QUIET_NAN : a;
  if (magnitude(b) == 0)
    return magnitude(a) == 0 ? a & b : a;
  struct number x = unpack(a), y = unpack(b);
  uint64_t aligned = shiftRight(y.mantissa, x.exponent - y.exponent);
  if ((a ^ b) & SIGN) {
    uint64_t difference = x.mantissa - aligned;
    return difference == 0 ? 0 : packDouble(a & SIGN, normalize(x.exponent, difference));
  }
  return packDouble(a & SIGN, normalize(x.exponent, x.mantissa + aligned));
}

uint64_t __aeabi_dsub(uint64_t a, uint64_t b) {
  return isNan(b) ? b | QUIET_NAN : __aeabi_dadd(a, b ^ SIGN);
}
uint64_t __aeabi_drsub(uint64_t a, uint64_t b) { return __aeabi_dsub(b, a); }

uint64_t __aeabi_dmul(uint64_t a, uint64_t b) {
  uint64_t sign = (a ^ b) & SIGN;
  if (isNan(a) || isNan(b))
    return (isNan(a) ? a : b) | QUIET_NAN;
  int hasInfinity = magnitude(a) == INFINITY_BITS || magnitude(b) == INFINITY_BITS;
  if (magnitude(a) == 0 || magnitude(b) == 0)
    return hasInfinity ? QUIET_NAN : sign;
  if (hasInfinity)
    return sign | INFINITY_BITS;
  struct number x = unpack(a), y = unpack(b);
  uint64_t xHigh = x.mantissa >> 32, xLow = (uint32_t)x.mantissa;
  uint64_t yHigh = y.mantissa >> 32, yLow = (uint32_t)y.mantissa;
  uint64_t low = xLow * yLow;
  uint64_t middle = xHigh * yLow + (low >> 32);
  uint64_t other = xLow * yHigh + (uint32_t)middle;
  uint64_t high = xHigh * yHigh + (middle >> 32) + (other >> 32);
  low = other << 32 | (uint32_t)low;
  // The product's leading bit is bit 124 or 125 of high:low.
  uint64_t mantissa = high << 2 | low >> 62 | ((low & (TOP - 1)) != 0);
  return packDouble(sign, normalize(x.exponent + y.exponent - 1023, mantissa));
}

uint64_t __aeabi_ddiv(uint64_t a, uint64_t b) {
  uint64_t sign = (a ^ b) & SIGN;
  if (isNan(a) || isNan(b))
    return (isNan(a) ? a : b) | QUIET_NAN;
  if (magnitude(a) == INFINITY_BITS)
    return magnitude(b) == INFINITY_BITS ? QUIET_NAN : sign | INFINITY_BITS;
  if (magnitude(b) == 0)
    return magnitude(a) == 0 ? QUIET_NAN : sign | INFINITY_BITS;
  if (magnitude(a) == 0 || magnitude(b) == INFINITY_BITS)
    return sign;
  struct number x = unpack(a), y = unpack(b);
  struct number quotient = {x.exponent - y.exponent + 1023, 0};
  uint64_t rest = x.mantissa;
  if (rest < y.mantissa) {
    rest <<= 1;
    --quotient.exponent;
  }
  for (int bit = 0; bit < 63; ++bit) {
    quotient.mantissa <<= 1;
    if (rest >= y.mantissa) {
      rest -= y.mantissa;
      quotient.mantissa |= 1;
    }
    rest <<= 1;
  }
  quotient.mantissa |= rest != 0;
  return packDouble(sign, quotient);
}

// Orders numbers as integers; only for arguments that are not NaN.
static int64_t order(uint64_t bits) {
  return bits & SIGN ? -(int64_t)magnitude(bits) : (int64_t)bits;
}
int __aeabi_dcmpun(uint64_t a, uint64_t b) { return isNan(a) || isNan(b); }
#define PEBBLE_COMPARE(name, relation)                                                             \
  int __aeabi_dcmp##name(uint64_t a, uint64_t b) {                                                 \
    return !__aeabi_dcmpun(a, b) && order(a) relation order(b);                                    \
  }
PEBBLE_COMPARE(eq, ==)
PEBBLE_COMPARE(lt, <)
PEBBLE_COMPARE(le, <=)
PEBBLE_COMPARE(gt, >)
PEBBLE_COMPARE(ge, >=)

uint64_t __aeabi_f2d(uint32_t bits) {
  uint64_t sign = (uint64_t)(bits >> 31) << 63, fraction = bits & 0x7FFFFF;
  int32_t exponent = bits >> 23 & 0xFF;
  if (exponent == 0xFF)
    return sign | INFINITY_BITS | fraction << 29 | (fraction ? QUIET_NAN : 0);
  if (exponent)
    return sign | (uint64_t)(exponent + 1023 - 127) << 52 | fraction << 29;
  return fraction ? packDouble(sign, normalize(1 + 1023 - 127, fraction << 39)) : sign;
}

uint32_t __aeabi_d2f(uint64_t bits) {
  uint32_t sign = (uint32_t)((bits & SIGN) >> 32);
  if (isNan(bits))
    return sign | 0x7FC00000 | (uint32_t)(bits >> 29 & 0x3FFFFF);
  if (magnitude(bits) == INFINITY_BITS)
    return sign | 0x7F800000;
  return magnitude(bits) == 0 ? sign : packSingle(bits & SIGN, unpack(bits));
}

static uint64_t absolute(int64_t value) {
  return value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
}

uint64_t __aeabi_ul2d(uint64_t value) {
  return value ? packDouble(0, normalize(1023 + 62, value)) : 0;
}
uint64_t __aeabi_l2d(int64_t value) {
  return __aeabi_ul2d(absolute(value)) | (value < 0 ? SIGN : 0);
}
uint64_t __aeabi_ui2d(uint32_t value) { return __aeabi_ul2d(value); }
uint64_t __aeabi_i2d(int32_t value) { return __aeabi_l2d(value); }
uint32_t __aeabi_ul2f(uint64_t value) {
  return value ? packSingle(0, normalize(1023 + 62, value)) : 0;
}
uint32_t __aeabi_l2f(int64_t value) {
  return __aeabi_ul2f(absolute(value)) | (value < 0 ? 0x80000000u : 0);
}

// Toward zero; out of range gives the nearest bound, NaN gives 0.
static uint64_t truncate(uint64_t bits, uint64_t bound) {
  if (isNan(bits) || magnitude(bits) < UINT64_C(1023) << 52)
    return 0;
  struct number n = unpack(bits);
  int32_t power = n.exponent - 1023;
  uint64_t value = power > 63   ? ~UINT64_C(0)
                   : power > 62 ? n.mantissa << 1
                                : n.mantissa >> (62 - power);
  return value < bound ? value : bound;
}
static int64_t truncateSigned(uint64_t bits, uint64_t bound) {
  uint64_t value = truncate(bits, bits & SIGN ? bound + 1 : bound);
  return (int64_t)(bits & SIGN ? 0 - value : value);
}
int64_t __aeabi_d2lz(uint64_t bits) { return truncateSigned(bits, INT64_MAX); }
int32_t __aeabi_d2iz(uint64_t bits) { return (int32_t)truncateSigned(bits, INT32_MAX); }
uint64_t __aeabi_d2ulz(uint64_t bits) { return bits & SIGN ? 0 : truncate(bits, UINT64_MAX); }
uint32_t __aeabi_d2uiz(uint64_t bits) {
  return (uint32_t)(bits & SIGN ? 0 : truncate(bits, UINT32_MAX));
}
int64_t __aeabi_f2lz(uint32_t bits) { return __aeabi_d2lz(__aeabi_f2d(bits)); }
uint64_t __aeabi_f2ulz(uint32_t bits) { return __aeabi_d2ulz(__aeabi_f2d(bits)); }

// Digit by digit; the remainder decides the rounding.
uint64_t pebble_sqrt(uint64_t bits) {
  if (isNan(bits) || magnitude(bits) == 0 || bits == INFINITY_BITS)
    return isNan(bits) ? bits | QUIET_NAN : bits;
  if (bits & SIGN)
    return QUIET_NAN;
  struct number n = unpack(bits);
  int32_t power = n.exponent - 1023;
  uint64_t rest = n.mantissa >> 10 << (power & 1) << 1, root = 0, twice = 0;
  for (uint64_t bit = UINT64_C(1) << 53; bit; bit >>= 1) {
    if (twice + bit <= rest) {
      rest -= twice + bit;
      twice += 2 * bit;
      root += bit;
    }
    rest <<= 1;
  }
  return packDouble(0, (struct number){(power >> 1) + 1023, root << 9 | (rest != 0)});
}
