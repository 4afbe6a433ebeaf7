// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PEBBLE_TARGETS_X86_X86TARGET_H
#define PEBBLE_TARGETS_X86_X86TARGET_H

#include "targets/Target.h"

namespace pebble {

/// x86-64 with SSE4.2 or better, as an ELF shared object, an object file or a package.
std::unique_ptr<Target> createX86Target();

} // namespace pebble

#endif // PEBBLE_TARGETS_X86_X86TARGET_H
