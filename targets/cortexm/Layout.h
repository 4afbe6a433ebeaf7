// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The linker script of a firmware: where its parts lie in the board's memory.
#ifndef PEBBLE_TARGETS_CORTEXM_LAYOUT_H
#define PEBBLE_TARGETS_CORTEXM_LAYOUT_H

#include "targets/cortexm/Board.h"

namespace pebble {

struct MemoryNeeds {
  uint64_t arenaBytes = 0;
  uint64_t bufferBytes = 0; ///< Inputs and outputs.
};

std::string linkerScript(const Board &board, const MemoryNeeds &needs);

} // namespace pebble

#endif // PEBBLE_TARGETS_CORTEXM_LAYOUT_H
