// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/Passes.h"

#include "mlir/IR/IRMapping.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/SetVector.h"

namespace pebble {
#define GEN_PASS_DEF_OUTLINEPARALLEL
#include "passes/Passes.h.inc"
} // namespace pebble

using namespace mlir;
using namespace pebble;

namespace {

/// One parallel loop of one kernel.
class LoopOutliner {
public:
  LoopOutliner(func::FuncOp kernel, scf::ParallelOp loop)
      : kernel(kernel), loop(loop), b(loop.getLoc(), loop.getContext()) {}

  /// Whether everything the loop uses can be computed again from the kernel's arguments.
  bool collect() {
    llvm::SetVector<Value> used;
    getUsedValuesDefinedAbove(loop.getRegion(), used);
    SmallVector<Value> work(used.begin(), used.end());
    while (!work.empty()) {
      Operation *op = work.pop_back_val().getDefiningOp();
      if (!op || !needed.insert(op).second)
        continue;
      if (!isPure(op) || op->getNumRegions())
        return false;
      llvm::append_range(work, op->getOperands());
    }
    return true;
  }

  void outline(unsigned number) {
    std::string symbol = (kernel.getSymName() + "_part" + Twine(number)).str();
    func::FuncOp body = makeBody(symbol);
    func::FuncOp entry = makeEntry(symbol + "_entry", body);
    b.setInsertionPoint(loop);
    mem::ParallelOp::create(b, entry.getSymName(), loop.getUpperBound()[0],
                            kernel.getArguments().drop_front());
    loop.erase();
  }

  void makeSequential() {
    b.setInsertionPoint(loop);
    auto sequential =
        scf::ForOp::create(b, loop.getLowerBound()[0], loop.getUpperBound()[0], loop.getStep()[0]);
    loop.getInductionVars()[0].replaceAllUsesWith(sequential.getInductionVar());
    Block *body = loop.getBody();
    body->getTerminator()->erase();
    sequential.getBody()->getOperations().splice(sequential.getBody()->begin(),
                                                 body->getOperations());
    loop.erase();
  }

private:
  /// The loop over [begin, end), with the kernel's arguments and their attributes: the optimizer
  /// must know as much about them as it does in the kernel.
  func::FuncOp makeBody(StringRef symbol) {
    SmallVector<Type> types(kernel.getArgumentTypes());
    types.append(2, b.getIndexType());
    b.setInsertionPointAfter(kernel);
    auto body = func::FuncOp::create(b, symbol, b.getFunctionType(types, {}));
    body.setPrivate();
    for (unsigned index = 0; index < kernel.getNumArguments(); ++index)
      body.setArgAttrs(index, kernel.getArgAttrDict(index));
    Block *block = body.addEntryBlock();
    b.setInsertionPointToStart(block);
    IRMapping mapping;
    for (auto [from, to] : llvm::zip(kernel.getArguments(), block->getArguments()))
      mapping.map(from, to);
    for (Operation &op : kernel.getBody().front())
      if (needed.contains(&op))
        b.clone(op, mapping);
    unsigned count = block->getNumArguments();
    auto range = scf::ForOp::create(b, block->getArgument(count - 2), block->getArgument(count - 1),
                                    arith::ConstantIndexOp::create(b, 1));
    mapping.map(loop.getInductionVars()[0], range.getInductionVar());
    b.setInsertionPointToStart(range.getBody());
    for (Operation &op : loop.getBody()->without_terminator())
      b.clone(op, mapping);
    b.setInsertionPointToEnd(block);
    func::ReturnOp::create(b);
    return body;
  }

  /// (closure, begin, end): the closure is an array of words, the environment first.
  func::FuncOp makeEntry(StringRef symbol, func::FuncOp body) {
    Type pointer = LLVM::LLVMPointerType::get(b.getContext()), word = b.getI64Type();
    b.setInsertionPointAfter(body);
    auto entry = func::FuncOp::create(b, symbol, b.getFunctionType({pointer, word, word}, {}));
    entry.setPrivate();
    Block *block = entry.addEntryBlock();
    b.setInsertionPointToStart(block);
    SmallVector<Value> arguments;
    for (auto [index, type] : llvm::enumerate(kernel.getArgumentTypes())) {
      Value at = LLVM::GEPOp::create(b, pointer, word, block->getArgument(0),
                                     ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(index)});
      Value value = LLVM::LoadOp::create(b, isa<IndexType>(type) ? word : type, at);
      arguments.push_back(
          isa<IndexType>(type) ? arith::IndexCastOp::create(b, type, value).getResult() : value);
    }
    for (unsigned index : {1u, 2u})
      arguments.push_back(
          arith::IndexCastOp::create(b, b.getIndexType(), block->getArgument(index)));
    func::CallOp::create(b, body, arguments);
    func::ReturnOp::create(b);
    return entry;
  }

  func::FuncOp kernel;
  scf::ParallelOp loop;
  ImplicitLocOpBuilder b;
  llvm::DenseSet<Operation *> needed;
};

class OutlineParallel : public pebble::impl::OutlineParallelBase<OutlineParallel> {
  void runOnOperation() override {
    SmallVector<func::FuncOp> kernels;
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (function->hasAttr("nn.nodes") && !function.isExternal())
        kernels.push_back(function);
    for (func::FuncOp kernel : kernels) {
      SmallVector<scf::ParallelOp> loops(kernel.getOps<scf::ParallelOp>());
      for (auto [number, loop] : llvm::enumerate(loops)) {
        LoopOutliner outliner(kernel, loop);
        if (outliner.collect())
          outliner.outline(number);
        else
          outliner.makeSequential();
      }
    }
  }
};

} // namespace
