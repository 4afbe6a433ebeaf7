// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The memory routines that LLVM calls on Arm (RTABI section 4.3.4) and their C names.

#include <stddef.h>
#include <stdint.h>

// Volatile-free loops would be recognized as these very functions: built with -fno-builtin.
void *memcpy(void *restrict to, const void *restrict from, size_t bytes) {
  uint8_t *t = to;
  const uint8_t *f = from;
  if (((uintptr_t)t | (uintptr_t)f) % 4 == 0)
    for (; bytes >= 4; bytes -= 4, t += 4, f += 4)
      *(uint32_t *)t = *(const uint32_t *)f;
  while (bytes--)
    *t++ = *f++;
  return to;
}

void *memmove(void *to, const void *from, size_t bytes) {
  uint8_t *t = to;
  const uint8_t *f = from;
  if (t <= f)
    return memcpy(to, from, bytes);
  while (bytes--)
    t[bytes] = f[bytes];
  return to;
}

void *memset(void *to, int value, size_t bytes) {
  uint8_t *t = to;
  uint32_t word = (uint8_t)value * 0x01010101u;
  if ((uintptr_t)t % 4 == 0)
    for (; bytes >= 4; bytes -= 4, t += 4)
      *(uint32_t *)t = word;
  while (bytes--)
    *t++ = (uint8_t)value;
  return to;
}

int memcmp(const void *a, const void *b, size_t bytes) {
  const uint8_t *x = a, *y = b;
  for (; bytes--; ++x, ++y)
    if (*x != *y)
      return *x - *y;
  return 0;
}

#define PEBBLE_ALIAS(suffix)                                                                       \
  void __aeabi_memcpy##suffix(void *to, const void *from, size_t bytes) {                          \
    memcpy(to, from, bytes);                                                                       \
  }                                                                                                \
  void __aeabi_memmove##suffix(void *to, const void *from, size_t bytes) {                         \
    memmove(to, from, bytes);                                                                      \
  }                                                                                                \
  void __aeabi_memset##suffix(void *to, size_t bytes, int value) { memset(to, value, bytes); }     \
  void __aeabi_memclr##suffix(void *to, size_t bytes) { memset(to, 0, bytes); }
PEBBLE_ALIAS()
PEBBLE_ALIAS(4)
PEBBLE_ALIAS(8)
