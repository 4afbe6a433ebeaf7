// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/Passes.h"

#include "dialects/nn/Constants.h"
#include "passes/fuse/LayoutBuilders.h"

#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/ADT/STLExtras.h"

namespace pebble {
#define GEN_PASS_DEF_SINKTRANSPOSES
#include "passes/Passes.h.inc"
} // namespace pebble

using namespace mlir;
using namespace pebble;

namespace {

using Permutation = SmallVector<int64_t, 6>;

Permutation inverse(ArrayRef<int64_t> permutation) {
  Permutation result(permutation.size());
  for (auto [to, from] : llvm::enumerate(permutation))
    result[from] = to;
  return result;
}

/// Whether elements keep their order: the dims larger than 1 do.
bool keepsOrder(RankedTensorType type, ArrayRef<int64_t> permutation) {
  int64_t last = -1;
  for (int64_t from : permutation) {
    if (type.getDimSize(from) == 1)
      continue;
    if (from < last)
      return false;
    last = from;
  }
  return true;
}

/// The value before the transpose by `permutation` that makes `value`, where that costs nothing:
/// `value` is such a transpose, a small constant, or has its elements in one dim.
Value undo(OpBuilder &builder, Location loc, Value value, ArrayRef<int64_t> permutation,
           bool onlyCheck) {
  if (auto op = value.getDefiningOp<nn::TransposeOp>(); op && op.getPermutation() == permutation)
    return op.getInput();
  RankedTensorType type = tensorTypeOf(value);
  int64_t rank = permutation.size();
  if (!type.hasStaticShape() || type.getRank() > rank)
    return {};
  if (type.getNumElements() == 1)
    return value;
  SmallVector<int64_t> shape(rank - type.getRank(), 1);
  llvm::append_range(shape, type.getShape());
  Permutation back = inverse(permutation);
  if (!keepsOrder(type.clone(shape), back))
    return {};
  return onlyCheck ? value : buildReshape(builder, loc, value, permute(shape, back));
}

/// The permutation that a sinking op's operands agree on.
std::optional<Permutation> agreed(Operation *op, OperandRange operands, PatternRewriter &rewriter) {
  std::optional<Permutation> permutation;
  for (Value operand : operands)
    if (auto transposed = operand.getDefiningOp<nn::TransposeOp>()) {
      permutation.emplace(transposed.getPermutation());
      break;
    }
  int64_t rank = op->getNumResults() ? tensorTypeOf(op->getResult(0)).getRank() : 0;
  if (!permutation || static_cast<int64_t>(permutation->size()) != rank)
    return std::nullopt;
  for (Value operand : operands)
    if (!undo(rewriter, op->getLoc(), operand, *permutation, /*onlyCheck=*/true))
      return std::nullopt;
  return permutation;
}

/// Clones `op` on untransposed operands and transposes its result.
Operation *sink(Operation *op, ArrayRef<Value> operands, ArrayRef<int64_t> permutation,
                PatternRewriter &rewriter) {
  Operation *moved = rewriter.clone(*op);
  moved->setOperands(operands);
  auto type = tensorTypeOf(op->getResult(0));
  moved->getResult(0).setType(type.clone(permute(type.getShape(), inverse(permutation))));
  rewriter.replaceOp(op, buildTranspose(rewriter, op->getLoc(), moved->getResult(0), permutation));
  return moved;
}

class SinkBelowElementwise : public RewritePattern {
public:
  explicit SinkBelowElementwise(MLIRContext *context)
      : RewritePattern(MatchAnyOpTypeTag(), 1, context) {}

  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    if (!op->hasTrait<nn::ElementwiseOp>() && !isa<qnn::AddBytesOp, qnn::MulBytesOp>(op))
      return failure();
    std::optional<Permutation> permutation = agreed(op, op->getOperands(), rewriter);
    if (!permutation)
      return failure();
    SmallVector<Value> operands;
    for (Value operand : op->getOperands())
      operands.push_back(undo(rewriter, op->getLoc(), operand, *permutation, false));
    sink(op, operands, *permutation, rewriter);
    return success();
  }
};

class SinkBelowConcat : public OpRewritePattern<nn::ConcatOp> {
public:
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(nn::ConcatOp op, PatternRewriter &rewriter) const override {
    std::optional<Permutation> permutation = agreed(op, op.getInputs(), rewriter);
    if (!permutation)
      return failure();
    SmallVector<Value> operands;
    for (Value operand : op.getInputs())
      operands.push_back(undo(rewriter, op.getLoc(), operand, *permutation, false));
    int64_t axis = (*permutation)[op.getAxis()];
    cast<nn::ConcatOp>(sink(op, operands, *permutation, rewriter)).setAxis(axis);
    return success();
  }
};

/// Layers on one tensor whose other operands name dims.
class SinkBelowDimOps : public RewritePattern {
public:
  explicit SinkBelowDimOps(MLIRContext *context)
      : RewritePattern(MatchAnyOpTypeTag(), 1, context) {}

  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    if (!isa<nn::PadOp, nn::SliceOp, nn::ResizeOp, nn::SoftmaxOp, qnn::LookupBytesOp,
             qnn::SoftmaxBytesOp>(op))
      return failure();
    auto source = op->getOperand(0).getDefiningOp<nn::TransposeOp>();
    if (!source)
      return failure();
    Permutation permutation(source.getPermutation());
    SmallVector<Value> operands(op->getOperands());
    operands[0] = source.getInput();
    if (auto pad = dyn_cast<nn::PadOp>(op)) {
      std::optional<SmallVector<int64_t>> pads = nn::constantInts(pad.getPads());
      if (!pads || pad.getAxes())
        return failure();
      SmallVector<int64_t> moved;
      size_t rank = permutation.size();
      for (size_t side : {size_t(0), rank})
        llvm::append_range(moved, permute(ArrayRef(*pads).slice(side, rank), inverse(permutation)));
      operands[1] = buildInts(rewriter, op->getLoc(), moved);
    } else if (auto slice = dyn_cast<nn::SliceOp>(op)) {
      std::optional<SmallVector<int64_t>> axes = nn::constantInts(slice.getAxes());
      if (!axes)
        return failure();
      for (int64_t &axis : *axes)
        axis = permutation[axis < 0 ? axis + permutation.size() : axis];
      operands[3] = buildInts(rewriter, op->getLoc(), *axes);
    }
    Operation *moved = sink(op, operands, permutation, rewriter);
    if (auto resize = dyn_cast<nn::ResizeOp>(moved)) {
      SmallVector<int64_t> axes;
      for (int64_t axis : resize.getAxes())
        axes.push_back(permutation[axis]);
      resize.setAxes(axes);
    } else if (auto softmax = dyn_cast<nn::SoftmaxOp>(moved)) {
      softmax.setAxis(permutation[softmax.getAxis()]);
    } else if (auto bytes = dyn_cast<qnn::SoftmaxBytesOp>(moved)) {
      bytes.setAxis(permutation[bytes.getAxis()]);
    }
    return success();
  }
};

class SinkBelowReduction : public RewritePattern {
public:
  explicit SinkBelowReduction(MLIRContext *context)
      : RewritePattern(MatchAnyOpTypeTag(), 1, context) {}

  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    if (!isa<nn::ReduceSumOp, nn::ReduceMeanOp, nn::ReduceMaxOp, nn::ReduceMinOp, nn::ReduceProdOp>(
            op))
      return failure();
    auto source = op->getOperand(0).getDefiningOp<nn::TransposeOp>();
    std::optional<SmallVector<int64_t>> axes = nn::constantInts(op->getOperand(1));
    if (!source || !axes)
      return failure();
    Permutation permutation(source.getPermutation());
    int64_t rank = permutation.size();
    llvm::SmallDenseSet<int64_t> reduced;
    for (int64_t &axis : *axes) {
      axis = permutation[axis < 0 ? axis + rank : axis];
      reduced.insert(axis);
    }
    llvm::sort(*axes);
    // What is left must come in the same order, so that no transpose is needed behind.
    SmallVector<int64_t> left;
    for (int64_t from : permutation)
      if (!reduced.contains(from))
        left.push_back(from);
    if (!llvm::is_sorted(left))
      return failure();
    Operation *moved = rewriter.clone(*op);
    moved->setOperands({source.getInput(), buildInts(rewriter, op->getLoc(), *axes)});
    RankedTensorType type = tensorTypeOf(op->getResult(0));
    if (type.getRank() != rank) {
      rewriter.replaceOp(op, moved->getResults());
      return success();
    }
    moved->getResult(0).setType(type.clone(permute(type.getShape(), inverse(permutation))));
    rewriter.replaceOp(op,
                       buildTranspose(rewriter, op->getLoc(), moved->getResult(0), permutation));
    return success();
  }
};

class SimplifyTranspose : public OpRewritePattern<nn::TransposeOp> {
public:
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(nn::TransposeOp op, PatternRewriter &rewriter) const override {
    RankedTensorType type = tensorTypeOf(op.getInput());
    if (auto inner = op.getInput().getDefiningOp<nn::TransposeOp>()) {
      SmallVector<int64_t> composed = permute(inner.getPermutation(), op.getPermutation());
      if (llvm::equal(composed, llvm::seq<int64_t>(0, composed.size())))
        rewriter.replaceOp(op, inner.getInput());
      else
        rewriter.replaceOp(op, buildTranspose(rewriter, op.getLoc(), inner.getInput(), composed));
      return success();
    }
    // A reshape can leave one dim to be found out.
    bool canReshape = type.hasStaticShape() ||
                      (type.getNumDynamicDims() == 1 && !llvm::is_contained(type.getShape(), 0));
    if (canReshape && keepsOrder(type, op.getPermutation())) {
      rewriter.replaceOp(op, buildReshape(rewriter, op.getLoc(), op.getInput(),
                                          tensorTypeOf(op.getResult()).getShape()));
      return success();
    }
    return failure();
  }
};

class SinkTransposes : public pebble::impl::SinkTransposesBase<SinkTransposes> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<SinkBelowElementwise, SinkBelowConcat, SinkBelowDimOps, SinkBelowReduction,
                 SimplifyTranspose>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
