// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/Passes.h"

#include "dialects/nn/Constants.h"
#include "passes/fuse/LayoutBuilders.h"

#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>

namespace pebble {
#define GEN_PASS_DEF_ASSIGNLAYOUTS
#include "passes/Passes.h.inc"
} // namespace pebble

using namespace mlir;
using namespace pebble;

namespace {

constexpr int64_t toChannelsLast[] = {0, 2, 3, 1}, toChannelsFirst[] = {0, 3, 1, 2};

/// A two-dimensional f32 layer with known channels. An image side may be unknown where the layer's
/// padding and last window do not depend on it.
bool isImageLayer(Operation *op, nn::AutoPad autoPad, bool ceilMode) {
  RankedTensorType input = tensorTypeOf(op->getOperand(0)), result = tensorTypeOf(op->getResult(0));
  if (input.getRank() != 4 || !input.getElementType().isF32() || input.isDynamicDim(1) ||
      result.isDynamicDim(1) || llvm::is_contained(input.getShape(), 0) ||
      llvm::is_contained(result.getShape(), 0))
    return false;
  bool knownSides = !input.isDynamicDim(2) && !input.isDynamicDim(3) && !result.isDynamicDim(2) &&
                    !result.isDynamicDim(3);
  return knownSides || (autoPad == nn::AutoPad::explicit_pads && !ceilMode);
}

struct Window {
  SmallVector<int64_t, 2> kernel, strides, dilations;
  SmallVector<int64_t, 4> pads; // [top, left, bottom, right]
};

/// Pads as they come out for this input; the bottom and right ones cover what the last window
/// reads, or are the declared ones where only the run knows it.
Window makeWindow(RankedTensorType input, RankedTensorType result, ArrayRef<int64_t> kernel,
                  ArrayRef<int64_t> strides, ArrayRef<int64_t> dilations, ArrayRef<int64_t> pads,
                  nn::AutoPad autoPad) {
  Window window;
  window.kernel.assign(kernel.begin(), kernel.end());
  window.strides.assign(strides.begin(), strides.end());
  window.dilations.assign(dilations.begin(), dilations.end());
  window.pads.resize(4);
  for (int dim = 0; dim < 2; ++dim) {
    if (input.isDynamicDim(dim + 2) || result.isDynamicDim(dim + 2)) {
      window.pads[dim] = pads[dim];
      window.pads[dim + 2] = pads[dim + 2];
      continue;
    }
    int64_t extent = (kernel[dim] - 1) * dilations[dim] + 1;
    int64_t covered = (result.getDimSize(dim + 2) - 1) * strides[dim] + extent;
    int64_t needed = covered - input.getDimSize(dim + 2);
    int64_t before = pads[dim];
    if (autoPad != nn::AutoPad::explicit_pads) {
      int64_t total = std::max<int64_t>(needed, 0);
      before = autoPad == nn::AutoPad::same_upper ? total / 2 : total - total / 2;
    }
    window.pads[dim] = before;
    window.pads[dim + 2] = std::max<int64_t>(needed - before, 0);
  }
  return window;
}

bool areFinite(ElementsAttr weights) {
  SmallVector<char> storage;
  ArrayRef<char> bytes = nn::rawBytes(weights, storage);
  return llvm::all_of(
      ArrayRef(reinterpret_cast<const float *>(bytes.data()), bytes.size() / sizeof(float)),
      [](float weight) { return std::isfinite(weight); });
}

/// The code of a tile whose windows reach into the padding is written out for each tap of a
/// window's row: with more of those than this, in a row of the result, the image gets its padding
/// first.
constexpr int64_t mostPaddedTaps = 64;

/// Whether a convolution can skip what its windows read of the padding. A weight that is not finite
/// makes a NaN of it.
bool canSkipPadding(RankedTensorType input, RankedTensorType result, const Window &window,
                    ElementsAttr weights) {
  if (input.isDynamicDim(2) || input.isDynamicDim(3) || result.isDynamicDim(2) ||
      result.isDynamicDim(3) || llvm::any_of(window.pads, [](int64_t pad) { return pad < 0; }) ||
      !areFinite(weights))
    return false;
  int64_t extent = (window.kernel[1] - 1) * window.dilations[1] + 1, columns = 0;
  for (int64_t column = 0; column < result.getDimSize(3); ++column) {
    int64_t first = column * window.strides[1] - window.pads[1];
    columns += first < 0 || first + extent > input.getDimSize(3);
  }
  return columns * window.kernel[1] <= mostPaddedTaps;
}

/// Zeros around the image, channels last.
Value padImage(PatternRewriter &rewriter, Location loc, Value value, ArrayRef<int64_t> pads) {
  if (llvm::all_of(pads, [](int64_t pad) { return pad == 0; }))
    return value;
  SmallVector<int64_t> shape(tensorTypeOf(value).getShape());
  for (int dim : {0, 1})
    if (!ShapedType::isDynamic(shape[dim + 1]))
      shape[dim + 1] += pads[dim] + pads[dim + 2];
  Value amounts = buildInts(rewriter, loc, {0, pads[0], pads[1], 0, 0, pads[2], pads[3], 0});
  return nn::PadOp::create(rewriter, loc, tensorTypeOf(value).clone(shape), value, amounts, Value(),
                           Value(), nn::PadMode::constant);
}

RankedTensorType channelsLast(RankedTensorType type) {
  return type.clone(
      {type.getDimSize(0), type.getDimSize(2), type.getDimSize(3), type.getDimSize(1)});
}

/// Calls `fill` on zeroed storage for a constant of `type`.
Value makeWeights(PatternRewriter &rewriter, Location loc, RankedTensorType type,
                  llvm::function_ref<void(float *)> fill) {
  AsmResourceBlob blob = HeapAsmResourceBlob::allocate(type.getNumElements() * sizeof(float), 64);
  float *data = reinterpret_cast<float *>(blob.getMutableData().data());
  std::fill_n(data, type.getNumElements(), 0.0f);
  fill(data);
  ElementsAttr attr = nn::makeConstant(type, std::move(blob));
  return nn::ConstantOp::create(rewriter, loc, type, attr);
}

/// Zeros that the model puts around an image of known size become padding of the convolution that
/// reads it, which skips them.
class AbsorbPadding : public OpRewritePattern<nn::ConvOp> {
public:
  explicit AbsorbPadding(MLIRContext *context) : OpRewritePattern(context, /*benefit=*/2) {}

  LogicalResult matchAndRewrite(nn::ConvOp op, PatternRewriter &rewriter) const override {
    auto pad = op.getInput().getDefiningOp<nn::PadOp>();
    ElementsAttr weights = nn::constantAttr(op.getWeight());
    if (!pad || !weights || pad.getMode() != nn::PadMode::constant || pad.getAxes() ||
        op.getAutoPad() != nn::AutoPad::explicit_pads || !areZeros(pad.getValue()) ||
        !isImageLayer(op, op.getAutoPad(), /*ceilMode=*/false) || !areFinite(weights))
      return failure();
    RankedTensorType image = tensorTypeOf(pad.getInput());
    std::optional<SmallVector<int64_t>> amounts = nn::constantInts(pad.getPads());
    if (!amounts || amounts->size() != 8 || op.getPads().size() != 4 || image.isDynamicDim(2) ||
        image.isDynamicDim(3) ||
        llvm::any_of(*amounts, [](int64_t amount) { return amount < 0; }) ||
        llvm::any_of(op.getPads(), [](int64_t amount) { return amount < 0; }))
      return failure();
    // [batch, channels, top, left, batch, channels, bottom, right]
    ArrayRef<int64_t> before = ArrayRef(*amounts).take_front(4),
                      after = ArrayRef(*amounts).drop_front(4);
    SmallVector<int64_t> pads(op.getPads());
    for (int dim : {0, 1}) {
      if (before[dim] != 0 || after[dim] != 0)
        return failure();
      pads[dim] += before[dim + 2];
      pads[dim + 2] += after[dim + 2];
    }
    rewriter.modifyOpInPlace(op, [&] {
      op.getInputMutable().assign(pad.getInput());
      op.setPads(pads);
    });
    return success();
  }

private:
  static bool areZeros(Value value) {
    ElementsAttr attr = value ? nn::constantAttr(value) : ElementsAttr();
    return !value || (attr && attr.isSplat() && attr.getSplatValue<APFloat>().isPosZero());
  }
};

class ConvToChannelsLast : public OpRewritePattern<nn::ConvOp> {
public:
  ConvToChannelsLast(MLIRContext *context, int64_t block)
      : OpRewritePattern(context), block(block) {}

  LogicalResult matchAndRewrite(nn::ConvOp op, PatternRewriter &rewriter) const override {
    ElementsAttr weights = nn::constantAttr(op.getWeight());
    if (!weights || !isImageLayer(op, op.getAutoPad(), /*ceilMode=*/false))
      return failure();
    Location loc = op.getLoc();
    RankedTensorType weightType = tensorTypeOf(op.getWeight()),
                     resultType = tensorTypeOf(op.getResult());
    Window window =
        makeWindow(tensorTypeOf(op.getInput()), resultType, weightType.getShape().drop_front(2),
                   op.getStrides(), op.getDilations(), op.getPads(), op.getAutoPad());
    int64_t group = op.getGroup(), channels = weightType.getDimSize(1);
    int64_t outputs = weightType.getDimSize(0) / group;
    SmallVector<char> storage;
    ArrayRef<char> bytes = nn::rawBytes(weights, storage);
    const float *source = reinterpret_cast<const float *>(bytes.data());

    Value image = buildTranspose(rewriter, loc, op.getInput(), toChannelsLast);
    Value result;
    if (channels == 1 && outputs == 1) {
      Value packed = packDepthwise(rewriter, loc, weightType, source);
      result =
          nn::DepthwiseNhwcOp::create(rewriter, loc, channelsLast(resultType), image, packed,
                                      op.getBias(), window.strides, window.dilations, window.pads);
    } else {
      if (!canSkipPadding(tensorTypeOf(op.getInput()), resultType, window, weights)) {
        image = padImage(rewriter, loc, image, window.pads);
        window.pads.assign(4, 0);
      }
      Value packed = pack(rewriter, loc, weightType, group, source);
      result = nn::ConvNhwcOp::create(rewriter, loc, channelsLast(resultType), image, packed,
                                      op.getBias(), window.strides, window.dilations, window.pads);
    }
    rewriter.replaceOp(op, buildTranspose(rewriter, loc, result, toChannelsFirst));
    return success();
  }

private:
  Value pack(PatternRewriter &rewriter, Location loc, RankedTensorType type, int64_t group,
             const float *source) const {
    int64_t outputs = type.getDimSize(0) / group, channels = type.getDimSize(1);
    int64_t height = type.getDimSize(2), width = type.getDimSize(3);
    int64_t blocks = llvm::divideCeil(outputs, block);
    auto packedType = RankedTensorType::get({group, blocks, height, width, channels, block},
                                            type.getElementType());
    return makeWeights(rewriter, loc, packedType, [&](float *target) {
      for (int64_t g = 0; g < group; ++g)
        for (int64_t o = 0; o < outputs; ++o)
          for (int64_t c = 0; c < channels; ++c)
            for (int64_t h = 0; h < height; ++h)
              for (int64_t w = 0; w < width; ++w)
                target[((((g * blocks + o / block) * height + h) * width + w) * channels + c) *
                           block +
                       o % block] = *source++;
    });
  }

  Value packDepthwise(PatternRewriter &rewriter, Location loc, RankedTensorType type,
                      const float *source) const {
    int64_t channels = type.getDimSize(0), window = type.getDimSize(2) * type.getDimSize(3);
    auto packedType = RankedTensorType::get({type.getDimSize(2), type.getDimSize(3), channels},
                                            type.getElementType());
    return makeWeights(rewriter, loc, packedType, [&](float *target) {
      for (int64_t c = 0; c < channels; ++c)
        for (int64_t k = 0; k < window; ++k)
          target[k * channels + c] = *source++;
    });
  }

  int64_t block;
};

class MatMulToPacked : public OpRewritePattern<nn::MatMulOp> {
public:
  MatMulToPacked(MLIRContext *context, int64_t block) : OpRewritePattern(context), block(block) {}

  LogicalResult matchAndRewrite(nn::MatMulOp op, PatternRewriter &rewriter) const override {
    ElementsAttr weights = nn::constantAttr(op.getRhs());
    RankedTensorType type = tensorTypeOf(op.getRhs()), input = tensorTypeOf(op.getLhs());
    auto unknown = [](int64_t size) { return ShapedType::isDynamic(size); };
    if (!weights || type.getRank() != 2 || !type.getElementType().isF32() || input.getRank() < 2 ||
        unknown(input.getShape().back()) || type.getNumElements() == 0)
      return failure();
    int64_t depth = type.getDimSize(0), columns = type.getDimSize(1);
    int64_t blocks = llvm::divideCeil(columns, block);
    SmallVector<char> storage;
    const float *source = reinterpret_cast<const float *>(nn::rawBytes(weights, storage).data());
    auto packedType = RankedTensorType::get({blocks, depth, block}, type.getElementType());
    Value packed = makeWeights(rewriter, op.getLoc(), packedType, [&](float *target) {
      for (int64_t k = 0; k < depth; ++k)
        for (int64_t n = 0; n < columns; ++n)
          target[((n / block) * depth + k) * block + n % block] = *source++;
    });
    rewriter.replaceOpWithNewOp<nn::MatMulPackedOp>(op, op.getType(), op.getLhs(), packed, Value());
    return success();
  }

private:
  int64_t block;
};

/// A transposed convolution whose windows lie side by side: each input pixel makes its own block of
/// the result, which is a product of matrices, and then rows of blocks become rows of pixels.
class ConvTransposeToMatMul : public OpRewritePattern<nn::ConvTransposeOp> {
public:
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(nn::ConvTransposeOp op, PatternRewriter &rewriter) const override {
    ElementsAttr weights = nn::constantAttr(op.getWeight());
    RankedTensorType input = tensorTypeOf(op.getInput()), result = tensorTypeOf(op.getResult());
    RankedTensorType weightType = tensorTypeOf(op.getWeight());
    if (!weights || input.getRank() != 4 || !input.getElementType().isF32() ||
        !input.hasStaticShape() || !result.hasStaticShape() || result.getNumElements() == 0 ||
        op.getGroup() != 1 || op.getStrides() != weightType.getShape().drop_front(2) ||
        llvm::any_of(op.getDilations(), [](int64_t step) { return step != 1; }))
      return failure();
    int64_t batch = input.getDimSize(0), channels = input.getDimSize(1);
    int64_t inHeight = input.getDimSize(2), inWidth = input.getDimSize(3);
    int64_t outputs = result.getDimSize(1);
    int64_t height = weightType.getDimSize(2), width = weightType.getDimSize(3);
    if (result.getDimSize(2) != inHeight * height || result.getDimSize(3) != inWidth * width ||
        llvm::any_of(op.getPads(), [](int64_t pad) { return pad != 0; }))
      return failure();
    Location loc = op.getLoc();
    int64_t block = height * width * outputs;
    SmallVector<char> storage;
    const float *source = reinterpret_cast<const float *>(nn::rawBytes(weights, storage).data());
    Value matrix = makeWeights(rewriter, loc, input.clone({channels, block}), [&](float *target) {
      for (int64_t c = 0; c < channels; ++c)
        for (int64_t o = 0; o < outputs; ++o)
          for (int64_t k = 0; k < height * width; ++k)
            target[c * block + k * outputs + o] = *source++;
    });
    Value image = buildTranspose(rewriter, loc, op.getInput(), toChannelsLast);
    Value blocks = nn::MatMulOp::create(
        rewriter, loc, input.clone({batch, inHeight, inWidth, block}), image, matrix);
    blocks =
        buildReshape(rewriter, loc, blocks, {batch * inHeight, inWidth, height, width * outputs});
    blocks = buildTranspose(rewriter, loc, blocks, {0, 2, 1, 3});
    Value pixels =
        buildReshape(rewriter, loc, blocks, {batch, inHeight * height, inWidth * width, outputs});
    if (op.getBias())
      pixels = nn::AddOp::create(rewriter, loc, tensorTypeOf(pixels), pixels, op.getBias());
    rewriter.replaceOp(op, buildTranspose(rewriter, loc, pixels, toChannelsFirst));
    return success();
  }
};

template <typename PoolOp> class PoolToChannelsLast : public OpRewritePattern<PoolOp> {
public:
  using OpRewritePattern<PoolOp>::OpRewritePattern;

  LogicalResult matchAndRewrite(PoolOp op, PatternRewriter &rewriter) const override {
    if (!isImageLayer(op, op.getAutoPad(), op.getCeilMode()))
      return failure();
    RankedTensorType resultType = tensorTypeOf(op.getResult());
    Window window = makeWindow(tensorTypeOf(op.getInput()), resultType, op.getKernelShape(),
                               op.getStrides(), op.getDilations(), op.getPads(), op.getAutoPad());
    nn::PoolKind kind = nn::PoolKind::max;
    if constexpr (std::is_same_v<PoolOp, nn::AvgPoolOp>) {
      kind = op.getCountIncludePad() ? nn::PoolKind::average_with_pads : nn::PoolKind::average;
      // The last window may reach beyond the declared pads; the count must not.
      if (op.getCountIncludePad() && op.getCeilMode())
        return failure();
    }
    Value image = buildTranspose(rewriter, op.getLoc(), op.getInput(), toChannelsLast);
    Value result =
        nn::PoolNhwcOp::create(rewriter, op.getLoc(), channelsLast(resultType), image, kind,
                               window.kernel, window.strides, window.dilations, window.pads);
    rewriter.replaceOp(op, buildTranspose(rewriter, op.getLoc(), result, toChannelsFirst));
    return success();
  }
};

class AssignLayouts : public pebble::impl::AssignLayoutsBase<AssignLayouts> {
public:
  using AssignLayoutsBase::AssignLayoutsBase;

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<ConvToChannelsLast, MatMulToPacked>(&getContext(), block);
    patterns.add<AbsorbPadding, ConvTransposeToMatMul, PoolToChannelsLast<nn::MaxPoolOp>,
                 PoolToChannelsLast<nn::AvgPoolOp>>(&getContext());
    // Folding would compute transposes of constants over and over: only the patterns are wanted.
    GreedyRewriteConfig config;
    config.enableFolding(false);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns), config)))
      signalPassFailure();
  }
};

} // namespace
