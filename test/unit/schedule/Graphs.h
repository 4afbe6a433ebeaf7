// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Graphs for the tests of the operator order, and the order that cannot be wrong.
#ifndef PEBBLE_TEST_UNIT_SCHEDULE_GRAPHS_H
#define PEBBLE_TEST_UNIT_SCHEDULE_GRAPHS_H

#include "passes/schedule/order/Order.h"

namespace pebble::order {

/// A cell of a randomly wired network: a Watts-Strogatz ring of 20 to 59 nodes with tensors of
/// random size, between one node that all sources read and one that reads all sinks.
Graph wattsStrogatzCell(uint32_t seed);

/// A small graph with everything that graphs have: tensors of several consumers, unread and kept
/// ones, inputs, scratch and edges without data.
Graph smallGraph(uint32_t seed);

/// The lowest peak, found by trying all orders.
int64_t bruteForce(const Graph &graph);

/// A small graph of nodes with a result each, most of which may run again, at the cost `work`;
/// results that nobody reads are kept, and some may take the memory of what their nodes read.
Graph repeatableGraph(uint32_t seed, std::vector<int64_t> &work);

/// The lowest peak when nodes with work may run any number of times, found by going through all
/// sets of what has run and what is alive.
int64_t bruteForceAgain(const Graph &graph, const std::vector<int64_t> &work);

/// Whether `order` runs each node once, after what it needs.
bool canRun(const Graph &graph, const std::vector<int> &order);

/// The lowest peak of the given order and the simple ones.
int64_t simplePeak(const Graph &graph);

} // namespace pebble::order

#endif // PEBBLE_TEST_UNIT_SCHEDULE_GRAPHS_H
