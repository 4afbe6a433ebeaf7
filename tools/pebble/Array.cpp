// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/pebble/Array.h"

#include "runtime/support/NarrowFloat.h"

#include <cmath>
#include <cstring>
#include <limits>

using namespace pebble::cli;

namespace {

template <typename T> T load(const void *data) {
  T value;
  std::memcpy(&value, data, sizeof(T));
  return value;
}

template <typename T> double convert(const void *data) {
  return static_cast<double>(load<T>(data));
}

double convertF16(const void *data) {
  uint16_t bits = load<uint16_t>(data);
  int exponent = bits >> 10 & 0x1f;
  int mantissa = bits & 0x3ff;
  double magnitude = exponent == 0x1f ? (mantissa ? std::numeric_limits<double>::quiet_NaN()
                                                  : std::numeric_limits<double>::infinity())
                     : exponent == 0  ? std::ldexp(mantissa, -24)
                                      : std::ldexp(mantissa + 0x400, exponent - 25);
  return bits & 0x8000 ? -magnitude : magnitude;
}

double convertBF16(const void *data) {
  uint32_t bits = static_cast<uint32_t>(load<uint16_t>(data)) << 16;
  return load<float>(&bits);
}

template <int32_t Dtype> double convertNarrow(const void *data) {
  return pebble::support::decode(*pebble::support::findNarrowFloat(Dtype), load<uint8_t>(data));
}

double convertE8M0(const void *data) { return pebble::support::decodeE8M0(load<uint8_t>(data)); }

constexpr struct {
  int32_t dtype;
  double (*convert)(const void *);
} kConversions[] = {
    {PEBBLE_F32, convert<float>},
    {PEBBLE_F64, convert<double>},
    {PEBBLE_F16, convertF16},
    {PEBBLE_BF16, convertBF16},
    {PEBBLE_I8, convert<int8_t>},
    {PEBBLE_I16, convert<int16_t>},
    {PEBBLE_I32, convert<int32_t>},
    {PEBBLE_I64, convert<int64_t>},
    {PEBBLE_U8, convert<uint8_t>},
    {PEBBLE_U16, convert<uint16_t>},
    {PEBBLE_U32, convert<uint32_t>},
    {PEBBLE_U64, convert<uint64_t>},
    {PEBBLE_BOOL, convert<uint8_t>},
    {PEBBLE_F8E4M3FN, convertNarrow<PEBBLE_F8E4M3FN>},
    {PEBBLE_F8E4M3FNUZ, convertNarrow<PEBBLE_F8E4M3FNUZ>},
    {PEBBLE_F8E5M2, convertNarrow<PEBBLE_F8E5M2>},
    {PEBBLE_F8E5M2FNUZ, convertNarrow<PEBBLE_F8E5M2FNUZ>},
    {PEBBLE_F4E2M1, convertNarrow<PEBBLE_F4E2M1>},
    {PEBBLE_F8E8M0, convertE8M0},
    {PEBBLE_I4, convert<int8_t>},
    {PEBBLE_I2, convert<int8_t>},
    {PEBBLE_U4, convert<uint8_t>},
    {PEBBLE_U2, convert<uint8_t>},
};

} // namespace

double pebble::cli::toDouble(int32_t dtype, const void *data) {
  for (const auto &conversion : kConversions)
    if (conversion.dtype == dtype)
      return conversion.convert(data);
  return std::numeric_limits<double>::quiet_NaN();
}

bool pebble::cli::isFloatType(int32_t dtype) {
  return dtype == PEBBLE_F32 || dtype == PEBBLE_F64 || dtype == PEBBLE_F16 || dtype == PEBBLE_BF16;
}

bool pebble::cli::takeAs(Array &array, int32_t dtype) {
  const support::DTypeInfo &type = *support::findDType(dtype);
  bool isTaken = array.isUnnamed ? type.bytes == 1 && !type.isInNumpy()
                                 : array.dtype == dtype || array.dtype == type.carrier;
  if (isTaken) {
    array.dtype = dtype;
    array.isUnnamed = false;
  }
  return isTaken;
}

std::string pebble::cli::contentsText(const Array &array) {
  return array.isUnnamed ? "bytes of a type that it cannot name"
                         : typeText(array.dtype, array.dims);
}

int64_t Array::elements() const { return static_cast<int64_t>(data.size() / type().bytes); }

double Array::value(int64_t index) const { return toDouble(dtype, &data[index * type().bytes]); }

std::string pebble::cli::shapeText(const int64_t *dims, size_t rank) {
  std::string text = "[";
  for (size_t axis = 0; axis < rank; ++axis)
    text += (axis ? ", " : "") + std::to_string(dims[axis]);
  return text + "]";
}

std::string pebble::cli::typeText(int32_t dtype, const std::vector<int64_t> &dims) {
  const support::DTypeInfo *type = support::findDType(dtype);
  return std::string(type ? type->name : "?") + " " + shapeText(dims);
}
