// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sizes of memory as people write them.
#ifndef PEBBLE_TOOLS_SIZE_H
#define PEBBLE_TOOLS_SIZE_H

#include <cstdint>
#include <string_view>

namespace pebble {

/// A size such as 65536, 64KiB or 1.5MiB, in bytes; -1 when it is none.
int64_t parseSize(std::string_view text);

} // namespace pebble

#endif // PEBBLE_TOOLS_SIZE_H
