// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Finds regions for places: fast ones first, then the best.
#ifndef PEBBLE_PASSES_SCHEDULE_PLANNER_REGIONSEARCH_H
#define PEBBLE_PASSES_SCHEDULE_PLANNER_REGIONSEARCH_H

#include "passes/schedule/planner/Assignment.h"

namespace pebble::planner {

struct RegionAnswer {
  Answer answer = Answer::unknown;
  std::optional<Assignment> best; ///< On `fits`: all places in regions.
  int64_t costBound = 0;          ///< Proven: no assignment costs less.
  /// On `doesNotFit`: what is alive together at `section` and can only lie in `regions` is more
  /// than they have; no region: places do not fit for another reason.
  RegionSet shortage = 0;
  int section = 0;
};

/// Looks for the assignment of the least cost, or with `anyPlan` for any.
RegionAnswer assignRegions(const RegionProblem &problem, Budget &budget, bool anyPlan = false);

} // namespace pebble::planner

#endif // PEBBLE_PASSES_SCHEDULE_PLANNER_REGIONSEARCH_H
