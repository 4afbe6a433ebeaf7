// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Boards: what memory the firmware may use and how to run it. One TOML file a board, in boards/.
#ifndef PEBBLE_TARGETS_CORTEXM_BOARD_H
#define PEBBLE_TARGETS_CORTEXM_BOARD_H

#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pebble {

struct Region {
  std::string name;
  uint64_t origin = 0;
  uint64_t bytes = 0;
  int64_t preference = 0; ///< What has the lowest is used first.
};

struct Board {
  std::string name, cpu;
  Region flash;
  std::vector<Region> memories; ///< What can be written, the most preferred first.
  size_t ram = 0;               ///< Of the memories, the one with the stack and the data.
  uint64_t stackBytes = 0;
  std::string emulator, machine; ///< "" for a board that nothing emulates.
};

/// A board by its name, or from a file when `nameOrFile` ends in ".toml".
std::optional<Board> loadBoard(llvm::StringRef nameOrFile, std::string &error);

} // namespace pebble

#endif // PEBBLE_TARGETS_CORTEXM_BOARD_H
