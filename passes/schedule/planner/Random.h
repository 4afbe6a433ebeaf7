// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Numbers that are the same on every machine, which the standard library's distributions do not
// promise.
#ifndef PEBBLE_PASSES_SCHEDULE_PLANNER_RANDOM_H
#define PEBBLE_PASSES_SCHEDULE_PLANNER_RANDOM_H

#include <cstddef>
#include <cstdint>

namespace pebble::planner {

class Random {
public:
  size_t below(size_t count) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return static_cast<size_t>(state % count);
  }

private:
  uint64_t state = 0x9E3779B97F4A7C15;
};

} // namespace pebble::planner

#endif // PEBBLE_PASSES_SCHEDULE_PLANNER_RANDOM_H
