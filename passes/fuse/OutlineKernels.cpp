// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/analysis/NodeNames.h"

#include "mlir/IR/AsmState.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"

namespace pebble {
#define GEN_PASS_DEF_OUTLINEKERNELS
#include "passes/Passes.h.inc"
} // namespace pebble

using namespace mlir;
using namespace pebble;

namespace {

/// A C identifier that still shows the node's name.
std::string symbolFor(StringRef nodeName, unsigned number) {
  std::string symbol = "k" + std::to_string(number);
  if (!nodeName.empty())
    symbol += '_';
  for (char c : nodeName.take_front(80))
    symbol += llvm::isAlnum(c) ? c : '_';
  return symbol;
}

class OutlineKernels : public pebble::impl::OutlineKernelsBase<OutlineKernels> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    llvm::StringMap<func::FuncOp> kernels;
    SmallVector<nn::FusedOp> groups;
    module.walk([&](nn::FusedOp op) { groups.push_back(op); });
    for (nn::FusedOp group : groups) {
      SmallVector<StringRef> nodes = nodeNames(group.getLoc());
      func::FuncOp &kernel = kernels[bodyText(group)];
      if (!kernel)
        kernel = outline(group, symbolFor(nodes.empty() ? "" : nodes.front(), kernels.size() - 1));
      addNodes(kernel, nodes);
      OpBuilder builder(group);
      auto launch = nn::LaunchOp::create(builder, group.getLoc(), group.getResultTypes(),
                                         kernel.getSymName(), group.getInputs());
      group.replaceAllUsesWith(launch.getResults());
      group.erase();
    }
  }

  /// Everything about a group but its place and its operands' names.
  static std::string bodyText(nn::FusedOp group) {
    std::string text;
    llvm::raw_string_ostream stream(text);
    OpPrintingFlags flags;
    flags.printGenericOpForm().useLocalScope();
    for (BlockArgument argument : group.getBody().getArguments())
      stream << argument.getType() << ',';
    AsmState state(group, flags);
    for (Operation &op : group.getBody().front()) {
      op.print(stream, state);
      stream << '\n';
    }
    return text;
  }

  func::FuncOp outline(nn::FusedOp group, StringRef symbol) {
    OpBuilder builder = OpBuilder::atBlockEnd(getOperation().getBody());
    auto type = builder.getFunctionType(group.getInputs().getTypes(), group.getResultTypes());
    auto kernel = func::FuncOp::create(builder, group.getLoc(), symbol, type);
    kernel.setPrivate();
    kernel.getBody().takeBody(group.getBody());
    auto yield = cast<nn::YieldOp>(kernel.getBody().front().getTerminator());
    builder.setInsertionPoint(yield);
    func::ReturnOp::create(builder, yield.getLoc(), yield.getValues());
    yield.erase();
    return kernel;
  }

  void addNodes(func::FuncOp kernel, ArrayRef<StringRef> nodes) {
    Builder builder(kernel.getContext());
    SmallVector<Attribute> all;
    if (auto known = kernel->getAttrOfType<ArrayAttr>("nn.nodes"))
      llvm::append_range(all, known);
    for (StringRef node : nodes)
      all.push_back(builder.getStringAttr(node));
    kernel->setAttr("nn.nodes", builder.getArrayAttr(all));
  }
};

} // namespace
