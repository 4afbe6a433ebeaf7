// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/fuse/QuantizedLayers.h"

#include "dialects/nn/Constants.h"
#include "passes/analysis/ContractionParameters.h"
#include "passes/fuse/FixedPoint.h"
#include "passes/fuse/LayoutBuilders.h"
#include "passes/fuse/PackedWeights.h"

#include "llvm/Support/MathExtras.h"

#include <numeric>

using namespace mlir;
using namespace pebble;

namespace {

/// The most groups of four taps of a depthwise layer that every target's kernel takes.
constexpr int64_t mostTapGroups = 64;

/// Whether the packed kernels compute the layer.
bool fitBytes(const ContractionParameters &p, bool isFixed) {
  return p.x.bits <= 8 && p.y.bits <= 8 && !isFixed &&
         llvm::all_of(p.weights, [](int64_t w) { return w >= -128 && w <= 127; });
}

struct PackedConstants {
  Value weight, bias, multiplier;
  Value codes; ///< Of weights of half a byte; else null.
};

/// The arrays with one number a channel.
PackedConstants packBias(ImplicitLocOpBuilder &b, const ContractionParameters &p,
                         ArrayRef<int8_t> ordered, int64_t channels, int64_t groups) {
  int64_t depth = ordered.size() / channels;
  std::vector<int32_t> bias(paddedChannels(channels, groups));
  std::vector<float> multipliers(bias.size());
  for (int64_t c = 0; c < channels; ++c) {
    int64_t index = blockedIndex(c, channels / groups);
    ArrayRef<int8_t> weights = ordered.slice(c * depth, depth);
    int64_t sum = std::accumulate(weights.begin(), weights.end(), int64_t(0));
    bias[index] = static_cast<int32_t>(p.biases[c] - heldZeroPoint(p.x) * sum);
    multipliers[index] = p.multipliers[c];
  }
  auto padded = static_cast<int64_t>(bias.size());
  return {Value(), buildConstant<int32_t>(b, padded, b.getI32Type(), bias),
          buildConstant<float>(b, padded, b.getF32Type(), multipliers), Value()};
}

/// Packs [O, depth] weights, in the order that the kernels run over the reduction, for `runs` runs
/// a sum.
PackedConstants pack(ImplicitLocOpBuilder &b, const ContractionParameters &p,
                     ArrayRef<int8_t> ordered, int64_t channels, int64_t groups, int64_t runs,
                     ArrayRef<int64_t> shape) {
  PackedConstants packed = packBias(b, p, ordered, channels, groups);
  packed.weight =
      buildConstant<int8_t>(b, shape, b.getI8Type(), packBlocks(ordered, channels, groups, runs));
  return packed;
}

/// Whether the weights are numbers of at most 4 bits and smaller when two share a byte.
bool fitHalfBytes(const ContractionParameters &p, int64_t runLength) {
  int64_t zero = p.w.zeroPoint();
  return p.w.bits <= 4 && llvm::alignTo(runLength, 2 * quad) / 2 < llvm::alignTo(runLength, quad) &&
         llvm::all_of(p.w.zeroPoints, [&](int64_t other) { return other == zero; });
}

/// `pack` for weights of half a byte.
PackedConstants packHalf(ImplicitLocOpBuilder &b, const ContractionParameters &p,
                         ArrayRef<int8_t> ordered, int64_t channels, int64_t groups, int64_t runs) {
  int64_t depth = ordered.size() / channels, zero = p.w.zeroPoint();
  PackedConstants packed = packBias(b, p, ordered, channels, groups);
  packed.weight = buildConstant<uint8_t>(b, packedShape(channels, groups, depth, runs, 2 * quad),
                                         b.getIntegerType(8, /*isSigned=*/false),
                                         packHalfBlocks(ordered, channels, groups, runs, zero));
  std::vector<int8_t> codes(16);
  for (int64_t code = p.w.storageLow(); code <= p.w.storageHigh(); ++code)
    codes[code & 15] = static_cast<int8_t>(code - zero);
  packed.codes = buildConstant<int8_t>(b, 16, b.getI8Type(), codes);
  return packed;
}

/// A convolution of a channels-last image with `ordered` weights [O, KH, KW, C / group].
Value buildPackedConv(ImplicitLocOpBuilder &b, const ContractionParameters &p, Value image,
                      RankedTensorType resultType, ArrayRef<int8_t> ordered,
                      const ByteWindow &window, int64_t channels, int64_t groups) {
  int64_t taps = window.kernel[0] * window.kernel[1];
  int64_t depth = ordered.size() / channels, groupChannels = depth / taps;
  int64_t height = window.kernel[0], width = window.kernel[1];
  int64_t tapGroups = width * llvm::divideCeil(height, quad);
  int64_t low = p.bounds.low + p.y.offset(), high = p.bounds.high + p.y.offset();
  if (groups == channels && groupChannels == 1 && tapGroups <= mostTapGroups) {
    // Column by column.
    std::vector<int8_t> columns(ordered.size());
    for (int64_t c = 0; c < channels; ++c)
      for (int64_t y = 0; y < height; ++y)
        for (int64_t x = 0; x < width; ++x)
          columns[(c * width + x) * height + y] = ordered[(c * height + y) * width + x];
    int64_t blocks = llvm::divideCeil(channels, blockWidth);
    PackedConstants packed = pack(b, p, columns, channels, /*groups=*/1, /*runs=*/width,
                                  {blocks, tapGroups, blockWidth, quad});
    return qnn::DepthwisePackedOp::create(b, resultType, image, packed.weight, packed.bias,
                                          packed.multiplier, window.kernel, window.strides,
                                          window.dilations, window.pads, heldZeroPoint(p.x),
                                          heldZeroPoint(p.y), low, high);
  }
  int64_t runs = runsOf(groupChannels, window.kernel, groups);
  PackedConstants packed =
      fitHalfBytes(p, depth / runs)
          ? packHalf(b, p, ordered, channels, groups, runs)
          : pack(b, p, ordered, channels, groups, runs, packedShape(channels, groups, depth, runs));
  return qnn::ConvPackedOp::create(b, resultType, image, packed.weight, packed.bias,
                                   packed.multiplier, packed.codes, window.kernel, window.strides,
                                   window.dilations, window.pads, groups, channels, runs,
                                   heldZeroPoint(p.x), heldZeroPoint(p.y), low, high);
}

/// Whether sums are rounded as TFLite does.
bool isFixed(Operation *op, const ContractionParameters &p) {
  return qnn::roundsAsTflite(op) && p.x.bits <= 8 && p.y.bits <= 8;
}

/// Sums of products from centered codes, then the same rounding as the kernels.
Value finishSums(ImplicitLocOpBuilder &b, const ContractionParameters &p, Operation *op, Value sums,
                 int64_t channelAxis) {
  if (isFixed(op, p)) {
    SmallVector<double> factors;
    for (int64_t c = 0; c < p.outputs; ++c)
      factors.push_back(double(p.x.scale()) * double(p.w.scale(c)) / double(p.y.scale()));
    return buildFixedCodes(b, buildFixedProduct(b, sums, factors, channelAxis), p.y,
                           heldBounds(op));
  }
  Value numbers = buildCast(b, sums, b.getF32Type());
  RankedTensorType type = tensorTypeOf(numbers);
  Value factors = buildAlong(b, p.multipliers, channelAxis, type.getRank());
  Value scaled = nn::MulOp::create(b, type, numbers, factors);
  return buildRound(b, scaled, p.y, p.bounds.low, p.bounds.high);
}

Type sumType(ImplicitLocOpBuilder &b, const ContractionParameters &p) {
  return qnn::sumsInWords(p.x) ? b.getI32Type() : b.getI64Type();
}

Value centeredInput(ImplicitLocOpBuilder &b, const qnn::Quantization &x, Value input, Type type) {
  return nn::SubOp::create(b, tensorTypeOf(input).clone(type), buildCast(b, input, type),
                           buildScalar(b, static_cast<double>(heldZeroPoint(x)), type));
}

Value constantNumbers(ImplicitLocOpBuilder &b, ArrayRef<int64_t> shape, ArrayRef<int64_t> values,
                      Type type) {
  if (type.isInteger(64))
    return buildConstant<int64_t>(b, shape, type, values);
  SmallVector<int32_t> narrow(values.begin(), values.end());
  return buildConstant<int32_t>(b, shape, type, narrow);
}

Value convBySums(ImplicitLocOpBuilder &b, qnn::ConvOp op, const ContractionParameters &p,
                 Value input) {
  Type type = sumType(b, p);
  Value weight = constantNumbers(b, tensorTypeOf(op.getWeight()).getShape(), p.weights, type);
  Value bias = constantNumbers(b, p.outputs, p.biases, type);
  Value sums = nn::ConvOp::create(b, tensorTypeOf(op.getResult()).clone(type),
                                  centeredInput(b, p.x, input, type), weight, bias, op.getStrides(),
                                  op.getDilations(), op.getPads(), op.getGroup(), op.getAutoPad());
  return finishSums(b, p, op, sums, 1);
}

Value matMulBySums(ImplicitLocOpBuilder &b, qnn::MatMulOp op, const ContractionParameters &p,
                   Value input) {
  std::vector<int64_t> weights;
  for (int64_t k = 0; k < p.groupInputs; ++k)
    for (int64_t c = 0; c < p.outputs; ++c)
      weights.push_back(p.weights[c * p.groupInputs + k]);
  Type element = sumType(b, p);
  Value weight = constantNumbers(b, tensorTypeOf(op.getWeight()).getShape(), weights, element);
  Value bias = constantNumbers(b, p.outputs, p.biases, element);
  RankedTensorType type = tensorTypeOf(op.getResult()).clone(element);
  Value sums = nn::MatMulOp::create(b, type, centeredInput(b, p.x, input, element), weight);
  sums = nn::AddOp::create(b, type, sums, bias);
  return finishSums(b, p, op, sums, type.getRank() - 1);
}

} // namespace

Value pebble::lowerConv(ImplicitLocOpBuilder &b, qnn::ConvOp op, Value input) {
  RankedTensorType weightType = tensorTypeOf(op.getWeight());
  int64_t rank = weightType.getRank();
  std::optional<ContractionParameters> p = ContractionParameters::of(op, /*mostBits=*/16);
  if (!p)
    return {};
  RankedTensorType inputType = tensorTypeOf(input), resultType = tensorTypeOf(op.getResult());
  SmallVector<int64_t> kernel(weightType.getShape().drop_front(2)), strides(op.getStrides()),
      dilations(op.getDilations()), pads(op.getPads());
  // A one-dimensional layer is an image of one row.
  bool isLine = rank == 3;
  if (isLine) {
    if (!reshapeTarget(inputType) || !reshapeTarget(resultType))
      return convBySums(b, op, *p, input);
    kernel.insert(kernel.begin(), 1);
    strides.insert(strides.begin(), 1);
    dilations.insert(dilations.begin(), 1);
    pads = {0, pads[0], 0, pads[1]};
    auto asImage = [](RankedTensorType type) {
      return type.clone({type.getDimSize(0), type.getDimSize(1), 1, type.getDimSize(2)});
    };
    inputType = asImage(inputType);
    resultType = asImage(resultType);
  }
  std::optional<ByteWindow> window;
  if (isLine || rank == 4)
    window =
        makeByteWindow(inputType, resultType, kernel, strides, dilations, pads, op.getAutoPad());
  if (!window || !fitBytes(*p, isFixed(op, *p)))
    return convBySums(b, op, *p, input);

  std::vector<int8_t> ordered = channelsLastWeights(p->weights, p->groupInputs, p->taps);
  Value image = toChannelsLast(b, reshapeOneDynamic(b, input, inputType));
  Value result = buildPackedConv(b, *p, image, bytesChannelsLast(resultType), ordered, *window,
                                 p->outputs, op.getGroup());
  result = toChannelsFirst(b, result);
  return reshapeOneDynamic(
      b, result, tensorTypeOf(op.getResult()).clone(tensorTypeOf(result).getElementType()));
}

Value pebble::lowerMatMul(ImplicitLocOpBuilder &b, qnn::MatMulOp op, Value input) {
  RankedTensorType inputType = tensorTypeOf(input);
  std::optional<ContractionParameters> p = ContractionParameters::of(op, /*mostBits=*/16);
  if (!p)
    return {};
  int64_t depth = p->groupInputs, channels = p->outputs;
  RankedTensorType resultType = tensorTypeOf(op.getResult()).clone(inputType.getElementType());
  if (!fitBytes(*p, isFixed(op, *p)) || !reshapeTarget(resultType) ||
      ShapedType::isDynamic(inputType.getShape().back()))
    return matMulBySums(b, op, *p, input);
  std::vector<int8_t> ordered(p->weights.begin(), p->weights.end());
  int64_t rows = 1;
  for (int64_t size : inputType.getShape().drop_back())
    rows = ShapedType::isDynamic(size) || ShapedType::isDynamic(rows) ? ShapedType::kDynamic
                                                                      : rows * size;
  // Rows of a matrix are the pixels of an image of one row.
  Value image = reshapeOneDynamic(b, input, inputType.clone({1, 1, rows, depth}));
  ByteWindow window{{1, 1}, {1, 1}, {1, 1}, {0, 0, 0, 0}};
  Value result = buildPackedConv(b, *p, image, inputType.clone({1, 1, rows, channels}), ordered,
                                 window, channels, /*groups=*/1);
  return reshapeOneDynamic(b, result, resultType);
}

Value pebble::lowerBatchMatMul(ImplicitLocOpBuilder &b, qnn::BatchMatMulOp op, Value lhs,
                               Value rhs) {
  qnn::Quantization x = *qnn::quantizationOf(op.getLhs().getType());
  qnn::Quantization w = *qnn::quantizationOf(op.getRhs().getType());
  qnn::Quantization y = *qnn::quantizationOf(op.getResult().getType());
  RankedTensorType matrix = tensorTypeOf(rhs);
  int64_t depth = matrix.getShape()[matrix.getRank() - 2], columns = matrix.getShape().back();
  if (ShapedType::isDynamic(depth) || ShapedType::isDynamic(columns))
    return {};
  if (qnn::roundsAsTflite(op)) {
    Type i32 = b.getI32Type();
    Value sums = nn::MatMulOp::create(b, tensorTypeOf(op.getResult()).clone(i32),
                                      centeredInput(b, x, lhs, i32), centeredInput(b, w, rhs, i32));
    double factor = double(x.scale()) * double(w.scale()) / double(y.scale());
    return buildFixedCodes(b, buildFixedProduct(b, sums, factor, std::nullopt), y, heldBounds(op));
  }
  auto pack = qnn::PackBytesOp::create(b, rhs);
  // The codes are packed less 128, so that is what their zero point is counted from.
  int64_t zero = heldZeroPoint(x), weightZero = heldZeroPoint(w) - 128;
  RankedTensorType sums = tensorTypeOf(pack.getSums());
  auto scalar = [&](int64_t value) {
    return buildScalar(b, static_cast<double>(value), b.getI32Type());
  };
  Value centered = nn::SubOp::create(b, sums, pack.getSums(), scalar(depth * weightZero));
  Value bias = nn::MulOp::create(b, sums, centered, scalar(-zero));
  CodeBounds bounds = heldBounds(op);
  float multiplier = sumMultiplier(x, w, y, 0);
  return qnn::ProductBytesOp::create(
      b, tensorTypeOf(op.getResult()).clone(tensorTypeOf(lhs).getElementType()), lhs,
      pack.getPacked(), bias, columns, weightZero, heldZeroPoint(y), bounds.low, bounds.high,
      llvm::APFloat(static_cast<double>(multiplier)));
}
