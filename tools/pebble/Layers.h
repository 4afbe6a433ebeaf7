// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where the time of a run goes, kernel by kernel.
#ifndef PEBBLE_TOOLS_PEBBLE_LAYERS_H
#define PEBBLE_TOOLS_PEBBLE_LAYERS_H

#include "tools/pebble/Array.h"

#include <string>
#include <vector>

namespace pebble::cli {

struct LayerTime {
  std::string kernel; ///< Its symbol, which names the first node that it computes.
  int calls = 0;      ///< In one run: equal layers share a kernel.
  double median = 0;  ///< Seconds in one run, all calls together.
};

/// Runs the package at `path` for about `seconds` on `inputs`, listening to its kernels. Empty for
/// a package that does not run on the host. The slowest kernel comes first.
std::vector<LayerTime> measureLayers(const std::string &path, int threads,
                                     const std::vector<Array> &inputs, double seconds);

} // namespace pebble::cli

#endif // PEBBLE_TOOLS_PEBBLE_LAYERS_H
