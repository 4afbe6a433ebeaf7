// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Fast planners: place buffers one after the other, and improve the order by local search.
#ifndef PEBBLE_PASSES_SCHEDULE_PLANNER_GREEDY_H
#define PEBBLE_PASSES_SCHEDULE_PLANNER_GREEDY_H

#include "passes/schedule/planner/Sections.h"

namespace pebble::planner {

/// Places buffers in order of time, each in the smallest gap that holds it. Works for any number of
/// buffers.
Plan planByTime(const std::vector<Buffer> &buffers);

/// Places buffers in several orders (size, area, time, pressure), each at the lowest offset that is
/// free for its whole life; returns the lowest plan.
class Greedy {
public:
  Greedy(const std::vector<Buffer> &buffers, const Sections &sections);

  /// The lowest plan of the fixed orders. Stops at the first that is no higher than `goal`.
  Plan plan(int64_t goal, Budget &budget);

  /// Hill climbing from the best order so far: a buffer that makes the plan high, or one that lies
  /// below it, goes earlier. Stops when `goal` is reached.
  Plan climb(int64_t goal, Budget &budget);

private:
  Plan place(const std::vector<int> &order, Budget &budget) const;
  void keep(const std::vector<int> &order, Plan plan);

  const std::vector<Buffer> &buffers;
  const Sections &sections;
  std::vector<std::vector<int>> neighbors; ///< What is alive at a common time.
  std::vector<int> bestOrder;
  Plan best;
};

/// Whether `Greedy` can hold the pairs of buffers that are alive together.
bool isGreedyAffordable(const Sections &sections);

} // namespace pebble::planner

#endif // PEBBLE_PASSES_SCHEDULE_PLANNER_GREEDY_H
