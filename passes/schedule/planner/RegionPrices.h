// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a byte of the preferred regions is worth at each time.
#ifndef PEBBLE_PASSES_SCHEDULE_PLANNER_REGIONPRICES_H
#define PEBBLE_PASSES_SCHEDULE_PLANNER_REGIONPRICES_H

#include "passes/schedule/planner/Assignment.h"

namespace pebble::planner {

struct RegionPrices {
  int64_t costBound = 0;     ///< Proven: no assignment costs less.
  std::vector<double> value; ///< Of each place: its traffic over the price of its bytes.
};

/// Prices are raised where more wants to be in the first regions than they hold, and lowered where
/// less does. For any prices, what is paid for all bytes less what is there is a bound of the cost
/// (the Lagrange dual of splitting places). `known` says what the cost is about.
RegionPrices findPrices(const RegionProblem &problem, const Assignment &known, Budget &budget);

} // namespace pebble::planner

#endif // PEBBLE_PASSES_SCHEDULE_PLANNER_REGIONPRICES_H
