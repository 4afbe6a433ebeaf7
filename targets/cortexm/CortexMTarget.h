// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PEBBLE_TARGETS_CORTEXM_CORTEXMTARGET_H
#define PEBBLE_TARGETS_CORTEXM_CORTEXMTARGET_H

#include "targets/Target.h"

namespace pebble {

/// Arm Cortex-M microcontrollers: complete firmware for a board.
std::unique_ptr<Target> createCortexMTarget();

} // namespace pebble

#endif // PEBBLE_TARGETS_CORTEXM_CORTEXMTARGET_H
