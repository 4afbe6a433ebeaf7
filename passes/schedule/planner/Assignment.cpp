// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/schedule/planner/Assignment.h"

#include "passes/schedule/planner/Planner.h"

#include <numeric>

using namespace pebble::planner;

namespace {

__extension__ using Wide = __int128;

bool overlapInTime(const Buffer &a, const Buffer &b) {
  return a.lower < b.upper && b.lower < a.upper;
}

/// What `places`, the most traffic of a byte first, have of it that does not fit `room` bytes, if
/// places could be split.
int64_t trafficOutside(const std::vector<Buffer> &all, const std::vector<int> &places,
                       int64_t room) {
  int64_t outside = 0;
  for (int index : places) {
    const Buffer &place = all[index];
    if (place.size <= room) {
      room -= place.size;
      continue;
    }
    outside += place.traffic - static_cast<int64_t>(Wide(place.traffic) * room / place.size);
    room = 0;
  }
  return outside;
}

} // namespace

Assignment::Assignment(const RegionProblem &problem)
    : problem(&problem), room(problem), regions(problem.places.size(), kNone),
      offsets(problem.places.size(), 0), order(problem.places.size()), left(problem.places.size()) {
  std::iota(order.begin(), order.end(), 0);
  const std::vector<Buffer> &places = problem.places;
  sortIndices(order, [&](int a, int b) {
    return Wide(places[a].traffic) * places[b].size > Wide(places[b].traffic) * places[a].size;
  });
}

void Assignment::put(int place, int region, int64_t offset) {
  regions[place] = region;
  offsets[place] = offset;
  room.add(place, region);
  paid += problem->places[place].traffic * region;
  --left;
}

void Assignment::remove(int place) {
  room.remove(place, regions[place]);
  paid -= problem->places[place].traffic * regions[place];
  regions[place] = kNone;
  ++left;
}

bool Assignment::insert(int place, int region) {
  const Buffer &buffer = problem->places[place];
  if (problem->isUnlimited(region)) {
    // Fixed offsets can contradict each other in any region; all others have a place there.
    for (size_t i = 0; buffer.fixed && i < regions.size(); ++i) {
      const Buffer &other = problem->places[i];
      if (regions[i] == region && other.fixed && overlapInTime(other, buffer) &&
          *other.fixed < *buffer.fixed + buffer.size && *buffer.fixed < *other.fixed + other.size)
        return false;
    }
    put(place, region, buffer.fixed.value_or(0));
    return true;
  }
  std::vector<std::pair<int64_t, int64_t>> taken;
  for (size_t i = 0; i < regions.size(); ++i)
    if (regions[i] == region && overlapInTime(problem->places[i], buffer))
      taken.push_back({offsets[i], offsets[i] + problem->places[i].size});
  std::sort(taken.begin(), taken.end());
  int64_t offset = buffer.fixed.value_or(0);
  for (auto [begin, end] : taken) {
    if (begin >= offset + buffer.size)
      break;
    if (end <= offset)
      continue;
    if (buffer.fixed)
      return false;
    offset = (end + buffer.alignment - 1) / buffer.alignment * buffer.alignment;
  }
  if (offset + buffer.size > problem->capacities[region])
    return false;
  put(place, region, offset);
  return true;
}

Answer Assignment::replan(int place, int region, Budget &budget) {
  if (problem->isUnlimited(region))
    return Answer::doesNotFit; // Of fixed offsets, the only reason not to get in.
  std::vector<int> members = membersOf(region);
  members.push_back(place);
  std::vector<Buffer> buffers;
  for (int member : members)
    buffers.push_back(problem->places[member]);
  budget.spend(static_cast<int64_t>(buffers.size()) * 16);
  Result result = planPlaces(buffers, problem->capacities[region], budget);
  if (result.answer != Answer::fits)
    return result.answer;
  for (size_t i = 0; i + 1 < members.size(); ++i)
    offsets[members[i]] = result.plan.offsets[i];
  put(place, region, result.plan.offsets.back());
  return Answer::fits;
}

std::vector<int> Assignment::membersOf(int region) const {
  std::vector<int> members;
  for (size_t i = 0; i < regions.size(); ++i)
    if (regions[i] == region)
      members.push_back(static_cast<int>(i));
  return members;
}

// The cost is, summed over all counts, the traffic outside the first `count` regions. Of what is
// alive at one time, as much traffic is inside as would fit if places could be split; times at
// which other places are alive add up.
int64_t Assignment::costBound(Budget &budget) const {
  const int sectionCount = problem->sections.count();
  int64_t bound = 0;
  std::vector<std::vector<int>> choices(sectionCount);
  std::vector<int64_t> most(sectionCount + 1); // Outside, by the sections before.
  for (int count = 1; count < problem->regionCount(); ++count) {
    const RegionSet first = only(count) - 1;
    for (std::vector<int> &places : choices)
      places.clear();
    for (int place : order) {
      RegionSet domain = regions[place] == kNone ? problem->allowed(place) : only(regions[place]);
      const Span span = problem->sections.spans[place];
      if (!(domain & first))
        bound += problem->places[place].traffic;
      else if (!isWithin(domain, first))
        for (int s = span.first; s < span.last; ++s)
          choices[s].push_back(place);
    }
    for (int s = 0; s < sectionCount; ++s) {
      budget.spend(static_cast<int64_t>(choices[s].size()) + 1);
      most[s + 1] = most[s];
      std::optional<int64_t> bytes = room.leftInFirst(count, s);
      if (!bytes)
        continue;
      int start = s;
      for (int place : choices[s])
        start = std::min(start, problem->sections.spans[place].first);
      int64_t outside = trafficOutside(problem->places, choices[s], std::max<int64_t>(*bytes, 0));
      most[s + 1] = std::max(most[s], most[start] + outside);
    }
    bound += most[sectionCount];
  }
  return bound;
}
