// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The memories that a program's buffers may lie in, as a user or a board names them.
#ifndef PEBBLE_PASSES_SCHEDULE_MEMORYREGIONS_H
#define PEBBLE_PASSES_SCHEDULE_MEMORYREGIONS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <optional>
#include <string>

namespace pebble {

struct MemoryRegion {
  std::string name;                ///< A C identifier.
  std::optional<int64_t> capacity; ///< Bytes; none: as many as are needed.
  std::string note;                ///< How the capacity comes about, for messages; "" for nothing.

  /// "dtcm=65536", or "sram" without a capacity.
  std::string text() const;
  /// What `text` gives; nothing when it is none.
  static std::optional<MemoryRegion> parse(llvm::StringRef text);
};

/// The most regions of a program.
constexpr size_t mostMemoryRegions = 64;

/// What is wrong with a list of regions, the most preferred first; "" when all is well.
std::string faultOf(llvm::ArrayRef<MemoryRegion> regions);

/// Reads the option of a pass. What is wrong with it; "" when all is well.
std::string readRegions(llvm::ArrayRef<std::string> texts,
                        llvm::SmallVectorImpl<MemoryRegion> &regions);

} // namespace pebble

#endif // PEBBLE_PASSES_SCHEDULE_MEMORYREGIONS_H
