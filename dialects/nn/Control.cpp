// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/nn/Inference.h"
#include "dialects/nn/NN.h"

using namespace mlir;
using namespace pebble::nn;

namespace {

/// Reports operand or argument `type`, named `what`, unless it has one element of kind `element`.
LogicalResult verifyScalar(Operation *op, StringRef what, Type type, unsigned width) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || !tensor.getElementType().isSignlessInteger(width) ||
      (tensor.hasStaticShape() && tensor.getNumElements() != 1))
    return op->emitOpError() << what << " must be one i" << width << ", but it is " << type;
  return success();
}

LogicalResult verifyTypes(Operation *op, StringRef what, TypeRange actual, TypeRange expected) {
  if (actual.size() != expected.size())
    return op->emitOpError() << what << " " << actual.size() << " values; expected "
                             << expected.size();
  for (auto [index, types] : llvm::enumerate(llvm::zip(actual, expected)))
    if (!areCompatible({std::get<0>(types)}, {std::get<1>(types)}))
      return op->emitOpError() << what << " " << std::get<0>(types) << " at place " << index
                               << "; expected " << std::get<1>(types);
  return success();
}

LogicalResult verifyYield(Operation *op, Region &region, StringRef what, TypeRange expected) {
  auto yield = region.empty() || region.front().empty() ? YieldOp()
                                                        : dyn_cast<YieldOp>(region.front().back());
  if (!yield)
    return op->emitOpError() << "needs regions that end in nn.yield";
  return verifyTypes(op, what, yield.getValues().getTypes(), expected);
}

} // namespace

LogicalResult IfOp::verify() {
  if (failed(verifyScalar(*this, "condition", getCondition().getType(), 1)))
    return failure();
  if (failed(verifyYield(*this, getThenRegion(), "then-region yields", getResultTypes())))
    return failure();
  return verifyYield(*this, getElseRegion(), "else-region yields", getResultTypes());
}

LogicalResult LoopOp::verify() {
  if (failed(verifyScalar(*this, "trip count", getTripCount().getType(), 64)) ||
      failed(verifyScalar(*this, "condition", getCondition().getType(), 1)) ||
      failed(verifyTypes(*this, "starts from", getInitial().getTypes(), getResultTypes())))
    return failure();
  if (getBody().empty() || getBody().getNumArguments() != getInitial().size() + 2)
    return emitOpError("needs a region with ") << getInitial().size() + 2 << " arguments";
  Builder builder(getContext());
  SmallVector<Type> arguments(getBody().getArgumentTypes());
  if (failed(verifyScalar(*this, "iteration number", arguments[0], 64)) ||
      failed(verifyScalar(*this, "condition argument", arguments[1], 1)) ||
      failed(
          verifyTypes(*this, "carries", ArrayRef<Type>(arguments).drop_front(2), getResultTypes())))
    return failure();
  SmallVector<Type> yielded = {arguments[1]};
  llvm::append_range(yielded, getResultTypes());
  return verifyYield(*this, getBody(), "body yields", yielded);
}
