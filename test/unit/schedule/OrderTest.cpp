// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The operator order: against trying all orders, and on cells of randomly wired networks.
#include "test/unit/schedule/Graphs.h"

#include <gtest/gtest.h>

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

TEST(Order, TakesAnEmptyGraph) {
  Result result = orderNodes(Graph(), 10);
  EXPECT_TRUE(result.order.empty());
  EXPECT_EQ(result.peak, 0);
}

} // namespace
