// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Decides whether buffers fit a capacity. See docs/memory.md.
#ifndef PEBBLE_PASSES_SCHEDULE_PLANNER_SEARCH_H
#define PEBBLE_PASSES_SCHEDULE_PLANNER_SEARCH_H

#include "passes/schedule/planner/Strategies.h"

namespace pebble::planner {

enum class Answer {
  fits,
  doesNotFit, ///< Proven: there is no plan.
  unknown     ///< The budget ran out first.
};

/// With more buffers than this the depth and the memory of the search would get out of hand.
constexpr size_t kMostSearched = 3000;

/// Looks for a plan of at most `capacity` bytes; on `fits`, `offsets` has it. Goes on where
/// searches with the same `experience`, of the same question, ended.
Answer searchFit(const std::vector<Buffer> &buffers, int64_t capacity, Budget &budget,
                 Experience &experience, std::vector<int64_t> &offsets);

} // namespace pebble::planner

#endif // PEBBLE_PASSES_SCHEDULE_PLANNER_SEARCH_H
