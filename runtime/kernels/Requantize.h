// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From sums to codes: docs/integer-contract.md in C++.
#ifndef PEBBLE_KERNELS_REQUANTIZE_H
#define PEBBLE_KERNELS_REQUANTIZE_H

#include "runtime/kernels/Types.h"
#include "runtime/kernels/Vector.h"

namespace pebble::kernels {

// Rounds to an integer, ties to even; |value| <= 2^21. Adding 1.5 * 2^23 leaves the integer in the
// low bits, on every target and whatever its rounding instructions are.
PEBBLE_INLINE int32_t roundToInt(float value) {
  constexpr float magic = 0x1.8p23f;
  return bitCast<int32_t>(value + magic) - bitCast<int32_t>(magic);
}

PEBBLE_INLINE float clampFloat(float value, float low, float high) {
  float atLeast = value < low ? low : value;
  return atLeast > high ? high : atLeast;
}

// The codes that a layer may give. Bounds are clamped to before rounding, relative to the zero
// point: they are integers, so this gives what clamping the code would, and keeps the value small.
struct CodeRange {
  float low, high;
  int32_t zeroPoint;

  static CodeRange make(int64_t zeroPoint, int64_t low, int64_t high) {
    return {static_cast<float>(low - zeroPoint), static_cast<float>(high - zeroPoint),
            static_cast<int32_t>(zeroPoint)};
  }
  PEBBLE_INLINE uint8_t code(float value) const {
    return static_cast<uint8_t>(roundToInt(clampFloat(value, low, high)) + zeroPoint);
  }
  PEBBLE_INLINE uint8_t code(int32_t sum, float multiplier) const {
    return code(static_cast<float>(sum) * multiplier);
  }
};

// a * b + c rounded once, for |a * b| exact in double: codes times f32 ratios are. Not the builtin,
// which calls libm where the processor has no such instruction.
PEBBLE_INLINE float multiplyAdd(float a, float b, float c) {
  double product = static_cast<double>(a) * b, addend = c;
  double sum = product + addend;
  // The part that the sum lost decides between its neighbours: an inexact sum becomes odd, so that
  // rounding it again to f32 is correct.
  double back = sum - product;
  double lost = (product - (sum - back)) + (addend - back);
  uint64_t bits = bitCast<uint64_t>(sum);
  if (lost != 0 && (bits & 1) == 0)
    bits += (lost > 0) == (sum > 0) ? 1 : uint64_t(0) - 1;
  return static_cast<float>(bitCast<double>(bits));
}

} // namespace pebble::kernels
#endif // PEBBLE_KERNELS_REQUANTIZE_H
