// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which instruction sets this machine has, in LLVM's spelling.
#ifndef PEBBLE_RUNTIME_HOST_CPUFEATURES_H
#define PEBBLE_RUNTIME_HOST_CPUFEATURES_H

#include <string>
#include <vector>

namespace pebble::host {

/// "x86_64": the first part of the triples whose code runs here.
const char *architecture();

/// True when the processor and the operating system support the feature. False for unknown names.
bool hasCpuFeature(const std::string &name);

/// Those of `needed` that this machine lacks.
std::vector<std::string> missingCpuFeatures(const std::vector<std::string> &needed);

} // namespace pebble::host

#endif // PEBBLE_RUNTIME_HOST_CPUFEATURES_H
