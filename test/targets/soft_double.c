// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The firmware's double precision, rounding and division against this machine's.

#include <inttypes.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

uint64_t __aeabi_dadd(uint64_t, uint64_t), __aeabi_dsub(uint64_t, uint64_t);
uint64_t __aeabi_dmul(uint64_t, uint64_t), __aeabi_ddiv(uint64_t, uint64_t);
int __aeabi_dcmplt(uint64_t, uint64_t), __aeabi_dcmple(uint64_t, uint64_t);
int __aeabi_dcmpeq(uint64_t, uint64_t), __aeabi_dcmpun(uint64_t, uint64_t);
uint64_t __aeabi_f2d(uint32_t), __aeabi_l2d(int64_t), __aeabi_ul2d(uint64_t);
uint32_t __aeabi_d2f(uint64_t), __aeabi_l2f(int64_t), __aeabi_ul2f(uint64_t);
int64_t __aeabi_d2lz(uint64_t);
int32_t __aeabi_d2iz(uint64_t);
uint64_t pebble_sqrt(uint64_t);
uint64_t pebble_udivmod(uint64_t, uint64_t, uint64_t *);
int64_t pebble_sdivmod(int64_t, int64_t, int64_t *);

// The functions of Round.c, renamed so that they do not hide the C library's.
#define DECLARE(name)                                                                              \
  float pebble_##name##f(float);                                                                   \
  double pebble_##name(double);
DECLARE(floor)
DECLARE(ceil)
DECLARE(trunc)
DECLARE(round)
DECLARE(rint)

static uint64_t state = 1;
static uint64_t next(void) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

static double toDouble(uint64_t bits) {
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}
static uint64_t toBits(double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}
static float toFloat(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}
static uint32_t toBitsF(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

static const uint64_t special[] = {
    0,
    UINT64_C(1) << 63,
    1,
    UINT64_C(0x000FFFFFFFFFFFFF),
    UINT64_C(0x0010000000000000),
    UINT64_C(0x3FE0000000000000),
    UINT64_C(0x3FF0000000000000),
    UINT64_C(0xBFF8000000000000),
    UINT64_C(0x4004000000000000),
    UINT64_C(0x7FEFFFFFFFFFFFFF),
    UINT64_C(0x7FF0000000000000),
    UINT64_C(0xFFF0000000000000),
    UINT64_C(0x7FF8000000000000),
    UINT64_C(0x36A0000000000000),
    UINT64_C(0x47EFFFFFF0000000),
};
enum { SPECIALS = sizeof special / sizeof *special };

// Specials, anything, and numbers near one another or near the integers.
static uint64_t operand(void) {
  uint64_t bits = next();
  switch (next() % 4) {
  case 0:
    return special[bits % SPECIALS];
  case 1:
    return (bits & ~(UINT64_C(0x7FF) << 52)) | (1000 + bits % 90) << 52;
  case 2:
    return toBits((double)(int64_t)bits / (double)(UINT64_C(1) << (next() % 64)));
  default:
    return bits;
  }
}

static int failures;
static void expect(const char *what, uint64_t a, uint64_t b, uint64_t got, uint64_t want) {
  if (got == want || ++failures > 20)
    return;
  printf("%s(%016" PRIx64 ", %016" PRIx64 ") = %016" PRIx64 ", not %016" PRIx64 "\n", what, a, b,
         got, want);
}
static uint64_t canonical(uint64_t bits) {
  return isnan(toDouble(bits)) ? UINT64_C(0x7FF8000000000000) : bits;
}
static uint64_t canonicalF(uint32_t bits) { return isnan(toFloat(bits)) ? 0x7FC00000 : bits; }

int main(void) {
  for (int trial = 0; trial < 300000; ++trial) {
    uint64_t a = operand(), b = operand(), rest;
    volatile double x = toDouble(a), y = toDouble(b);
    volatile float f = toFloat((uint32_t)a);
    expect("add", a, b, canonical(__aeabi_dadd(a, b)), canonical(toBits(x + y)));
    expect("sub", a, b, canonical(__aeabi_dsub(a, b)), canonical(toBits(x - y)));
    expect("mul", a, b, canonical(__aeabi_dmul(a, b)), canonical(toBits(x * y)));
    expect("div", a, b, canonical(__aeabi_ddiv(a, b)), canonical(toBits(x / y)));
    expect("sqrt", a, b, canonical(pebble_sqrt(a)), canonical(toBits(sqrt(x))));
    expect("lt", a, b, __aeabi_dcmplt(a, b), x < y);
    expect("le", a, b, __aeabi_dcmple(a, b), x <= y);
    expect("eq", a, b, __aeabi_dcmpeq(a, b), x == y);
    expect("un", a, b, __aeabi_dcmpun(a, b), isnan(x) || isnan(y));
    expect("f2d", (uint32_t)a, 0, canonical(__aeabi_f2d((uint32_t)a)), canonical(toBits(f)));
    expect("d2f", a, 0, canonicalF(__aeabi_d2f(a)), canonicalF(toBitsF((float)x)));
    expect("l2d", a, 0, __aeabi_l2d((int64_t)a), toBits((double)(int64_t)a));
    expect("ul2d", a, 0, __aeabi_ul2d(a), toBits((double)a));
    expect("l2f", a, 0, __aeabi_l2f((int64_t)a), toBitsF((float)(int64_t)a));
    expect("ul2f", a, 0, __aeabi_ul2f(a), toBitsF((float)a));
    if (fabs(x) < 9.2e18)
      expect("d2l", a, 0, (uint64_t)__aeabi_d2lz(a), (uint64_t)(int64_t)x);
    if (fabs(x) < 2.1e9)
      expect("d2i", a, 0, (uint64_t)__aeabi_d2iz(a), (uint64_t)(int32_t)x);
#define ROUNDING(name)                                                                             \
  expect(#name, a, 0, canonical(toBits(pebble_##name(x))), canonical(toBits(name(x))));            \
  expect(#name "f", (uint32_t)a, 0, canonicalF(toBitsF(pebble_##name##f(f))),                      \
         canonicalF(toBitsF(name##f(f))));
    ROUNDING(floor)
    ROUNDING(ceil)
    ROUNDING(trunc) ROUNDING(round) ROUNDING(rint) uint64_t divisor = b >> next() % 64, signedRest;
    if (divisor) {
      expect("udiv", a, divisor, pebble_udivmod(a, divisor, &rest), a / divisor);
      expect("urem", a, divisor, rest, a % divisor);
      if (!(a == UINT64_C(1) << 63 && divisor == UINT64_MAX)) {
        int64_t p = (int64_t)a, q = (int64_t)divisor;
        expect("sdiv", a, divisor, (uint64_t)pebble_sdivmod(p, q, (int64_t *)&signedRest),
               (uint64_t)(p / q));
        expect("srem", a, divisor, signedRest, (uint64_t)(p % q));
      }
    }
  }
  printf("%d failures\n", failures);
  return failures != 0;
}
