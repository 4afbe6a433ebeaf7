// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The option --dim NAME=SIZE.
#ifndef PEBBLE_TOOLS_PEBBLE_DIMS_H
#define PEBBLE_TOOLS_PEBBLE_DIMS_H

#include <CLI/CLI.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace pebble::cli {

void declareDims(CLI::App &app, std::vector<std::string> &arguments, const std::string &help);

/// Splits the arguments. Throws Failure for one that is malformed.
std::map<std::string, int64_t> parseDims(const std::vector<std::string> &arguments);

} // namespace pebble::cli

#endif // PEBBLE_TOOLS_PEBBLE_DIMS_H
