// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/schedule/BlockGraph.h"

#include <numeric>

namespace pebble {
#define GEN_PASS_DEF_ORDEROPERATORS
#include "passes/Passes.h.inc"
} // namespace pebble

using namespace mlir;
using namespace pebble;

namespace {

// Sets of operators to look at: a fraction of a second where the best order is hard to find.
constexpr int64_t orderSteps = 20'000;

class OrderOperators : public pebble::impl::OrderOperatorsBase<OrderOperators> {
  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    auto program = symbols.lookup<func::FuncOp>("main");
    if (!program)
      return;
    Block &entry = program.getBody().front();
    BlockGraph block(entry, symbols);
    block.addOvers();
    order::Result result = order::orderNodes(block.graph, orderSteps);
    std::vector<int> given(block.ops.size());
    std::iota(given.begin(), given.end(), 0);
    Builder builder(&getContext());
    program->setAttr("mem.live_bytes", builder.getI64IntegerAttr(result.peak));
    program->setAttr("mem.live_lower_bound", builder.getI64IntegerAttr(result.lowerBound));
    // The model's own order is as good as any, and the one that its author knows.
    if (result.peak >= order::peakOf(block.graph, given))
      return;
    for (int node : result.order)
      block.ops[node]->moveBefore(entry.getTerminator());
  }
};

} // namespace
