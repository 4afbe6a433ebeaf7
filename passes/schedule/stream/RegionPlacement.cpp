// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/schedule/stream/RegionPlacement.h"

#include <algorithm>
#include <numeric>

using namespace pebble::stream;

namespace {

/// Bytes that are written and read of each buffer.
std::vector<double> trafficOf(const Program &program, const ArenaBuffers &all) {
  std::vector<double> ofTensor(program.tensors.size(), 0);
  for (const Layer &layer : program.layers) {
    for (int result : layer.results)
      ofTensor[result] += static_cast<double>(program.tensors[result].bytes());
    // A row is read by as many rows as windows reach it.
    for (const Read &read : layer.reads)
      ofTensor[read.tensor] +=
          static_cast<double>(program.tensors[read.tensor].bytes()) *
          (read.window ? std::max(1.0, static_cast<double>(read.window->extent) /
                                           static_cast<double>(read.window->stride))
                       : 1.0);
  }
  std::vector<double> traffic;
  for (int tensor : all.tensors)
    traffic.push_back(ofTensor[tensor]);
  for (int layer : all.layers)
    traffic.push_back(static_cast<double>(program.layers[layer].scratch));
  return traffic;
}

/// One way to distribute buffers.
struct Distribution {
  std::vector<int> region;
  std::vector<int64_t> offsets;
  std::vector<RegionUse> uses;
  int64_t excess = 0; ///< Bytes that the last memory is too high.
};

class Distributor {
public:
  Distributor(const std::vector<RowBuffer> &buffers, const Capacities &capacities)
      : buffers(buffers), capacities(capacities) {}

  /// Fills the memories one after the other, each with the buffers of `order` that fit.
  Distribution run(const std::vector<int> &order) const {
    Distribution result;
    result.region.assign(buffers.size(), 0);
    result.offsets.assign(buffers.size(), 0);
    std::vector<int> rest = order;
    for (size_t region = 0; region < capacities.size(); ++region) {
      const bool isLast = region + 1 == capacities.size();
      const std::vector<int> chosen = isLast ? rest : choose(rest, capacities[region]);
      const std::vector<RowBuffer> own = pick(chosen);
      // Few changes are tried where it is known that the buffers fit.
      const PlacedRows placed = placeRows(own, isLast || chosen == rest ? programTries : 0);
      for (size_t i = 0; i < chosen.size(); ++i) {
        result.region[chosen[i]] = static_cast<int>(region);
        result.offsets[chosen[i]] = placed.offsets[i];
      }
      result.uses.push_back({placed.height, mostAlive(own)});
      std::vector<int> left;
      for (int buffer : rest)
        if (std::find(chosen.begin(), chosen.end(), buffer) == chosen.end())
          left.push_back(buffer);
      rest = std::move(left);
    }
    if (capacities.back())
      result.excess = std::max<int64_t>(0, result.uses.back().height - *capacities.back());
    return result;
  }

private:
  std::vector<RowBuffer> pick(const std::vector<int> &indices) const {
    std::vector<RowBuffer> picked;
    for (int index : indices)
      picked.push_back(buffers[index]);
    return picked;
  }

  bool fits(const std::vector<int> &chosen, int64_t capacity, int tries) const {
    const std::vector<RowBuffer> own = pick(chosen);
    return mostAlive(own) <= capacity && placeRows(own, tries).height <= capacity;
  }

  std::vector<int> choose(const std::vector<int> &rest, std::optional<int64_t> capacity) const {
    if (!capacity || fits(rest, *capacity, programTries))
      return rest;
    std::vector<int> chosen;
    for (int buffer : rest) {
      chosen.push_back(buffer);
      if (!fits(chosen, *capacity, 0))
        chosen.pop_back();
    }
    return chosen;
  }

  const std::vector<RowBuffer> &buffers;
  const Capacities &capacities;
};

} // namespace

bool pebble::stream::placeInRegions(const Program &program, Schedule &schedule,
                                    const Options &options, const Capacities &capacities) {
  const ArenaBuffers all = arenaBuffers(program, schedule.trace, options);
  const std::vector<double> traffic = trafficOf(program, all);
  auto sorted = [&](auto key) { return sortedByKey(all.buffers.size(), key); };
  auto bytes = [&](int i) { return static_cast<double>(all.buffers[i].bytes()); };
  auto length = [&](int i) {
    return static_cast<double>(all.buffers[i].death.back() - all.buffers[i].birth.front() + 1);
  };
  const Distributor distributor(all.buffers, capacities);
  Distribution best = distributor.run(sorted([&](int i) { return traffic[i] / bytes(i); }));
  // Where that leaves too much for the last memory, what is large or lives long goes first.
  if (best.excess > 0)
    for (const std::vector<int> &order :
         {sorted(bytes), sorted([&](int i) { return bytes(i) * length(i); })})
      if (Distribution other = distributor.run(order); other.excess < best.excess)
        best = std::move(other);

  schedule.regions.assign(program.tensors.size(), 0);
  schedule.scratchRegions.assign(program.layers.size(), 0);
  for (size_t i = 0; i < all.tensors.size(); ++i) {
    schedule.offsets[all.tensors[i]] = best.offsets[i];
    schedule.regions[all.tensors[i]] = best.region[i];
  }
  for (size_t i = 0; i < all.layers.size(); ++i) {
    schedule.scratchOffsets[all.layers[i]] = best.offsets[all.tensors.size() + i];
    schedule.scratchRegions[all.layers[i]] = best.region[all.tensors.size() + i];
  }
  schedule.height = 0;
  for (const RegionUse &use : best.uses)
    schedule.height += use.height;
  schedule.uses = std::move(best.uses);
  return best.excess == 0;
}

int64_t pebble::stream::excessOf(const Schedule &schedule, const Capacities &capacities) {
  int64_t excess = 0;
  for (size_t region = 0; region < schedule.uses.size(); ++region)
    if (capacities[region])
      excess += std::max<int64_t>(0, schedule.uses[region].height - *capacities[region]);
  return excess;
}

Choice pebble::stream::chooseForRegions(const Program &program, const Options &options,
                                        const Capacities &capacities, int64_t mostExtraWork) {
  Choice choice;
  auto attempt = [&](std::optional<int64_t> budget, std::optional<int64_t> capacity,
                     int64_t extraWork) {
    Options limited = options;
    limited.budget = budget;
    choice = chooseStrips(program, limited, capacity, extraWork);
    return placeInRegions(choice.strips.program, choice.schedule, options, capacities);
  };
  if (attempt(options.budget, std::nullopt, 0))
    return choice;
  if (options.budget) {
    if (attempt(std::nullopt, std::nullopt, 0)) {
      // More may do as well, with fewer rows computed by themselves.
      const Choice lowest = choice;
      const int64_t height = lowest.schedule.alive;
      return attempt(height + (*options.budget - height) / 2, std::nullopt, 0) ? choice : lowest;
    }
  }
  const int64_t lowest = choice.schedule.alive;
  if (mostExtraWork <= 0)
    return choice;
  for (int part : {7, 6})
    if (attempt(std::nullopt, lowest / 8 * part, mostExtraWork))
      return choice;
  attempt(std::nullopt, std::nullopt, mostExtraWork);
  return choice;
}
