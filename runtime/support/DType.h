// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The one table of element types: number, size and the names users meet.
#ifndef PEBBLE_RUNTIME_SUPPORT_DTYPE_H
#define PEBBLE_RUNTIME_SUPPORT_DTYPE_H

#include <cstdint>
#include <string_view>
#include <vector>

namespace pebble::support {

struct DTypeInfo {
  int32_t dtype;         ///< A pebble_dtype.
  const char *name;      ///< "f32"
  uint32_t bytes;        ///< Size of one element.
  uint32_t bits;         ///< Those of them that count: 4 for a u4, which takes a byte.
  const char *numpyType; ///< NumPy's type string, "<f4"; that of the carrier where NumPy has none.
  int32_t carrier;       ///< The type whose elements hold the bits of one that NumPy lacks.

  bool isInNumpy() const { return carrier == dtype; }
};

/// Null for anything that is not an element type (PEBBLE_NONE included).
const DTypeInfo *findDType(int32_t dtype);
const DTypeInfo *findDType(std::string_view name);

/// The byte of an element of `bits` bits, 8 or less, from a byte whose lowest bits are its: the
/// others become zeros, or copies of its sign.
constexpr uint8_t elementByte(uint8_t byte, uint32_t bits, bool isSigned) {
  uint32_t value = byte & ((1u << bits) - 1);
  uint32_t sign = isSigned ? 1u << (bits - 1) : 0;
  return static_cast<uint8_t>((value ^ sign) - sign);
}

/// Writes a byte for each of `count` elements that ONNX packs into bytes, the first one lowest.
void unpackElements(const DTypeInfo &type, const char *packed, uint64_t count, char *elements);

/// Bytes of a dense tensor, or false when a dim is negative or the size does not fit 62 bits.
bool tensorBytes(const int64_t *dims, size_t rank, uint32_t elementBytes, uint64_t &bytes);

} // namespace pebble::support

#endif // PEBBLE_RUNTIME_SUPPORT_DTYPE_H
