// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/Passes.h"

#include "dialects/nn/Constants.h"
#include "passes/fuse/CodeBuilders.h"
#include "passes/fuse/LayoutBuilders.h"
#include "passes/fuse/PackedWeights.h"
#include "passes/fuse/QuantizedLayers.h"

namespace pebble {
#define GEN_PASS_DEF_PACKINTEGERSUMS
#include "passes/Passes.h.inc"
} // namespace pebble

using namespace mlir;
using namespace pebble;

namespace {

bool isByte(Type element) {
  auto integer = dyn_cast<IntegerType>(element);
  return integer && integer.getWidth() == 8;
}

/// The bytes that `value`, of i32, is a conversion of; null when it is none.
Value bytesOf(Value value) {
  auto cast = value.getDefiningOp<nn::CastOp>();
  return cast && isByte(tensorTypeOf(cast.getInput()).getElementType()) ? cast.getInput() : Value();
}

/// The element of a tensor of `shape` that meets element `index` of one of dims `whole`.
int64_t broadcastIndex(int64_t index, ArrayRef<int64_t> whole, ArrayRef<int64_t> shape) {
  int64_t result = 0, stride = 1;
  for (int64_t back = 1; back <= static_cast<int64_t>(shape.size()); ++back) {
    int64_t size = whole[whole.size() - back], own = shape[shape.size() - back];
    result += own == 1 ? 0 : index % size * stride;
    index /= size;
    stride *= own;
  }
  return result;
}

/// Constant i32 numbers: folded, or bytes less their zero points, which is too much to fold where
/// there are many.
std::optional<SmallVector<int64_t>> constantNumbers(Value value) {
  if (auto cast = value.getDefiningOp<nn::CastOp>())
    return bytesOf(value) ? nn::constantInts(cast.getInput()) : std::nullopt;
  auto difference = value.getDefiningOp<nn::SubOp>();
  if (!difference)
    return nn::constantInts(value);
  std::optional<SmallVector<int64_t>> numbers = constantNumbers(difference.getLhs());
  std::optional<SmallVector<int64_t>> zeros = constantNumbers(difference.getRhs());
  RankedTensorType whole = tensorTypeOf(difference.getLhs());
  if (!numbers || !zeros || whole != difference.getType())
    return std::nullopt;
  ArrayRef<int64_t> shape = tensorTypeOf(difference.getRhs()).getShape();
  for (auto [index, number] : llvm::enumerate(*numbers))
    number -= (*zeros)[broadcastIndex(static_cast<int64_t>(index), whole.getShape(), shape)];
  return numbers;
}

/// i32 numbers that are bytes less a zero point.
struct Centered {
  Value codes;
  Value zero; ///< One byte, or null for a known one.
  int64_t known = 0;

  static std::optional<Centered> match(Value value) {
    Centered result;
    Value wide = value;
    if (auto difference = value.getDefiningOp<nn::SubOp>()) {
      wide = difference.getLhs();
      RankedTensorType zero = tensorTypeOf(difference.getRhs());
      if (zero.getRank() > 1 || !zero.hasStaticShape() || zero.getNumElements() != 1)
        return std::nullopt;
      if (std::optional<SmallVector<int64_t>> constant = constantNumbers(difference.getRhs()))
        result.known = constant->front();
      else if (result.zero = bytesOf(difference.getRhs()); !result.zero)
        return std::nullopt;
    }
    result.codes = bytesOf(wide);
    if (!result.codes)
      return std::nullopt;
    Type codes = tensorTypeOf(result.codes).getElementType();
    if (result.zero && tensorTypeOf(result.zero).getElementType() != codes)
      return std::nullopt;
    // Padding has to be a code.
    int64_t low = codes.isUnsignedInteger() ? 0 : -128;
    if (result.known < low || result.known > low + 255)
      return std::nullopt;
    return result;
  }

  /// Adds 128 to signed codes.
  void makeUnsigned(ImplicitLocOpBuilder &b) {
    if (tensorTypeOf(codes).getElementType().isUnsignedInteger())
      return;
    codes = flipToUnsigned(b, codes);
    if (zero)
      zero = flipToUnsigned(b, zero);
    else
      known += 128;
  }
};

/// What follows the sums up to the numbers that the kernel gives.
struct Tail {
  Operation *last;  ///< What the kernel takes the place of, from the sums on.
  Value multiplier; ///< One for all or one a channel; null where sums are the result.
};

Tail findTail(Operation *sums, int64_t channelAxis) {
  Tail none{sums, {}};
  if (!sums->hasOneUse())
    return none;
  auto cast = dyn_cast<nn::CastOp>(*sums->user_begin());
  if (!cast || !cast.getTo().isF32() || !cast->hasOneUse())
    return none;
  auto product = dyn_cast<nn::MulOp>(*cast->user_begin());
  if (!product || product.getLhs() == product.getRhs() ||
      tensorTypeOf(product.getResult()).getShape() != tensorTypeOf(cast.getResult()).getShape())
    return none;
  Value multiplier = product.getLhs() == cast ? product.getRhs() : product.getLhs();
  RankedTensorType type = tensorTypeOf(multiplier);
  if (!type.hasStaticShape())
    return none;
  int64_t rank = tensorTypeOf(cast.getResult()).getRank();
  for (int64_t dim = 0; dim < type.getRank(); ++dim)
    if (type.getDimSize(dim) != 1 && dim + rank - type.getRank() != channelAxis)
      return none;
  return {product, multiplier};
}

/// Weights in the order of the packed kernels, each channel's less a number that makes them bytes.
struct Weights {
  std::vector<int64_t> centered; ///< In the order of the operand.
  std::vector<int64_t> shifts;   ///< One a channel.
  bool isShifted = false;

  static std::optional<Weights> read(Value weight, int64_t channels,
                                     function_ref<int64_t(int64_t)> channelOf) {
    std::optional<SmallVector<int64_t>> values = constantNumbers(weight);
    if (!values || values->empty())
      return std::nullopt;
    std::vector<int64_t> least(channels, INT64_MAX), most(channels, INT64_MIN);
    for (auto [index, value] : llvm::enumerate(*values)) {
      int64_t channel = channelOf(static_cast<int64_t>(index));
      least[channel] = std::min(least[channel], value);
      most[channel] = std::max(most[channel], value);
    }
    Weights result;
    result.centered.assign(values->begin(), values->end());
    result.shifts.assign(channels, 0);
    for (int64_t c = 0; c < channels; ++c) {
      if (least[c] >= -128 && most[c] <= 127)
        continue;
      if (most[c] - least[c] > 255)
        return std::nullopt;
      result.shifts[c] = least[c] + 128;
      result.isShifted = true;
    }
    return result;
  }
};

/// A layer as a convolution of images.
struct Shape {
  RankedTensorType image, result; ///< Channels first, but for products: [1, 1, rows, channels].
  ByteWindow window{{1, 1}, {1, 1}, {1, 1}, {0, 0, 0, 0}};
  int64_t channels, depth, groupChannels, groups = 1;
  bool isProduct = false;
};

class Packer {
public:
  Packer(Operation *op, int64_t channelAxis)
      : tail(findTail(op, channelAxis)), b(tail.last->getLoc(), tail.last) {
    if (tail.last != op)
      b.setLoc(FusedLoc::get(op->getContext(), {op->getLoc(), tail.last->getLoc()}));
  }

  void pack(const Shape &s, Centered input, const Weights &weights,
            function_ref<std::vector<int8_t>(ArrayRef<int64_t>)> order, Value bias) {
    input.makeUnsigned(b);
    int64_t runs = runsOf(s.groupChannels, s.window.kernel, s.groups);
    groupOutputs = s.channels / s.groups;
    padded = paddedChannels(s.channels, s.groups);
    std::vector<int64_t> narrow(weights.centered);
    for (auto [index, value] : llvm::enumerate(narrow))
      value -= weights.shifts[s.isProduct ? index % s.channels : index / s.depth];
    std::vector<int8_t> ordered = order(narrow);
    std::vector<int32_t> sums(padded), zeroPoints(padded);
    for (int64_t c = 0; c < s.channels; ++c) {
      int64_t sum = weights.shifts[c] * s.depth;
      for (int8_t value : ArrayRef(ordered).slice(c * s.depth, s.depth))
        sum += value;
      sums[blockedIndex(c, groupOutputs)] = static_cast<int32_t>(sum);
      zeroPoints[blockedIndex(c, groupOutputs)] = static_cast<int32_t>(-weights.shifts[c]);
    }
    Value packed =
        buildConstant<int8_t>(b, packedShape(s.channels, s.groups, s.depth, runs), b.getI8Type(),
                              packBlocks(ordered, s.channels, s.groups, runs));
    Value zeros =
        weights.isShifted ? buildConstant<int32_t>(b, padded, b.getI32Type(), zeroPoints) : Value();
    RankedTensorType imageType = s.image;
    Value image = reshapeOneDynamic(b, input.codes,
                                    imageType.clone(tensorTypeOf(input.codes).getElementType()));
    RankedTensorType resultType = s.result;
    if (!s.isProduct) {
      image = toChannelsLast(b, image);
      resultType = resultType.clone(permute(resultType.getShape(), {0, 2, 3, 1}));
    }
    Type element = tail.multiplier ? Type(b.getF32Type()) : Type(b.getI32Type());
    Value result = qnn::ConvSumsOp::create(
        b, resultType.clone(element), image, packed, makeBias(input, sums, bias), makeMultiplier(),
        makePadding(input, s), zeros, s.window.kernel, s.window.strides, s.window.dilations,
        s.window.pads, s.groups, s.channels, runs, element);
    if (!s.isProduct)
      result = toChannelsFirst(b, result);
    Value old = tail.last->getResult(0);
    old.replaceAllUsesWith(reshapeOneDynamic(b, result, tensorTypeOf(old)));
  }

private:
  /// bias - zero point * sums of the weights.
  Value makeBias(const Centered &input, ArrayRef<int32_t> sums, Value bias) {
    Type i32 = b.getI32Type();
    std::vector<int32_t> values(padded);
    std::optional<SmallVector<int64_t>> added = bias ? nn::constantInts(bias) : std::nullopt;
    if (added)
      for (auto [c, value] : llvm::enumerate(*added))
        values[blockedIndex(static_cast<int64_t>(c), groupOutputs)] = static_cast<int32_t>(value);
    if (!input.zero) {
      for (auto [value, sum] : llvm::zip(values, sums))
        value = static_cast<int32_t>(value - input.known * sum);
      return buildConstant<int32_t>(b, padded, i32, values);
    }
    auto type = RankedTensorType::get(padded, i32);
    Value product = nn::MulOp::create(b, type, buildConstant<int32_t>(b, padded, i32, sums),
                                      buildCast(b, input.zero, i32));
    return nn::SubOp::create(b, type, buildConstant<int32_t>(b, padded, i32, values), product);
  }

  Value makeMultiplier() {
    Type f32 = b.getF32Type();
    if (!tail.multiplier)
      return buildConstant<float>(b, padded, f32, std::vector<float>(padded));
    int64_t count = tensorTypeOf(tail.multiplier).getNumElements();
    auto type = RankedTensorType::get(padded, f32);
    Value flat = buildReshape(b, b.getLoc(), tail.multiplier, count);
    if (count == 1)
      return nn::MulOp::create(
          b, type, buildConstant<float>(b, padded, f32, std::vector<float>(padded, 1)), flat);
    // Channels stand in blocks; what lies between them is read and not used.
    std::vector<int32_t> places(padded);
    for (int64_t c = 0; c < count; ++c)
      places[blockedIndex(c, groupOutputs)] = static_cast<int32_t>(c);
    return nn::GatherOp::create(b, type, flat,
                                buildConstant<int32_t>(b, padded, b.getI32Type(), places), 0);
  }

  Value makePadding(const Centered &input, const Shape &s) {
    bool isInside = llvm::all_of(s.window.pads, [](int64_t pad) { return pad == 0; });
    int64_t count = isInside ? 1 : s.groupChannels;
    Type u8 = b.getIntegerType(8, /*isSigned=*/false);
    if (!input.zero)
      return buildConstant<uint8_t>(b, count, u8,
                                    std::vector<uint8_t>(count, static_cast<uint8_t>(input.known)));
    Value zero = buildReshape(b, b.getLoc(), input.zero, 1);
    if (count == 1)
      return zero;
    return nn::GatherOp::create(
        b, RankedTensorType::get(count, u8), zero,
        buildConstant<int32_t>(b, count, b.getI32Type(), std::vector<int32_t>(count)), 0);
  }

  Tail tail;
  ImplicitLocOpBuilder b;
  int64_t groupOutputs = 1, padded = 0;
};

bool packProduct(nn::MatMulOp op) {
  RankedTensorType input = tensorTypeOf(op.getLhs()), weight = tensorTypeOf(op.getRhs());
  RankedTensorType result = tensorTypeOf(op.getResult());
  std::optional<Centered> centered = Centered::match(op.getLhs());
  if (!centered || weight.getRank() != 2 || input.getRank() < 2 || !reshapeTarget(result) ||
      !weight.hasStaticShape() || ShapedType::isDynamic(input.getShape().back()))
    return false;
  Shape s;
  s.isProduct = true;
  s.depth = s.groupChannels = weight.getDimSize(0);
  s.channels = weight.getDimSize(1);
  std::optional<Weights> weights =
      Weights::read(op.getRhs(), s.channels, [&](int64_t index) { return index % s.channels; });
  if (!weights)
    return false;
  int64_t rows = 1;
  for (int64_t size : input.getShape().drop_back())
    rows = ShapedType::isDynamic(size) || ShapedType::isDynamic(rows) ? ShapedType::kDynamic
                                                                      : rows * size;
  s.image = input.clone({1, 1, rows, s.depth});
  s.result = result.clone({1, 1, rows, s.channels});
  Packer(op, result.getRank() - 1)
      .pack(
          s, *centered, *weights,
          [&](ArrayRef<int64_t> values) { return transposedWeights(values, s.channels); }, Value());
  return true;
}

bool packConv(nn::ConvOp op) {
  RankedTensorType input = tensorTypeOf(op.getInput()), weight = tensorTypeOf(op.getWeight());
  RankedTensorType result = tensorTypeOf(op.getResult());
  int64_t rank = input.getRank();
  std::optional<Centered> centered = Centered::match(op.getInput());
  if (!centered || (rank != 3 && rank != 4) || !weight.hasStaticShape() ||
      weight.getNumElements() == 0 || (op.getBias() && !nn::constantInts(op.getBias())))
    return false;
  Shape s;
  s.channels = weight.getDimSize(0);
  s.groupChannels = weight.getDimSize(1);
  s.depth = weight.getNumElements() / s.channels;
  s.groups = op.getGroup();
  SmallVector<int64_t> kernel(weight.getShape().drop_front(2)), strides(op.getStrides()),
      dilations(op.getDilations()), pads(op.getPads());
  s.image = input;
  s.result = result;
  // A one-dimensional layer is an image of one row.
  if (rank == 3) {
    if (!reshapeTarget(input) || !reshapeTarget(result))
      return false;
    for (SmallVector<int64_t> *list : {&kernel, &strides, &dilations})
      list->insert(list->begin(), 1);
    pads = {0, pads[0], 0, pads[1]};
    auto asImage = [](RankedTensorType type) {
      return type.clone({type.getDimSize(0), type.getDimSize(1), 1, type.getDimSize(2)});
    };
    s.image = asImage(input);
    s.result = asImage(result);
  }
  std::optional<ByteWindow> window =
      makeByteWindow(s.image, s.result, kernel, strides, dilations, pads, op.getAutoPad());
  std::optional<Weights> weights =
      Weights::read(op.getWeight(), s.channels, [&](int64_t index) { return index / s.depth; });
  if (!window || !weights)
    return false;
  s.window = *window;
  int64_t taps = s.depth / s.groupChannels;
  Packer(op, 1).pack(
      s, *centered, *weights,
      [&](ArrayRef<int64_t> values) { return channelsLastWeights(values, s.groupChannels, taps); },
      op.getBias());
  return true;
}

class PackIntegerSums : public pebble::impl::PackIntegerSumsBase<PackIntegerSums> {
  void runOnOperation() override {
    SmallVector<Operation *> work;
    getOperation().walk([&](Operation *op) {
      if (isa<nn::MatMulOp, nn::ConvOp>(op) &&
          tensorTypeOf(op->getResult(0)).getElementType().isSignlessInteger(32))
        work.push_back(op);
    });
    // What the sums were made of is dead then, and goes with the next canonicalization.
    for (Operation *op : work)
      if (auto product = dyn_cast<nn::MatMulOp>(op))
        packProduct(product);
      else
        packConv(cast<nn::ConvOp>(op));
  }
};

} // namespace
