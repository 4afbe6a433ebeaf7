// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/schedule/planner/RegionGreedy.h"

#include <bit>
#include <numeric>

using namespace pebble::planner;

namespace {

/// Steps for one plan of a region, for each place: about what simple plans and a little climbing
/// take; one simple plan; and no new plan, so that a place needs a gap.
constexpr int64_t kPlanSteps = 2'000, kFewPlanSteps = 100, kNoPlan = 0;

/// Puts `place` into `region`; true when it got in.
bool add(const RegionProblem &problem, Assignment &assignment, int place, int region,
         Budget &budget, int64_t stepsPerPlace) {
  const int64_t count = static_cast<int64_t>(problem.places.size());
  budget.spend(count);
  if (!holds(problem.allowed(place), region) || !assignment.hasRoom(place, region))
    return false;
  if (assignment.insert(place, region))
    return true;
  if (stepsPerPlace == kNoPlan)
    return false;
  Budget share = budget.part(stepsPerPlace * count);
  bool fits = assignment.replan(place, region, share) == Answer::fits;
  budget.spend(share.spent());
  return fits;
}

/// In the most preferred region that takes it.
bool addAnywhere(const RegionProblem &problem, Assignment &assignment, int place, Budget &budget,
                 int64_t stepsPerPlace) {
  for (int r = 0; r < problem.regionCount(); ++r)
    if (add(problem, assignment, place, r, budget, stepsPerPlace))
      return true;
  return false;
}

class Improvement {
public:
  Improvement(const RegionProblem &problem, int64_t goal, Budget &budget, Assignment &best)
      : problem(problem), goal(goal), budget(budget), best(best) {}

  /// One round over all places that could pay less; false when none does then.
  bool run() {
    std::vector<int> places;
    for (int place = 0; place < static_cast<int>(problem.places.size()); ++place)
      if (gain(place) > 0)
        places.push_back(place);
    sortIndices(places, [&](int a, int b) { return gain(a) > gain(b); });
    bool isBetter = false;
    for (int place : places)
      for (int r = 0; r < best.regionOf(place) && goesOn(); ++r)
        if (holds(problem.allowed(place), r) && moveTo(place, r))
          isBetter = true;
    return isBetter && goesOn();
  }

private:
  static constexpr size_t kMostAlone = 16, kMostTogether = 8;

  bool goesOn() const { return best.cost() > goal && !budget.empty(); }
  int64_t traffic(int place) const { return problem.places[place].traffic; }
  /// What `place` would pay less where it likes it most.
  int64_t gain(int place) const {
    return traffic(place) * (best.regionOf(place) - std::countr_zero(problem.allowed(place)));
  }

  bool moveTo(int place, int region) {
    if (tryWithout({}, place, region))
      return true;
    std::vector<int> inTheWay;
    const Buffer &buffer = problem.places[place];
    for (int other : best.membersOf(region))
      if (problem.places[other].lower < buffer.upper && buffer.lower < problem.places[other].upper)
        inTheWay.push_back(other);
    auto perByte = [&](int i) {
      return static_cast<double>(traffic(i)) / static_cast<double>(problem.places[i].size);
    };
    sortIndices(inTheWay, [&](int a, int b) { return perByte(a) < perByte(b); });
    for (size_t i = 0; i < inTheWay.size() && i < kMostAlone && goesOn(); ++i)
      if (tryWithout({inTheWay[i]}, place, region))
        return true;
    std::vector<int> together;
    for (size_t i = 0; i < inTheWay.size() && i < kMostTogether && goesOn(); ++i) {
      together.push_back(inTheWay[i]);
      if (i > 0 && tryWithout(together, place, region))
        return true;
    }
    return false;
  }

  /// Moves `place` to `region`, and then `others` from there to wherever they fit.
  bool tryWithout(std::vector<int> others, int place, int region) {
    Assignment trial = best;
    budget.spend(static_cast<int64_t>(problem.places.size()) * problem.regionCount());
    trial.remove(place);
    for (int other : others)
      trial.remove(other);
    if (!add(problem, trial, place, region, budget, kPlanSteps))
      return false;
    sortIndices(others, [&](int a, int b) { return traffic(a) > traffic(b); });
    for (int other : others)
      if (!addAnywhere(problem, trial, other, budget, kPlanSteps) || trial.cost() >= best.cost())
        return false;
    if (trial.cost() >= best.cost())
      return false;
    best = std::move(trial);
    return true;
  }

  const RegionProblem &problem;
  const int64_t goal;
  Budget &budget;
  Assignment &best;
};

double area(const Buffer &place) {
  return static_cast<double>(place.upper - place.lower) * static_cast<double>(place.size);
}

/// By which chance changes what places are ordered by.
double factor(Random &random) { return 1 + static_cast<double>(random.below(1024)) / 512; }

std::vector<int> orderBy(const RegionProblem &problem, auto key) {
  std::vector<int> order(problem.places.size());
  std::iota(order.begin(), order.end(), 0);
  sortIndices(order, [&](int a, int b) { return key(a) > key(b); });
  return order;
}

/// What does not get in is tried first the next time.
std::optional<Assignment> assignInOrder(const RegionProblem &problem, std::vector<int> order,
                                        Budget &budget, int64_t stepsPerPlace) {
  constexpr int attempts = 64;
  for (int attempt = 0; attempt < attempts && !budget.empty(); ++attempt) {
    Assignment assignment(problem);
    size_t at = 0;
    while (at < order.size() && addAnywhere(problem, assignment, order[at], budget, stepsPerPlace))
      ++at;
    if (at == order.size())
      return assignment;
    std::rotate(order.begin(), order.begin() + at, order.begin() + at + 1);
  }
  return std::nullopt;
}

void keepBetter(std::optional<Assignment> found, std::optional<Assignment> &best) {
  if (found && (!best || found->cost() < best->cost()))
    best = std::move(found);
}

} // namespace

std::optional<Assignment> pebble::planner::assignGreedily(const RegionProblem &problem,
                                                          int64_t goal, Budget &budget) {
  const std::vector<Buffer> &places = problem.places;
  auto traffic = [&](int i) { return static_cast<double>(places[i].traffic); };
  auto size = [&](int i) { return static_cast<double>(places[i].size); };
  // By what a byte is worth, for the time that it is taken and at all times, and by what is hard to
  // place.
  const std::vector<int> orders[] = {
      orderBy(problem,
              [&](int i) { return std::pair(traffic(i) / area(places[i]), area(places[i])); }),
      orderBy(problem, [&](int i) { return std::pair(traffic(i) / size(i), area(places[i])); }),
      orderBy(
          problem,
          [&](int i) { return std::pair(-std::popcount(problem.allowed(i)), area(places[i])); }),
  };
  std::optional<Assignment> best;
  for (int64_t steps : {kNoPlan, kPlanSteps})
    for (const std::vector<int> &order : orders) {
      if (best && best->cost() <= goal)
        return best;
      keepBetter(assignInOrder(problem, order, budget, steps), best);
    }
  return best;
}

void pebble::planner::assignByValue(const RegionProblem &problem, const std::vector<double> &value,
                                    Budget &budget, std::optional<Assignment> &best) {
  const std::vector<int> order = orderBy(problem, [&](int i) { return value[i]; });
  for (int64_t steps : {kNoPlan, kPlanSteps})
    keepBetter(assignInOrder(problem, order, budget, steps), best);
}

std::optional<Assignment> pebble::planner::assignByChance(const RegionProblem &problem,
                                                          Random &random, Budget &budget) {
  std::optional<Assignment> found;
  std::vector<double> key(problem.places.size());
  while (!found && !budget.empty()) {
    for (size_t i = 0; i < key.size(); ++i)
      key[i] = area(problem.places[i]) * factor(random);
    found =
        assignInOrder(problem, orderBy(problem, [&](int i) { return key[i]; }), budget, kPlanSteps);
  }
  return found;
}

void pebble::planner::improveRegions(const RegionProblem &problem, int64_t goal, Budget &budget,
                                     Assignment &best) {
  Improvement improvement(problem, goal, budget, best);
  while (improvement.run()) {
  }
}

void pebble::planner::reassignByChance(const RegionProblem &problem,
                                       const std::vector<double> &value, int64_t goal,
                                       Budget &budget, Random &random, Assignment &best) {
  constexpr size_t fewest = 2, most = 24;
  const int count = static_cast<int>(problem.places.size());
  Assignment current = best;
  std::vector<int> taken;
  std::vector<double> key(count);
  while (best.cost() > goal && budget.spend(count * problem.regionCount())) {
    const Buffer &center = problem.places[random.below(count)];
    taken.clear();
    for (int i = 0; i < count; ++i)
      if (problem.places[i].lower < center.upper && center.lower < problem.places[i].upper)
        taken.push_back(i);
    for (size_t i = taken.size(); i > 1; --i)
      std::swap(taken[i - 1], taken[random.below(i)]);
    taken.resize(std::min(taken.size(), fewest + random.below(most - fewest)));
    for (int i : taken)
      key[i] = value[i] * factor(random);
    sortIndices(taken, [&](int a, int b) { return key[a] > key[b]; });
    Assignment trial = current;
    for (int i : taken)
      trial.remove(i);
    const int64_t steps = random.below(8) == 0 ? kFewPlanSteps : kNoPlan;
    bool fits = true;
    for (size_t i = 0; i < taken.size() && fits && trial.cost() <= current.cost(); ++i)
      fits = addAnywhere(problem, trial, taken[i], budget, steps);
    if (!fits || trial.cost() > current.cost())
      continue;
    current = std::move(trial);
    if (current.cost() < best.cost())
      best = current;
  }
}
