// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/schedule/order/Order.h"

#include "passes/schedule/order/SetSearch.h"

#include <algorithm>
#include <numeric>

using namespace pebble::order;

namespace {

std::vector<std::vector<int>> successorsOf(const Graph &graph) {
  std::vector<std::vector<int>> successors(graph.nodes);
  for (const Tensor &tensor : graph.tensors)
    if (tensor.producer >= 0)
      for (int consumer : tensor.consumers)
        successors[tensor.producer].push_back(consumer);
  for (auto [before, after] : graph.edges)
    successors[before].push_back(after);
  for (std::vector<int> &list : successors) {
    std::sort(list.begin(), list.end());
    list.erase(std::unique(list.begin(), list.end()), list.end());
  }
  return successors;
}

std::vector<int> inDegrees(const std::vector<std::vector<int>> &successors) {
  std::vector<int> degrees(successors.size(), 0);
  for (const std::vector<int> &list : successors)
    for (int successor : list)
      ++degrees[successor];
  return degrees;
}

/// Runs what is ready: the newest first, or the oldest first.
std::vector<int> readyOrder(const std::vector<std::vector<int>> &successors, bool newestFirst) {
  std::vector<int> waiting = inDegrees(successors), order;
  std::vector<int> ready;
  for (size_t node = successors.size(); node-- > 0;)
    if (waiting[node] == 0)
      ready.push_back(static_cast<int>(node));
  if (!newestFirst)
    std::reverse(ready.begin(), ready.end());
  for (size_t next = 0; newestFirst ? !ready.empty() : next < ready.size();) {
    int node = newestFirst ? ready.back() : ready[next++];
    if (newestFirst)
      ready.pop_back();
    order.push_back(node);
    for (int successor : successors[node])
      if (--waiting[successor] == 0)
        ready.push_back(successor);
  }
  return order;
}

std::vector<int> reversePostOrder(const std::vector<std::vector<int>> &successors) {
  std::vector<int> degrees = inDegrees(successors), order;
  std::vector<char> seen(successors.size(), 0);
  std::vector<std::pair<int, size_t>> stack;
  for (size_t root = 0; root < successors.size(); ++root) {
    if (degrees[root] != 0)
      continue;
    stack.push_back({static_cast<int>(root), 0});
    seen[root] = 1;
    while (!stack.empty()) {
      auto &[node, next] = stack.back();
      if (next == successors[node].size()) {
        order.push_back(node);
        stack.pop_back();
      } else if (int successor = successors[node][next++]; !seen[successor]) {
        seen[successor] = 1;
        stack.push_back({successor, 0});
      }
    }
  }
  std::reverse(order.begin(), order.end());
  return order;
}

/// Cuts the nodes where every node before a cut runs before every node after it in any order: the
/// bytes alive at a cut are then the same in all orders, and the parts are ordered by themselves.
std::vector<std::vector<int>> independentParts(const Graph &graph) {
  std::vector<std::vector<int>> successors = successorsOf(graph);
  const size_t words = (graph.nodes + 63) / 64;
  std::vector<std::vector<uint64_t>> after(graph.nodes, std::vector<uint64_t>(words, 0));
  std::vector<int> below(graph.nodes, 0), above(graph.nodes, 0);
  for (int node = graph.nodes; node-- > 0;)
    for (int successor : successors[node]) {
      for (size_t w = 0; w < words; ++w)
        after[node][w] |= after[successor][w];
      after[node][successor / 64] |= uint64_t(1) << (successor % 64);
    }
  for (int node = 0; node < graph.nodes; ++node)
    for (int other = 0; other < graph.nodes; ++other)
      if (after[node][other / 64] >> (other % 64) & 1) {
        ++below[node];
        ++above[other];
      }
  std::vector<std::vector<int>> parts(1);
  for (int node = 0; node < graph.nodes; ++node) {
    // All that can run before such a node has a smaller number than it.
    bool isCut = above[node] + below[node] + 1 == graph.nodes;
    if (isCut && !parts.back().empty())
      parts.emplace_back();
    parts.back().push_back(node);
    if (isCut)
      parts.emplace_back();
  }
  if (parts.back().empty())
    parts.pop_back();
  return parts;
}

/// What is alive before any node has run.
int64_t initialBytes(const Graph &graph) {
  int64_t bytes = 0;
  for (const Tensor &tensor : graph.tensors)
    if (tensor.producer < 0 && (tensor.isKept || !tensor.consumers.empty()))
      bytes += tensor.bytes;
  return bytes;
}

} // namespace

std::vector<int64_t> pebble::order::aliveBytes(const Graph &graph, const std::vector<int> &order) {
  std::vector<std::vector<int>> made(graph.nodes), read(graph.nodes);
  std::vector<int> left(graph.tensors.size(), 0);
  for (size_t t = 0; t < graph.tensors.size(); ++t) {
    const Tensor &tensor = graph.tensors[t];
    std::vector<int> users = tensor.consumers;
    if (tensor.producer >= 0) {
      made[tensor.producer].push_back(static_cast<int>(t));
      users.push_back(tensor.producer); // What nobody reads dies where it is made.
    }
    std::sort(users.begin(), users.end());
    users.erase(std::unique(users.begin(), users.end()), users.end());
    left[t] = static_cast<int>(users.size());
    for (int user : users)
      read[user].push_back(static_cast<int>(t));
  }
  int64_t alive = initialBytes(graph);
  std::vector<int64_t> bytes;
  std::vector<char> isTaken(graph.tensors.size(), 0);
  for (int node : order) {
    int64_t shared = 0;
    for (int t : made[node]) {
      alive += graph.tensors[t].bytes;
      for (int under : graph.tensors[t].over)
        if (left[under] == 1 && !graph.tensors[under].isKept && !isTaken[under]) {
          isTaken[under] = 1;
          shared += graph.tensors[t].bytes;
          break;
        }
    }
    bytes.push_back(alive - shared + (graph.scratch.empty() ? 0 : graph.scratch[node]));
    for (int t : read[node])
      if (--left[t] == 0 && !graph.tensors[t].isKept)
        alive -= graph.tensors[t].bytes;
  }
  return bytes;
}

int64_t pebble::order::peakOf(const Graph &graph, const std::vector<int> &order) {
  int64_t peak = initialBytes(graph);
  for (int64_t bytes : aliveBytes(graph, order))
    peak = std::max(peak, bytes);
  return peak;
}

std::vector<std::vector<int>> pebble::order::simpleOrders(const Graph &graph) {
  std::vector<std::vector<int>> successors = successorsOf(graph);
  return {readyOrder(successors, /*newestFirst=*/true),
          readyOrder(successors, /*newestFirst=*/false), reversePostOrder(successors)};
}

Result pebble::order::orderNodes(const Graph &graph, int64_t steps) {
  Result best;
  best.order.resize(graph.nodes);
  std::iota(best.order.begin(), best.order.end(), 0);
  best.peak = peakOf(graph, best.order);
  auto keep = [&](std::vector<int> order) {
    int64_t peak = peakOf(graph, order);
    if (peak < best.peak)
      best = {std::move(order), peak, 0};
  };
  for (std::vector<int> &order : simpleOrders(graph))
    keep(std::move(order));

  // The parts that no search has improved keep the order of the best simple one.
  std::vector<std::vector<int>> parts = independentParts(graph);
  std::vector<int> place(graph.nodes), joined;
  for (int i = 0; i < graph.nodes; ++i)
    place[best.order[i]] = i;
  int64_t lowerBound = 0;
  for (std::vector<int> &part : parts) {
    std::sort(part.begin(), part.end(), [&](int a, int b) { return place[a] < place[b]; });
    PartResult result = orderPart(graph, joined, part, steps / static_cast<int64_t>(parts.size()));
    lowerBound = std::max(lowerBound, result.lowerBound);
    joined.insert(joined.end(), result.order.begin(), result.order.end());
  }
  keep(std::move(joined));
  best.lowerBound = std::min(lowerBound, best.peak);
  return best;
}
