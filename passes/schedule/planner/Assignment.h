// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Places in regions, each region with a plan that fits it.
#ifndef PEBBLE_PASSES_SCHEDULE_PLANNER_ASSIGNMENT_H
#define PEBBLE_PASSES_SCHEDULE_PLANNER_ASSIGNMENT_H

#include "passes/schedule/planner/RegionRoom.h"
#include "passes/schedule/planner/Search.h"

namespace pebble::planner {

class Assignment {
public:
  static constexpr int kNone = -1;

  explicit Assignment(const RegionProblem &problem);

  int regionOf(int place) const { return regions[place]; }
  int64_t offsetOf(int place) const { return offsets[place]; }
  bool isWhole() const { return left == 0; }
  /// The sum of traffic times region.
  int64_t cost() const { return paid; }
  bool hasRoom(int place, int region) const { return room.hasRoom(place, region); }

  /// Puts `place`, for which the region has room, into it where a gap is left; false when none is.
  bool insert(int place, int region);
  /// The same, with a new plan of all that lies in the region.
  Answer replan(int place, int region, Budget &budget);
  void remove(int place);

  /// Proven: no assignment of what has no region yet makes the cost less than this.
  int64_t costBound(Budget &budget) const;

  /// What lies in `region`, ascending.
  std::vector<int> membersOf(int region) const;

private:
  void put(int place, int region, int64_t offset);
  bool isFree(int place, int64_t offset) const;

  const RegionProblem *problem;
  RegionRoom room;
  std::vector<int> regions;     ///< Of each place.
  std::vector<int64_t> offsets; ///< Of each place that has a region with a capacity.
  std::vector<int> order;       ///< Places by traffic of a byte, most first.
  int64_t paid = 0;
  size_t left;
};

} // namespace pebble::planner

#endif // PEBBLE_PASSES_SCHEDULE_PLANNER_ASSIGNMENT_H
