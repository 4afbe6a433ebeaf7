// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Figures of a manifest as JSON.
#ifndef PEBBLE_TOOLS_PEBBLE_MANIFESTJSON_H
#define PEBBLE_TOOLS_PEBBLE_MANIFESTJSON_H

#include "runtime/package/Manifest.h"

#include <nlohmann/json.hpp>

namespace pebble::cli {

/// null where only the run knows.
inline nlohmann::ordered_json macsJson(int64_t macs) {
  return macs < 0 ? nlohmann::ordered_json() : nlohmann::ordered_json(macs);
}

/// Of a run: all of them, and by how many they exceed computing each layer once.
inline nlohmann::ordered_json runMacsJson(const package::Manifest &manifest) {
  return {{"total", macsJson(manifest.macs)}, {"extra", manifest.extraMacs}};
}

} // namespace pebble::cli

#endif // PEBBLE_TOOLS_PEBBLE_MANIFESTJSON_H
