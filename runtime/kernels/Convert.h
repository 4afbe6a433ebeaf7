// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Conversion between element types with the semantics of nn.cast.
#ifndef PEBBLE_KERNELS_CONVERT_H
#define PEBBLE_KERNELS_CONVERT_H

#include "runtime/kernels/Types.h"

namespace pebble::kernels {

template <typename T> struct IntegerRange {
  static constexpr int bits = sizeof(T) * 8;
  static constexpr bool isSigned = T(-1) < T(0);
  static constexpr T max = isSigned ? T((uint64_t(1) << (bits - 1)) - 1) : T(~uint64_t(0));
  static constexpr T min = isSigned ? T(-max - 1) : T(0);
};

// Truncates towards zero; saturates outside the range; NaN becomes 0.
template <typename To, typename From> constexpr To floatToInteger(From value) {
  // Both bounds are powers of two (or 0), so they are exact in every float type that holds them.
  constexpr From above = static_cast<From>(uint64_t(1) << (IntegerRange<To>::bits - 2)) *
                         static_cast<From>(IntegerRange<To>::isSigned ? 2 : 4);
  constexpr From below = IntegerRange<To>::isSigned ? -above : From(-1);
  if (value != value)
    return To(0);
  if (value >= above)
    return IntegerRange<To>::max;
  if (value <= below)
    return IntegerRange<To>::min;
  return static_cast<To>(value);
}

// Correctly rounded: a 64-bit integer is first cut to 53 bits with a sticky last bit.
template <typename To, typename From> constexpr To integerToSmallFloat(From value) {
  if constexpr (sizeof(From) < 8) {
    return To(static_cast<double>(value));
  } else {
    bool negative = value < From(0);
    uint64_t magnitude = negative ? uint64_t(0) - static_cast<uint64_t>(value) : uint64_t(value);
    double scale = negative ? -1.0 : 1.0;
    if (magnitude >> 53) {
      magnitude = (magnitude >> 11) | ((magnitude & 0x7ff) != 0);
      scale *= 2048.0;
    }
    return To(static_cast<double>(magnitude) * scale);
  }
}

template <typename To, typename From> constexpr To convert(From value) {
  using Wide = ComputeOf<From>;
  if constexpr (dtypeOf<To> == dtypeOf<From>)
    return value;
  else if constexpr (dtypeOf<To> == PEBBLE_BOOL)
    return To(static_cast<Wide>(value) != Wide(0));
  else if constexpr (dtypeOf<From> == PEBBLE_BOOL)
    return value ? convert<To>(1.0f) : convert<To>(0.0f);
  else if constexpr (isFloat<From> && isFloat<To>)
    return To(static_cast<Wide>(value));
  else if constexpr (isFloat<From>)
    return floatToInteger<To>(static_cast<Wide>(value));
  else if constexpr (isFloat<To> && sizeof(To) == 2)
    return integerToSmallFloat<To>(value);
  else
    return static_cast<To>(value);
}

} // namespace pebble::kernels
#endif // PEBBLE_KERNELS_CONVERT_H
