// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/Passes.h"
#include "passes/schedule/order/Order.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#include <numeric>
#include <set>

namespace pebble {
#define GEN_PASS_DEF_ORDEROPERATORS
#include "passes/Passes.h.inc"
} // namespace pebble

using namespace mlir;
using namespace pebble;

namespace {

// Sets of operators to look at: a fraction of a second where the best order is hard to find.
constexpr int64_t orderSteps = 20'000;

/// What `op` reads, in its regions too.
template <typename Visit> void forEachRead(Operation &op, Visit visit) {
  op.walk([&](Operation *inner) {
    for (Value operand : inner->getOperands())
      visit(operand);
  });
}

/// The graph of the operations of a block, numbered in their order. Constants are in no arena and
/// can stand first, so they are left out.
class BlockGraph {
public:
  BlockGraph(Block &block, SymbolTable &symbols) : block(block), symbols(symbols) {
    for (Operation &op : block.without_terminator())
      if (!op.hasTrait<OpTrait::ConstantLike>()) {
        nodes[&op] = graph.nodes++;
        ops.push_back(&op);
      }
    for (Operation *op : ops)
      add(*op);
    for (auto [tensor, users] : llvm::zip_equal(graph.tensors, consumers))
      tensor.consumers.assign(users.begin(), users.end());
  }

  order::Graph graph;
  std::vector<Operation *> ops;

private:
  void add(Operation &op) {
    int node = nodes.lookup(&op);
    forEachRead(op, [&](Value value) {
      if (auto it = tensors.find(value); it != tensors.end())
        for (int tensor : it->second)
          consumers[tensor].insert(node);
    });
    for (OpResult result : op.getResults()) {
      llvm::SmallVector<int, 2> named{makeTensor(result, node)};
      // Another name keeps the memory alive that it names.
      if (isa<nn::ReshapeOp, nn::BitCastOp>(op))
        llvm::append_range(named, tensors.lookup(op.getOperand(0)));
      for (int tensor : named)
        graph.tensors[tensor].isKept |= isReturned(result) && graph.tensors[tensor].bytes > 0;
      tensors[result] = named;
    }
    graph.scratch.push_back(scratchOf(op));
    if (!isMemoryEffectFree(&op)) {
      if (lastEffect >= 0)
        graph.edges.push_back({lastEffect, node});
      lastEffect = node;
    }
  }

  int makeTensor(OpResult result, int node) {
    order::Tensor tensor;
    tensor.producer = node;
    tensor.bytes = bytesOf(result);
    graph.tensors.push_back(tensor);
    consumers.emplace_back();
    return static_cast<int>(graph.tensors.size()) - 1;
  }

  bool isReturned(Value value) const {
    return llvm::is_contained(block.getTerminator()->getOperands(), value);
  }

  /// Bytes in the arena; unknown dims count once, so that sizes still compare.
  int64_t bytesOf(OpResult result) const {
    Operation *op = result.getOwner();
    auto type = dyn_cast<RankedTensorType>(result.getType());
    bool isOutput = isa<nn::LaunchOp>(op) && isReturned(result);
    if (!type || isOutput || isa<nn::ReshapeOp, nn::BitCastOp>(op))
      return 0;
    int64_t bytes = type.getElementTypeBitWidth() / 8;
    for (int64_t dim : type.getShape())
      bytes *= ShapedType::isDynamic(dim) ? 1 : dim;
    return llvm::alignTo(bytes, 64);
  }

  int64_t scratchOf(Operation &op) const {
    auto launch = dyn_cast<nn::LaunchOp>(op);
    auto kernel = launch ? symbols.lookup<func::FuncOp>(launch.getKernel()) : func::FuncOp();
    mem::KernelSpecAttr spec = kernel ? mem::KernelSpecAttr::of(kernel) : mem::KernelSpecAttr();
    return spec ? llvm::alignTo(spec.getScratch(), 64) : 0;
  }

  Block &block;
  SymbolTable &symbols;
  llvm::DenseMap<Operation *, int> nodes;
  /// The memory that a value names.
  llvm::DenseMap<Value, llvm::SmallVector<int, 2>> tensors;
  std::vector<std::set<int>> consumers;
  int lastEffect = -1;
};

class OrderOperators : public pebble::impl::OrderOperatorsBase<OrderOperators> {
  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    auto program = symbols.lookup<func::FuncOp>("main");
    if (!program)
      return;
    Block &entry = program.getBody().front();
    BlockGraph block(entry, symbols);
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
