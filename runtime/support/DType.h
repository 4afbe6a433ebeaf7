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
  const char *numpyType; ///< NumPy's type string, "<f4". NumPy has no bf16: its bits are "<u2".
};

/// Null for anything that is not an element type (PEBBLE_NONE included).
const DTypeInfo *findDType(int32_t dtype);
const DTypeInfo *findDType(std::string_view name);

/// Bytes of a dense tensor, or false when a dim is negative or the size does not fit 62 bits.
bool tensorBytes(const int64_t *dims, size_t rank, uint32_t elementBytes, uint64_t &bytes);

} // namespace pebble::support

#endif // PEBBLE_RUNTIME_SUPPORT_DTYPE_H
