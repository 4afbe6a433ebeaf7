// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Exports every shape function with the signature of pebble_shape_fn.

#include "runtime/kernels/shape/RuntimeCall.h"

#include "runtime/kernels/shape/Shapes.h"

namespace pebble::shape {

namespace {

template <typename T> T load(const void *data, int64_t index) {
  return static_cast<const T *>(data)[index];
}

double fromBits(uint32_t bits) {
  float value;
  __builtin_memcpy(&value, &bits, sizeof(value));
  return double(value);
}

double fromHalf(uint16_t half) {
  uint32_t sign = uint32_t(half & 0x8000) << 16, exponent = half >> 10 & 31, fraction = half & 1023;
  if (exponent == 31)
    return fromBits(sign | 0x7f800000 | fraction << 13);
  if (exponent != 0)
    return fromBits(sign | (exponent + 112) << 23 | fraction << 13);
  double magnitude = double(fraction) / double(1 << 24);
  return sign != 0 ? -magnitude : magnitude;
}

} // namespace

Dim RuntimeCall::element(int32_t operand, int64_t index) const {
  const void *data = operands[operand].data;
  switch (operands[operand].dtype) {
  case PEBBLE_I8:
    return load<int8_t>(data, index);
  case PEBBLE_U8:
    return load<uint8_t>(data, index);
  case PEBBLE_I16:
    return load<int16_t>(data, index);
  case PEBBLE_U16:
    return load<uint16_t>(data, index);
  case PEBBLE_I32:
    return load<int32_t>(data, index);
  case PEBBLE_U32:
    return load<uint32_t>(data, index);
  case PEBBLE_I64:
    return load<int64_t>(data, index);
  case PEBBLE_U64: {
    uint64_t value = load<uint64_t>(data, index);
    return value > uint64_t(INT64_MAX) ? Dim::overflow() : Dim(int64_t(value));
  }
  default:
    return Dim::unknown();
  }
}

Real RuntimeCall::real(int32_t operand, int64_t index) const {
  const void *data = operands[operand].data;
  switch (operands[operand].dtype) {
  case PEBBLE_F64:
    return {load<double>(data, index), true};
  case PEBBLE_F32:
    return {double(load<float>(data, index)), true};
  case PEBBLE_BF16:
    return {fromBits(uint32_t(load<uint16_t>(data, index)) << 16), true};
  case PEBBLE_F16:
    return {fromHalf(load<uint16_t>(data, index)), true};
  default:
    return {};
  }
}

} // namespace pebble::shape

#define PEBBLE_SHAPE(mnemonic, function)                                                           \
  extern "C" int32_t pebble_shape_##mnemonic(const pebble_tensor *operands, const int64_t *ints,   \
                                             const double *, int64_t *const *results) {            \
    pebble::shape::RuntimeCall call(operands, ints, results);                                      \
    return call.finish(pebble::shape::function(call));                                             \
  }
#include "runtime/kernels/shape/Shapes.def"
#undef PEBBLE_SHAPE
