// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Why buffers do not fit: a few of them that do not fit by themselves.
#ifndef PEBBLE_PASSES_SCHEDULE_PLANNER_CONFLICT_H
#define PEBBLE_PASSES_SCHEDULE_PLANNER_CONFLICT_H

#include "passes/schedule/planner/Search.h"

namespace pebble::planner {

/// Buffers that are alive at the busiest time, the largest first until they exceed `capacity`; of
/// them none can be left out. Empty when no time has that much alive.
std::vector<int> findLiveConflict(const std::vector<Buffer> &buffers, int64_t capacity);

/// Leaves out of `conflict`, which does not fit, what is not needed for that, as long as the budget
/// lasts; true when nothing more can be left out.
bool shrinkConflict(const std::vector<Buffer> &buffers, int64_t capacity, Budget &budget,
                    std::vector<int> &conflict);

} // namespace pebble::planner

#endif // PEBBLE_PASSES_SCHEDULE_PLANNER_CONFLICT_H
