// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/schedule/BlockGraph.h"

#include "passes/analysis/WriteOver.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace pebble;

/// What `op` reads, in its regions too.
template <typename Visit> static void forEachRead(Operation &op, Visit visit) {
  op.walk([&](Operation *inner) {
    for (Value operand : inner->getOperands())
      visit(operand);
  });
}

bool pebble::isName(Operation *op) { return isa<nn::ReshapeOp, nn::BitCastOp>(op); }

static bool isSized(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && tensor.hasStaticShape();
}

bool pebble::isPlain(Block &block) {
  return llvm::all_of(block.getArgumentTypes(), isSized) && llvm::all_of(block, [](Operation &op) {
           return op.getNumRegions() == 0 && llvm::all_of(op.getResultTypes(), isSized);
         });
}

/// Whether nothing runs again, and all sizes are known.
static bool runsOnce(Block &block) {
  bool isRight = llvm::all_of(block.getArgumentTypes(), isSized);
  block.walk([&](Operation *op) {
    isRight &= !isa<nn::LoopOp>(op) && llvm::all_of(op->getResultTypes(), isSized);
  });
  return isRight;
}

BlockGraph::BlockGraph(Block &block, SymbolTable &symbols) : block(block), symbols(symbols) {
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

void BlockGraph::add(Operation &op) {
  int node = nodes.lookup(&op);
  forEachRead(op, [&](Value value) {
    if (auto it = tensors.find(value); it != tensors.end())
      for (int tensor : it->second)
        consumers[tensor].insert(node);
  });
  for (OpResult result : op.getResults()) {
    llvm::SmallVector<int, 2> named{makeTensor(result, node)};
    // Another name keeps the memory alive that it names.
    if (isName(&op))
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

void BlockGraph::addOvers() {
  if (!runsOnce(block))
    return;
  // The result of branches is another name for what they yield.
  std::set<int> yielded;
  block.walk([&](nn::YieldOp yield) {
    for (Value operand : yield->getOperands())
      if (auto named = tensors.find(operand); named != tensors.end())
        yielded.insert(named->second.begin(), named->second.end());
  });
  for (auto [index, value] : llvm::enumerate(values)) {
    auto launch = dyn_cast<nn::LaunchOp>(value.getOwner());
    func::FuncOp kernel = launch ? kernelOf(*launch) : func::FuncOp();
    if (!kernel || graph.tensors[index].bytes == 0)
      continue;
    SmallVector<int> read; // The memory of each operand.
    for (Value operand : launch.getInputs()) {
      auto named = tensors.find(operand);
      read.push_back(named == tensors.end() ? -1 : named->second.back());
    }
    auto isBuffer = [&](int tensor) {
      return tensor >= 0 && graph.tensors[tensor].bytes > 0 && !yielded.count(tensor) &&
             isa<nn::LaunchOp>(values[tensor].getOwner());
    };
    for (auto [operand, tensor] : llvm::enumerate(read))
      if (isBuffer(tensor) && llvm::count(read, tensor) == 1 &&
          canWriteOver(kernel, operand, value.getResultNumber()))
        graph.tensors[index].over.push_back(tensor);
  }
}

int BlockGraph::makeTensor(OpResult result, int node) {
  order::Tensor tensor;
  tensor.producer = node;
  tensor.bytes = bytesOf(result);
  graph.tensors.push_back(tensor);
  values.push_back(result);
  consumers.emplace_back();
  return static_cast<int>(graph.tensors.size()) - 1;
}

bool BlockGraph::isReturned(Value value) const {
  return llvm::is_contained(block.getTerminator()->getOperands(), value);
}

/// Bytes in the arena; unknown dims count once, so that sizes still compare.
int64_t BlockGraph::bytesOf(OpResult result) const {
  Operation *op = result.getOwner();
  auto type = dyn_cast<RankedTensorType>(result.getType());
  bool isOutput = isa<nn::LaunchOp>(op) && isReturned(result);
  if (!type || isOutput || isName(op))
    return 0;
  int64_t bytes = mem::storageType(type.getElementType()).getIntOrFloatBitWidth() / 8;
  for (int64_t dim : type.getShape())
    bytes *= ShapedType::isDynamic(dim) ? 1 : dim;
  return llvm::alignTo(bytes, 64);
}

int64_t BlockGraph::scratchOf(Operation &op) const {
  func::FuncOp kernel = kernelOf(op);
  mem::KernelSpecAttr spec = kernel ? mem::KernelSpecAttr::of(kernel) : mem::KernelSpecAttr();
  return spec ? llvm::alignTo(spec.getScratch(), 64) : 0;
}

/// Of a launch whose kernel is known.
func::FuncOp BlockGraph::kernelOf(Operation &op) const {
  auto launch = dyn_cast<nn::LaunchOp>(op);
  auto kernel = launch ? symbols.lookup<func::FuncOp>(launch.getKernel()) : func::FuncOp();
  return kernel && !kernel.isExternal() ? kernel : func::FuncOp();
}
