// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/schedule/verifier/PlanVerifier.h"

#include <algorithm>
#include <limits>
#include <map>

using namespace pebble::verifier;

namespace {

/// The first thing wrong with a range by itself.
bool checkRange(const PlacedRange &range, int64_t capacity, Violation::Kind &kind) {
  if (range.lower >= range.upper)
    kind = Violation::emptyLife;
  else if (range.offset < 0)
    kind = Violation::negative;
  else if (range.size < 0 || range.size > std::numeric_limits<int64_t>::max() - range.offset)
    kind = Violation::badSize;
  else if (range.alignment < 1 || range.offset % range.alignment != 0)
    kind = Violation::misaligned;
  else if (range.offset + range.size > capacity)
    kind = Violation::outOfBounds;
  else
    return true;
  return false;
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
                                                    int64_t capacity) {
  std::vector<Violation> violations;
  std::vector<Event> events;
  for (size_t i = 0; i < plan.size(); ++i) {
    Violation::Kind kind;
    if (!checkRange(plan[i], capacity, kind)) {
      violations.push_back({kind, i, i});
      // What is merely in a wrong place may still be compared with the others.
      if (kind != Violation::misaligned && kind != Violation::outOfBounds)
        continue;
    }
    if (plan[i].size == 0)
      continue;
    events.push_back({plan[i].lower, true, i});
    events.push_back({plan[i].upper, false, i});
  }
  std::sort(events.begin(), events.end());

  // What is alive, by offset. As nothing in it overlaps, only the two neighbors of a new range can.
  std::map<int64_t, size_t> alive;
  auto endOf = [&](size_t i) { return plan[i].offset + plan[i].size; };
  for (const Event &event : events) {
    const PlacedRange &range = plan[event.range];
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

std::string pebble::verifier::describe(const Violation &violation,
                                       const std::vector<PlacedRange> &plan,
                                       const std::vector<std::string> &names, int64_t capacity) {
  const PlacedRange &range = plan[violation.first];
  auto number = [](int64_t value) { return std::to_string(value); };
  auto place = [&](size_t i) {
    return "'" + names[i] + "' (bytes " + number(plan[i].offset) + " + " + number(plan[i].size) +
           ", alive [" + number(plan[i].lower) + ", " + number(plan[i].upper) + "))";
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
    return place(violation.first) + " ends beyond the capacity of " + number(capacity);
  case Violation::overlap:
    return place(violation.first) + " and " + place(violation.second) + " share memory";
  }
  return "";
}
