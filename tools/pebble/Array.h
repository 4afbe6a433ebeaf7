// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A dense tensor in memory, as the command line reads and writes it.
#ifndef PEBBLE_TOOLS_PEBBLE_ARRAY_H
#define PEBBLE_TOOLS_PEBBLE_ARRAY_H

#include "runtime/abi/pebble_abi.h"
#include "runtime/support/DType.h"

#include <cstdint>
#include <string>
#include <vector>

namespace pebble::cli {

struct Array {
  int32_t dtype = PEBBLE_NONE;
  std::vector<int64_t> dims;
  std::vector<char> data; ///< Row-major, little-endian.
  bool isUnnamed = false; ///< Bytes of a type that its file cannot name; `dtype` is then u8.

  const support::DTypeInfo &type() const { return *support::findDType(dtype); }
  int64_t elements() const;
  /// Element `index`, converted. 64-bit integers beyond 2^53 lose digits.
  double value(int64_t index) const;
};

bool isFloatType(int32_t dtype);

/// Takes the array for one of `dtype`, if it has that type or, as files do for types that NumPy
/// lacks, the bits of it.
bool takeAs(Array &array, int32_t dtype);
/// What an array's file holds, for messages: "f32 [1, 3]".
std::string contentsText(const Array &array);

/// Converts one element at `data` to a double.
double toDouble(int32_t dtype, const void *data);

/// "[1, 3, 224, 224]"
std::string shapeText(const int64_t *dims, size_t rank);
inline std::string shapeText(const std::vector<int64_t> &dims) {
  return shapeText(dims.data(), dims.size());
}
/// "f32 [1, 3]"
std::string typeText(int32_t dtype, const std::vector<int64_t> &dims);

} // namespace pebble::cli

#endif // PEBBLE_TOOLS_PEBBLE_ARRAY_H
