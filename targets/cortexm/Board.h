// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Boards: what memory the firmware may use and how to run it. One TOML file a board, in boards/.
#ifndef PEBBLE_TARGETS_CORTEXM_BOARD_H
#define PEBBLE_TARGETS_CORTEXM_BOARD_H

#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <optional>
#include <string>

namespace pebble {

struct Region {
  uint64_t origin = 0;
  uint64_t bytes = 0;
};

struct Board {
  std::string name, cpu;
  Region flash, ram;
  uint64_t stackBytes = 0;
  std::string emulator, machine; ///< "" for a board that nothing emulates.
};

/// A board by its name, or from a file when `nameOrFile` ends in ".toml".
std::optional<Board> loadBoard(llvm::StringRef nameOrFile, std::string &error);

} // namespace pebble

#endif // PEBBLE_TARGETS_CORTEXM_BOARD_H
