// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/analysis/CodeArithmetic.h"

#include <cmath>

using namespace mlir;
using namespace pebble;

namespace {

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

/// See AddTerms::startsWithLhs. Tensors of one element are such rows too.
bool isRowOfOne(RankedTensorType lhs, RankedTensorType rhs) {
  for (int64_t i = 1; i <= std::max(lhs.getRank(), rhs.getRank()); ++i) {
    int64_t a = i <= lhs.getRank() ? lhs.getDimSize(lhs.getRank() - i) : 1;
    int64_t b = i <= rhs.getRank() ? rhs.getDimSize(rhs.getRank() - i) : 1;
    if (a == 1 && b == 1)
      continue;
    return a == 1;
  }
  return true;
}

} // namespace

int64_t CodeBounds::clamp(float code) const {
  // A float may lie beyond any integer type.
  return static_cast<int64_t>(
      std::clamp(std::nearbyintf(code), static_cast<float>(low), static_cast<float>(high)));
}

CodeBounds CodeBounds::of(Operation *op) {
  qnn::Quantization q = *qnn::quantizationOf(op->getResult(0).getType());
  auto low = op->getAttrOfType<IntegerAttr>("low"), high = op->getAttrOfType<IntegerAttr>("high");
  return {low ? low.getInt() : q.low, high ? high.getInt() : q.high};
}

int64_t pebble::codeOfSum(int64_t sum, float multiplier, int64_t zeroPoint, CodeBounds bounds) {
  CodeBounds relative{bounds.low - zeroPoint, bounds.high - zeroPoint};
  return relative.clamp(static_cast<float>(sum) * multiplier) + zeroPoint;
}

int64_t pebble::codeOfProduct(int64_t product, float ratio, int64_t zeroPoint, CodeBounds bounds) {
  float scaled = static_cast<float>(product) * ratio;
  return bounds.clamp(scaled + static_cast<float>(zeroPoint));
}

float pebble::sumMultiplier(const qnn::Quantization &x, const qnn::Quantization &w,
                            const qnn::Quantization &y, size_t channel) {
  return x.scale() * w.scale(channel) / y.scale();
}

float pebble::meanMultiplier(const qnn::Quantization &x, const qnn::Quantization &y,
                             int64_t count) {
  return x.scale() / (y.scale() * static_cast<float>(count));
}

AddTerms AddTerms::of(qnn::AddOp op) {
  qnn::Quantization x = *qnn::quantizationOf(op.getLhs().getType());
  qnn::Quantization y = *qnn::quantizationOf(op.getRhs().getType());
  qnn::Quantization z = *qnn::quantizationOf(op.getType());
  AddTerms terms;
  terms.lhsRatio = x.scale() / z.scale();
  terms.rhsRatio = y.scale() / z.scale();
  terms.startsWithLhs = isRowOfOne(typeOf(op.getLhs()), typeOf(op.getRhs()));
  auto lhsZero = static_cast<float>(x.zeroPoint()), rhsZero = static_cast<float>(y.zeroPoint());
  float zeros = terms.startsWithLhs ? std::fmaf(terms.rhsRatio, rhsZero, terms.lhsRatio * lhsZero)
                                    : std::fmaf(terms.lhsRatio, lhsZero, terms.rhsRatio * rhsZero);
  terms.base = static_cast<float>(z.zeroPoint()) - zeros;
  return terms;
}

bool AddTerms::isFinite() const {
  // Twice the largest code times each ratio: no partial sum can leave f32 then.
  return std::isfinite(512 * lhsRatio) && std::isfinite(512 * rhsRatio) &&
         std::isfinite(512 * lhsRatio + 512 * rhsRatio + std::fabs(base));
}

int64_t AddTerms::code(int64_t lhs, int64_t rhs, CodeBounds bounds) const {
  auto a = static_cast<float>(lhs), b = static_cast<float>(rhs);
  return bounds.clamp(startsWithLhs ? std::fmaf(b, rhsRatio, std::fmaf(a, lhsRatio, base))
                                    : std::fmaf(a, lhsRatio, std::fmaf(b, rhsRatio, base)));
}

std::optional<int64_t> pebble::codeOfMean(int64_t code, int64_t count, int64_t divisor,
                                          const qnn::Quantization &x, const qnn::Quantization &y,
                                          CodeBounds bounds) {
  float term = x.scale() * static_cast<float>(code - x.zeroPoint()), sum = 0;
  for (int64_t i = 0; i < count; ++i)
    sum += term;
  float mean = sum / static_cast<float>(divisor) / y.scale();
  // Sums on the way are no larger than one of the whole.
  if (count <= 0 || !std::isfinite(sum) || !std::isfinite(mean))
    return std::nullopt;
  return bounds.clamp(mean + static_cast<float>(y.zeroPoint()));
}
