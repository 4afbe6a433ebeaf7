// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/schedule/planner/Regions.h"

#include "passes/schedule/planner/Places.h"
#include "passes/schedule/planner/RegionSearch.h"

#include <bit>
#include <numeric>

using namespace pebble::planner;

namespace {

RegionsResult planOneRegion(const std::vector<Buffer> &buffers, const Region &region,
                            Options options) {
  options.capacity = region.capacity;
  Result plan = planBuffers(buffers, options);
  RegionsResult result;
  result.answer = plan.answer;
  result.region.assign(buffers.size(), 0);
  result.offsets = std::move(plan.plan.offsets);
  result.uses = {{plan.plan.height, plan.lowerBound}};
  result.conflict = std::move(plan.conflict);
  result.reason = plan.reason;
  result.conflictIsMinimal = plan.conflictIsMinimal;
  result.conflictRegions = 1;
  return result;
}

class Planner {
public:
  Planner(const Places &places, const std::vector<Region> &regions, Budget budget)
      : places(places.buffers), regions(regions), budget(budget),
        region(places.buffers.size(), Assignment::kNone), offsets(places.buffers.size(), 0) {
    for (const Region &each : regions)
      capacities.push_back(each.capacity.value_or(-1));
  }

  RegionsResult run() {
    // What has no bytes is in nobody's way.
    for (size_t i = 0; i < places.size(); ++i) {
      if (places[i].size > 0) {
        sized.push_back(static_cast<int>(i));
        continue;
      }
      region[i] = std::countr_zero(places[i].regions);
      offsets[i] = places[i].fixed.value_or(0);
      result.costBound += places[i].traffic * region[i];
    }
    result.answer = Answer::fits;
    std::vector<std::vector<int>> groups = independentGroups(select(sized));
    for (size_t g = 0; g < groups.size() && result.answer != Answer::doesNotFit; ++g) {
      // The last share is for the plans of the regions.
      Budget share = budget.part(budget.remaining() / static_cast<int64_t>(groups.size() - g + 1));
      for (int &index : groups[g])
        index = sized[index];
      assign(groups[g], share);
      budget.spend(share.spent());
    }
    if (result.answer == Answer::fits)
      planEachRegion();
    return std::move(result);
  }

private:
  /// Steps for the last plan of one region.
  static constexpr int64_t kMostForPlan = 50'000'000;

  std::vector<Buffer> select(const std::vector<int> &indices) const {
    std::vector<Buffer> chosen;
    for (int index : indices)
      chosen.push_back(places[index]);
    return chosen;
  }

  void assign(const std::vector<int> &group, Budget &share) {
    RegionProblem problem(select(group), capacities);
    RegionAnswer found = assignRegions(problem, share);
    result.costBound += found.costBound;
    if (found.answer == Answer::doesNotFit) {
      result.answer = Answer::doesNotFit;
      explain(problem, found, share);
      for (int &index : result.conflict)
        index = group[index];
    } else if (found.answer == Answer::unknown) {
      result.answer = Answer::unknown;
    } else {
      for (size_t i = 0; i < group.size(); ++i) {
        region[group[i]] = found.best->regionOf(static_cast<int>(i));
        offsets[group[i]] = found.best->offsetOf(static_cast<int>(i));
      }
    }
  }

  void explain(const RegionProblem &problem, const RegionAnswer &found, Budget rest) {
    std::vector<int> &conflict = result.conflict;
    result.conflictRegions = found.shortage;
    conflict.resize(problem.places.size());
    std::iota(conflict.begin(), conflict.end(), 0);
    if (found.shortage) {
      result.reason = Reason::aliveTogether;
      std::erase_if(conflict, [&](int i) {
        const Span span = problem.sections.spans[i];
        return found.section < span.first || span.last <= found.section ||
               !isWithin(problem.allowed(i), found.shortage);
      });
      keepLargest(problem, found.shortage);
      result.conflictIsMinimal = shrink(problem, rest, /*keepsAll=*/true);
      return;
    }
    result.reason = Reason::exhausted;
    for (int i : conflict)
      if (!problem.allowed(i)) {
        Buffer free = problem.places[i];
        free.fixed.reset();
        result.reason = RegionProblem({free}, capacities).allowed(0) ? Reason::fixedOffsets
                                                                     : Reason::aliveTogether;
        result.conflictRegions = problem.places[i].regions;
        conflict = {i};
        break;
      }
    result.conflictIsMinimal = shrink(problem, rest, /*keepsAll=*/false);
  }

  /// Of the conflict, the largest until they are more than `set` has.
  void keepLargest(const RegionProblem &problem, RegionSet set) {
    int64_t left = 0;
    for (size_t r = 0; r < regions.size(); ++r)
      left += holds(set, static_cast<int>(r)) ? std::min(capacities[r], kMost) : 0;
    std::vector<int> &conflict = result.conflict;
    sortIndices(conflict,
                [&](int a, int b) { return problem.places[a].size > problem.places[b].size; });
    size_t count = 0;
    while (count < conflict.size() && left >= 0)
      left -= problem.places[conflict[count++]].size;
    conflict.resize(count);
    std::sort(conflict.begin(), conflict.end());
  }

  /// Leaves out what is not needed for the conflict, unless it `keepsAll`; true when each that is
  /// left is needed.
  bool shrink(const RegionProblem &problem, Budget &rest, bool keepsAll) {
    std::vector<int> &conflict = result.conflict;
    bool isMinimal = true;
    for (int left : std::vector<int>(conflict)) {
      std::vector<Buffer> others;
      for (int index : conflict)
        if (index != left)
          others.push_back(problem.places[index]);
      Answer answer =
          assignRegions(RegionProblem(std::move(others), capacities), rest, /*anyPlan=*/true)
              .answer;
      if (answer == Answer::doesNotFit && !keepsAll)
        std::erase(conflict, left);
      else
        isMinimal &= answer == Answer::fits;
    }
    return isMinimal;
  }

  void planEachRegion() {
    for (int r = 0; r < static_cast<int>(regions.size()); ++r) {
      std::vector<int> members;
      for (int index : sized)
        if (region[index] == r)
          members.push_back(index);
      Budget share = budget.part(
          std::min(kMostForPlan, budget.remaining() / static_cast<int64_t>(regions.size() - r)));
      // Where this does not find the plan that fits again, the one that was found stays.
      Result plan = planPlaces(select(members), regions[r].capacity, share);
      budget.spend(share.spent());
      if (plan.answer == Answer::fits)
        for (size_t i = 0; i < members.size(); ++i)
          offsets[members[i]] = plan.plan.offsets[i];
      RegionUse use{0, plan.lowerBound};
      for (int index : members)
        use.height = std::max(use.height, offsets[index] + places[index].size);
      result.uses.push_back(use);
    }
    result.region = std::move(region);
    result.offsets = std::move(offsets);
  }

  const std::vector<Buffer> &places;
  const std::vector<Region> &regions;
  std::vector<int64_t> capacities; ///< Below zero: as much as needed.
  Budget budget;
  std::vector<int> sized;
  std::vector<int> region;
  std::vector<int64_t> offsets;
  RegionsResult result;
};

} // namespace

RegionsResult pebble::planner::planRegions(const std::vector<Buffer> &buffers,
                                           const std::vector<Region> &regions, Options options) {
  RegionsResult result;
  if (regions.size() == 1) {
    result = planOneRegion(buffers, regions.front(), options);
  } else {
    const Places places = joinPlaces(buffers);
    result = Planner(places, regions, options.budget).run();
    result.conflict = places.membersOf(result.conflict);
    if (result.answer == Answer::fits) {
      std::vector<int> region;
      std::vector<int64_t> offsets;
      for (int place : places.placeOf) {
        region.push_back(result.region[place]);
        offsets.push_back(result.offsets[place]);
      }
      result.region = std::move(region);
      result.offsets = std::move(offsets);
    }
  }
  for (size_t i = 0; i < buffers.size(); ++i) {
    result.totalTraffic += buffers[i].traffic;
    if (result.answer != Answer::fits)
      continue;
    result.cost += buffers[i].traffic * result.region[i];
    result.preferredTraffic += result.region[i] == 0 ? buffers[i].traffic : 0;
  }
  return result;
}
