// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/schedule/stream/Scheduler.h"

#include <algorithm>

using namespace pebble::stream;

namespace {

constexpr int64_t never = noHeight;
// Changes of a placement that are tried for each block that is considered.
constexpr int blockTries = 60;

/// Which tensors are there before, and needed after, each layer.
class Uses {
public:
  explicit Uses(const Program &program)
      : firstMade(program.tensors.size(), -1), lastUse(program.tensors.size(), -1) {
    for (size_t layer = 0; layer < program.layers.size(); ++layer) {
      for (int result : program.layers[layer].results) {
        lastUse[result] = static_cast<int>(layer);
        firstMade[result] = firstMade[result] < 0 ? lastUse[result] : firstMade[result];
      }
      for (const Read &read : program.layers[layer].reads)
        lastUse[read.tensor] = static_cast<int>(layer);
    }
    for (size_t t = 0; t < program.tensors.size(); ++t)
      if (program.tensors[t].isKept)
        lastUse[t] = static_cast<int>(program.layers.size());
  }
  std::vector<int> firstMade, lastUse;
};

/// The layers [first, last] alone, among the tensors that are alive around them.
Program slice(const Program &program, const Uses &uses, int first, int last) {
  Program part;
  std::vector<int> numbers(program.tensors.size(), -1);
  for (size_t t = 0; t < program.tensors.size(); ++t) {
    bool isMade = uses.firstMade[t] >= 0;
    if (uses.firstMade[t] > last || uses.lastUse[t] < first)
      continue;
    Tensor tensor = program.tensors[t];
    tensor.isGiven = isMade ? uses.firstMade[t] < first : tensor.isGiven;
    tensor.isKept = uses.lastUse[t] > last;
    numbers[t] = static_cast<int>(part.tensors.size());
    part.tensors.push_back(tensor);
  }
  for (int layer = first; layer <= last; ++layer) {
    part.layers.push_back(program.layers[layer]);
    for (Read &read : part.layers.back().reads)
      read.tensor = numbers[read.tensor];
    for (int &result : part.layers.back().results)
      result = numbers[result];
  }
  return part;
}

RowBuffer solid(int64_t bytes, int64_t birth, int64_t death, int64_t alignment) {
  return {bytes, {birth}, {death}, alignment};
}

/// A block with what is known of it.
struct Candidate {
  bool byRows = false;
  int64_t height = never; ///< Of a placement.
  int64_t alive = never;  ///< No placement is lower.
};

class Search {
public:
  Search(const Program &program, const Options &options)
      : program(program), options(options), count(static_cast<int>(program.layers.size())) {
    Uses uses(program);
    candidates.resize(count);
    for (int first = 0; first < count; ++first)
      for (int last = first; last < count && last - first < options.longestBlock; ++last) {
        if (last > first && !program.layers[last].byRows)
          break;
        consider(uses, first, last);
        if (!program.layers[first].byRows)
          break;
      }
  }

  Schedule run() {
    int64_t lowest = lowestPeak([](const Candidate &c) { return c.height; });
    Schedule best;
    best.height = never;
    auto offer = [&](int64_t limit) {
      std::vector<Block> blocks = cheapest(limit);
      std::optional<Trace> trace = traceBlocks(program, blocks);
      if (blocks.empty() || !trace)
        return false;
      Schedule schedule = placeTrace(program, std::move(*trace), options, programTries);
      schedule.blocks = std::move(blocks);
      if (schedule.height < best.height)
        best = std::move(schedule);
      return options.budget && best.height <= *options.budget;
    };
    // Single blocks know nothing of their neighbours: where the cheapest do not fit together, lower
    // ones may.
    bool isFound = lowest == never;
    if (options.budget && *options.budget >= lowest)
      for (int part = 8; part >= 0 && !isFound; --part)
        isFound = offer(lowest + (*options.budget - lowest) / 8 * part);
    for (int64_t percent : {0, 1, 2, 4})
      if (!isFound && best.height > lowest)
        isFound = offer(lowest + lowest * percent / 100);
    best.lowerBound = lowestPeak([](const Candidate &c) { return c.alive; });
    return best;
  }

private:
  /// The ways to run [first, last]: a layer alone can run at once or row by row.
  void consider(const Uses &uses, int first, int last) {
    Program part = slice(program, uses, first, last);
    int layers = last - first + 1;
    auto &ways = candidates[first].emplace_back();
    if (layers == 1 && !program.layers[first].onlyByRows)
      ways.push_back(measure(part, {0, 0, false}));
    bool isWorthIt = layers > 1 || options.inPlace || program.layers[first].onlyByRows;
    if (program.layers[first].byRows && isWorthIt)
      ways.push_back(measure(part, {0, layers - 1, true}));
  }

  Candidate measure(const Program &part, Block block) const {
    Candidate candidate;
    candidate.byRows = block.byRows;
    if (std::optional<Trace> trace = traceBlocks(part, {block})) {
      Schedule schedule = placeTrace(part, std::move(*trace), options, blockTries);
      candidate.height = schedule.height;
      candidate.alive = schedule.alive;
    }
    return candidate;
  }

  template <typename Visit> void forBlocksUpTo(int last, Visit visit) const {
    for (int first = last; first >= 0 && last - first < options.longestBlock; --first)
      if (last - first < static_cast<int>(candidates[first].size()))
        for (const Candidate &way : candidates[first][last - first])
          visit(first, way);
  }

  /// The lowest maximum of `measureOf` over the blocks of a cut.
  template <typename Measure> int64_t lowestPeak(Measure measureOf) const {
    std::vector<int64_t> best(count + 1, never);
    best[0] = 0;
    for (int last = 0; last < count; ++last)
      forBlocksUpTo(last, [&](int first, const Candidate &way) {
        best[last + 1] = std::min(best[last + 1], std::max(best[first], measureOf(way)));
      });
    return best[count];
  }

  /// The cut into blocks of at most `limit` bytes with the fewest rows computed by themselves.
  std::vector<Block> cheapest(int64_t limit) const {
    std::vector<int64_t> best(count + 1, never);
    std::vector<Block> lastBlock(count + 1);
    best[0] = 0;
    for (int last = 0; last < count; ++last)
      forBlocksUpTo(last, [&](int first, const Candidate &way) {
        if (way.height > limit || best[first] == never)
          return;
        int64_t cost = best[first] + 1;
        for (int layer = first; way.byRows && layer <= last; ++layer)
          cost += program.tensors[program.layers[layer].results.front()].rows;
        if (cost < best[last + 1]) {
          best[last + 1] = cost;
          lastBlock[last + 1] = {first, last, way.byRows};
        }
      });
    std::vector<Block> blocks;
    if (best[count] == never)
      return blocks;
    for (int end = count; end > 0; end = lastBlock[end].first)
      blocks.insert(blocks.begin(), lastBlock[end]);
    return blocks;
  }

  const Program &program;
  const Options &options;
  int count;
  std::vector<std::vector<std::vector<Candidate>>> candidates; // [first][last - first].
};

} // namespace

ArenaBuffers pebble::stream::arenaBuffers(const Program &program, const Trace &trace,
                                          const Options &options) {
  ArenaBuffers all;
  for (size_t t = 0; t < program.tensors.size(); ++t) {
    const Tensor &tensor = program.tensors[t];
    const Lives &lives = trace.lives[t];
    if (!tensor.isInArena || tensor.bytes() == 0)
      continue;
    if (!lives.isRing && options.inPlace)
      all.buffers.push_back({tensor.rowBytes, lives.birth, lives.death, options.alignment});
    else
      all.buffers.push_back(solid(lives.depth * tensor.rowBytes, lives.birth.front(),
                                  *std::max_element(lives.death.begin(), lives.death.end()),
                                  options.alignment));
    all.tensors.push_back(static_cast<int>(t));
  }
  std::vector<std::pair<int64_t, int64_t>> turns(program.layers.size(), {never, -1});
  for (size_t step = 0; step < trace.steps.size(); ++step) {
    auto &turn = turns[trace.steps[step].layer];
    turn = {std::min<int64_t>(turn.first, step), step};
  }
  for (size_t layer = 0; layer < program.layers.size(); ++layer)
    if (int64_t scratch = program.layers[layer].scratch) {
      all.buffers.push_back(
          solid(scratch, turns[layer].first, turns[layer].second, options.alignment));
      all.layers.push_back(static_cast<int>(layer));
    }
  return all;
}

Schedule pebble::stream::placeTrace(const Program &program, Trace trace, const Options &options,
                                    int tries) {
  Schedule schedule;
  schedule.offsets.assign(program.tensors.size(), -1);
  schedule.scratchOffsets.assign(program.layers.size(), -1);
  const ArenaBuffers all = arenaBuffers(program, trace, options);
  schedule.alive = mostAlive(all.buffers);
  schedule.height = noHeight;
  if (options.limit && schedule.alive > *options.limit)
    return schedule;
  PlacedRows placed = placeRows(all.buffers, tries);
  for (size_t i = 0; i < all.tensors.size(); ++i)
    schedule.offsets[all.tensors[i]] = placed.offsets[i];
  for (size_t i = 0; i < all.layers.size(); ++i)
    schedule.scratchOffsets[all.layers[i]] = placed.offsets[all.tensors.size() + i];
  schedule.height = placed.height;
  schedule.trace = std::move(trace);
  return schedule;
}

Schedule pebble::stream::scheduleProgram(const Program &program, const Options &options) {
  return Search(program, options).run();
}
