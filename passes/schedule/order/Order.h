// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The order of operators that keeps the fewest bytes alive. See docs/memory.md.
#ifndef PEBBLE_PASSES_SCHEDULE_ORDER_ORDER_H
#define PEBBLE_PASSES_SCHEDULE_ORDER_ORDER_H

#include <cstdint>
#include <vector>

namespace pebble::order {

/// Memory that a node writes and nodes read. It is alive from its producer, included, to its last
/// consumer, included.
struct Tensor {
  int64_t bytes = 0;
  int producer = -1; ///< -1: alive from the beginning.
  std::vector<int> consumers;
  bool isKept = false; ///< Alive to the end.
  /// Tensors that the producer reads and whose memory this one may take, if they die there. All are
  /// of one size.
  std::vector<int> over;
};

struct Graph {
  int nodes = 0;
  std::vector<Tensor> tensors;
  std::vector<std::pair<int, int>> edges; ///< Further pairs of what runs before what.
  std::vector<int64_t> scratch;           ///< Bytes while a node runs; of each node, or empty.
};

struct Result {
  std::vector<int> order;
  int64_t peak = 0;
  int64_t lowerBound = 0; ///< Proven: no order has a lower peak.

  bool isOptimal() const { return peak == lowerBound; }
};

/// The bytes alive while each node of `order` runs.
std::vector<int64_t> aliveBytes(const Graph &graph, const std::vector<int> &order);

/// The most bytes alive at one time.
int64_t peakOf(const Graph &graph, const std::vector<int> &order);

/// The usual orders: depth first, breadth first, and reverse post-order.
std::vector<std::vector<int>> simpleOrders(const Graph &graph);

/// The nodes are numbered in an order that can be run, which is the first candidate. `steps` bounds
/// how many sets of run nodes are looked at; the result depends on nothing else.
Result orderNodes(const Graph &graph, int64_t steps);

} // namespace pebble::order

#endif // PEBBLE_PASSES_SCHEDULE_ORDER_ORDER_H
