// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Numbers that shape functions compute with. At run time every one is known; at compile time some
// are not, and stay unknown through arithmetic, so that one shape function serves both.
#ifndef PEBBLE_RUNTIME_KERNELS_SHAPE_DIM_H
#define PEBBLE_RUNTIME_KERNELS_SHAPE_DIM_H

#include <stdint.h>

namespace pebble::shape {

class Dim {
public:
  constexpr Dim() : Dim(0, State::unknown) {}
  constexpr Dim(int64_t value) : Dim(value, State::known) {}
  static constexpr Dim unknown() { return Dim(); }
  /// The result of arithmetic that does not fit 64 bits.
  static constexpr Dim overflow() { return Dim(0, State::overflow); }

  constexpr bool isKnown() const { return state == State::known; }
  constexpr bool isOverflow() const { return state == State::overflow; }
  constexpr int64_t value() const { return number; }
  constexpr bool is(int64_t other) const { return isKnown() && number == other; }

  friend constexpr Dim operator+(Dim a, Dim b) {
    int64_t sum = 0;
    if (!bothKnown(a, b))
      return worse(a, b);
    return __builtin_add_overflow(a.number, b.number, &sum) ? overflow() : Dim(sum);
  }
  friend constexpr Dim operator-(Dim a, Dim b) {
    int64_t difference = 0;
    if (!bothKnown(a, b))
      return worse(a, b);
    return __builtin_sub_overflow(a.number, b.number, &difference) ? overflow() : Dim(difference);
  }
  friend constexpr Dim operator*(Dim a, Dim b) {
    int64_t product = 0;
    if (a.is(0) || b.is(0))
      return 0;
    if (!bothKnown(a, b))
      return worse(a, b);
    return __builtin_mul_overflow(a.number, b.number, &product) ? overflow() : Dim(product);
  }
  /// Quotients rounded down and up; `divisor` is positive.
  friend constexpr Dim floorDiv(Dim a, int64_t divisor) {
    if (!a.isKnown())
      return a;
    return a.number / divisor - (a.number % divisor < 0 ? 1 : 0);
  }
  friend constexpr Dim ceilDiv(Dim a, int64_t divisor) {
    if (!a.isKnown())
      return a;
    return a.number / divisor + (a.number % divisor > 0 ? 1 : 0);
  }

  // Comparisons hold only when they are certain: an unknown number fails them all.
  friend constexpr bool isLess(Dim a, Dim b) { return bothKnown(a, b) && a.number < b.number; }
  friend constexpr bool differ(Dim a, Dim b) { return bothKnown(a, b) && a.number != b.number; }
  friend constexpr bool isEqual(Dim a, Dim b) { return bothKnown(a, b) && a.number == b.number; }

  /// What is known of one number that both describe.
  friend constexpr Dim refine(Dim a, Dim b) { return a.isKnown() ? a : b; }

private:
  enum class State : uint8_t { known, unknown, overflow };
  constexpr Dim(int64_t value, State state) : number(value), state(state) {}
  static constexpr bool bothKnown(Dim a, Dim b) { return a.isKnown() && b.isKnown(); }
  static constexpr Dim worse(Dim a, Dim b) {
    return a.isOverflow() || b.isOverflow() ? overflow() : unknown();
  }

  int64_t number;
  State state;
};

/// One dim of a NumPy broadcast; false when the dims do not fit together. A dim of 1 says nothing
/// about the result; any other known dim decides it.
constexpr bool broadcast(Dim a, Dim b, Dim &result) {
  if (a.is(1) || b.is(1)) {
    result = a.is(1) ? b : a;
    return true;
  }
  result = refine(a, b);
  return !differ(a, b);
}

/// A floating-point value that may be unknown.
struct Real {
  double value = 0;
  bool isKnown = false;
};

/// An integer array attribute.
struct Array {
  const int64_t *data;
  int64_t size;
  int64_t operator[](int64_t index) const { return data[index]; }
};

} // namespace pebble::shape

#endif // PEBBLE_RUNTIME_KERNELS_SHAPE_DIM_H
