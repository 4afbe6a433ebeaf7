// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// 64-bit division (RTABI section 4.3.1): quotient in r0:r1, remainder in r2:r3.

#include <stdint.h>

uint64_t pebble_udivmod(uint64_t a, uint64_t b, uint64_t *remainder) {
  uint64_t quotient = 0;
  if (b == 0) {
    *remainder = a;
    return 0;
  }
  if ((a | b) >> 32 == 0) {
    *remainder = (uint32_t)a % (uint32_t)b;
    return (uint32_t)a / (uint32_t)b;
  }
  int shift = 0;
  while (shift < 63 && b >> 63 == 0 && b << 1 <= a) {
    b <<= 1;
    ++shift;
  }
  for (; shift >= 0; --shift, b >>= 1) {
    quotient <<= 1;
    if (a >= b) {
      a -= b;
      quotient |= 1;
    }
  }
  *remainder = a;
  return quotient;
}

int64_t pebble_sdivmod(int64_t a, int64_t b, int64_t *remainder) {
  uint64_t rest;
  uint64_t x = a < 0 ? 0 - (uint64_t)a : (uint64_t)a, y = b < 0 ? 0 - (uint64_t)b : (uint64_t)b;
  uint64_t quotient = pebble_udivmod(x, y, &rest);
  *remainder = (int64_t)(a < 0 ? 0 - rest : rest);
  return (int64_t)((a < 0) != (b < 0) ? 0 - quotient : quotient);
}

#ifdef __arm__
#define PEBBLE_DIVMOD(name, helper)                                                                \
  __attribute__((naked)) void name(void) {                                                         \
    __asm__ volatile("push {r6, lr}\n"                                                             \
                     "sub sp, sp, #16\n"                                                           \
                     "add r6, sp, #8\n"                                                            \
                     "str r6, [sp]\n"                                                              \
                     "bl " #helper "\n"                                                            \
                     "ldr r2, [sp, #8]\n"                                                          \
                     "ldr r3, [sp, #12]\n"                                                         \
                     "add sp, sp, #16\n"                                                           \
                     "pop {r6, pc}\n");                                                            \
  }
PEBBLE_DIVMOD(__aeabi_uldivmod, pebble_udivmod)
PEBBLE_DIVMOD(__aeabi_ldivmod, pebble_sdivmod)
#endif
