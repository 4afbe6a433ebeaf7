// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Element types of tensors as C++ types, usable on every target that clang compiles for.
#ifndef PEBBLE_KERNELS_TYPES_H
#define PEBBLE_KERNELS_TYPES_H

#include "runtime/abi/pebble_abi.h"

namespace pebble::kernels {

template <typename To, typename From> constexpr To bitCast(const From &from) {
  static_assert(sizeof(To) == sizeof(From));
  return __builtin_bit_cast(To, from);
}

// Rounds to f32 so that a second rounding to a narrower type gives the correctly rounded result:
// an inexact value takes the neighbour with an odd last bit ("round to odd").
constexpr float roundToOdd(double value) {
  float nearest = static_cast<float>(value);
  double back = static_cast<double>(nearest);
  uint32_t bits = bitCast<uint32_t>(nearest);
  if (back == value || value != value || (bits & 1))
    return nearest;
  bool above = value < 0 ? back < value : back > value;
  return bitCast<float>(above ? bits - 1 : bits + 1);
}

// IEEE binary16. Arithmetic happens in float; each store rounds to nearest, ties to even. No
// compiler half type: g++ 12 has none on x86-64 without SSE2, and soft targets call libraries.
struct Half {
  uint16_t bits;

  Half() = default;
  constexpr Half(float value) : bits(fromFloat(value)) {}
  explicit constexpr Half(double value) : bits(fromFloat(roundToOdd(value))) {}
  constexpr operator float() const { return toFloat(bits); }
  static constexpr Half fromBits(uint16_t bits) {
    Half result(0.0f);
    result.bits = bits;
    return result;
  }

private:
  static constexpr uint16_t fromFloat(float value) {
    uint32_t all = bitCast<uint32_t>(value);
    uint32_t sign = (all >> 16) & 0x8000u;
    uint32_t magnitude = all & 0x7fffffffu;
    // Adding half of the dropped bits' range, and one more for an odd last bit, rounds to even;
    // a carry into the exponent is right as it is.
    uint32_t normal = (magnitude - (112u << 23) + 0xfffu + ((magnitude >> 13) & 1u)) >> 13;
    // The last bit of values near 0.5 weighs 2^-24, as do the subnormals of binary16.
    uint32_t subnormal =
        bitCast<uint32_t>(bitCast<float>(magnitude) + 0.5f) - bitCast<uint32_t>(0.5f);
    uint32_t result = magnitude < 0x38800000u ? subnormal : normal;
    result = magnitude >= 0x477ff000u ? 0x7c00u : result;
    result = magnitude > 0x7f800000u ? (0x7e00u | ((magnitude >> 13) & 0x3ffu)) : result;
    return static_cast<uint16_t>(sign | result);
  }

  static constexpr float toFloat(uint16_t bits) {
    uint32_t sign = static_cast<uint32_t>(bits & 0x8000u) << 16;
    uint32_t magnitude = static_cast<uint32_t>(bits & 0x7fffu) << 13;
    uint32_t normal = magnitude + (112u << 23);
    uint32_t special = magnitude + (224u << 23);
    uint32_t subnormal =
        bitCast<uint32_t>(bitCast<float>(magnitude | (113u << 23)) - bitCast<float>(113u << 23));
    uint32_t result = magnitude < (1u << 23) ? subnormal : normal;
    result = magnitude >= (31u << 23) ? special : result;
    return bitCast<float>(sign | result);
  }
};

// The upper half of an f32.
struct BFloat16 {
  uint16_t bits;

  BFloat16() = default;
  constexpr BFloat16(float value) : bits(fromFloat(value)) {}
  explicit constexpr BFloat16(double value) : bits(fromFloat(roundToOdd(value))) {}
  constexpr operator float() const { return bitCast<float>(static_cast<uint32_t>(bits) << 16); }
  static constexpr BFloat16 fromBits(uint16_t bits) {
    BFloat16 result(0.0f);
    result.bits = bits;
    return result;
  }

private:
  static constexpr uint16_t fromFloat(float value) {
    uint32_t all = bitCast<uint32_t>(value);
    uint32_t rounded = (all + 0x7fffu + ((all >> 16) & 1u)) >> 16;
    uint32_t nan = (all >> 16) | 0x40u;
    return static_cast<uint16_t>((all & 0x7fffffffu) > 0x7f800000u ? nan : rounded);
  }
};

// A boolean element, always 0 or 1; a type of its own, so that it maps to its own dtype.
struct Bool {
  uint8_t value;

  Bool() = default;
  constexpr Bool(bool b) : value(b) {}
  constexpr operator bool() const { return value != 0; }
};

template <typename T> struct TypeTraits;
#define PEBBLE_TYPE(Type, Dtype, Storage, Accumulator, Float, Signed)                              \
  template <> struct TypeTraits<Type> {                                                            \
    static constexpr int dtype = Dtype;                                                            \
    static constexpr bool isFloat = Float;                                                         \
    static constexpr bool isSigned = Signed;                                                       \
    using StorageType = Storage;                                                                   \
    using AccumulatorType = Accumulator;                                                           \
  };
PEBBLE_TYPE(float, PEBBLE_F32, uint32_t, float, true, true)
PEBBLE_TYPE(double, PEBBLE_F64, uint64_t, double, true, true)
PEBBLE_TYPE(Half, PEBBLE_F16, uint16_t, float, true, true)
PEBBLE_TYPE(BFloat16, PEBBLE_BF16, uint16_t, float, true, true)
PEBBLE_TYPE(int8_t, PEBBLE_I8, uint8_t, int32_t, false, true)
PEBBLE_TYPE(int16_t, PEBBLE_I16, uint16_t, int32_t, false, true)
PEBBLE_TYPE(int32_t, PEBBLE_I32, uint32_t, int32_t, false, true)
PEBBLE_TYPE(int64_t, PEBBLE_I64, uint64_t, int64_t, false, true)
PEBBLE_TYPE(uint8_t, PEBBLE_U8, uint8_t, int32_t, false, false)
PEBBLE_TYPE(uint16_t, PEBBLE_U16, uint16_t, int32_t, false, false)
PEBBLE_TYPE(uint32_t, PEBBLE_U32, uint32_t, uint32_t, false, false)
PEBBLE_TYPE(uint64_t, PEBBLE_U64, uint64_t, uint64_t, false, false)
PEBBLE_TYPE(Bool, PEBBLE_BOOL, uint8_t, int32_t, false, false)
#undef PEBBLE_TYPE

template <typename T> inline constexpr int dtypeOf = TypeTraits<T>::dtype;
template <typename T> inline constexpr bool isFloat = TypeTraits<T>::isFloat;
// What sums and products of T are taken in; integers wrap there.
template <typename T> using AccumulatorOf = typename TypeTraits<T>::AccumulatorType;
// The unsigned integer of T's size: kernels that only move elements share one body per size.
template <typename T> using StorageOf = typename TypeTraits<T>::StorageType;
// A type to compute in: T itself, or float for the 16-bit floats.
template <typename T> struct ComputeTraits {
  using Type = T;
};
template <> struct ComputeTraits<Half> {
  using Type = float;
};
template <> struct ComputeTraits<BFloat16> {
  using Type = float;
};
template <typename T> using ComputeOf = typename ComputeTraits<T>::Type;

// Signed overflow is undefined in C++ but wraps in nn: go through the unsigned type, which is at
// least 32 bits wide since narrower ones would be promoted to a signed int.
template <typename T> struct WrapTraits {
  using Type = uint32_t;
};
template <> struct WrapTraits<int64_t> {
  using Type = uint64_t;
};
template <> struct WrapTraits<uint64_t> {
  using Type = uint64_t;
};

template <typename T> constexpr T wrapAdd(T a, T b) {
  if constexpr (isFloat<T>) {
    return static_cast<T>(a + b);
  } else {
    using W = typename WrapTraits<T>::Type;
    return static_cast<T>(static_cast<W>(a) + static_cast<W>(b));
  }
}

template <typename T> constexpr T wrapSub(T a, T b) {
  if constexpr (isFloat<T>) {
    return static_cast<T>(a - b);
  } else {
    using W = typename WrapTraits<T>::Type;
    return static_cast<T>(static_cast<W>(a) - static_cast<W>(b));
  }
}

template <typename T> constexpr T wrapMul(T a, T b) {
  if constexpr (isFloat<T>) {
    return static_cast<T>(a * b);
  } else {
    using W = typename WrapTraits<T>::Type;
    return static_cast<T>(static_cast<W>(a) * static_cast<W>(b));
  }
}

// Bytes of an element, 0 for an unknown dtype.
constexpr int elementSize(int dtype) {
  switch (dtype) {
  case PEBBLE_U8:
  case PEBBLE_I8:
  case PEBBLE_BOOL:
    return 1;
  case PEBBLE_U16:
  case PEBBLE_I16:
  case PEBBLE_F16:
  case PEBBLE_BF16:
    return 2;
  case PEBBLE_F32:
  case PEBBLE_I32:
  case PEBBLE_U32:
    return 4;
  case PEBBLE_F64:
  case PEBBLE_I64:
  case PEBBLE_U64:
    return 8;
  default:
    return 0;
  }
}

} // namespace pebble::kernels
#endif // PEBBLE_KERNELS_TYPES_H
