// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The linker script of a firmware: where its parts lie in the board's memory.
#ifndef PEBBLE_TARGETS_CORTEXM_LAYOUT_H
#define PEBBLE_TARGETS_CORTEXM_LAYOUT_H

#include "targets/cortexm/Board.h"

namespace pebble {

struct MemoryNeeds {
  std::vector<uint64_t> regionBytes; ///< Of the arena, in each of the board's memories.
  uint64_t bufferBytes = 0;          ///< Inputs and outputs.
  size_t bufferMemory = 0;           ///< Where those lie.
};

/// The symbol of what the arena has in a memory.
std::string regionSymbol(size_t memory);

std::string linkerScript(const Board &board, const MemoryNeeds &needs);

} // namespace pebble

#endif // PEBBLE_TARGETS_CORTEXM_LAYOUT_H
