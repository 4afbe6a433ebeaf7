// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Pass plugins: shared libraries that add passes to pebble and pebble-opt.
#ifndef PEBBLE_PASSES_PLUGIN_H
#define PEBBLE_PASSES_PLUGIN_H

#include "mlir/Tools/Plugins/PassPlugin.h"
#include "llvm/Config/llvm-config.h"

#include <string>

/// Raised whenever a plugin built against older headers could misbehave.
#define PEBBLE_PLUGIN_ABI "1"

namespace pebble {

/// What a plugin and the program that loads it must agree on.
inline constexpr const char *pluginTag =
    "Pebble plugin ABI " PEBBLE_PLUGIN_ABI ", LLVM " LLVM_VERSION_STRING;

/// Loads a plugin and registers its passes; false with what to do about it in `error`.
bool loadPlugin(const std::string &path, std::string &error);

} // namespace pebble

/// Defines a plugin's entry points. `REGISTER` is a function that registers its passes.
#define PEBBLE_PASS_PLUGIN(NAME, REGISTER)                                                         \
  extern "C" const char *pebblePluginTag() { return ::pebble::pluginTag; }                         \
  extern "C" ::mlir::PassPluginLibraryInfo mlirGetPassPluginInfo() {                               \
    return {MLIR_PLUGIN_API_VERSION, NAME, LLVM_VERSION_STRING, REGISTER};                         \
  }

#endif // PEBBLE_PASSES_PLUGIN_H
