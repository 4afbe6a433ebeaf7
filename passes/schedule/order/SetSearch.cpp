// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/schedule/order/SetSearch.h"

#include <algorithm>
#include <array>
#include <queue>
#include <unordered_map>
#include <unordered_set>

using namespace pebble::order;

namespace {

constexpr size_t kWords = 4;
constexpr size_t kMostNodes = kWords * 64;

struct Set {
  std::array<uint64_t, kWords> words{};

  void add(int i) { words[i / 64] |= uint64_t(1) << (i % 64); }
  bool has(int i) const { return words[i / 64] >> (i % 64) & 1; }
  bool contains(const Set &other) const {
    for (size_t w = 0; w < kWords; ++w)
      if (other.words[w] & ~words[w])
        return false;
    return true;
  }
  bool operator==(const Set &other) const { return words == other.words; }
};

struct HashSet {
  size_t operator()(const Set &set) const {
    uint64_t hash = 0x9E3779B97F4A7C15;
    for (uint64_t word : set.words) {
      hash = (hash ^ word) * 0xBF58476D1CE4E5B9;
      hash ^= hash >> 29;
    }
    return hash;
  }
};

/// How many bytes are alive depends on which nodes have run, not on their order. So an order is a
/// path over sets of nodes, and the best is the path whose highest point is lowest.
struct State {
  Set run;
  int64_t alive = 0;
  int64_t peak = 0;
  int32_t parent = -1;
  int32_t count = 0; ///< Nodes that have run.
  int16_t node = -1; ///< The one that led here from the parent, before `settle`.
};

class SetSearch {
public:
  SetSearch(const Graph &graph, const std::vector<int> &before, const std::vector<int> &part);

  PartResult solve(int64_t steps);

private:
  static constexpr size_t kBeam = 64;
  static constexpr size_t kMostStates = 4'000'000; ///< About half a gigabyte.

  int64_t freedBy(int node, const Set &run) const;
  int64_t neededBy(int node, const Set &run) const;
  void runNode(State &state, int node) const;
  bool isReady(int node, const Set &run) const {
    return !run.has(node) && run.contains(needs[node]);
  }
  void settle(State &state) const;
  template <typename Visit> void expand(const State &state, Visit visit) const;
  void beam(int64_t &steps);
  void exact(int64_t &steps);
  std::vector<int> pathTo(const std::vector<State> &states, int32_t last) const;
  void keep(std::vector<int> order, int64_t peak);

  struct Read {
    int tensor;
    int64_t bytes;
    Set users; ///< All in the part that have to run before it dies.
  };
  /// A result that can take the memory of one of these reads.
  struct Over {
    int64_t bytes;
    std::vector<int> reads;
  };
  int count;
  std::vector<int64_t> made, scratch;
  std::vector<Set> needs; ///< What has to run before each node.
  std::vector<std::vector<Read>> reads;
  std::vector<std::vector<Over>> overs;
  State start;
  int64_t floor = 0; ///< No order is lower.
  std::vector<int> best;
  int64_t bestPeak = 0;
};

SetSearch::SetSearch(const Graph &graph, const std::vector<int> &before,
                     const std::vector<int> &part)
    : count(static_cast<int>(part.size())), made(count, 0), scratch(count, 0), needs(count),
      reads(count), overs(count) {
  constexpr int outside = -1, done = -2;
  std::vector<int> local(graph.nodes, outside);
  std::vector<int64_t> touched(count, 0);
  for (int node : before)
    local[node] = done;
  for (int i = 0; i < count; ++i)
    local[part[i]] = i;
  for (size_t t = 0; t < graph.tensors.size(); ++t) {
    const Tensor &tensor = graph.tensors[t];
    int producer = tensor.producer < 0 ? done : local[tensor.producer];
    Set users;
    std::vector<int> inside;
    bool outlives = tensor.isKept, isOver = !tensor.isKept;
    auto use = [&](int node) {
      outlives |= node == outside;
      isOver &= node == done;
      if (node >= 0 && !users.has(node)) {
        users.add(node);
        inside.push_back(node);
      }
    };
    for (int consumer : tensor.consumers)
      use(local[consumer]);
    for (int node : inside)
      touched[node] += tensor.bytes;
    if (producer == done && !isOver)
      start.alive += tensor.bytes;
    if (producer >= 0) {
      made[producer] += tensor.bytes;
      for (int node : inside)
        needs[node].add(producer);
      use(producer); // What nobody reads dies where it is made.
    }
    if (!outlives && producer != outside)
      for (int node : inside)
        reads[node].push_back({static_cast<int>(t), tensor.bytes, users});
  }
  for (const Tensor &tensor : graph.tensors) {
    int producer = tensor.producer < 0 ? done : local[tensor.producer];
    Over over = {tensor.bytes, {}};
    for (int under : tensor.over)
      for (size_t i = 0; producer >= 0 && i < reads[producer].size(); ++i)
        if (reads[producer][i].tensor == under)
          over.reads.push_back(static_cast<int>(i));
    if (!over.reads.empty())
      overs[producer].push_back(over);
  }
  for (auto [first, second] : graph.edges)
    if (local[first] >= 0 && local[second] >= 0)
      needs[local[second]].add(local[first]);
  start.peak = floor = start.alive;
  for (int i = 0; i < count; ++i) {
    scratch[i] = graph.scratch.empty() ? 0 : graph.scratch[part[i]];
    // While a node runs, what it reads and what it makes is alive.
    int64_t shared = 0;
    for (const Over &over : overs[i])
      shared += over.bytes;
    floor = std::max(floor, touched[i] + made[i] + scratch[i] - shared);
  }
}

/// Bytes that die when `node` runs after `run`.
int64_t SetSearch::freedBy(int node, const Set &run) const {
  Set after = run;
  after.add(node);
  int64_t freed = 0;
  for (const Read &read : reads[node])
    freed += after.contains(read.users) ? read.bytes : 0;
  return freed;
}

/// Bytes beside what is alive that `node` needs while it runs after `run`.
int64_t SetSearch::neededBy(int node, const Set &run) const {
  int64_t needed = made[node] + scratch[node];
  if (overs[node].empty())
    return needed;
  Set after = run;
  after.add(node);
  std::vector<char> isTaken(reads[node].size(), 0);
  for (const Over &over : overs[node])
    for (int i : over.reads)
      if (!isTaken[i] && after.contains(reads[node][i].users)) {
        isTaken[i] = 1;
        needed -= over.bytes;
        break;
      }
  return needed;
}

void SetSearch::runNode(State &state, int node) const {
  state.peak = std::max(state.peak, state.alive + neededBy(node, state.run));
  state.alive += made[node] - freedBy(node, state.run);
  state.run.add(node);
  ++state.count;
}

/// Runs all that costs nothing: a node that leaves no more alive than before, and needs no more
/// while it runs than was needed already, may run now in the best order too. Later it would free no
/// less, and all that runs until then has as much room or more.
void SetSearch::settle(State &state) const {
  for (bool changed = true; changed;) {
    changed = false;
    for (int node = 0; node < count; ++node)
      if (isReady(node, state.run) && made[node] <= freedBy(node, state.run) &&
          state.alive + neededBy(node, state.run) <= std::max(state.peak, floor)) {
        runNode(state, node);
        changed = true;
      }
  }
}

template <typename Visit> void SetSearch::expand(const State &state, Visit visit) const {
  for (int node = 0; node < count; ++node) {
    if (!isReady(node, state.run))
      continue;
    State next = state;
    runNode(next, node);
    next.node = static_cast<int16_t>(node);
    settle(next);
    visit(next);
  }
}

std::vector<int> SetSearch::pathTo(const std::vector<State> &states, int32_t last) const {
  std::vector<int32_t> path;
  for (int32_t at = last; at >= 0; at = states[at].parent)
    path.push_back(at);
  std::vector<int> order;
  State state = start;
  auto append = [&](int node) {
    runNode(state, node);
    order.push_back(node);
  };
  for (size_t i = path.size(); i-- > 0;) {
    const State &next = states[path[i]];
    if (next.node >= 0)
      append(next.node);
    // What was settled costs nothing, and the less it needs while it runs the sooner it may.
    while (!(state.run == next.run)) {
      int cheapest = -1;
      for (int node = 0; node < count; ++node)
        if (next.run.has(node) && isReady(node, state.run) &&
            made[node] <= freedBy(node, state.run) &&
            (cheapest < 0 || neededBy(node, state.run) < neededBy(cheapest, state.run)))
          cheapest = node;
      append(cheapest);
    }
  }
  return order;
}

void SetSearch::keep(std::vector<int> order, int64_t peak) {
  if (peak >= bestPeak)
    return;
  best = std::move(order);
  bestPeak = peak;
}

/// Sets of growing size, of each size those with the lowest peaks.
void SetSearch::beam(int64_t &steps) {
  std::vector<State> states;
  std::vector<std::vector<int32_t>> bySize(count + 1);
  State first = start;
  settle(first);
  states.push_back(first);
  bySize[first.count].push_back(0);
  for (int size = 0; size < count; ++size) {
    std::vector<int32_t> &level = bySize[size];
    std::sort(level.begin(), level.end(), [&](int32_t a, int32_t b) {
      const State &x = states[a], &y = states[b];
      return x.peak != y.peak ? x.peak < y.peak : x.alive != y.alive ? x.alive < y.alive : a < b;
    });
    std::unordered_set<Set, HashSet> seen;
    size_t used = 0;
    for (int32_t index : level) {
      if (!seen.insert(states[index].run).second)
        continue;
      if (used++ == kBeam)
        break;
      if (--steps < 0)
        return;
      State from = states[index];
      expand(from, [&](State &next) {
        if (next.peak >= bestPeak)
          return;
        next.parent = index;
        bySize[next.count].push_back(static_cast<int32_t>(states.size()));
        states.push_back(next);
      });
    }
  }
  for (int32_t index : bySize[count])
    if (states[index].peak < bestPeak)
      keep(pathTo(states, index), states[index].peak);
}

/// Sets in order of the lowest peak that leads to them, the largest first among equals. When the
/// first is as high as the best order, that is proven best.
void SetSearch::exact(int64_t &steps) {
  std::vector<State> states;
  std::unordered_map<Set, int32_t, HashSet> known;
  struct Entry {
    int64_t peak;
    int32_t count, index;
    bool operator<(const Entry &other) const {
      if (peak != other.peak)
        return peak > other.peak;
      return count != other.count ? count < other.count : index > other.index;
    }
  };
  std::priority_queue<Entry> open;
  State first = start;
  settle(first);
  states.push_back(first);
  known.emplace(first.run, 0);
  open.push({first.peak, first.count, 0});
  while (!open.empty() && bestPeak > floor) {
    Entry entry = open.top();
    open.pop();
    const State state = states[entry.index];
    if (state.peak != entry.peak)
      continue; // Reached by a better path since.
    floor = std::max(floor, std::min(state.peak, bestPeak));
    if (state.count == count) {
      keep(pathTo(states, entry.index), state.peak);
      floor = bestPeak;
      return;
    }
    if (--steps < 0 || states.size() > kMostStates)
      return;
    expand(state, [&](State &next) {
      if (next.peak >= bestPeak)
        return;
      next.parent = entry.index;
      auto [place, isNew] = known.emplace(next.run, static_cast<int32_t>(states.size()));
      if (isNew)
        states.push_back(next);
      else if (next.peak < states[place->second].peak)
        states[place->second] = next;
      else
        return;
      open.push({next.peak, next.count, place->second});
    });
  }
  floor = bestPeak;
}

PartResult SetSearch::solve(int64_t steps) {
  State given = start;
  for (int node = 0; node < count; ++node) {
    runNode(given, node);
    best.push_back(node);
  }
  bestPeak = given.peak;
  beam(steps);
  exact(steps);
  return {best, bestPeak, floor};
}

} // namespace

PartResult pebble::order::orderPart(const Graph &graph, const std::vector<int> &before,
                                    const std::vector<int> &part, int64_t steps) {
  if (part.size() > kMostNodes)
    return {part, 0, 0};
  PartResult result = SetSearch(graph, before, part).solve(steps);
  for (int &node : result.order)
    node = part[node];
  return result;
}
