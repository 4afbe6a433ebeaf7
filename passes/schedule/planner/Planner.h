// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Offsets for buffers in one memory, and what is known about how good they are. See docs/memory.md.
#ifndef PEBBLE_PASSES_SCHEDULE_PLANNER_PLANNER_H
#define PEBBLE_PASSES_SCHEDULE_PLANNER_PLANNER_H

#include "passes/schedule/planner/Faults.h"
#include "passes/schedule/planner/Search.h"

namespace pebble::planner {

struct Options {
  /// The plan may end here, and nothing better is looked for. Without it, the lowest plan is.
  std::optional<int64_t> capacity;
  Budget budget = Budget(100'000'000);
};

/// Why buffers do not fit.
enum class Reason {
  aliveTogether, ///< At a common time their sizes add up to more than the capacity.
  fixedOffsets,  ///< Their fixed offsets contradict each other, or one ends beyond the capacity.
  exhausted      ///< A complete search found no plan for them.
};

struct Result {
  /// Of the capacity; without one, `fits`, or `doesNotFit` where fixed offsets contradict each
  /// other.
  Answer answer = Answer::unknown;
  Plan plan;              ///< A valid one in any case but `doesNotFit` by contradiction.
  int64_t lowerBound = 0; ///< Proven: no plan is lower.
  /// On `doesNotFit`: buffers that by themselves do not fit, ascending.
  std::vector<int> conflict;
  Reason reason = Reason::exhausted;
  /// Each of them is needed for the conflict.
  bool conflictIsMinimal = false;

  bool isOptimal() const { return plan.height == lowerBound; }
};

/// Plans buffers in which `findFaults` finds nothing. Those that share a place are in a conflict
/// together or not at all.
Result planBuffers(const std::vector<Buffer> &buffers, Options options);

/// The same for buffers that share no places. Takes what it uses from `budget`, and names no
/// conflict.
Result planPlaces(const std::vector<Buffer> &places, std::optional<int64_t> capacity,
                  Budget &budget);

} // namespace pebble::planner

#endif // PEBBLE_PASSES_SCHEDULE_PLANNER_PLANNER_H
