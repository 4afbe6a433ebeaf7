// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/schedule/stream/OrderSearch.h"

#include "passes/schedule/order/Order.h"

#include <algorithm>
#include <numeric>

using namespace pebble::stream;

std::vector<std::vector<int>> pebble::stream::candidateOrders(const Program &program) {
  order::Graph graph;
  graph.nodes = static_cast<int>(program.layers.size());
  graph.tensors.resize(program.tensors.size());
  for (int layer = 0; layer < graph.nodes; ++layer) {
    for (int result : program.layers[layer].results)
      graph.tensors[result].producer = layer;
    for (const Read &read : program.layers[layer].reads)
      graph.tensors[read.tensor].consumers.push_back(layer);
  }
  std::vector<int> given(graph.nodes);
  std::iota(given.begin(), given.end(), 0);
  std::vector<std::vector<int>> orders = order::simpleOrders(graph);
  orders.insert(orders.begin(), std::move(given));
  std::vector<std::vector<int>> different;
  for (std::vector<int> &order : orders)
    if (std::find(different.begin(), different.end(), order) == different.end())
      different.push_back(std::move(order));
  return different;
}

Program pebble::stream::reordered(const Program &program, const std::vector<int> &order) {
  Program result{program.tensors, {}};
  for (int layer : order)
    result.layers.push_back(program.layers[layer]);
  return result;
}
