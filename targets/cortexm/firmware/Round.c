// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// C's rounding functions and the square root, which LLVM calls where the FPU has no instruction.

#include <stdint.h>

uint64_t pebble_sqrt(uint64_t bits);

// Bits below the binary point go; `up` tells from the sign, the lost bits and half of the last
// place whether the magnitude then grows by one.
#define PEBBLE_ROUND(name, Float, Bits, fraction, bias, up)                                        \
  Float name(Float x) {                                                                            \
    union {                                                                                        \
      Float value;                                                                                 \
      Bits bits;                                                                                   \
    } u = {x};                                                                                     \
    const int width = (int)sizeof(Bits) * 8;                                                       \
    Bits negative = u.bits >> (width - 1), magnitude = u.bits & ~((Bits)1 << (width - 1));         \
    int power = (int)(magnitude >> fraction) - bias;                                               \
    if (power >= fraction)                                                                         \
      return x;                                                                                    \
    Bits one = (Bits)1 << fraction;                                                                \
    /* Below 1, the whole number is in the "lost" part: compare it with 1/2 and 0. */              \
    Bits unit = power < 0 ? 0 : one >> power;                                                      \
    Bits lost = power < 0 ? magnitude : magnitude & (unit - 1);                                    \
    Bits half = power < 0 ? (Bits)(bias - 1) << fraction : unit >> 1;                              \
    Bits odd = power < 0 ? 0 : power == 0 ? 1 : magnitude & unit;                                  \
    (void)negative, (void)half, (void)odd;                                                         \
    Bits grows = lost != 0 && (up);                                                                \
    if (power < 0)                                                                                 \
      magnitude = grows ? (Bits)bias << fraction : 0;                                              \
    else                                                                                           \
      magnitude = magnitude - lost + (grows ? unit : 0);                                           \
    u.bits = magnitude | negative << (width - 1);                                                  \
    return u.value;                                                                                \
  }
#define PEBBLE_ROUND_BOTH(name, up)                                                                \
  PEBBLE_ROUND(name##f, float, uint32_t, 23, 127, up)                                              \
  PEBBLE_ROUND(name, double, uint64_t, 52, 1023, up)

PEBBLE_ROUND_BOTH(floor, negative)
PEBBLE_ROUND_BOTH(ceil, !negative)
PEBBLE_ROUND_BOTH(trunc, 0)
PEBBLE_ROUND_BOTH(round, lost >= half)
PEBBLE_ROUND_BOTH(roundeven, lost > half || (lost == half && odd))
PEBBLE_ROUND_BOTH(rint, lost > half || (lost == half && odd))
PEBBLE_ROUND_BOTH(nearbyint, lost > half || (lost == half && odd))

double sqrt(double x) {
  union {
    double value;
    uint64_t bits;
  } u = {x};
  u.bits = pebble_sqrt(u.bits);
  return u.value;
}
