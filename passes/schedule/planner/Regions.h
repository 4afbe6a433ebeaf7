// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Places for buffers in memory of several regions. See docs/memory.md.
#ifndef PEBBLE_PASSES_SCHEDULE_PLANNER_REGIONS_H
#define PEBBLE_PASSES_SCHEDULE_PLANNER_REGIONS_H

#include "passes/schedule/planner/Planner.h"

#include <string>

namespace pebble::planner {

struct Region {
  std::string name;
  std::optional<int64_t> capacity; ///< Bytes; none: as many as needed.
};

/// What is used of a region.
struct RegionUse {
  int64_t height = 0;     ///< Where its last buffer ends.
  int64_t lowerBound = 0; ///< Proven: no plan of the buffers that lie in it is lower.
};

struct RegionsResult {
  Answer answer = Answer::unknown;
  // On `fits`: for each buffer its region and its offset there, and for each region its use.
  std::vector<int> region;
  std::vector<int64_t> offsets;
  std::vector<RegionUse> uses;
  /// The sum over all buffers of traffic times the index of the region; what is to be small.
  int64_t cost = 0;
  int64_t costBound = 0; ///< Proven: no plan costs less.
  /// Traffic of the buffers in the first region, and of all.
  int64_t preferredTraffic = 0, totalTraffic = 0;
  /// On `doesNotFit`: buffers that by themselves do not fit, ascending; those that share a place
  /// are in it together or not at all.
  std::vector<int> conflict;
  Reason reason = Reason::exhausted;
  bool conflictIsMinimal = false; ///< Each place is needed for the conflict.
  /// For `aliveTogether`: the regions that have too little for the conflict, by bits.
  uint64_t conflictRegions = 0;

  bool isOptimal() const { return cost == costBound; }
};

/// Plans buffers in which `findFaults` finds nothing, in regions from the most to the least
/// preferred one. First of all they have to fit; of the plans that fit one with a small `cost` is
/// looked for. With one region this is `planBuffers`. The capacity of `options` is not looked at.
RegionsResult planRegions(const std::vector<Buffer> &buffers, const std::vector<Region> &regions,
                          Options options);

} // namespace pebble::planner

#endif // PEBBLE_PASSES_SCHEDULE_PLANNER_REGIONS_H
