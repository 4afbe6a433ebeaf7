// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/fuse/QuantizedLayers.h"

#include "dialects/nn/Constants.h"
#include "passes/fuse/LayoutBuilders.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace pebble;

namespace {

constexpr int64_t blockWidth = 16, quad = 4;
/// The longest run of several taps, and the most groups of four taps of a depthwise layer, that
/// every target's kernel takes.
constexpr int64_t longestRun = 2048, mostTapGroups = 64;
/// Up to so many input channels, the whole window is one run.
constexpr int64_t fewChannels = 32;

/// What a contraction needs to know of its constant operands, one entry an output channel.
struct Parameters {
  qnn::Quantization x, w, y;
  std::vector<int64_t> weights; ///< Less their zero points, in the order of the operand.
  std::vector<int64_t> bias;
  std::vector<float> multipliers;
  CodeBounds bounds;

  int64_t inputZero() const { return x.zeroPoint() + x.offset(); }
  int64_t resultZero() const { return y.zeroPoint() + y.offset(); }
  bool fitBytes() const {
    return llvm::all_of(weights, [](int64_t w) { return w >= -128 && w <= 127; });
  }
};

std::optional<SmallVector<int64_t>> constantCodes(Value quantized) {
  auto cast = quantized.getDefiningOp<qnn::StorageCastOp>();
  return cast ? nn::constantInts(cast.getInput()) : std::nullopt;
}

/// `channelOf` gives the output channel of a weight by its index.
std::optional<Parameters> readParameters(Operation *op, Value input, Value weight, Value bias,
                                         int64_t channels,
                                         function_ref<int64_t(int64_t)> channelOf) {
  Parameters p;
  p.x = *qnn::quantizationOf(input.getType());
  p.w = *qnn::quantizationOf(weight.getType());
  p.y = *qnn::quantizationOf(op->getResult(0).getType());
  p.bounds = heldBounds(op, p.y);
  std::optional<SmallVector<int64_t>> weights = constantCodes(weight);
  if (!weights || p.x.bits > 8 || p.y.bits > 8)
    return std::nullopt;
  for (auto [index, code] : llvm::enumerate(*weights))
    p.weights.push_back(code - p.w.zeroPoint(channelOf(index)));
  p.bias.assign(channels, 0);
  if (bias) {
    std::optional<SmallVector<int64_t>> codes = constantCodes(bias);
    if (!codes || static_cast<int64_t>(codes->size()) != channels)
      return std::nullopt;
    p.bias.assign(codes->begin(), codes->end());
  }
  for (int64_t c = 0; c < channels; ++c)
    p.multipliers.push_back(p.x.scale() * p.w.scale(c) / p.y.scale());
  return p;
}

/// Where output channel `c` of all groups stands among blocks of 16 channels of each group.
int64_t blockedIndex(int64_t c, int64_t groupOutputs) {
  int64_t padded = llvm::alignTo(groupOutputs, blockWidth);
  return c / groupOutputs * padded + c % groupOutputs;
}

struct PackedConstants {
  Value weight, bias, multiplier;
};

/// Packs [O, depth] weights, in the order that the kernels run over the reduction, for `runs` runs
/// a sum.
PackedConstants pack(ImplicitLocOpBuilder &b, const Parameters &p, ArrayRef<int8_t> ordered,
                     int64_t channels, int64_t groups, int64_t runs, ArrayRef<int64_t> shape) {
  int64_t depth = ordered.size() / channels, runLength = depth / runs;
  int64_t paddedRun = llvm::alignTo(runLength, quad), quads = runs * paddedRun / quad;
  int64_t groupOutputs = channels / groups;
  int64_t padded = groups * llvm::alignTo(groupOutputs, blockWidth);
  std::vector<int8_t> weights(padded * quads * quad);
  std::vector<int32_t> bias(padded);
  std::vector<float> multipliers(padded);
  for (int64_t c = 0; c < channels; ++c) {
    int64_t index = blockedIndex(c, groupOutputs), sum = 0;
    int8_t *block = &weights[index / blockWidth * quads * blockWidth * quad];
    for (int64_t k = 0; k < depth; ++k) {
      int8_t weight = ordered[c * depth + k];
      int64_t at = k / runLength * paddedRun + k % runLength;
      block[(at / quad * blockWidth + index % blockWidth) * quad + at % quad] = weight;
      sum += weight;
    }
    bias[index] = static_cast<int32_t>(p.bias[c] - p.inputZero() * sum);
    multipliers[index] = p.multipliers[c];
  }
  return {buildConstant<int8_t>(b, shape, b.getI8Type(), weights),
          buildConstant<int32_t>(b, padded, b.getI32Type(), bias),
          buildConstant<float>(b, padded, b.getF32Type(), multipliers)};
}

/// A convolution of a channels-last image with `ordered` weights [O, KH, KW, C / group].
Value buildPackedConv(ImplicitLocOpBuilder &b, const Parameters &p, Value image,
                      RankedTensorType resultType, ArrayRef<int8_t> ordered,
                      const ByteWindow &window, int64_t channels, int64_t groups) {
  int64_t taps = window.kernel[0] * window.kernel[1];
  int64_t depth = ordered.size() / channels, groupChannels = depth / taps;
  int64_t height = window.kernel[0], width = window.kernel[1];
  int64_t tapGroups = width * llvm::divideCeil(height, quad);
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
                                          window.dilations, window.pads, p.inputZero(),
                                          p.resultZero(), p.bounds.low, p.bounds.high);
  }
  bool isWindowRun = groups == 1 && depth <= longestRun &&
                     (groupChannels % quad != 0 || groupChannels <= fewChannels);
  int64_t runs = isWindowRun ? 1 : taps;
  int64_t quads = runs * llvm::divideCeil(depth / runs, quad);
  PackedConstants packed =
      pack(b, p, ordered, channels, groups, runs,
           {groups, static_cast<int64_t>(llvm::divideCeil(channels / groups, blockWidth)), quads,
            blockWidth, quad});
  return qnn::ConvPackedOp::create(b, resultType, image, packed.weight, packed.bias,
                                   packed.multiplier, window.kernel, window.strides,
                                   window.dilations, window.pads, groups, channels, runs,
                                   p.inputZero(), p.resultZero(), p.bounds.low, p.bounds.high);
}

/// Sums of products in i32 from centered codes, then the same rounding as the kernels.
Value finishSums(ImplicitLocOpBuilder &b, const Parameters &p, Value sums, int64_t channelAxis) {
  Value numbers = buildCast(b, sums, b.getF32Type());
  RankedTensorType type = tensorTypeOf(numbers);
  Value factors = buildAlong(b, p.multipliers, channelAxis, type.getRank());
  Value scaled = nn::MulOp::create(b, type, numbers, factors);
  int64_t offset = p.y.offset();
  return buildRound(b, scaled, p.y, p.bounds.low - offset, p.bounds.high - offset);
}

Value centeredInput(ImplicitLocOpBuilder &b, const Parameters &p, Value input) {
  Type i32 = b.getI32Type();
  return nn::SubOp::create(b, tensorTypeOf(input).clone(i32), buildCast(b, input, i32),
                           buildScalar(b, static_cast<double>(p.inputZero()), i32));
}

Value constant32(ImplicitLocOpBuilder &b, ArrayRef<int64_t> shape, ArrayRef<int64_t> values) {
  SmallVector<int32_t> narrow(values.begin(), values.end());
  return buildConstant<int32_t>(b, shape, b.getI32Type(), narrow);
}

Value convBySums(ImplicitLocOpBuilder &b, qnn::ConvOp op, const Parameters &p, Value input) {
  Value weight = constant32(b, tensorTypeOf(op.getWeight()).getShape(), p.weights);
  Value bias = constant32(b, static_cast<int64_t>(p.bias.size()), p.bias);
  Value sums = nn::ConvOp::create(b, tensorTypeOf(op.getResult()).clone(b.getI32Type()),
                                  centeredInput(b, p, input), weight, bias, op.getStrides(),
                                  op.getDilations(), op.getPads(), op.getGroup(), op.getAutoPad());
  return finishSums(b, p, sums, 1);
}

Value matMulBySums(ImplicitLocOpBuilder &b, qnn::MatMulOp op, const Parameters &p, Value input) {
  Value weight = constant32(b, tensorTypeOf(op.getWeight()).getShape(), p.weights);
  Value bias = constant32(b, static_cast<int64_t>(p.bias.size()), p.bias);
  RankedTensorType type = tensorTypeOf(op.getResult()).clone(b.getI32Type());
  Value sums = nn::MatMulOp::create(b, type, centeredInput(b, p, input), weight);
  sums = nn::AddOp::create(b, type, sums, bias);
  return finishSums(b, p, sums, type.getRank() - 1);
}

/// A shape that reads -1 for the one dim that may be unknown; nothing when there are more.
std::optional<SmallVector<int64_t>> reshapeTo(RankedTensorType type) {
  SmallVector<int64_t> shape(type.getShape());
  if (type.getNumDynamicDims() > 1)
    return std::nullopt;
  llvm::replace(shape, ShapedType::kDynamic, int64_t(-1));
  return shape;
}

Value reshape(ImplicitLocOpBuilder &b, Value value, RankedTensorType type) {
  if (tensorTypeOf(value).getShape() == type.getShape())
    return value;
  Value shape = buildInts(b, b.getLoc(), *reshapeTo(type));
  return nn::ReshapeOp::create(b, type, value, shape, /*allowzero=*/false);
}

} // namespace

Value pebble::lowerConv(ImplicitLocOpBuilder &b, qnn::ConvOp op, Value input) {
  RankedTensorType weightType = tensorTypeOf(op.getWeight());
  int64_t rank = weightType.getRank(), channels = weightType.getDimSize(0);
  if (!weightType.hasStaticShape() || weightType.getNumElements() == 0)
    return {};
  int64_t depth = weightType.getNumElements() / channels;
  std::optional<Parameters> p =
      readParameters(op, op.getInput(), op.getWeight(), op.getBias(), channels,
                     [&](int64_t index) { return index / depth; });
  if (!p)
    return {};
  RankedTensorType inputType = tensorTypeOf(input), resultType = tensorTypeOf(op.getResult());
  SmallVector<int64_t> kernel(weightType.getShape().drop_front(2)), strides(op.getStrides()),
      dilations(op.getDilations()), pads(op.getPads());
  // A one-dimensional layer is an image of one row.
  bool isLine = rank == 3;
  if (isLine) {
    if (!reshapeTo(inputType) || !reshapeTo(resultType))
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
  if (!window || !p->fitBytes())
    return convBySums(b, op, *p, input);

  int64_t groupChannels = weightType.getDimSize(1), taps = depth / groupChannels;
  std::vector<int8_t> ordered(p->weights.size());
  for (int64_t c = 0; c < channels; ++c)
    for (int64_t i = 0; i < groupChannels; ++i)
      for (int64_t t = 0; t < taps; ++t)
        ordered[(c * taps + t) * groupChannels + i] =
            static_cast<int8_t>(p->weights[(c * groupChannels + i) * taps + t]);
  Value image = toChannelsLast(b, reshape(b, input, inputType));
  Value result = buildPackedConv(b, *p, image, bytesChannelsLast(resultType), ordered, *window,
                                 channels, op.getGroup());
  result = toChannelsFirst(b, result);
  return reshape(b, result,
                 tensorTypeOf(op.getResult()).clone(tensorTypeOf(result).getElementType()));
}

Value pebble::lowerMatMul(ImplicitLocOpBuilder &b, qnn::MatMulOp op, Value input) {
  RankedTensorType weightType = tensorTypeOf(op.getWeight()), inputType = tensorTypeOf(input);
  if (!weightType.hasStaticShape() || weightType.getNumElements() == 0)
    return {};
  int64_t depth = weightType.getDimSize(0), channels = weightType.getDimSize(1);
  std::optional<Parameters> p =
      readParameters(op, op.getInput(), op.getWeight(), op.getBias(), channels,
                     [&](int64_t index) { return index % channels; });
  if (!p)
    return {};
  RankedTensorType resultType = tensorTypeOf(op.getResult()).clone(inputType.getElementType());
  if (!p->fitBytes() || !reshapeTo(resultType) ||
      ShapedType::isDynamic(inputType.getShape().back()))
    return matMulBySums(b, op, *p, input);
  std::vector<int8_t> ordered(p->weights.size());
  for (int64_t k = 0; k < depth; ++k)
    for (int64_t c = 0; c < channels; ++c)
      ordered[c * depth + k] = static_cast<int8_t>(p->weights[k * channels + c]);
  int64_t rows = 1;
  for (int64_t size : inputType.getShape().drop_back())
    rows = ShapedType::isDynamic(size) || ShapedType::isDynamic(rows) ? ShapedType::kDynamic
                                                                      : rows * size;
  // Rows of a matrix are the pixels of an image of one row.
  Value image = reshape(b, input, inputType.clone({1, 1, rows, depth}));
  ByteWindow window{{1, 1}, {1, 1}, {1, 1}, {0, 0, 0, 0}};
  Value result = buildPackedConv(b, *p, image, inputType.clone({1, 1, rows, channels}), ordered,
                                 window, channels, /*groups=*/1);
  return reshape(b, result, resultType);
}
