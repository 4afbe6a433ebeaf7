// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/fuse/FixedPoint.h"

#include "passes/fuse/LayoutBuilders.h"

#include <cmath>

using namespace mlir;
using namespace pebble;

namespace {

/// mantissa / 2^31 * 2^exponent.
struct FixedFactor {
  int64_t mantissa;
  int exponent;

  explicit FixedFactor(double factor) {
    mantissa = std::llround(std::frexp(factor, &exponent) * 2147483648.0);
    if (mantissa == int64_t(1) << 31) {
      mantissa /= 2;
      ++exponent;
    }
    // Nothing is left of numbers of 32 bits then.
    if (exponent < -31)
      mantissa = exponent = 0;
  }
};

/// i64 arithmetic on tensors.
class Words {
public:
  explicit Words(ImplicitLocOpBuilder &b) : b(b), i64(b.getI64Type()) {}

  Value scalar(int64_t value) { return buildConstant<int64_t>(b, {}, i64, {value}); }
  Value along(ArrayRef<int64_t> values, std::optional<int64_t> axis, int64_t rank) {
    if (values.size() == 1)
      return scalar(values.front());
    SmallVector<int64_t> shape(rank, 1);
    shape[*axis] = values.size();
    return buildConstant<int64_t>(b, shape, i64, values);
  }
  template <typename OpTy> Value apply(Value lhs, Value rhs) { return OpTy::create(b, lhs, rhs); }
  Value select(Value condition, Value onTrue, Value onFalse) {
    return nn::SelectOp::create(b, condition, onTrue, onFalse);
  }
  Value isNegative(Value x) {
    return nn::CompareOp::create(b, nn::ComparePredicate::lt, x, scalar(0));
  }
  /// Codes less their zero point.
  Value centered(Value held, const qnn::Quantization &q) {
    return apply<nn::SubOp>(buildCast(b, held, i64), scalar(heldZeroPoint(q)));
  }

private:
  ImplicitLocOpBuilder &b;
  Type i64;
};

} // namespace

Value pebble::buildFixedProduct(ImplicitLocOpBuilder &b, Value numbers, ArrayRef<double> factors,
                                std::optional<int64_t> axis) {
  Words w(b);
  SmallVector<int64_t> mantissas, left, right, halves;
  for (double factor : factors) {
    FixedFactor fixed(factor);
    int64_t down = std::max(-fixed.exponent, 0);
    mantissas.push_back(fixed.mantissa);
    left.push_back(std::max(fixed.exponent, 0));
    right.push_back(down);
    halves.push_back(down ? int64_t(1) << (down - 1) : 0);
  }
  int64_t rank = tensorTypeOf(numbers).getRank();
  auto along = [&](ArrayRef<int64_t> values) { return w.along(values, axis, rank); };
  // Sizes and signs apart, so that shifts divide. The first rounding takes halves upwards, the
  // second one away from zero.
  Value x = buildCast(b, numbers, b.getI64Type()), isNegative = w.isNegative(x);
  Value size = nn::AbsOp::create(b, x);
  if (llvm::any_of(left, [](int64_t shift) { return shift != 0; }))
    size = w.apply<nn::ShiftLeftOp>(size, along(left));
  size = w.apply<nn::MulOp>(size, along(mantissas));
  Value half = w.select(isNegative, w.scalar((1 << 30) - 1), w.scalar(1 << 30));
  size = w.apply<nn::ShiftRightOp>(w.apply<nn::AddOp>(size, half), w.scalar(31));
  size = w.apply<nn::ShiftRightOp>(w.apply<nn::AddOp>(size, along(halves)), along(right));
  return w.select(isNegative, nn::NegOp::create(b, size), size);
}

Value pebble::buildFixedCodes(ImplicitLocOpBuilder &b, Value steps, const qnn::Quantization &q,
                              CodeBounds bounds) {
  Words w(b);
  Value code = w.apply<nn::AddOp>(steps, w.scalar(heldZeroPoint(q)));
  code = w.apply<nn::MaxOp>(code, w.scalar(bounds.low));
  code = w.apply<nn::MinOp>(code, w.scalar(bounds.high));
  return buildCast(b, code, heldType(b.getContext(), q));
}

Value pebble::lowerFixedAdd(ImplicitLocOpBuilder &b, qnn::AddOp op, HeldCodes held) {
  constexpr int64_t headroom = 20; // Bits that the operands gain before they are rescaled.
  Words w(b);
  qnn::Quantization y = *qnn::quantizationOf(op.getType());
  Value operands[] = {op.getLhs(), op.getRhs()};
  qnn::Quantization q[] = {*qnn::quantizationOf(operands[0].getType()),
                           *qnn::quantizationOf(operands[1].getType())};
  double twice = 2.0 * std::max(q[0].scale(), q[1].scale());
  Value scaled[2];
  for (int i = 0; i < 2; ++i) {
    Value wide =
        w.apply<nn::MulOp>(w.centered(held(operands[i]), q[i]), w.scalar(int64_t(1) << headroom));
    scaled[i] = buildFixedProduct(b, wide, double(q[i].scale()) / twice, std::nullopt);
  }
  Value sum = w.apply<nn::AddOp>(scaled[0], scaled[1]);
  double factor = twice / (double(int64_t(1) << headroom) * double(y.scale()));
  return buildFixedCodes(b, buildFixedProduct(b, sum, factor, std::nullopt), y, heldBounds(op));
}

Value pebble::lowerFixedMul(ImplicitLocOpBuilder &b, qnn::MulOp op, HeldCodes held) {
  Words w(b);
  qnn::Quantization lhs = *qnn::quantizationOf(op.getLhs().getType());
  qnn::Quantization rhs = *qnn::quantizationOf(op.getRhs().getType());
  qnn::Quantization y = *qnn::quantizationOf(op.getType());
  Value product =
      w.apply<nn::MulOp>(w.centered(held(op.getLhs()), lhs), w.centered(held(op.getRhs()), rhs));
  double factor = lhs.scale() * rhs.scale() / y.scale();
  return buildFixedCodes(b, buildFixedProduct(b, product, factor, std::nullopt), y, heldBounds(op));
}
