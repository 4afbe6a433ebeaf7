// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The options that shape a package, as the command line spells them.
#ifndef PEBBLE_TARGETS_COMPILEFLAGS_H
#define PEBBLE_TARGETS_COMPILEFLAGS_H

#include "targets/Driver.h"

namespace pebble {

/// Those that differ from their defaults.
std::vector<std::string> flagsOf(const CompileOptions &options);

} // namespace pebble

#endif // PEBBLE_TARGETS_COMPILEFLAGS_H
