// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The operator order: against trying all orders, and on cells of randomly wired networks.
#include "passes/schedule/order/Recompute.h"
#include "test/unit/schedule/Graphs.h"

#include <gtest/gtest.h>

#include <set>

using namespace pebble::order;

namespace {

TEST(Order, EqualsBruteForceOnSmallGraphs) {
  for (uint32_t seed = 0; seed < 1000; ++seed) {
    Graph graph = smallGraph(seed);
    Result result = orderNodes(graph, 100'000);
    ASSERT_TRUE(canRun(graph, result.order)) << "seed " << seed;
    ASSERT_EQ(result.peak, peakOf(graph, result.order)) << "seed " << seed;
    ASSERT_EQ(result.peak, bruteForce(graph)) << "seed " << seed;
    ASSERT_TRUE(result.isOptimal()) << "seed " << seed;
  }
}

TEST(Order, SimpleOrdersCanRun) {
  for (uint32_t seed = 0; seed < 200; ++seed) {
    Graph graph = smallGraph(seed);
    for (const std::vector<int> &order : simpleOrders(graph))
      ASSERT_TRUE(canRun(graph, order)) << "seed " << seed;
  }
}

TEST(Order, IsNeverWorseThanASimpleOrderOfACell) {
  for (uint32_t seed = 0; seed < 200; seed += 10) {
    Graph graph = wattsStrogatzCell(seed);
    Result result = orderNodes(graph, 2'000);
    ASSERT_TRUE(canRun(graph, result.order)) << "seed " << seed;
    EXPECT_EQ(result.peak, peakOf(graph, result.order)) << "seed " << seed;
    EXPECT_LE(result.peak, simplePeak(graph)) << "seed " << seed;
    EXPECT_LE(result.lowerBound, result.peak) << "seed " << seed;
  }
}

TEST(Order, ProvesMostSmallCells) {
  int cells = 0, proven = 0;
  for (uint32_t seed = 0; seed < 60; ++seed) {
    Graph graph = wattsStrogatzCell(seed);
    if (graph.nodes > 32)
      continue;
    ++cells;
    proven += orderNodes(graph, 100'000).isOptimal();
  }
  EXPECT_GE(cells, 5);
  EXPECT_GE(proven * 10, cells * 9) << proven << " of " << cells;
}

/// Whether every copy reads and makes what the node does that it copies.
void checkCopies(const Graph &given, const Recomputation &found) {
  auto readBy = [](const Graph &graph, int node, const std::vector<int> *origins) {
    std::multiset<int> read;
    for (size_t t = 0; t < graph.tensors.size(); ++t)
      for (int consumer : graph.tensors[t].consumers)
        if (consumer == node)
          read.insert(origins ? (*origins)[t] : static_cast<int>(t));
    return read;
  };
  for (int node = 0; node < found.graph.nodes; ++node)
    EXPECT_EQ(readBy(found.graph, node, &found.tensors), readBy(given, found.nodes[node], nullptr));
  for (size_t t = 0; t < found.graph.tensors.size(); ++t) {
    const Tensor &tensor = found.graph.tensors[t], &origin = given.tensors[found.tensors[t]];
    EXPECT_EQ(tensor.bytes, origin.bytes);
    EXPECT_EQ(tensor.producer < 0 ? -1 : found.nodes[tensor.producer], origin.producer);
    EXPECT_TRUE(tensor.producer < given.nodes || !tensor.consumers.empty()) << "unread copy";
  }
}

TEST(Recompute, IsNeverBelowBruteForceNorAboveOneRunOfEach) {
  int optimal = 0, lower = 0, gains = 0;
  for (uint32_t seed = 0; seed < 400; ++seed) {
    SCOPED_TRACE(seed);
    std::vector<int64_t> work;
    Graph graph = repeatableGraph(seed, work);
    const int64_t once = bruteForce(graph), again = bruteForceAgain(graph, work);
    RecomputeOptions options;
    options.work = work;
    options.mostWork = options.steps = 1'000'000;
    std::vector<Recomputation> found = recompute(graph, options);
    ASSERT_EQ(found.front().peak, once);
    ASSERT_FALSE(found.front().hasCopies(graph));
    for (const Recomputation &result : found) {
      ASSERT_TRUE(canRun(result.graph, result.order));
      ASSERT_EQ(result.peak, peakOf(result.graph, result.order));
      ASSERT_GE(result.peak, again);
      ASSERT_TRUE(&result == &found.front() || result.peak < (&result - 1)->peak);
      checkCopies(graph, result);
    }
    optimal += found.back().peak == again;
    gains += again < once;
    lower += found.back().peak < once;
  }
  EXPECT_EQ(gains, 34);
  EXPECT_GE(lower, 31);
  EXPECT_GE(optimal, 396);
}

TEST(Recompute, KeepsToTheCostsAllowed) {
  int64_t again = 0;
  for (uint32_t seed = 0; seed < 400; ++seed) {
    RecomputeOptions options;
    Graph graph = repeatableGraph(seed, options.work);
    options.steps = 1'000'000;
    for (int node = 0; node < graph.nodes; ++node)
      options.products.push_back(node % 3);
    for (auto [work, products] : {std::pair(0, 9), std::pair(5, 9), std::pair(99, 0)}) {
      options.mostWork = work;
      options.mostProducts = products;
      const Recomputation best = recompute(graph, options).back();
      int64_t workAgain = 0, productsAgain = 0;
      for (int node = graph.nodes; node < best.graph.nodes; ++node) {
        EXPECT_GE(options.work[best.nodes[node]], 0) << "seed " << seed;
        workAgain += options.work[best.nodes[node]];
        productsAgain += options.products[best.nodes[node]];
        ++again;
      }
      EXPECT_EQ(best.work, workAgain) << "seed " << seed;
      EXPECT_EQ(best.products, productsAgain) << "seed " << seed;
      EXPECT_LE(best.work, work) << "seed " << seed;
      EXPECT_LE(best.products, products) << "seed " << seed;
    }
  }
  EXPECT_GT(again, 0);
}

/// Layers beside a wide copy that is cheap to make of a narrow value.
TEST(Recompute, MakesAWideCopyAgain) {
  Graph graph;
  graph.nodes = 5; // Narrow, wide copy, early reader, layer, late reader.
  graph.tensors = {{1, 0, {1, 4}, false, {}},
                   {100, 1, {2, 4}, false, {}},
                   {60, 2, {3}, false, {}},
                   {60, 3, {4}, false, {}},
                   {8, 4, {}, true, {}}};
  RecomputeOptions options;
  options.work = {-1, 100, -1, -1, -1};
  options.steps = 10'000;
  options.mostWork = 99;
  EXPECT_EQ(recompute(graph, options).back().peak, 221);
  options.mostWork = 100;
  const Recomputation best = recompute(graph, options).back();
  EXPECT_EQ(best.peak, 169);
  EXPECT_EQ(best.work, 100);
  EXPECT_EQ(best.nodes, (std::vector<int>{0, 1, 2, 3, 4, 1}));
  EXPECT_EQ(best.order, (std::vector<int>{0, 1, 2, 3, 5, 4}));
}

/// The same where the copy is made of a value that is too large to keep, and cheap to make again.
TEST(Recompute, MakesAChainAgain) {
  Graph graph;
  graph.nodes = 5; // Value, wide copy, early reader, layer, late reader.
  graph.tensors = {{1, -1, {0, 4}, false, {}}, {50, 0, {1}, false, {}}, {100, 1, {2, 4}, false, {}},
                   {90, 2, {3}, false, {}},    {10, 3, {4}, false, {}}, {8, 4, {}, true, {}}};
  RecomputeOptions options;
  options.work = {50, 100, -1, -1, -1};
  options.steps = 10'000;
  options.mostWork = 149;
  EXPECT_EQ(recompute(graph, options).back().peak, 201);
  options.mostWork = 150;
  const Recomputation best = recompute(graph, options).back();
  EXPECT_EQ(best.peak, 191);
  EXPECT_EQ(best.nodes, (std::vector<int>{0, 1, 2, 3, 4, 0, 1}));
  EXPECT_EQ(best.order, (std::vector<int>{0, 1, 2, 3, 5, 6, 4}));
}

TEST(Order, TakesAnEmptyGraph) {
  Result result = orderNodes(Graph(), 10);
  EXPECT_TRUE(result.order.empty());
  EXPECT_EQ(result.peak, 0);
}

} // namespace
