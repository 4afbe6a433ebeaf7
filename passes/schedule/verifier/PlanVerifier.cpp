// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/schedule/verifier/PlanVerifier.h"

#include <algorithm>
#include <limits>
#include <map>

using namespace pebble::verifier;

namespace {

/// The first thing wrong with a range by itself.
bool checkRange(const PlacedRange &range, const std::vector<Memory> &regions,
                Violation::Kind &kind) {
  const int64_t count = static_cast<int64_t>(regions.size());
  if (range.lower >= range.upper)
    kind = Violation::emptyLife;
  else if (range.offset < 0)
    kind = Violation::negative;
  else if (range.size < 0 || range.size > std::numeric_limits<int64_t>::max() - range.offset)
    kind = Violation::badSize;
  else if (range.region < 0 || range.region >= count ||
           (range.region < 64 && (range.regions >> range.region) % 2 == 0))
    kind = Violation::wrongRegion;
  else if (range.alignment < 1 || range.offset % range.alignment != 0)
    kind = Violation::misaligned;
  else if (range.size > 0 && regions[range.region].capacity &&
           range.offset + range.size > *regions[range.region].capacity)
    kind = Violation::outOfBounds;
  else
    return true;
  return false;
}

/// The range at the end of what `range` shares its place with; none when there is no end.
std::optional<size_t> findOwner(const std::vector<PlacedRange> &plan, size_t range) {
  for (size_t steps = 0; steps <= plan.size(); ++steps) {
    if (!plan[range].sharesWith)
      return range;
    range = *plan[range].sharesWith;
    if (range >= plan.size())
      return std::nullopt;
  }
  return std::nullopt;
}

/// By the first range of each place, what the place is: one range for all that share it.
std::map<size_t, PlacedRange> findPlaces(const std::vector<PlacedRange> &plan,
                                         const std::vector<Memory> &regions,
                                         std::vector<Violation> &violations) {
  std::map<size_t, PlacedRange> places;
  for (size_t i = 0; i < plan.size(); ++i) {
    const PlacedRange &range = plan[i];
    Violation::Kind kind;
    if (!checkRange(range, regions, kind)) {
      violations.push_back({kind, i, i});
      // What is merely in a wrong place may still be compared with the others.
      if (kind != Violation::misaligned && kind != Violation::outOfBounds)
        continue;
    }
    std::optional<size_t> owner = findOwner(plan, i);
    if (!owner || range.offset != plan[*owner].offset || range.region != plan[*owner].region) {
      violations.push_back({Violation::notShared, i, owner.value_or(i)});
      owner = i;
    }
    PlacedRange &place = places.try_emplace(*owner, range).first->second;
    place.lower = std::min(place.lower, range.lower);
    place.upper = std::max(place.upper, range.upper);
    place.size = std::max(place.size, range.size);
  }
  return places;
}

struct Event {
  int64_t time;
  bool starts; // Ends come first: a life does not include its last moment.
  size_t range;
  bool operator<(const Event &other) const {
    if (time != other.time)
      return time < other.time;
    return starts != other.starts ? !starts : range < other.range;
  }
};

} // namespace

std::vector<Violation> pebble::verifier::verifyPlan(const std::vector<PlacedRange> &plan,
                                                    const std::vector<Memory> &regions) {
  std::vector<Violation> violations;
  std::vector<Event> events;
  const std::map<size_t, PlacedRange> places = findPlaces(plan, regions, violations);
  for (const auto &[owner, place] : places) {
    if (place.size == 0)
      continue;
    events.push_back({place.lower, true, owner});
    events.push_back({place.upper, false, owner});
  }
  std::sort(events.begin(), events.end());

  // What is alive, by offset. As nothing in it overlaps, only the two neighbors of a new range can.
  std::vector<std::map<int64_t, size_t>> aliveIn(regions.size());
  auto endOf = [&](size_t i) { return places.at(i).offset + places.at(i).size; };
  for (const Event &event : events) {
    const PlacedRange &range = places.at(event.range);
    std::map<int64_t, size_t> &alive = aliveIn[range.region];
    auto next = alive.lower_bound(range.offset);
    if (!event.starts) {
      if (next != alive.end() && next->second == event.range)
        alive.erase(next);
      continue;
    }
    size_t clash = event.range;
    if (next != alive.end() && next->first < endOf(event.range))
      clash = next->second;
    else if (next != alive.begin() && endOf(std::prev(next)->second) > range.offset)
      clash = std::prev(next)->second;
    if (clash == event.range)
      alive.emplace(range.offset, event.range);
    else
      violations.push_back(
          {Violation::overlap, std::min(clash, event.range), std::max(clash, event.range)});
  }
  return violations;
}

std::vector<Violation> pebble::verifier::verifyPlan(const std::vector<PlacedRange> &plan,
                                                    int64_t capacity) {
  return verifyPlan(plan, {{"", capacity}});
}

std::string pebble::verifier::describe(const Violation &violation,
                                       const std::vector<PlacedRange> &plan,
                                       const std::vector<std::string> &names,
                                       const std::vector<Memory> &regions) {
  const PlacedRange &range = plan[violation.first];
  auto number = [](int64_t value) { return std::to_string(value); };
  // Where there is one region it needs no name.
  auto regionOf = [&](size_t i) {
    int region = plan[i].region;
    if (region < 0 || region >= static_cast<int64_t>(regions.size()))
      return " of region " + number(region);
    return regions.size() > 1 ? " of '" + regions[region].name + "'" : std::string();
  };
  auto place = [&](size_t i) {
    return "'" + names[i] + "' (bytes " + number(plan[i].offset) + " + " + number(plan[i].size) +
           regionOf(i) + ", alive [" + number(plan[i].lower) + ", " + number(plan[i].upper) + "))";
  };
  switch (violation.kind) {
  case Violation::emptyLife:
    return place(violation.first) + " is alive at no time: its end has to be after its start";
  case Violation::badSize:
    return place(violation.first) + " has a size that cannot be";
  case Violation::negative:
    return place(violation.first) + " starts below 0";
  case Violation::misaligned:
    return place(violation.first) + " is not at a multiple of " + number(range.alignment);
  case Violation::outOfBounds:
    return place(violation.first) + " ends beyond the capacity of " +
           number(regions[range.region].capacity.value_or(0));
  case Violation::wrongRegion:
    return place(violation.first) + " is in a region in which it may not be";
  case Violation::notShared:
    return place(violation.first) + " is not in the place that it shares with " +
           place(violation.second);
  case Violation::overlap:
    return place(violation.first) + " and " + place(violation.second) + " share memory";
  }
  return "";
}

std::string pebble::verifier::describe(const Violation &violation,
                                       const std::vector<PlacedRange> &plan,
                                       const std::vector<std::string> &names, int64_t capacity) {
  return describe(violation, plan, names, {{"", capacity}});
}
