// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/nn/Constants.h"
#include "passes/analysis/Macs.h"
#include "passes/analysis/SymbolicDims.h"

namespace pebble {
#define GEN_PASS_DEF_DESCRIBEKERNELS
#include "passes/Passes.h.inc"
} // namespace pebble

using namespace mlir;
using namespace pebble;

namespace {

class DescribeKernels : public pebble::impl::DescribeKernelsBase<DescribeKernels> {
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (function.isExternal())
        continue;
      if (function->hasAttr("nn.nodes"))
        function->setAttr(mem::KernelSpecAttr::attributeName, describe(function));
      else if (function.getSymName() != "main")
        continue;
      if (std::optional<int64_t> macs = countMacs(function))
        function->setAttr("mem.macs", Builder(function).getI64IntegerAttr(*macs));
    }
  }

  /// The multiply-adds of a call; nothing when they depend on dims or data.
  std::optional<int64_t> countMacs(func::FuncOp function) {
    int64_t all = 0;
    WalkResult end = function.walk([&](Operation *op) {
      std::optional<int64_t> macs = macsOf(op);
      if (auto launch = dyn_cast<nn::LaunchOp>(op))
        macs = countMacs(getOperation().lookupSymbol<func::FuncOp>(launch.getKernel()));
      // How often the body of a loop or branch runs, the run decides.
      if (!macs || (*macs > 0 && op->getParentOp() != function))
        return WalkResult::interrupt();
      all += *macs;
      return WalkResult::advance();
    });
    return end.wasInterrupted() ? std::nullopt : std::optional(all);
  }

  static mem::KernelSpecAttr describe(func::FuncOp kernel) {
    Builder builder(kernel.getContext());
    SymbolicDims dims(kernel.getContext());
    Block &body = kernel.getBody().front();
    for (BlockArgument operand : body.getArguments()) {
      std::string prefix = "in" + std::to_string(operand.getArgNumber());
      std::vector<std::string> names;
      for (int64_t dim = 0; dim < cast<RankedTensorType>(operand.getType()).getRank(); ++dim)
        names.push_back(prefix + "[" + std::to_string(dim) + "]");
      dims.bind(operand, names);
    }
    auto sizes = [&](ValueRange tensors) {
      SmallVector<Attribute> bytes;
      for (Value tensor : tensors)
        bytes.push_back(sizeOf(builder, dims, tensor));
      return builder.getArrayAttr(bytes);
    };
    ArrayAttr reads = sizes(body.getArguments());
    ArrayAttr writes = sizes(body.getTerminator()->getOperands());
    int64_t scratch = 0;
    for (Operation &op : body)
      if (auto wanted = op.getAttrOfType<IntegerAttr>("mem.scratch"))
        scratch = std::max(scratch, wanted.getInt());
    return mem::KernelSpecAttr::get(kernel.getContext(), reads, writes, scratch);
  }

  static Attribute sizeOf(Builder &builder, SymbolicDims &dims, Value tensor) {
    if (std::optional<int64_t> bytes = nn::tensorBytes(cast<RankedTensorType>(tensor.getType())))
      return builder.getI64IntegerAttr(*bytes);
    std::optional<std::string> text = dims.bytesText(tensor);
    return builder.getStringAttr(text ? *text : mem::KernelSpecAttr::dynamicText.str());
  }
};

} // namespace
