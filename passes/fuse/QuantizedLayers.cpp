// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/fuse/QuantizedLayers.h"

#include "dialects/nn/Constants.h"
#include "passes/fuse/FixedPoint.h"
#include "passes/fuse/LayoutBuilders.h"

#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

using namespace mlir;
using namespace pebble;

Value pebble::toChannelsLast(ImplicitLocOpBuilder &b, Value image) {
  return buildTranspose(b, b.getLoc(), image, {0, 2, 3, 1});
}
Value pebble::toChannelsFirst(ImplicitLocOpBuilder &b, Value image) {
  return buildTranspose(b, b.getLoc(), image, {0, 3, 1, 2});
}

RankedTensorType pebble::bytesChannelsLast(RankedTensorType type) {
  Type u8 = IntegerType::get(type.getContext(), 8, IntegerType::Unsigned);
  return RankedTensorType::get(permute(type.getShape(), {0, 2, 3, 1}), u8);
}

CodeBounds pebble::heldBounds(Operation *op) {
  int64_t offset = heldOffset(*qnn::quantizationOf(op->getResult(0).getType()));
  CodeBounds bounds = CodeBounds::of(op);
  return {bounds.low + offset, bounds.high + offset};
}
int64_t pebble::heldZeroPoint(const qnn::Quantization &q) { return q.zeroPoint() + heldOffset(q); }

std::optional<ByteWindow> pebble::makeByteWindow(RankedTensorType input, RankedTensorType result,
                                                 ArrayRef<int64_t> kernel,
                                                 ArrayRef<int64_t> strides,
                                                 ArrayRef<int64_t> dilations,
                                                 ArrayRef<int64_t> pads, nn::AutoPad autoPad) {
  ByteWindow window{SmallVector<int64_t, 2>(kernel), SmallVector<int64_t, 2>(strides),
                    SmallVector<int64_t, 2>(dilations), SmallVector<int64_t, 4>(4)};
  for (int dim = 0; dim < 2; ++dim) {
    int64_t size = input.getDimSize(dim + 2), places = result.getDimSize(dim + 2);
    if (ShapedType::isDynamic(size) || ShapedType::isDynamic(places) || places == 0)
      return std::nullopt;
    int64_t covered = (places - 1) * strides[dim] + (kernel[dim] - 1) * dilations[dim] + 1;
    int64_t needed = covered - size, before = pads[dim];
    if (autoPad != nn::AutoPad::explicit_pads) {
      int64_t total = std::max<int64_t>(needed, 0);
      before = autoPad == nn::AutoPad::same_upper ? total / 2 : total - total / 2;
    }
    window.pads[dim] = before;
    window.pads[dim + 2] = std::max<int64_t>(needed - before, 0);
  }
  return window;
}

Value pebble::lowerMaxPool(ImplicitLocOpBuilder &b, nn::MaxPoolOp op) {
  RankedTensorType input = tensorTypeOf(op.getInput()), result = tensorTypeOf(op.getResult());
  if (!input.getElementType().isUnsignedInteger(8) || input.getRank() != 4)
    return {};
  std::optional<ByteWindow> window =
      makeByteWindow(input, result, op.getKernelShape(), op.getStrides(), op.getDilations(),
                     op.getPads(), op.getAutoPad());
  if (!window)
    return {};
  Value pooled =
      qnn::MaxBytesOp::create(b, bytesChannelsLast(result), toChannelsLast(b, op.getInput()),
                              window->kernel, window->strides, window->dilations, window->pads);
  return toChannelsFirst(b, pooled);
}

namespace {

qnn::Quantization quantizationOf(Value value) { return *qnn::quantizationOf(value.getType()); }

Value lowerAdd(ImplicitLocOpBuilder &b, qnn::AddOp op, HeldCodes held) {
  if (qnn::roundsAsTflite(op))
    return lowerFixedAdd(b, op, held);
  Value last = op.getLhs(), first = op.getRhs();
  AddTerms terms = AddTerms::of(op);
  if (terms.startsWithLhs) {
    std::swap(last, first);
    std::swap(terms.lhsRatio, terms.rhsRatio);
  }
  CodeBounds bounds = heldBounds(op);
  Value lhs = held(last), rhs = held(first);
  return qnn::AddBytesOp::create(
      b, tensorTypeOf(op.getResult()).clone(tensorTypeOf(lhs).getElementType()), lhs, rhs,
      quantizationOf(last).offset(), quantizationOf(first).offset(),
      quantizationOf(op.getResult()).offset(), bounds.low, bounds.high,
      llvm::APFloat(double(terms.lhsRatio)), llvm::APFloat(double(terms.rhsRatio)),
      llvm::APFloat(double(terms.base)));
}

Value lowerMul(ImplicitLocOpBuilder &b, qnn::MulOp op, HeldCodes held) {
  if (qnn::roundsAsTflite(op))
    return lowerFixedMul(b, op, held);
  qnn::Quantization x = quantizationOf(op.getLhs()), y = quantizationOf(op.getRhs());
  qnn::Quantization z = quantizationOf(op.getResult());
  CodeBounds bounds = heldBounds(op);
  Value lhs = held(op.getLhs()), rhs = held(op.getRhs());
  float ratio = sumMultiplier(x, y, z, 0);
  return qnn::MulBytesOp::create(
      b, tensorTypeOf(op.getResult()).clone(tensorTypeOf(lhs).getElementType()), lhs, rhs,
      heldZeroPoint(x), heldZeroPoint(y), z.zeroPoint(), z.offset(), bounds.low, bounds.high,
      llvm::APFloat(double(ratio)));
}

/// A table of held codes by held codes, from the op's table by codes.
Value lookUp(ImplicitLocOpBuilder &b, Value input, const qnn::Quantization &from,
             const qnn::Quantization &to, function_ref<int64_t(int64_t)> codeOf) {
  SmallVector<uint8_t> table(256, static_cast<uint8_t>(to.low + to.offset()));
  for (int64_t code = from.storageLow(); code <= from.storageHigh(); ++code)
    table[code + from.offset()] = static_cast<uint8_t>(codeOf(code) + to.offset());
  RankedTensorType type = tensorTypeOf(input);
  return qnn::LookupBytesOp::create(b, type, input,
                                    buildConstant<uint8_t>(b, 256, type.getElementType(), table));
}

Value requantized(ImplicitLocOpBuilder &b, Value input, const qnn::Quantization &from,
                  const qnn::Quantization &to) {
  return lookUp(b, input, from, to, [&](int64_t code) {
    return qnn::quantizeNumber(to, static_cast<float>(code - from.zeroPoint()) * from.scale());
  });
}

Value lowerLookup(ImplicitLocOpBuilder &b, qnn::LookupOp op, HeldCodes held) {
  qnn::Quantization from = quantizationOf(op.getInput()), to = quantizationOf(op.getResult());
  std::optional<SmallVector<int64_t>> table = nn::constantInts(op.getTable());
  if (!table || from.bits > 8 || to.bits > 8)
    return {};
  return lookUp(b, held(op.getInput()), from, to,
                [&](int64_t code) { return (*table)[code - from.storageLow()]; });
}

Value lowerRequantize(ImplicitLocOpBuilder &b, qnn::RequantizeOp op, HeldCodes held) {
  qnn::Quantization from = quantizationOf(op.getInput()), to = quantizationOf(op.getResult());
  if (from.bits <= 8 && to.bits <= 8)
    return requantized(b, held(op.getInput()), from, to);
  return buildQuantize(b, buildDequantize(b, held(op.getInput()), from), to);
}

/// The pool in f32 layers, rounded as the kernel does it: with the zero point added.
Value averageOfNumbers(ImplicitLocOpBuilder &b, qnn::AvgPoolOp op, Value numbers) {
  qnn::Quantization y = quantizationOf(op.getResult());
  RankedTensorType type = tensorTypeOf(op.getResult()).clone(b.getF32Type());
  Value mean = nn::AvgPoolOp::create(b, type, numbers, op.getKernelShape(), op.getStrides(),
                                     op.getDilations(), op.getPads(), op.getCeilMode(),
                                     op.getAutoPad(), op.getCountIncludePad());
  Value scaled = nn::DivOp::create(b, type, mean, buildScalar(b, y.scale(), b.getF32Type()));
  Value code = nn::AddOp::create(
      b, type, scaled, buildScalar(b, static_cast<double>(y.zeroPoint()), b.getF32Type()));
  y.zeroPoints = {0};
  CodeBounds bounds = CodeBounds::of(op);
  return buildRound(b, code, y, bounds.low, bounds.high);
}

Value lowerAvgPool(ImplicitLocOpBuilder &b, qnn::AvgPoolOp op, HeldCodes held) {
  qnn::Quantization x = quantizationOf(op.getInput()), y = quantizationOf(op.getResult());
  Value input = held(op.getInput());
  RankedTensorType type = tensorTypeOf(input), result = tensorTypeOf(op.getResult());
  std::optional<ByteWindow> window;
  // The last window may reach beyond the declared pads; a count that includes them must not.
  if (type.getRank() == 4 && !(op.getCeilMode() && op.getCountIncludePad()))
    window = makeByteWindow(type, result, op.getKernelShape(), op.getStrides(), op.getDilations(),
                            op.getPads(), op.getAutoPad());
  if (!window)
    return averageOfNumbers(b, op, buildDequantize(b, input, x));
  CodeBounds bounds = heldBounds(op);
  Value pooled = qnn::AverageBytesOp::create(
      b, bytesChannelsLast(result), toChannelsLast(b, input), window->kernel, window->strides,
      window->dilations, window->pads, op.getCountIncludePad(), heldZeroPoint(x), y.zeroPoint(),
      y.offset(), bounds.low, bounds.high, llvm::APFloat(double(x.scale())),
      llvm::APFloat(double(y.scale())));
  return toChannelsFirst(b, pooled);
}

Value lowerGlobalAvgPool(ImplicitLocOpBuilder &b, qnn::GlobalAvgPoolOp op, HeldCodes held) {
  qnn::Quantization x = quantizationOf(op.getInput()), y = quantizationOf(op.getResult());
  Value input = held(op.getInput());
  RankedTensorType type = tensorTypeOf(input), result = tensorTypeOf(op.getResult());
  if (!type.hasStaticShape())
    return {};
  int64_t places = 1;
  for (int64_t size : type.getShape().drop_front(2))
    places *= size;
  auto image = type.clone({type.getDimSize(0), type.getDimSize(1), 1, places});
  CodeBounds bounds = heldBounds(op);
  Value flat = type.getRank() == 4 ? input : buildReshape(b, b.getLoc(), input, image.getShape());
  Value mean = qnn::MeanBytesOp::create(
      b, type.clone({type.getDimSize(0), 1, 1, type.getDimSize(1)}), toChannelsLast(b, flat),
      heldZeroPoint(x), heldZeroPoint(y), bounds.low, bounds.high, llvm::APFloat(double(x.scale())),
      llvm::APFloat(double(y.scale())));
  return buildReshape(b, b.getLoc(), toChannelsFirst(b, mean), result.getShape());
}

/// Exponentials below the largest code, scaled up so that sums keep as many bits as they can.
Value lowerSoftmax(ImplicitLocOpBuilder &b, qnn::SoftmaxOp op, HeldCodes held) {
  qnn::Quantization x = quantizationOf(op.getInput()), y = quantizationOf(op.getResult());
  RankedTensorType type = tensorTypeOf(op.getInput());
  int64_t length = type.getDimSize(op.getAxis());
  double scale = x.scale();
  double headroom =
      std::log(static_cast<double>(std::numeric_limits<float>::max() / static_cast<float>(length)));
  double shift = std::max(0.0, headroom - 5) / scale;
  SmallVector<float> table(511, 0.0f);
  for (int64_t i = 0; i < 256; ++i)
    table[i] = static_cast<float>(std::exp((static_cast<double>(i) - 255 + shift) * scale));
  CodeBounds bounds = heldBounds(op);
  Value input = held(op.getInput());
  return qnn::SoftmaxBytesOp::create(b, tensorTypeOf(input), input,
                                     buildConstant<float>(b, 511, b.getF32Type(), table),
                                     op.getAxis(), heldZeroPoint(y), bounds.low, bounds.high,
                                     llvm::APFloat(double(std::floor(1.0f / y.scale()))));
}

Value lowerConcat(ImplicitLocOpBuilder &b, qnn::ConcatOp op, HeldCodes held) {
  qnn::Quantization to = quantizationOf(op.getResult());
  SmallVector<Value> parts;
  for (Value input : op.getInputs()) {
    Value codes = held(input);
    bool isSame = getElementTypeOrSelf(input.getType()) == getElementTypeOrSelf(op.getType());
    parts.push_back(isSame ? codes : requantized(b, codes, quantizationOf(input), to));
  }
  Type element = tensorTypeOf(parts.front()).getElementType();
  return nn::ConcatOp::create(b, tensorTypeOf(op.getResult()).clone(element), parts, op.getAxis());
}

} // namespace

Value pebble::lowerQuantizedLayer(ImplicitLocOpBuilder &b, Operation *op, HeldCodes held) {
  return TypeSwitch<Operation *, Value>(op)
      .Case<qnn::ConvOp>([&](auto o) { return lowerConv(b, o, held(o.getInput())); })
      .Case<qnn::MatMulOp>([&](auto o) { return lowerMatMul(b, o, held(o.getInput())); })
      .Case<qnn::BatchMatMulOp>(
          [&](auto o) { return lowerBatchMatMul(b, o, held(o.getLhs()), held(o.getRhs())); })
      .Case<qnn::AddOp>([&](auto o) { return lowerAdd(b, o, held); })
      .Case<qnn::MulOp>([&](auto o) { return lowerMul(b, o, held); })
      .Case<qnn::LookupOp>([&](auto o) { return lowerLookup(b, o, held); })
      .Case<qnn::RequantizeOp>([&](auto o) { return lowerRequantize(b, o, held); })
      .Case<qnn::AvgPoolOp>([&](auto o) { return lowerAvgPool(b, o, held); })
      .Case<qnn::GlobalAvgPoolOp>([&](auto o) { return lowerGlobalAvgPool(b, o, held); })
      .Case<qnn::SoftmaxOp>([&](auto o) { return lowerSoftmax(b, o, held); })
      .Case<qnn::ConcatOp>([&](auto o) { return lowerConcat(b, o, held); })
      .Default([](Operation *) { return Value(); });
}
