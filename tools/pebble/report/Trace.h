// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A run of a model on a time line.
#ifndef PEBBLE_TOOLS_PEBBLE_REPORT_TRACE_H
#define PEBBLE_TOOLS_PEBBLE_REPORT_TRACE_H

#include "tools/pebble/report/MemoryPicture.h"

#include <string>

namespace pebble::cli {

/// Runs the package at `path` on made inputs and gives its kernels in the format of Chrome's trace
/// viewer and Perfetto: a slice a kernel, in microseconds, and the bytes in use of each region.
/// Throws Failure for a package that does not run on this machine.
std::string traceRun(const std::string &path, const std::vector<MemoryPicture> &pictures);

} // namespace pebble::cli

#endif // PEBBLE_TOOLS_PEBBLE_REPORT_TRACE_H
