// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/schedule/planner/Planner.h"

#include "passes/schedule/planner/Conflict.h"
#include "passes/schedule/planner/Greedy.h"
#include "passes/schedule/planner/Places.h"

#include <algorithm>
#include <map>
#include <numeric>

using namespace pebble::planner;

namespace {

std::vector<Buffer> select(const std::vector<Buffer> &buffers, const std::vector<int> &indices) {
  std::vector<Buffer> chosen;
  for (int index : indices)
    chosen.push_back(buffers[index]);
  return chosen;
}

int64_t heightOf(const std::vector<Buffer> &buffers, const std::vector<int64_t> &offsets) {
  int64_t height = 0;
  for (size_t i = 0; i < buffers.size(); ++i)
    height = std::max(height, offsets[i] + buffers[i].size);
  return height;
}

/// Brings the plan of one group down to `goal`, or as far as the budget lasts.
class Descent {
public:
  Descent(const std::vector<Buffer> &buffers, int64_t goal, std::optional<int64_t> capacity)
      : buffers(buffers), sections(cutSections(buffers)), goal(goal), capacity(capacity) {
    lowerBound = sections.lowerBound;
  }

  void run(Budget &budget) {
    best = planByTime(buffers);
    isTooSmall = capacity && lowerBound > *capacity;
    if (isDone() || isTooSmall)
      return;
    if (isGreedyAffordable(sections)) {
      Greedy greedy(buffers, sections);
      keep(greedy.plan(goal, budget));
      // Where the search can be used it is better than climbing.
      const int64_t first = kClimbPerBuffer * static_cast<int64_t>(buffers.size());
      Budget share = budget.part(buffers.size() > kMostSearched ? budget.remaining() : first);
      int64_t before = share.remaining();
      if (!isDone())
        keep(greedy.climb(goal, share));
      budget.spend(before - share.remaining());
    }
    search(budget);
  }

  Plan best;
  int64_t lowerBound;
  /// The capacity is proven to be too small.
  bool isTooSmall = false;

private:
  static constexpr int64_t kClimbPerBuffer = 1'000;
  static constexpr int64_t kFirstTurn = 4'000'000;

  bool isDone() const { return best.height <= std::max(goal, lowerBound); }
  void keep(Plan plan) {
    if (plan.height < best.height)
      best = std::move(plan);
  }

  /// Asks for the height that would be best first: with the least room the search turns back
  /// soonest, and where it is known that there is such a plan it is often found at once. Then for
  /// what the caller needs, or for the middle of what is still open.
  void search(Budget &budget) {
    if (buffers.size() > kMostSearched)
      return;
    for (int64_t steps = kFirstTurn; !isDone() && !isTooSmall && !budget.empty(); steps *= 2) {
      const int64_t least = lowerBound, most = capacity ? *capacity : best.height - 1;
      int64_t asked = -1;
      for (int64_t height : {least, least + (most - least) / 2, most}) {
        if (height != asked && !isDone() && !isTooSmall)
          ask(height, steps, budget);
        asked = height;
      }
    }
  }

  void ask(int64_t height, int64_t steps, Budget &budget) {
    if (height >= best.height || height < lowerBound)
      return;
    Budget turn = budget.part(steps);
    int64_t before = turn.remaining();
    std::vector<int64_t> offsets;
    Answer answer = searchFit(buffers, height, turn, experience[height], offsets);
    budget.spend(before - turn.remaining());
    if (answer == Answer::fits)
      keep({offsets, heightOf(buffers, offsets)});
    if (answer == Answer::doesNotFit) {
      lowerBound = height + 1;
      isTooSmall = capacity && height >= *capacity;
    }
  }

  const std::vector<Buffer> &buffers;
  const Sections sections;
  const int64_t goal;
  const std::optional<int64_t> capacity;
  std::map<int64_t, Experience> experience; ///< By height.
};

/// Whether the fixed offsets contradict each other; the first pair that does is the conflict.
bool findFixedConflict(const std::vector<Buffer> &buffers, std::vector<int> &conflict) {
  for (size_t i = 0; i < buffers.size(); ++i)
    for (size_t j = 0; buffers[i].fixed && j < i; ++j)
      if (buffers[j].fixed && buffers[i].lower < buffers[j].upper &&
          buffers[j].lower < buffers[i].upper &&
          *buffers[i].fixed < *buffers[j].fixed + buffers[j].size &&
          *buffers[j].fixed < *buffers[i].fixed + buffers[i].size) {
        conflict = {static_cast<int>(j), static_cast<int>(i)};
        return true;
      }
  return false;
}

void explain(const std::vector<Buffer> &buffers, const std::vector<int> &group, int64_t capacity,
             Budget &budget, Result &result) {
  std::vector<Buffer> members = select(buffers, group);
  std::vector<int> conflict;
  result.conflictIsMinimal = true;
  result.reason = Reason::fixedOffsets;
  for (size_t i = 0; i < members.size() && conflict.empty(); ++i)
    if (members[i].fixed && *members[i].fixed + members[i].size > capacity)
      conflict = {static_cast<int>(i)};
  if (conflict.empty()) {
    result.reason = Reason::aliveTogether;
    conflict = findLiveConflict(members, capacity);
  }
  if (conflict.empty()) {
    result.reason = Reason::exhausted;
    conflict.resize(members.size());
    std::iota(conflict.begin(), conflict.end(), 0);
  }
  // By their sizes alone each of a live conflict is needed, but fewer may clash by their offsets.
  bool isFree = result.reason == Reason::aliveTogether;
  for (int index : conflict)
    isFree &= !members[index].fixed && members[index].alignment == 1;
  if (!isFree)
    result.conflictIsMinimal = shrinkConflict(members, capacity, budget, conflict);
  for (int index : conflict)
    result.conflict.push_back(group[index]);
  std::sort(result.conflict.begin(), result.conflict.end());
}

/// Plans buffers that share no places; `explains` why they do not fit.
Result plan(const std::vector<Buffer> &all, std::optional<int64_t> capacity, Budget &budget,
            bool explains) {
  Result result;
  result.plan.offsets.assign(all.size(), 0);
  // What has no bytes is in nobody's way.
  std::vector<int> sized;
  for (size_t i = 0; i < all.size(); ++i) {
    if (all[i].size > 0)
      sized.push_back(static_cast<int>(i));
    else
      result.plan.offsets[i] = all[i].fixed.value_or(0);
  }
  const std::vector<Buffer> buffers = select(all, sized);
  if (findFixedConflict(buffers, result.conflict)) {
    for (int &index : result.conflict)
      index = sized[index];
    result.answer = Answer::doesNotFit;
    result.reason = Reason::fixedOffsets;
    result.conflictIsMinimal = true;
    return result;
  }
  std::vector<std::vector<int>> groups = independentGroups(buffers);
  int64_t known = 0; // No plan of all is lower than the bound of any group.
  for (const std::vector<int> &group : groups)
    known = std::max(known, cutSections(select(buffers, group)).lowerBound);
  result.answer = Answer::fits;
  for (const std::vector<int> &group : groups) {
    std::vector<Buffer> members = select(buffers, group);
    Descent descent(members, std::max(known, capacity.value_or(0)), capacity);
    descent.run(budget);
    known = std::max(known, descent.lowerBound);
    for (size_t i = 0; i < group.size(); ++i)
      result.plan.offsets[sized[group[i]]] = descent.best.offsets[i];
    result.plan.height = std::max(result.plan.height, descent.best.height);
    if (!capacity || descent.best.height <= *capacity)
      continue;
    if (descent.lowerBound > *capacity && result.answer != Answer::doesNotFit) {
      result.answer = Answer::doesNotFit;
      if (!explains)
        continue;
      Budget rest = budget;
      explain(buffers, group, *capacity, rest, result);
      for (int &index : result.conflict)
        index = sized[index];
    } else if (result.answer == Answer::fits) {
      result.answer = Answer::unknown;
    }
  }
  result.lowerBound = known;
  return result;
}

} // namespace

Result pebble::planner::planPlaces(const std::vector<Buffer> &places,
                                   std::optional<int64_t> capacity, Budget &budget) {
  return plan(places, capacity, budget, /*explains=*/false);
}

Result pebble::planner::planBuffers(const std::vector<Buffer> &buffers, Options options) {
  const Places places = joinPlaces(buffers);
  Result result = plan(places.buffers, options.capacity, options.budget, /*explains=*/true);
  std::vector<int64_t> offsets;
  for (int place : places.placeOf)
    offsets.push_back(result.plan.offsets[place]);
  result.plan.offsets = std::move(offsets);
  result.conflict = places.membersOf(result.conflict);
  return result;
}
