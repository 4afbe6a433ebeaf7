// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/analysis/PartAccess.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace pebble;

namespace {

bool isStatic(Type type) { return cast<RankedTensorType>(type).hasStaticShape(); }

/// Layers on images whose emitters address pixels by their pitch.
bool hasPixels(Operation *op, ArrayRef<StringRef> microkernels) {
  auto has = [&](StringRef operation) { return llvm::is_contained(microkernels, operation); };
  bool isKnown =
      llvm::TypeSwitch<Operation *, bool>(op)
          .Case<nn::ConvNhwcOp, nn::DepthwiseNhwcOp, nn::PoolNhwcOp>([](auto) { return true; })
          .Case([&](qnn::ConvPackedOp conv) {
            ArrayRef<int64_t> kernel = conv.getKernelShape();
            auto runs = static_cast<int64_t>(conv.getRuns());
            bool isCut = runs == kernel[0] * kernel[1] || runs == kernel[0];
            return isCut &&
                   (conv.getCodes() ? has("conv4") && has("gemm4") : has("conv") && has("gemm"));
          })
          .Case([&](qnn::DepthwisePackedOp) { return has("depthwise"); })
          .Case([&](qnn::MaxBytesOp) { return has("maxpool"); })
          .Default(false);
  return isKnown && isStatic(op->getOperand(0).getType()) && isStatic(op->getResult(0).getType());
}

/// The layer on images that the elementwise layers of a kernel follow, null where there are only
/// those; nothing for other kernels.
std::optional<Operation *> findRoot(func::FuncOp kernel, ArrayRef<StringRef> microkernels) {
  Operation *root = nullptr;
  bool isFirst = true;
  for (Operation &op : kernel.getBody().front().without_terminator()) {
    if (isa<nn::ConstantOp>(op))
      continue;
    if (!op.hasTrait<nn::ElementwiseOp>()) {
      if (!isFirst || !hasPixels(&op, microkernels))
        return std::nullopt;
      root = &op;
    }
    isFirst = false;
  }
  return root;
}

} // namespace

bool pebble::takesPitch(func::FuncOp kernel, unsigned operand, ArrayRef<StringRef> microkernels) {
  std::optional<Operation *> root = findRoot(kernel, microkernels);
  BlockArgument read = kernel.getBody().front().getArgument(operand);
  return root && isStatic(read.getType()) && llvm::all_of(read.getUses(), [&](OpOperand &use) {
           return use.getOwner()->hasTrait<nn::ElementwiseOp>() ||
                  (use.getOwner() == *root && use.getOperandNumber() == 0);
         });
}

bool pebble::givesPitch(func::FuncOp kernel, ArrayRef<StringRef> microkernels) {
  Operation *end = kernel.getBody().front().getTerminator();
  return findRoot(kernel, microkernels) && llvm::all_of(end->getOperands(), [](Value result) {
           return isStatic(result.getType()) && result.getDefiningOp() &&
                  !isa<nn::ConstantOp>(result.getDefiningOp());
         });
}
