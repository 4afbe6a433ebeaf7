// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How many bytes are needed in regions at each time, by places that have a region and by those that
// still have a choice.
#ifndef PEBBLE_PASSES_SCHEDULE_PLANNER_REGIONROOM_H
#define PEBBLE_PASSES_SCHEDULE_PLANNER_REGIONROOM_H

#include "passes/schedule/planner/Sections.h"

namespace pebble::planner {

using RegionSet = uint64_t;

inline RegionSet only(int region) { return RegionSet(1) << region; }
inline bool holds(RegionSet set, int region) { return (set & only(region)) != 0; }
inline bool isWithin(RegionSet inner, RegionSet outer) { return (inner & ~outer) == 0; }

/// Places that are to be put into regions.
struct RegionProblem {
  /// `places` share nothing and have bytes; capacities below zero stand for none.
  RegionProblem(std::vector<Buffer> places, std::vector<int64_t> capacities);

  /// The regions of `place` that are large enough for it alone.
  RegionSet allowed(int place) const { return domains[place]; }
  bool isUnlimited(int region) const { return capacities[region] < 0; }
  int regionCount() const { return static_cast<int>(capacities.size()); }

  const std::vector<Buffer> places;
  const std::vector<int64_t> capacities; ///< Of each region; below zero: as much as needed.
  const Sections sections;

private:
  std::vector<RegionSet> domains;
};

/// For sets of regions, the bytes that are alive at each time and can lie nowhere else. Where that
/// is more than what the set has, there is no plan.
class RegionRoom {
public:
  explicit RegionRoom(const RegionProblem &problem);

  /// What needs more than there is, with no place in a region yet: the set of regions and the
  /// section; false when nothing does.
  bool findShortage(RegionSet &regions, int &section) const;

  /// Whether there are bytes for `place`, which has no region yet, in `region`, and then still for
  /// all that has a choice.
  bool hasRoom(int place, int region) const;
  void add(int place, int region) { change(place, region, problem->places[place].size); }
  void remove(int place, int region) { change(place, region, -problem->places[place].size); }

  /// What the first `count` regions have left at a section, for what can lie elsewhere as well;
  /// none: as much as needed.
  std::optional<int64_t> leftInFirst(int count, int section) const;

private:
  struct Set {
    RegionSet regions;
    int64_t capacity;
    std::vector<int64_t> need; ///< By section.
  };
  void change(int place, int region, int64_t bytes);

  const RegionProblem *problem;
  std::vector<Set> sets;     ///< Those with a capacity.
  std::vector<int> firstSet; ///< By the number of regions: the set of the first of them, or -1.
};

} // namespace pebble::planner

#endif // PEBBLE_PASSES_SCHEDULE_PLANNER_REGIONROOM_H
