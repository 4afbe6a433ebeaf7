// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the vector operations of all levels share. A level is a struct with
//   width                bytes of a vector; Ints and Floats have width / 4 lanes, Bytes width
//   rows, panels         its register tile: rows of the input by panels of 16 channels
//   neighbours           how many pixels a depthwise convolution does at once
//   Narrow               the level for few channels
//   hasTables            whether it looks bytes up by vectors
//   Quads                the unsigned operand of a dot product: four bytes of input in each lane
//   Weights              the signed operand
// and the operations on them. All levels compute the same bits.
#ifndef PEBBLE_X86_KERNELS_VECTOR_H
#define PEBBLE_X86_KERNELS_VECTOR_H

#include <stdint.h>

#define PEBBLE_X86_INLINE __attribute__((always_inline)) inline

// Register tiles are arrays in the source: their loops must be gone before registers are assigned.
#ifdef __clang__
#define PEBBLE_X86_UNROLL _Pragma("clang loop unroll(full)")
#else
#define PEBBLE_X86_UNROLL _Pragma("GCC unroll 64")
#endif

// The same templates are compiled once for each level, so their symbols must differ.
#define PEBBLE_X86_BEGIN                                                                           \
  namespace pebble::x86 {                                                                          \
  inline namespace PEBBLE_X86_LEVEL_NAME {
#define PEBBLE_X86_END                                                                             \
  }                                                                                                \
  }

PEBBLE_X86_BEGIN

constexpr int64_t panelWidth = 16; // output channels of a panel
constexpr int64_t groupSize = 4;   // consecutive k of a dot product

// What turns u8 into s8 of the same scale, and back.
constexpr uint32_t signBits = 0x80808080u;

PEBBLE_X86_INLINE uint32_t loadQuad(const uint8_t *p) {
  uint32_t quad;
  __builtin_memcpy(&quad, p, sizeof quad);
  return quad;
}

// The last `count` (1 to 3) of `length` bytes at `p`, followed by zeros. One load that ends with
// the run serves where the run is long enough.
template <bool Signed>
PEBBLE_X86_INLINE uint32_t loadTail(const uint8_t *p, int64_t length, int64_t count) {
  constexpr uint32_t flip = Signed ? signBits : 0;
  if (length >= groupSize)
    return (loadQuad(p + length - groupSize) ^ flip) >> (8 * (groupSize - count));
  uint32_t quad = 0;
  for (int64_t i = 0; i < count; ++i)
    quad |= uint32_t(uint8_t(p[length - count + i] ^ uint8_t(flip))) << (8 * i);
  return quad;
}

// In pieces of which the last two may overlap: no call, and nothing is read past the end.
PEBBLE_X86_INLINE void copyBytes(uint8_t *to, const uint8_t *from, int64_t count) {
  if (count >= 16) {
    for (int64_t i = 0; i + 16 < count; i += 16)
      __builtin_memcpy(to + i, from + i, 16);
    __builtin_memcpy(to + count - 16, from + count - 16, 16);
  } else if (count >= 4) {
    for (int64_t i = 0; i + 4 < count; i += 4)
      __builtin_memcpy(to + i, from + i, 4);
    __builtin_memcpy(to + count - 4, from + count - 4, 4);
  } else {
    for (int64_t i = 0; i < count; ++i)
      to[i] = from[i];
  }
}

// Pieces of 16 equal bytes, the last of which may reach past the end.
PEBBLE_X86_INLINE void fillBytes(uint8_t *to, uint8_t value, int64_t count) {
  for (int64_t i = 0; i < count; i += 16)
    __builtin_memset(to + i, value, 16);
}

// Fewer than `Limit` bytes in pieces of powers of two: no call, no loop over bytes.
template <int64_t Limit>
PEBBLE_X86_INLINE void copyShort(void *to, const void *from, int64_t count) {
  if constexpr (Limit > 1) {
    constexpr int64_t piece = Limit / 2;
    if (count & piece) {
      __builtin_memcpy(to, from, piece);
      to = static_cast<uint8_t *>(to) + piece;
      from = static_cast<const uint8_t *>(from) + piece;
    }
    copyShort<piece>(to, from, count);
  }
}

template <typename T> PEBBLE_X86_INLINE T least(T a, T b) { return b < a ? b : a; }
template <typename T> PEBBLE_X86_INLINE T greatest(T a, T b) { return a < b ? b : a; }
PEBBLE_X86_INLINE int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Where a requantized value lies, as the vectors need it.
struct Bounds {
  Bounds(int32_t zero, int32_t lo, int32_t hi)
      : zero(zero), lo(lo), hi(hi), below(float(lo - zero)), above(float(hi - zero)) {}
  int32_t zero, lo, hi;
  float below, above;
};

PEBBLE_X86_END

#endif // PEBBLE_X86_KERNELS_VECTOR_H
