// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Nodes that run twice, so that what they make is not alive in between. See docs/memory.md.
#ifndef PEBBLE_PASSES_SCHEDULE_ORDER_RECOMPUTE_H
#define PEBBLE_PASSES_SCHEDULE_ORDER_RECOMPUTE_H

#include "passes/schedule/order/Order.h"

namespace pebble::order {

struct RecomputeOptions {
  /// What it costs to run each node again; negative: it never does. Nodes of `Graph::edges` have to
  /// be such.
  std::vector<int64_t> work;
  int64_t mostWork = 0; ///< Of all that run again.
  /// Another cost of each, with a limit of its own; or empty.
  std::vector<int64_t> products;
  int64_t mostProducts = 0;
  /// Orders that are looked at, and sets of run nodes; the result depends on nothing else.
  int64_t steps = 0;
};

/// A graph whose nodes and tensors behind the given ones are copies.
struct Recomputation {
  Graph graph;
  std::vector<int> order;
  std::vector<int> nodes, tensors; ///< Of each, the given one.
  int64_t peak = 0, work = 0, products = 0;

  bool hasCopies(const Graph &given) const { return graph.nodes > given.nodes; }
};

/// Graphs of falling peaks, each with no copy that it could do without: first the best order found
/// without any, last the lowest found.
std::vector<Recomputation> recompute(const Graph &given, const RecomputeOptions &options);

} // namespace pebble::order

#endif // PEBBLE_PASSES_SCHEDULE_ORDER_RECOMPUTE_H
