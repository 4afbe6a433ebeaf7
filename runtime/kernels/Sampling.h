// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where between the elements of a dim a coordinate lies.
#ifndef PEBBLE_KERNELS_SAMPLING_H
#define PEBBLE_KERNELS_SAMPLING_H

#include "runtime/kernels/Vector.h"

namespace pebble::kernels {

// Coordinates beyond this are as good as infinite: every conversion to an integer stays defined.
inline constexpr float coordinateLimit = 1e9f;

// NaN becomes `low`.
template <typename A> PEBBLE_INLINE A clampCoordinate(A x, A low, A high) {
  A bounded = x > low ? x : low;
  return bounded < high ? bounded : high;
}

// The largest integer that is not above x, for |x| <= coordinateLimit.
template <typename A> PEBBLE_INLINE int64_t floorToInteger(A x) {
  int64_t result = static_cast<int64_t>(x);
  return static_cast<A>(result) > x ? result - 1 : result;
}

// The nearest integer, the even one of two.
template <typename A> PEBBLE_INLINE int64_t roundToInteger(A x) {
  int64_t below = floorToInteger(x);
  A rest = x - static_cast<A>(below);
  bool up = rest > A(0.5) || (rest == A(0.5) && (below & 1));
  return up ? below + 1 : below;
}

// Mirrors x at low and high until it lies between them.
template <typename A> PEBBLE_INLINE A reflectCoordinate(A x, A low, A high) {
  A range = high - low;
  if (!(range > 0))
    return low;
  bool isBelow = x < low;
  A distance = isBelow ? low - x : x - high;
  if (!(distance > 0))
    return clampCoordinate(x, low, high);
  A periods = clampCoordinate(distance / range, A(0), A(coordinateLimit));
  int64_t count = floorToInteger(periods);
  A rest = distance - static_cast<A>(count) * range;
  bool fromLow = isBelow == ((count & 1) == 0);
  return clampCoordinate(fromLow ? low + rest : high - rest, low, high);
}

} // namespace pebble::kernels
#endif // PEBBLE_KERNELS_SAMPLING_H
