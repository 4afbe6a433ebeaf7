// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/support/DType.h"

#include "runtime/abi/pebble_abi.h"

using namespace pebble::support;

static constexpr DTypeInfo kDTypes[] = {
    {PEBBLE_F32, "f32", 4, "<f4"},   {PEBBLE_U8, "u8", 1, "|u1"},     {PEBBLE_I8, "i8", 1, "|i1"},
    {PEBBLE_U16, "u16", 2, "<u2"},   {PEBBLE_I16, "i16", 2, "<i2"},   {PEBBLE_I32, "i32", 4, "<i4"},
    {PEBBLE_I64, "i64", 8, "<i8"},   {PEBBLE_BOOL, "bool", 1, "|b1"}, {PEBBLE_F16, "f16", 2, "<f2"},
    {PEBBLE_F64, "f64", 8, "<f8"},   {PEBBLE_U32, "u32", 4, "<u4"},   {PEBBLE_U64, "u64", 8, "<u8"},
    {PEBBLE_BF16, "bf16", 2, "<u2"},
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
