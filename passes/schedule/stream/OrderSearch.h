// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The order of layers for a schedule by rows: which one is best is not known before it is
// scheduled.
#ifndef PEBBLE_PASSES_SCHEDULE_STREAM_ORDERSEARCH_H
#define PEBBLE_PASSES_SCHEDULE_STREAM_ORDERSEARCH_H

#include "passes/schedule/stream/Program.h"

namespace pebble::stream {

/// Orders of the layers worth a search: the given one first, then depth first, breadth first and
/// reverse post-order, each only once. A chain has one.
std::vector<std::vector<int>> candidateOrders(const Program &program);

/// The program with its layers in `order`.
Program reordered(const Program &program, const std::vector<int> &order);

} // namespace pebble::stream

#endif // PEBBLE_PASSES_SCHEDULE_STREAM_ORDERSEARCH_H
