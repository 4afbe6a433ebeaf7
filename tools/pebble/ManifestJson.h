// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Figures of a manifest as JSON.
#ifndef PEBBLE_TOOLS_PEBBLE_MANIFESTJSON_H
#define PEBBLE_TOOLS_PEBBLE_MANIFESTJSON_H

#include <nlohmann/json.hpp>

namespace pebble::cli {

/// null where only the run knows.
inline nlohmann::ordered_json macsJson(int64_t macs) {
  return macs < 0 ? nlohmann::ordered_json() : nlohmann::ordered_json(macs);
}

} // namespace pebble::cli

#endif // PEBBLE_TOOLS_PEBBLE_MANIFESTJSON_H
