// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Inputs for a measurement that is given none: the same for every run of the program.
#ifndef PEBBLE_TOOLS_PEBBLE_RANDOMINPUTS_H
#define PEBBLE_TOOLS_PEBBLE_RANDOMINPUTS_H

#include "tools/pebble/Model.h"

#include <map>

namespace pebble::cli {

/// Floats between 0 and 1, integers and bools that are 0 or 1. Dynamic dims are those in `dims` by
/// name (one without a name goes by its input's name and its place, `input.0`), and 1 otherwise.
std::vector<Array> makeRandomInputs(const Model &model, const std::map<std::string, int64_t> &dims);

} // namespace pebble::cli

#endif // PEBBLE_TOOLS_PEBBLE_RANDOMINPUTS_H
