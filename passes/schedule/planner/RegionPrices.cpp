// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/schedule/planner/RegionPrices.h"

#include <cmath>

using namespace pebble::planner;

namespace {

__extension__ using Wide = __int128;

/// Prices for being in the first `count` regions. They are whole numbers of 1 / kUnit, so that the
/// bound is exact.
class Market {
public:
  Market(const RegionProblem &problem, const RegionRoom &room, int count)
      : problem(problem), prices(problem.sections.count(), 0), best(prices),
        room(problem.sections.count(), 0) {
    const RegionSet first = only(count) - 1;
    for (size_t i = 0; i < problem.places.size(); ++i) {
      RegionSet domain = problem.allowed(static_cast<int>(i));
      if (!(domain & first))
        outside += problem.places[i].traffic;
      else if (!isWithin(domain, first))
        bidders.push_back(static_cast<int>(i));
    }
    for (int s = 0; s < problem.sections.count(); ++s) {
      std::optional<int64_t> bytes = room.leftInFirst(count, s);
      isScarce &= bytes.has_value();
      this->room[s] = bytes.value_or(0);
    }
  }

  /// Improves the prices; a plan is known in which `known` traffic is outside.
  void run(int64_t known, Budget &budget) {
    constexpr int rounds = 200, patience = 10;
    const int64_t work = static_cast<int64_t>(bidders.size() + prices.size());
    double step = 1;
    int idle = 0;
    for (int round = 0; isScarce && round < rounds && budget.spend(work); ++round) {
      const int64_t bound = bid();
      if (bound > bestBound) {
        bestBound = bound;
        best = prices;
        idle = 0;
      } else if (++idle == patience) {
        step /= 2;
        idle = 0;
      }
      double length = 0;
      for (int64_t surplus : excess)
        length += static_cast<double>(surplus) * static_cast<double>(surplus);
      if (bound + outside >= known || length == 0)
        break;
      const double pace = step * static_cast<double>(known - outside - bound) / length * kUnit;
      for (size_t s = 0; s < prices.size(); ++s) {
        double change = std::clamp(pace * static_cast<double>(excess[s]), -kMostPrice, kMostPrice);
        prices[s] = std::clamp<int64_t>(prices[s] + static_cast<int64_t>(std::llround(change)), 0,
                                        static_cast<int64_t>(kMostPrice));
      }
    }
  }

  int64_t bound() const { return outside + bestBound; }

  /// Adds to `paid` what each place pays for its bytes.
  void addPrices(std::vector<double> &paid) {
    prices = best;
    sumPrices();
    for (int index : bidders)
      paid[index] += static_cast<double>(priceOf(index)) / kUnit;
  }

private:
  static constexpr int64_t kUnit = 1 << 16;
  static constexpr double kMostPrice = static_cast<double>(int64_t(1) << 50);

  void sumPrices() {
    sums.assign(prices.size() + 1, 0);
    for (size_t s = 0; s < prices.size(); ++s)
      sums[s + 1] = sums[s] + prices[s];
  }
  Wide priceOf(int index) const {
    const Span span = problem.sections.spans[index];
    return (sums[span.last] - sums[span.first]) * problem.places[index].size;
  }

  /// Who pays no more than its traffic wants to be inside; sets `excess` and returns the bound.
  int64_t bid() {
    sumPrices();
    Wide bound = 0;
    std::vector<int64_t> change(prices.size() + 1, 0);
    for (int index : bidders) {
      const Buffer &place = problem.places[index];
      const Span span = problem.sections.spans[index];
      const Wide price = priceOf(index), worth = Wide(place.traffic) * kUnit;
      bound += std::min(price, worth);
      if (price < worth) {
        change[span.first] += place.size;
        change[span.last] -= place.size;
      }
    }
    excess.resize(prices.size());
    int64_t wanted = 0;
    for (size_t s = 0; s < prices.size(); ++s) {
      wanted += change[s];
      bound -= Wide(prices[s]) * room[s];
      excess[s] = wanted - room[s];
      // Less than nothing is no price.
      if (prices[s] == 0 && excess[s] < 0)
        excess[s] = 0;
    }
    // The cost is a whole number.
    return bound <= 0 ? 0 : static_cast<int64_t>((bound + kUnit - 1) / kUnit);
  }

  const RegionProblem &problem;
  std::vector<int64_t> prices, best; ///< Of a byte in each section.
  std::vector<int64_t> room;         ///< Bytes in each section.
  std::vector<int64_t> excess;       ///< Bytes wanted less those that there are.
  std::vector<Wide> sums;            ///< Of the prices before each section.
  std::vector<int> bidders;          ///< Places that may be inside or outside.
  int64_t outside = 0;               ///< Traffic of those that can only be outside.
  int64_t bestBound = 0;
  bool isScarce = true;
};

} // namespace

RegionPrices pebble::planner::findPrices(const RegionProblem &problem, const Assignment &known,
                                         Budget &budget) {
  const size_t places = problem.places.size();
  const RegionRoom room(problem);
  RegionPrices result;
  std::vector<double> paid(places, 0);
  for (int count = 1; count < problem.regionCount(); ++count) {
    int64_t outside = 0;
    for (size_t i = 0; i < places; ++i)
      outside += known.regionOf(static_cast<int>(i)) >= count ? problem.places[i].traffic : 0;
    Market market(problem, room, count);
    market.run(outside, budget);
    market.addPrices(paid);
    result.costBound += market.bound();
  }
  for (size_t i = 0; i < places; ++i)
    result.value.push_back(static_cast<double>(problem.places[i].traffic) / (paid[i] + 1));
  return result;
}
