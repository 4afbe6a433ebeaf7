// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/schedule/planner/Strategies.h"

using namespace pebble::planner;

namespace {

/// A factor: it changes the order of what is alike, but not that of what is very different.
double chance(Random &random) {
  constexpr size_t grain = 1024;
  constexpr double most = 4;
  return 1 + (most - 1) * static_cast<double>(random.below(grain)) / grain;
}

} // namespace

Turn pebble::planner::turnAt(int64_t number) {
  // In a cycle one long turn of each strategy, and then shortest ones that take twice as many
  // steps: no proof takes more than three times as long because of them.
  constexpr int64_t strategies = std::size(kStrategies), share = 2;
  int64_t length = 1;
  for (; number >= strategies * (1 + share * length); length *= 2)
    number -= strategies * (1 + share * length);
  if (number < strategies)
    return {static_cast<size_t>(number), length, false};
  return {static_cast<size_t>(number % kShakenStrategies), 1, true};
}

Weights pebble::planner::shakenWeights(size_t sections, Random &random) {
  Weights weights(sections);
  for (double &weight : weights)
    weight = chance(random);
  return weights;
}

std::vector<int32_t> pebble::planner::rankBuffers(const std::vector<Buffer> &buffers,
                                                  const Sections &sections, const Order &order,
                                                  Random *shake) {
  struct Keyed {
    std::array<double, 3> keys;
    int32_t buffer;
  };
  std::vector<Keyed> keyed(buffers.size());
  for (size_t i = 0; i < buffers.size(); ++i) {
    int64_t most = 0;
    for (int s = sections.spans[i].first; s < sections.spans[i].last; ++s)
      most = std::max(most, sections.liveBytes[s]);
    double width = static_cast<double>(buffers[i].upper - buffers[i].lower);
    const double values[] = {width, width * static_cast<double>(buffers[i].size),
                             static_cast<double>(most)};
    keyed[i].buffer = static_cast<int32_t>(i);
    for (size_t k = 0; k < order.size(); ++k)
      keyed[i].keys[k] = values[static_cast<int>(order[k])] * (shake ? chance(*shake) : 1);
  }
  std::sort(keyed.begin(), keyed.end(), [](const Keyed &a, const Keyed &b) {
    return a.keys != b.keys ? a.keys > b.keys : a.buffer < b.buffer;
  });
  std::vector<int32_t> ranked;
  for (const Keyed &entry : keyed)
    ranked.push_back(entry.buffer);
  return ranked;
}
