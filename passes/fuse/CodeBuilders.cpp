// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/fuse/CodeBuilders.h"

#include "dialects/nn/Constants.h"
#include "passes/fuse/LayoutBuilders.h"

using namespace mlir;
using namespace pebble;

template <typename T>
Value pebble::buildConstant(ImplicitLocOpBuilder &b, ArrayRef<int64_t> shape, Type element,
                            ArrayRef<T> values) {
  auto type = RankedTensorType::get(shape, element);
  ElementsAttr attr = nn::makeConstant(
      type, ArrayRef(reinterpret_cast<const char *>(values.data()), values.size() * sizeof(T)));
  return nn::ConstantOp::create(b, type, attr);
}
template Value pebble::buildConstant<int8_t>(ImplicitLocOpBuilder &, ArrayRef<int64_t>, Type,
                                             ArrayRef<int8_t>);
template Value pebble::buildConstant<uint8_t>(ImplicitLocOpBuilder &, ArrayRef<int64_t>, Type,
                                              ArrayRef<uint8_t>);
template Value pebble::buildConstant<int32_t>(ImplicitLocOpBuilder &, ArrayRef<int64_t>, Type,
                                              ArrayRef<int32_t>);
template Value pebble::buildConstant<int64_t>(ImplicitLocOpBuilder &, ArrayRef<int64_t>, Type,
                                              ArrayRef<int64_t>);
template Value pebble::buildConstant<float>(ImplicitLocOpBuilder &, ArrayRef<int64_t>, Type,
                                            ArrayRef<float>);

Value pebble::buildScalar(ImplicitLocOpBuilder &b, double value, Type element) {
  auto type = RankedTensorType::get({}, element);
  Attribute scalar;
  if (isa<FloatType>(element))
    scalar = b.getFloatAttr(element, value);
  else
    scalar = IntegerAttr::get(element, APInt(element.getIntOrFloatBitWidth(),
                                             static_cast<int64_t>(value), /*isSigned=*/true,
                                             /*implicitTrunc=*/true));
  auto attr = cast<ElementsAttr>(Attribute(DenseElementsAttr::get(type, scalar)));
  return nn::ConstantOp::create(b, type, attr);
}

Value pebble::buildCast(ImplicitLocOpBuilder &b, Value value, Type element) {
  RankedTensorType type = tensorTypeOf(value);
  if (type.getElementType() == element)
    return value;
  return nn::CastOp::create(b, type.clone(element), value, element);
}

Value pebble::flipToUnsigned(ImplicitLocOpBuilder &b, Value codes) {
  Type u8 = b.getIntegerType(8, /*isSigned=*/false);
  RankedTensorType type = tensorTypeOf(codes).clone(u8);
  Value bits = nn::BitCastOp::create(b, type, codes, u8);
  return nn::BitwiseXorOp::create(b, type, bits, buildScalar(b, 128, u8));
}

Value pebble::flipToSigned(ImplicitLocOpBuilder &b, Value codes) {
  RankedTensorType type = tensorTypeOf(codes);
  Value flipped =
      nn::BitwiseXorOp::create(b, type, codes, buildScalar(b, 128, type.getElementType()));
  return nn::BitCastOp::create(b, type.clone(b.getI8Type()), flipped, b.getI8Type());
}

Type pebble::heldType(MLIRContext *context, const qnn::Quantization &q) {
  return q.bits <= 8 ? qnn::containerOf(context, 8, /*isSigned=*/false)
                     : qnn::containerOf(context, q.bits, q.isSigned);
}

int64_t pebble::heldOffset(const qnn::Quantization &q) { return q.bits <= 8 ? q.offset() : 0; }

Value pebble::buildAlong(ImplicitLocOpBuilder &b, ArrayRef<float> values,
                         std::optional<int64_t> axis, int64_t rank) {
  if (values.size() == 1)
    return buildScalar(b, values.front(), b.getF32Type());
  SmallVector<int64_t> shape(rank, 1);
  shape[*axis] = values.size();
  return buildConstant<float>(b, shape, b.getF32Type(), values);
}

namespace {

SmallVector<float> scalesOf(const qnn::Quantization &q) {
  return SmallVector<float>(q.scales.begin(), q.scales.end());
}

/// Zero points of held codes.
SmallVector<float> heldZeroPoints(const qnn::Quantization &q) {
  SmallVector<float> result;
  for (int64_t zeroPoint : q.zeroPoints)
    result.push_back(static_cast<float>(zeroPoint + heldOffset(q)));
  return result;
}

Value roundAndAdd(ImplicitLocOpBuilder &b, Value scaled, const qnn::Quantization &q) {
  RankedTensorType type = tensorTypeOf(scaled);
  Value rounded = nn::RoundOp::create(b, type, scaled);
  Value zero = buildAlong(b, heldZeroPoints(q), q.axis, type.getRank());
  return nn::AddOp::create(b, type, rounded, zero);
}

} // namespace

Value pebble::buildRound(ImplicitLocOpBuilder &b, Value scaled, const qnn::Quantization &q,
                         int64_t low, int64_t high) {
  Type held = heldType(b.getContext(), q), f32 = b.getF32Type();
  Value code = roundAndAdd(b, scaled, q);
  RankedTensorType type = tensorTypeOf(code);
  // The cast saturates at the ends of its type.
  int64_t offset = heldOffset(q), least = q.bits <= 8 ? -offset : q.storageLow();
  int64_t most = q.bits <= 8 ? 255 - offset : q.storageHigh();
  if (low != least)
    code = nn::MaxOp::create(b, type, code, buildScalar(b, low + offset, f32));
  if (high != most)
    code = nn::MinOp::create(b, type, code, buildScalar(b, high + offset, f32));
  return buildCast(b, code, held);
}

Value pebble::buildDequantize(ImplicitLocOpBuilder &b, Value held, const qnn::Quantization &q) {
  RankedTensorType type = tensorTypeOf(held);
  int64_t rank = type.getRank();
  Type f32 = b.getF32Type(), i32 = b.getI32Type();
  Value centered;
  if (q.bits <= 16) {
    // Codes and their differences are exact in f32.
    Value number = buildCast(b, held, f32);
    centered = nn::SubOp::create(b, type.clone(f32), number,
                                 buildAlong(b, heldZeroPoints(q), q.axis, rank));
  } else {
    SmallVector<int32_t> zeroPoints(q.zeroPoints.begin(), q.zeroPoints.end());
    SmallVector<int64_t> shape;
    if (zeroPoints.size() > 1) {
      shape.assign(rank, 1);
      shape[*q.axis] = zeroPoints.size();
    }
    Value zero = buildConstant<int32_t>(b, shape, i32, zeroPoints);
    centered = buildCast(b, nn::SubOp::create(b, type, held, zero), f32);
  }
  return nn::MulOp::create(b, type.clone(f32), centered, buildAlong(b, scalesOf(q), q.axis, rank));
}

Value pebble::buildQuantize(ImplicitLocOpBuilder &b, Value numbers, const qnn::Quantization &q) {
  RankedTensorType type = tensorTypeOf(numbers);
  Value scaled =
      nn::DivOp::create(b, type, numbers, buildAlong(b, scalesOf(q), q.axis, type.getRank()));
  return buildRound(b, scaled, q, q.low, q.high);
}
