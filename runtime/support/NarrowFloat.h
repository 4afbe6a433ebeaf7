// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The float types that take less than 16 bits, bit by bit. No machine code knows them: they are
// converted by integer arithmetic on their codes, which follows this one table.
#ifndef PEBBLE_RUNTIME_SUPPORT_NARROWFLOAT_H
#define PEBBLE_RUNTIME_SUPPORT_NARROWFLOAT_H

#include "runtime/abi/pebble_abi.h"

#include <cmath>
#include <cstdint>
#include <limits>

namespace pebble::support {

/// A float type whose code is a sign, an exponent and a fraction. F8E8M0, an exponent alone, is
/// none of them.
struct NarrowFloat {
  int32_t dtype; ///< A pebble_dtype.
  int exponentBits, fractionBits, bias;
  int32_t largest;      ///< Code of the largest number.
  int32_t overflow;     ///< What is beyond the largest becomes when it does not saturate.
  int32_t nan;          ///< What a NaN becomes.
  bool hasNegativeZero; ///< Where there is none, its code is the NaN.

  constexpr int32_t signBit() const { return 1 << (exponentBits + fractionBits); }
  constexpr bool hasInfinity() const { return overflow > largest && overflow != nan; }
};

/// F4E2M1 has neither infinities nor a NaN; that a NaN becomes -0 is what ONNX's reference does.
inline constexpr NarrowFloat narrowFloats[] = {
    {PEBBLE_F8E4M3FN, 4, 3, 7, 0x7e, 0x7f, 0x7f, true},
    {PEBBLE_F8E4M3FNUZ, 4, 3, 8, 0x7f, 0x80, 0x80, false},
    {PEBBLE_F8E5M2, 5, 2, 15, 0x7b, 0x7c, 0x7e, true},
    {PEBBLE_F8E5M2FNUZ, 5, 2, 16, 0x7f, 0x80, 0x80, false},
    {PEBBLE_F4E2M1, 2, 1, 1, 0x7, 0x7, 0x8, true},
};

/// Null for other types.
constexpr const NarrowFloat *findNarrowFloat(int32_t dtype) {
  for (const NarrowFloat &type : narrowFloats)
    if (type.dtype == dtype)
      return &type;
  return nullptr;
}

/// The number of a code.
inline double decode(const NarrowFloat &type, int32_t code) {
  int32_t magnitude = code & (type.signBit() - 1);
  bool isNegative = (code & type.signBit()) != 0;
  if (magnitude > type.largest || (isNegative && magnitude == 0 && !type.hasNegativeZero)) {
    bool isInfinity = type.hasInfinity() && magnitude == type.overflow;
    double special = isInfinity ? std::numeric_limits<double>::infinity()
                                : std::numeric_limits<double>::quiet_NaN();
    return isNegative ? -special : special;
  }
  int32_t exponent = magnitude >> type.fractionBits;
  int32_t fraction = magnitude & ((1 << type.fractionBits) - 1);
  int32_t significand = exponent == 0 ? fraction : fraction + (1 << type.fractionBits);
  int scale = (exponent == 0 ? 1 : exponent) - type.bias - type.fractionBits;
  double number = std::ldexp(significand, scale);
  return isNegative ? -number : number;
}

/// The number of an F8E8M0 code, a power of two.
inline double decodeE8M0(uint8_t code) {
  return code == 0xff ? std::numeric_limits<double>::quiet_NaN() : std::ldexp(1.0, code - 127);
}

} // namespace pebble::support

#endif // PEBBLE_RUNTIME_SUPPORT_NARROWFLOAT_H
