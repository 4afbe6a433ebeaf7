// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Regions for places, one place after the other, and better ones by moves and swaps.
#ifndef PEBBLE_PASSES_SCHEDULE_PLANNER_REGIONGREEDY_H
#define PEBBLE_PASSES_SCHEDULE_PLANNER_REGIONGREEDY_H

#include "passes/schedule/planner/Assignment.h"
#include "passes/schedule/planner/Random.h"

namespace pebble::planner {

/// Gives places, in several orders, the most preferred region that has room. A place that is left
/// over goes first in the next attempt. Returns the best that is whole; stops at `goal`.
std::optional<Assignment> assignGreedily(const RegionProblem &problem, int64_t goal,
                                         Budget &budget);

/// The same in one order, the largest `value` first; keeps it in `best` where it is better.
void assignByValue(const RegionProblem &problem, const std::vector<double> &value, Budget &budget,
                   std::optional<Assignment> &best);

/// The same in orders by chance, the larger ones sooner, until the budget is used up.
std::optional<Assignment> assignByChance(const RegionProblem &problem, Random &random,
                                         Budget &budget);

/// Moves places to better regions, where others make room if need be, as long as that costs less
/// in all and more than `goal` is paid.
void improveRegions(const RegionProblem &problem, int64_t goal, Budget &budget, Assignment &best);

/// Takes some that are near in time out, again and again, and puts them back in another order, as
/// long as the budget lasts and more than `goal` is paid.
void reassignByChance(const RegionProblem &problem, const std::vector<double> &value, int64_t goal,
                      Budget &budget, Random &random, Assignment &best);

} // namespace pebble::planner

#endif // PEBBLE_PASSES_SCHEDULE_PLANNER_REGIONGREEDY_H
