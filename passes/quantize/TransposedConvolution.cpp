// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A transposed convolution with stride S as a convolution of stride 1 with S * S times the output
// channels, one for each place that an output has between two inputs, and a rearrangement.

#include "passes/quantize/IntegerForm.h"

#include "dialects/nn/Constants.h"
#include "passes/fuse/LayoutBuilders.h"

#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace pebble;

namespace {

/// Along one of the two dims. Output t = o + pad of the whole result is at phase t % stride; it
/// sums inputs t / stride - j with taps phase + stride * j.
struct Line {
  int64_t in, out, kernel, stride, pad;

  int64_t taps() const { return llvm::divideCeil(kernel, stride); }
  /// Outputs of a phase that are computed: enough for `out` of them after the pad.
  int64_t places() const {
    return std::max<int64_t>(llvm::divideCeil(pad + out, stride), in + taps() - 1);
  }
  int64_t padAfter() const { return places() - in; }
  /// The tap of the layer that tap `m` of a phase's convolution is; past the end where there is
  /// none.
  int64_t tapOf(int64_t phase, int64_t m) const { return phase + stride * (taps() - 1 - m); }
};

struct Transposed {
  qnn::Quantization w;
  SmallVector<int64_t> weights; ///< [C, O / group, KH, KW]
  int64_t inputs, groupOutputs, groups;
  Line lines[2];

  int64_t phases() const { return lines[0].stride * lines[1].stride; }
  int64_t outputs() const { return groupOutputs * groups; }
};

/// Codes of [O * phases, C / group, taps, taps]. Taps that do not exist have the zero point.
SmallVector<int64_t> phaseWeights(const Transposed &t) {
  const Line &rows = t.lines[0], &columns = t.lines[1];
  int64_t groupInputs = t.inputs / t.groups, taps = rows.taps() * columns.taps();
  SmallVector<int64_t> result(t.outputs() * t.phases() * groupInputs * taps);
  int64_t at = 0;
  for (int64_t o = 0; o < t.outputs(); ++o)
    for (int64_t phase = 0; phase < t.phases(); ++phase)
      for (int64_t i = 0; i < groupInputs; ++i)
        for (int64_t tap = 0; tap < taps; ++tap, ++at) {
          int64_t within = o % t.groupOutputs, input = o / t.groupOutputs * groupInputs + i;
          int64_t y = rows.tapOf(phase / columns.stride, tap / columns.taps());
          int64_t x = columns.tapOf(phase % columns.stride, tap % columns.taps());
          bool exists = y < rows.kernel && x < columns.kernel;
          int64_t from = ((input * t.groupOutputs + within) * rows.kernel + y) * columns.kernel + x;
          result[at] = exists ? t.weights[from] : t.w.zeroPoint(within);
        }
  return result;
}

/// One scale and zero point for each phase of each output channel.
qnn::Quantization alongPhases(const qnn::Quantization &q, int64_t outputs, int64_t phases,
                              int64_t period) {
  if (!q.axis)
    return q;
  qnn::Quantization result = q;
  result.axis = 0;
  result.scales.clear();
  result.zeroPoints.clear();
  for (int64_t o = 0; o < outputs; ++o)
    for (int64_t phase = 0; phase < phases; ++phase) {
      result.scales.push_back(q.scales[o % period]);
      result.zeroPoints.push_back(q.zeroPoint(o % period));
    }
  return result;
}

Value quantizedConstant(ImplicitLocOpBuilder &b, ArrayRef<int64_t> codes, ArrayRef<int64_t> shape,
                        const qnn::Quantization &q) {
  std::string error;
  Type element = qnn::makeElementType(b.getContext(), q, error);
  Type container = qnn::containerOf(element);
  auto type = RankedTensorType::get(shape, container);
  SmallVector<Attribute> values;
  for (int64_t code : codes)
    values.push_back(IntegerAttr::get(container, APInt(container.getIntOrFloatBitWidth(), code,
                                                       /*isSigned=*/true, /*implicitTrunc=*/true)));
  auto attr = cast<ElementsAttr>(Attribute(DenseElementsAttr::get(type, values)));
  Value constant = nn::ConstantOp::create(b, type, attr);
  return qnn::StorageCastOp::create(b, type.clone(element), constant);
}

/// Puts [N, O * phases, H, W] codes between each other and cuts the result out.
Value rearrange(ImplicitLocOpBuilder &b, Value codes, const Transposed &t, Type element) {
  Type container = qnn::containerOf(element);
  const Line &rows = t.lines[0], &columns = t.lines[1];
  RankedTensorType type = tensorTypeOf(codes);
  int64_t batch = type.getDimSize(0), n = ShapedType::isDynamic(batch) ? -1 : batch;
  codes = qnn::StorageCastOp::create(b, type.clone(container), codes);
  codes =
      buildReshape(b, b.getLoc(), codes,
                   {n, t.outputs(), rows.stride, columns.stride, rows.places(), columns.places()});
  codes = buildTranspose(b, b.getLoc(), codes, {0, 1, 4, 2, 5, 3});
  codes = buildReshape(
      b, b.getLoc(), codes,
      {n, t.outputs(), rows.places() * rows.stride, columns.places() * columns.stride});
  auto ints = [&](ArrayRef<int64_t> values) { return buildInts(b, b.getLoc(), values); };
  RankedTensorType cut = type.clone({batch, t.outputs(), rows.out, columns.out});
  Value result = nn::SliceOp::create(b, cut.clone(container), codes, ints({rows.pad, columns.pad}),
                                     ints({rows.pad + rows.out, columns.pad + columns.out}),
                                     ints({2, 3}), ints({1, 1}));
  return qnn::StorageCastOp::create(b, cut.clone(element), result);
}

} // namespace

IntegerForm pebble::transposedForm(nn::ConvTransposeOp conv, qnn::QuantizeOp op,
                                   const BoundedLayer &bounds) {
  Value input = quantizedSource(conv.getInput()), weight = quantizedSource(conv.getWeight());
  Value bias = conv.getBias() ? quantizedSource(conv.getBias()) : Value();
  auto codesOf = [](Value quantized) -> std::optional<SmallVector<int64_t>> {
    auto cast = quantized ? quantized.getDefiningOp<qnn::StorageCastOp>() : qnn::StorageCastOp();
    return cast ? nn::constantInts(cast.getInput()) : std::nullopt;
  };
  if (!input)
    return IntegerForm::refuse("its input is not quantized");
  std::optional<SmallVector<int64_t>> weights = codesOf(weight), biases = codesOf(bias);
  if (!weights)
    return IntegerForm::refuse("its weights are not quantized constants");
  if (conv.getBias() && !biases)
    return IntegerForm::refuse("its bias is not a quantized constant");
  RankedTensorType in = tensorTypeOf(input), out = tensorTypeOf(op.getResult());
  RankedTensorType shape = tensorTypeOf(weight);
  auto isKnown = [](int64_t size) { return !ShapedType::isDynamic(size) && size > 0; };
  if (in.getRank() != 4 || !llvm::all_of(in.getShape().drop_front(), isKnown) ||
      !llvm::all_of(out.getShape().drop_front(), isKnown))
    return IntegerForm::refuse("only two-dimensional ones of known size have an integer form");
  if (conv.getAutoPad() != nn::AutoPad::explicit_pads || !conv.getOutputShape().empty() ||
      llvm::any_of(conv.getDilations(), [](int64_t dilation) { return dilation != 1; }))
    return IntegerForm::refuse("only ones with given pads and without dilation have an integer "
                               "form");
  Transposed t{
      *qnn::quantizationOf(weight.getType()), *weights, shape.getDimSize(0), shape.getDimSize(1),
      static_cast<int64_t>(conv.getGroup()),  {}};
  if (t.w.axis && *t.w.axis != 1)
    return IntegerForm::refuse("its weight has a scale for each input channel");
  for (int dim = 0; dim < 2; ++dim)
    t.lines[dim] = {in.getDimSize(dim + 2), out.getDimSize(dim + 2), shape.getDimSize(dim + 2),
                    conv.getStrides()[dim], conv.getPads()[dim]};
  qnn::Quantization w = alongPhases(t.w, t.outputs(), t.phases(), t.groupOutputs);
  int64_t depth = t.inputs / t.groups * t.lines[0].taps() * t.lines[1].taps();
  Contraction c{*qnn::quantizationOf(input.getType()), w, 0, depth, {}, 0};
  SmallVector<int64_t> phaseBias;
  if (bias) {
    c.bias =
        alongPhases(*qnn::quantizationOf(bias.getType()), t.outputs(), t.phases(), t.outputs());
    c.biasRank = tensorTypeOf(bias).getRank();
    for (int64_t code : *biases)
      phaseBias.append(t.phases(), code);
  }
  if (std::string why = contractionRefusal(c); !why.empty())
    return IntegerForm::refuse(why);
  Location loc = conv.getLoc();
  return {[=](OpBuilder &builder) -> Value {
            ImplicitLocOpBuilder b(loc, builder);
            const Line &rows = t.lines[0], &columns = t.lines[1];
            int64_t channels = t.outputs() * t.phases();
            Value weight =
                quantizedConstant(b, phaseWeights(t),
                                  {channels, t.inputs / t.groups, rows.taps(), columns.taps()}, w);
            Value bias = c.bias ? quantizedConstant(b, phaseBias, {channels}, *c.bias) : Value();
            auto element = getElementTypeOrSelf(op->getResult(0).getType());
            RankedTensorType type =
                in.clone({in.getDimSize(0), channels, rows.places(), columns.places()}, element);
            Value y = qnn::ConvOp::create(
                b, type, input, weight, bias, ArrayRef<int64_t>{1, 1}, ArrayRef<int64_t>{1, 1},
                ArrayRef<int64_t>{rows.taps() - 1, columns.taps() - 1, rows.padAfter(),
                                  columns.padAfter()},
                t.groups, nn::AutoPad::explicit_pads, bounds.low, bounds.high);
            return rearrange(b, y, t, element);
          },
          ""};
}
