// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/nn/Constants.h"
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
    for (auto kernel : getOperation().getOps<func::FuncOp>())
      if (kernel->hasAttr("nn.nodes") && !kernel.isExternal())
        kernel->setAttr(mem::KernelSpecAttr::attributeName, describe(kernel));
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
