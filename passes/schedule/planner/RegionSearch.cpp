// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/schedule/planner/RegionSearch.h"

#include "passes/schedule/planner/RegionGreedy.h"
#include "passes/schedule/planner/RegionPrices.h"

#include <bit>
#include <map>
#include <numeric>
#include <tuple>
#include <utility>

using namespace pebble::planner;

namespace {

/// Branches over the regions of places. Complete where the plans of all regions that it asks for
/// are decided.
class Branching {
public:
  Branching(const RegionProblem &problem, int64_t goal, std::optional<Assignment> &best)
      : problem(problem), best(best), goal(goal), current(problem),
        before(problem.places.size(), Assignment::kNone), refused(problem.regionCount()) {
    findTwins();
  }

  /// With no more than `steps` for one plan of a region; false when something was left open.
  bool run(Budget &budget, int64_t steps) {
    planSteps = steps;
    isOpen = false;
    visit(budget);
    return !isOpen || isDone();
  }

private:
  static constexpr size_t kMostRefused = 1000;

  bool isDone() const { return best && best->cost() <= goal; }

  /// Places that differ only in traffic could change places: the one with more has the region that
  /// is no less preferred.
  void findTwins() {
    std::vector<int> order(problem.places.size());
    std::iota(order.begin(), order.end(), 0);
    sortIndices(order, [&](int a, int b) { return traffic(a) > traffic(b); });
    std::map<std::tuple<int64_t, int64_t, int64_t, int64_t, RegionSet>, int> last;
    for (int place : order) {
      const Buffer &buffer = problem.places[place];
      if (buffer.fixed)
        continue;
      auto [twin, isFirst] = last.try_emplace(std::tuple(buffer.lower, buffer.upper, buffer.size,
                                                         buffer.alignment, problem.allowed(place)),
                                              place);
      if (!isFirst)
        before[place] = std::exchange(twin->second, place);
    }
  }

  int64_t traffic(int place) const { return problem.places[place].traffic; }
  double area(int place) const {
    const Buffer &buffer = problem.places[place];
    return static_cast<double>(buffer.upper - buffer.lower) * static_cast<double>(buffer.size);
  }

  /// The place with the fewest regions that have room, of those the largest; with its regions.
  std::pair<int, RegionSet> choose(int64_t &leastCost) const {
    int chosen = Assignment::kNone;
    RegionSet regions = 0;
    leastCost = current.cost();
    for (int place = 0; place < static_cast<int>(problem.places.size()); ++place) {
      if (current.regionOf(place) != Assignment::kNone)
        continue;
      RegionSet open = 0;
      for (int r = 0; r < problem.regionCount(); ++r)
        if (holds(problem.allowed(place), r) && current.hasRoom(place, r))
          open |= only(r);
      if (!open)
        return {place, 0};
      leastCost += traffic(place) * std::countr_zero(open);
      if (before[place] != Assignment::kNone &&
          current.regionOf(before[place]) == Assignment::kNone)
        continue;
      auto isBetter = [&] {
        if (int a = std::popcount(open), b = std::popcount(regions); a != b)
          return a < b;
        return area(place) > area(chosen);
      };
      if (chosen == Assignment::kNone || isBetter()) {
        chosen = place;
        regions = open;
      }
    }
    return {chosen, regions};
  }

  void visit(Budget &budget) {
    if (!budget.spend(static_cast<int64_t>(problem.places.size()) * problem.regionCount())) {
      isOpen = true;
      return;
    }
    if (current.isWhole()) {
      if (!best || current.cost() < best->cost())
        best = current;
      return;
    }
    int64_t leastCost;
    auto [place, regions] = choose(leastCost);
    if (!regions)
      return;
    if (best && (leastCost >= best->cost() || current.costBound(budget) >= best->cost()))
      return;
    const int twin = before[place];
    for (int r = 0; r < problem.regionCount() && !isDone(); ++r) {
      if (!holds(regions, r) || (twin != Assignment::kNone && r < current.regionOf(twin)))
        continue;
      if (!put(place, r, budget))
        continue;
      visit(budget);
      current.remove(place);
    }
  }

  bool put(int place, int region, Budget &budget) {
    if (current.insert(place, region))
      return true;
    std::vector<int> members = current.membersOf(region);
    members.insert(std::lower_bound(members.begin(), members.end(), place), place);
    for (const std::vector<int> &set : refused[region])
      if (std::includes(members.begin(), members.end(), set.begin(), set.end()))
        return false;
    Budget share = budget.part(planSteps);
    Answer answer = current.replan(place, region, share);
    budget.spend(share.spent());
    isOpen |= answer == Answer::unknown;
    if (answer == Answer::doesNotFit && refused[region].size() < kMostRefused)
      refused[region].push_back(std::move(members));
    return answer == Answer::fits;
  }

  const RegionProblem &problem;
  std::optional<Assignment> &best;
  const int64_t goal;
  Assignment current;
  std::vector<int> before; ///< The twin that goes first.
  /// Sets of places that do not fit a region.
  std::vector<std::vector<std::vector<int>>> refused;
  bool isOpen = false;
  int64_t planSteps = 0;
};

constexpr int64_t kAnyCost = std::numeric_limits<int64_t>::max();
constexpr int64_t kMostForGreedy = 100'000'000, kMostForCost = 200'000'000;

/// Looks for any assignment, by the complete search and by chance in turns of growing length; true
/// when there is none.
bool findAny(const RegionProblem &problem, Budget &budget, std::optional<Assignment> &best) {
  constexpr int64_t firstTurn = 10'000'000, plansInTurn = 16;
  const bool isSmall = problem.places.size() <= kMostSearched;
  Branching branching(problem, kAnyCost, best);
  Random random;
  for (int64_t steps = firstTurn; !budget.empty() && !best; steps *= 2) {
    Budget turn = budget.part(steps);
    if (isSmall && branching.run(turn, steps / plansInTurn))
      return !best;
    budget.spend(turn.spent());
    turn = budget.part(steps);
    best = assignByChance(problem, random, turn);
    budget.spend(turn.spent());
  }
  return false;
}

/// Looks for less cost than that of the best assignment, and for a proof that there is none.
void lowerCost(const RegionProblem &problem, Budget &budget, RegionAnswer &result) {
  constexpr int64_t firstPlan = 200'000, morePlan = 16;
  Assignment &best = *result.best;
  RegionPrices prices = findPrices(problem, best, budget);
  result.costBound = std::max(result.costBound, prices.costBound);
  Budget quarter = budget.part(budget.remaining() / 4);
  assignByValue(problem, prices.value, quarter, result.best);
  budget.spend(quarter.spent());
  quarter = budget.part(budget.remaining() / 4);
  improveRegions(problem, result.costBound, quarter, best);
  budget.spend(quarter.spent());
  if (problem.places.size() <= kMostSearched) {
    quarter = budget.part(budget.remaining() / 4);
    Branching branching(problem, result.costBound, result.best);
    bool isProven = false;
    for (int64_t steps = firstPlan; !isProven && !quarter.empty(); steps *= morePlan)
      isProven = branching.run(quarter, steps);
    budget.spend(quarter.spent());
    if (isProven) {
      result.costBound = best.cost();
      return;
    }
  }
  Random random;
  reassignByChance(problem, prices.value, result.costBound, budget, random, best);
}

} // namespace

RegionAnswer pebble::planner::assignRegions(const RegionProblem &problem, Budget &budget,
                                            bool anyPlan) {
  RegionAnswer result;
  for (size_t i = 0; i < problem.places.size(); ++i)
    if (!problem.allowed(static_cast<int>(i))) {
      result.answer = Answer::doesNotFit;
      return result;
    }
  if (RegionRoom(problem).findShortage(result.shortage, result.section)) {
    result.answer = Answer::doesNotFit;
    return result;
  }
  result.costBound = Assignment(problem).costBound(budget);
  const int64_t goal = anyPlan ? kAnyCost : result.costBound;
  Budget share = budget.part(std::min(kMostForGreedy, budget.remaining() / 2));
  result.best = assignGreedily(problem, goal, share);
  budget.spend(share.spent());
  if (!result.best && findAny(problem, budget, result.best)) {
    result.answer = Answer::doesNotFit;
    return result;
  }
  if (result.best && result.best->cost() > goal) {
    // A plan at all is worth all steps, a better one not so many.
    share = budget.part(std::min(kMostForCost, budget.remaining() / 2));
    lowerCost(problem, share, result);
    budget.spend(share.spent());
  }
  if (result.best)
    result.answer = Answer::fits;
  return result;
}
