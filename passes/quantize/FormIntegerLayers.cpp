// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/Passes.h"

#include "passes/quantize/IntegerForm.h"

#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace pebble {
#define GEN_PASS_DEF_FORMINTEGERLAYERS
#include "passes/Passes.h.inc"
} // namespace pebble

using namespace mlir;
using namespace pebble;

namespace {

/// Rewrites one layer between dequantized operands and a quantize op.
class FormLayer : public OpRewritePattern<qnn::QuantizeOp> {
public:
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(qnn::QuantizeOp op, PatternRewriter &rewriter) const override {
    IntegerForm form = integerFormOf(op);
    if (!form.build)
      return rewriter.notifyMatchFailure(op, form.refusal);
    rewriter.setInsertionPoint(op);
    rewriter.replaceOp(op, form.build(rewriter));
    return success();
  }
};

class FormIntegerLayers : public pebble::impl::FormIntegerLayersBase<FormIntegerLayers> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<FormLayer>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
