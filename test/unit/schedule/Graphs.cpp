// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/unit/schedule/Graphs.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <random>
#include <set>

using namespace pebble::order;

/// Lets about half of the tensors be written over operands that are as large.
static void addOvers(Graph &graph, std::mt19937 &random) {
  for (Tensor &tensor : graph.tensors)
    for (size_t t = 0; t < graph.tensors.size(); ++t)
      if (const Tensor &under = graph.tensors[t];
          tensor.producer >= 0 && under.bytes == tensor.bytes && random() % 2 &&
          std::count(under.consumers.begin(), under.consumers.end(), tensor.producer))
        tensor.over.push_back(static_cast<int>(t));
}

Graph pebble::order::wattsStrogatzCell(uint32_t seed) {
  std::mt19937 random(seed);
  auto below = [&](int count) { return static_cast<int>(random() % count); };
  const int inner = 18 + below(40), neighbors = 4;
  std::set<std::pair<int, int>> edges;
  auto connect = [&](int a, int b) {
    return a != b && edges.insert({std::min(a, b), std::max(a, b)}).second;
  };
  for (int i = 0; i < inner; ++i)
    for (int step = 1; step <= neighbors / 2; ++step)
      // Three of four edges of the ring go to a random node instead.
      if (below(4) == 0 || !connect(1 + i, 1 + below(inner)))
        connect(1 + i, 1 + (i + step) % inner);
  Graph graph;
  graph.nodes = inner + 2;
  graph.tensors.resize(graph.nodes);
  std::vector<char> hasInput(graph.nodes, 0);
  for (auto [from, to] : edges) {
    graph.tensors[from].consumers.push_back(to);
    hasInput[to] = 1;
  }
  for (int node = 0; node < graph.nodes; ++node) {
    Tensor &tensor = graph.tensors[node];
    tensor.producer = node;
    tensor.bytes = 1024 * (1 + below(256));
    if (node > 0 && node <= inner && !hasInput[node])
      graph.tensors[0].consumers.push_back(node);
    if (node > 0 && node <= inner && tensor.consumers.empty())
      tensor.consumers.push_back(inner + 1);
  }
  graph.tensors.back().isKept = true;
  return graph;
}

Graph pebble::order::smallGraph(uint32_t seed) {
  std::mt19937 random(seed);
  auto below = [&](int count) { return static_cast<int>(random() % count); };
  Graph graph;
  graph.nodes = 2 + below(6);
  for (int node = -1; node < graph.nodes; ++node)
    for (int count = below(3); count > 0; --count) {
      Tensor tensor;
      tensor.bytes = below(12);
      tensor.producer = node;
      tensor.isKept = below(6) == 0;
      for (int consumer = node + 1; consumer < graph.nodes; ++consumer)
        if (below(3) == 0)
          tensor.consumers.push_back(consumer);
      graph.tensors.push_back(tensor);
    }
  addOvers(graph, random);
  if (below(2))
    for (int node = 0; node < graph.nodes; ++node)
      graph.scratch.push_back(below(8));
  for (int node = 1; node < graph.nodes; ++node)
    if (below(4) == 0)
      graph.edges.push_back({below(node), node});
  return graph;
}

bool pebble::order::canRun(const Graph &graph, const std::vector<int> &order) {
  std::vector<int> place(graph.nodes, -1);
  for (size_t i = 0; i < order.size(); ++i)
    place[order[i]] = static_cast<int>(i);
  bool right = static_cast<int>(order.size()) == graph.nodes &&
               std::count(place.begin(), place.end(), -1) == 0;
  for (const Tensor &tensor : graph.tensors)
    for (int consumer : tensor.consumers)
      right &= tensor.producer < 0 || place[tensor.producer] < place[consumer];
  for (auto [before, after] : graph.edges)
    right &= place[before] < place[after];
  return right;
}

int64_t pebble::order::bruteForce(const Graph &graph) {
  std::vector<int> order(graph.nodes);
  std::iota(order.begin(), order.end(), 0);
  int64_t best = std::numeric_limits<int64_t>::max();
  do {
    if (canRun(graph, order))
      best = std::min(best, peakOf(graph, order));
  } while (std::next_permutation(order.begin(), order.end()));
  return best;
}

Graph pebble::order::repeatableGraph(uint32_t seed, std::vector<int64_t> &work) {
  std::mt19937 random(seed);
  auto below = [&](int count) { return static_cast<int>(random() % count); };
  Graph graph;
  graph.nodes = 3 + below(5);
  for (int node = -1; node < graph.nodes; ++node) {
    Tensor tensor;
    tensor.bytes = 1 + below(6) * below(4);
    tensor.producer = node;
    for (int consumer = node + 1; consumer < graph.nodes; ++consumer)
      if (below(5) < 2)
        tensor.consumers.push_back(consumer);
    tensor.isKept = tensor.consumers.empty();
    graph.tensors.push_back(tensor);
  }
  addOvers(graph, random);
  work.clear();
  for (int node = 0; node < graph.nodes; ++node) {
    work.push_back(below(4) == 0 ? -1 : 1 + below(8));
    graph.scratch.push_back(below(3) == 0 ? below(6) : 0);
  }
  return graph;
}

int64_t pebble::order::bruteForceAgain(const Graph &graph, const std::vector<int64_t> &work) {
  // Tensor t is bit t of what is alive; tensors are few, and each node makes one.
  const int tensors = static_cast<int>(graph.tensors.size());
  std::vector<int64_t> lowest(size_t(1) << (graph.nodes + tensors),
                              std::numeric_limits<int64_t>::max());
  std::vector<uint32_t> reads(graph.nodes, 0);
  std::vector<int> made(graph.nodes, -1);
  std::set<std::pair<int64_t, uint32_t>> open;
  uint32_t start = 0, kept = 0, all = (1u << graph.nodes) - 1;
  auto bytesOf = [&](uint32_t alive) {
    int64_t bytes = 0;
    for (int t = 0; t < tensors; ++t)
      bytes += alive >> t & 1 ? graph.tensors[t].bytes : 0;
    return bytes;
  };
  for (int t = 0; t < tensors; ++t) {
    const Tensor &tensor = graph.tensors[t];
    for (int consumer : tensor.consumers)
      reads[consumer] |= 1u << t;
    if (tensor.producer >= 0)
      made[tensor.producer] = t;
    else if (tensor.isKept || !tensor.consumers.empty())
      start |= 1u << t;
    kept |= tensor.isKept ? 1u << t : 0;
  }
  auto reach = [&](uint32_t ran, uint32_t alive, int64_t peak) {
    uint32_t state = ran << tensors | alive;
    if (peak >= lowest[state])
      return;
    lowest[state] = peak;
    open.insert({peak, state});
  };
  reach(0, start, bytesOf(start));
  while (true) {
    auto [peak, state] = *open.begin();
    open.erase(open.begin());
    const uint32_t ran = state >> tensors, alive = state & ((1u << tensors) - 1);
    if (ran == all)
      return peak;
    for (int t = 0; t < tensors; ++t)
      if ((alive & ~kept) >> t & 1)
        reach(ran, alive & ~(1u << t), peak);
    for (int node = 0; node < graph.nodes; ++node) {
      if ((reads[node] & ~alive) || ((ran >> node & 1) && work[node] < 0))
        continue;
      const Tensor &tensor = graph.tensors[made[node]];
      int64_t needed = bytesOf(alive) + tensor.bytes + graph.scratch[node];
      uint32_t after = alive | 1u << made[node];
      reach(ran | 1u << node, after, std::max(peak, needed));
      for (int under : tensor.over)
        if (!graph.tensors[under].isKept)
          reach(ran | 1u << node, after & ~(1u << under), std::max(peak, needed - tensor.bytes));
    }
  }
}

int64_t pebble::order::simplePeak(const Graph &graph) {
  std::vector<int> given(graph.nodes);
  std::iota(given.begin(), given.end(), 0);
  int64_t best = peakOf(graph, given);
  for (const std::vector<int> &order : simpleOrders(graph))
    best = std::min(best, peakOf(graph, order));
  return best;
}
