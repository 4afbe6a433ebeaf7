// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Buffers that share a place, as one buffer.
#ifndef PEBBLE_PASSES_SCHEDULE_PLANNER_PLACES_H
#define PEBBLE_PASSES_SCHEDULE_PLANNER_PLACES_H

#include "passes/schedule/planner/Problem.h"

namespace pebble::planner {

struct Places {
  /// One for each place, in the order of those that share with no other themselves.
  std::vector<Buffer> buffers;
  std::vector<int> placeOf;              ///< Of each of the buffers that were given.
  std::vector<std::vector<int>> members; ///< Of each place, ascending.

  /// The members of `places`, ascending.
  std::vector<int> membersOf(const std::vector<int> &places) const;
};

/// Joins buffers of which none shares with itself, by way of others or not.
Places joinPlaces(const std::vector<Buffer> &buffers);

/// The least common multiple of alignments, or `kMost` + 1 where it is larger than that.
int64_t joinAlignments(int64_t a, int64_t b);

} // namespace pebble::planner

#endif // PEBBLE_PASSES_SCHEDULE_PLANNER_PLACES_H
