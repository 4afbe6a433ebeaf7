// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/support/DType.h"

#include "runtime/abi/pebble_abi.h"

using namespace pebble::support;

static constexpr DTypeInfo kDTypes[] = {
    {PEBBLE_F32, "f32", 4, 32, "<f4", PEBBLE_F32},
    {PEBBLE_U8, "u8", 1, 8, "|u1", PEBBLE_U8},
    {PEBBLE_I8, "i8", 1, 8, "|i1", PEBBLE_I8},
    {PEBBLE_U16, "u16", 2, 16, "<u2", PEBBLE_U16},
    {PEBBLE_I16, "i16", 2, 16, "<i2", PEBBLE_I16},
    {PEBBLE_I32, "i32", 4, 32, "<i4", PEBBLE_I32},
    {PEBBLE_I64, "i64", 8, 64, "<i8", PEBBLE_I64},
    {PEBBLE_BOOL, "bool", 1, 8, "|b1", PEBBLE_BOOL},
    {PEBBLE_F16, "f16", 2, 16, "<f2", PEBBLE_F16},
    {PEBBLE_F64, "f64", 8, 64, "<f8", PEBBLE_F64},
    {PEBBLE_U32, "u32", 4, 32, "<u4", PEBBLE_U32},
    {PEBBLE_U64, "u64", 8, 64, "<u8", PEBBLE_U64},
    {PEBBLE_BF16, "bf16", 2, 16, "<u2", PEBBLE_U16},
    {PEBBLE_F8E4M3FN, "f8e4m3fn", 1, 8, "|u1", PEBBLE_U8},
    {PEBBLE_F8E4M3FNUZ, "f8e4m3fnuz", 1, 8, "|u1", PEBBLE_U8},
    {PEBBLE_F8E5M2, "f8e5m2", 1, 8, "|u1", PEBBLE_U8},
    {PEBBLE_F8E5M2FNUZ, "f8e5m2fnuz", 1, 8, "|u1", PEBBLE_U8},
    {PEBBLE_U4, "u4", 1, 4, "|u1", PEBBLE_U8},
    {PEBBLE_I4, "i4", 1, 4, "|i1", PEBBLE_I8},
    {PEBBLE_F4E2M1, "f4e2m1", 1, 4, "|u1", PEBBLE_U8},
    {PEBBLE_F8E8M0, "f8e8m0", 1, 8, "|u1", PEBBLE_U8},
    {PEBBLE_U2, "u2", 1, 2, "|u1", PEBBLE_U8},
    {PEBBLE_I2, "i2", 1, 2, "|i1", PEBBLE_I8},
};

const DTypeInfo *pebble::support::findDType(int32_t dtype) {
  for (const DTypeInfo &info : kDTypes)
    if (info.dtype == dtype)
      return &info;
  return nullptr;
}

const DTypeInfo *pebble::support::findDType(std::string_view name) {
  for (const DTypeInfo &info : kDTypes)
    if (info.name == name)
      return &info;
  return nullptr;
}

void pebble::support::unpackElements(const DTypeInfo &type, const char *packed, uint64_t count,
                                     char *elements) {
  const uint32_t perByte = 8 / type.bits;
  const bool isSigned = type.carrier == PEBBLE_I8;
  for (uint64_t i = 0; i < count; ++i) {
    auto byte = static_cast<uint8_t>(packed[i / perByte]);
    auto low = static_cast<uint8_t>(byte >> (i % perByte * type.bits));
    elements[i] = static_cast<char>(elementByte(low, type.bits, isSigned));
  }
}

bool pebble::support::tensorBytes(const int64_t *dims, size_t rank, uint32_t elementBytes,
                                  uint64_t &bytes) {
  constexpr uint64_t kLimit = uint64_t(1) << 62;
  bytes = elementBytes;
  bool empty = false;
  for (size_t axis = 0; axis < rank; ++axis) {
    if (dims[axis] < 0)
      return false;
    if (dims[axis] == 0) {
      empty = true;
      continue;
    }
    // Dims beside a zero are still checked, so that the answer does not depend on their order.
    if (__builtin_mul_overflow(bytes, static_cast<uint64_t>(dims[axis]), &bytes) || bytes > kLimit)
      return false;
  }
  if (empty)
    bytes = 0;
  return true;
}
