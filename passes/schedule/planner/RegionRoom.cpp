// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/schedule/planner/RegionRoom.h"

#include <set>

using namespace pebble::planner;

namespace {

/// With more regions than this only some of their sets are looked at.
constexpr int kMostForAllSets = 6;

RegionSet firstOf(int count) { return count >= 64 ? ~RegionSet(0) : (RegionSet(1) << count) - 1; }

std::set<RegionSet> setsToWatch(const RegionProblem &problem) {
  const int count = problem.regionCount();
  std::set<RegionSet> sets;
  for (RegionSet set = 1; count <= kMostForAllSets && set <= firstOf(count); ++set)
    sets.insert(set);
  for (int r = 0; r < count; ++r)
    sets.insert({only(r), firstOf(r + 1)});
  for (size_t i = 0; i < problem.places.size(); ++i)
    if (problem.allowed(static_cast<int>(i)))
      sets.insert(problem.allowed(static_cast<int>(i)));
  return sets;
}

} // namespace

RegionProblem::RegionProblem(std::vector<Buffer> all, std::vector<int64_t> sizes)
    : places(std::move(all)), capacities(std::move(sizes)), sections(cutSections(places)) {
  for (const Buffer &place : places) {
    RegionSet domain = 0;
    for (int r = 0; r < regionCount(); ++r)
      if (holds(place.regions, r) &&
          (isUnlimited(r) || place.fixed.value_or(0) + place.size <= capacities[r]))
        domain |= only(r);
    domains.push_back(domain);
  }
}

RegionRoom::RegionRoom(const RegionProblem &problem)
    : problem(&problem), firstSet(problem.regionCount() + 1, -1) {
  for (RegionSet regions : setsToWatch(problem)) {
    int64_t capacity = 0;
    bool isUnlimited = false;
    for (int r = 0; r < problem.regionCount(); ++r)
      if (holds(regions, r)) {
        isUnlimited |= problem.isUnlimited(r);
        // More than all places together is as good as no more than that.
        capacity = std::min(capacity + std::min(problem.capacities[r], kMost), kMost);
      }
    if (isUnlimited)
      continue;
    for (int count = 1; count <= problem.regionCount(); ++count)
      if (regions == firstOf(count))
        firstSet[count] = static_cast<int>(sets.size());
    sets.push_back({regions, capacity, std::vector<int64_t>(problem.sections.count(), 0)});
  }
  for (size_t i = 0; i < problem.places.size(); ++i)
    for (Set &set : sets)
      if (isWithin(problem.allowed(static_cast<int>(i)), set.regions))
        for (int s = problem.sections.spans[i].first; s < problem.sections.spans[i].last; ++s)
          set.need[s] += problem.places[i].size;
}

bool RegionRoom::findShortage(RegionSet &regions, int &section) const {
  for (const Set &set : sets)
    for (size_t s = 0; s < set.need.size(); ++s)
      if (set.need[s] > set.capacity) {
        regions = set.regions;
        section = static_cast<int>(s);
        return true;
      }
  return false;
}

bool RegionRoom::hasRoom(int place, int region) const {
  const Span span = problem->sections.spans[place];
  const int64_t size = problem->places[place].size;
  for (const Set &set : sets) {
    if (!holds(set.regions, region) || isWithin(problem->allowed(place), set.regions))
      continue;
    for (int s = span.first; s < span.last; ++s)
      if (set.need[s] + size > set.capacity)
        return false;
  }
  return true;
}

void RegionRoom::change(int place, int region, int64_t bytes) {
  const Span span = problem->sections.spans[place];
  for (Set &set : sets)
    if (holds(set.regions, region) && !isWithin(problem->allowed(place), set.regions))
      for (int s = span.first; s < span.last; ++s)
        set.need[s] += bytes;
}

std::optional<int64_t> RegionRoom::leftInFirst(int count, int section) const {
  if (firstSet[count] < 0)
    return std::nullopt;
  const Set &set = sets[firstSet[count]];
  return set.capacity - set.need[section];
}
