// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Orders a part of a graph by searching over the sets of nodes that have run.
#ifndef PEBBLE_PASSES_SCHEDULE_ORDER_SETSEARCH_H
#define PEBBLE_PASSES_SCHEDULE_ORDER_SETSEARCH_H

#include "passes/schedule/order/Order.h"

namespace pebble::order {

struct PartResult {
  std::vector<int> order;
  int64_t peak = 0;
  int64_t lowerBound = 0;
};

/// Orders `part`, given in an order that can be run, after `before` has run. A beam search gives a
/// good order; then the best one is looked for, as far as `steps` last.
PartResult orderPart(const Graph &graph, const std::vector<int> &before,
                     const std::vector<int> &part, int64_t steps);

} // namespace pebble::order

#endif // PEBBLE_PASSES_SCHEDULE_ORDER_SETSEARCH_H
