// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// docs/integer-contract.md on single codes, for the compiler: the same f32 operations in the same
// order as the kernels.
//
// Each function never decreases with any of its codes and sums: integers to f32, products with a
// number that is not negative, sums, fused multiply-adds, quotients by a positive number, rounding
// and clamping all keep order, and so does what they are composed to. So the codes that a layer can
// give for operands between two bounds lie between what it gives for the bounds.
#ifndef PEBBLE_PASSES_ANALYSIS_CODEARITHMETIC_H
#define PEBBLE_PASSES_ANALYSIS_CODEARITHMETIC_H

#include "dialects/qnn/Quantization.h"
#include "passes/Passes.h"

namespace pebble {

/// The codes that a layer may give: those in use, or fewer where an activation followed.
struct CodeBounds {
  int64_t low, high;
  int64_t clamp(float code) const;

  /// Of the op's only result.
  static CodeBounds of(mlir::Operation *op);
};

/// From the exact sum of a contraction or mean to a code. `multiplier` is finite.
int64_t codeOfSum(int64_t sum, float multiplier, int64_t zeroPoint, CodeBounds bounds);

/// From a product of two codes less their zero points to a code.
int64_t codeOfProduct(int64_t product, float ratio, int64_t zeroPoint, CodeBounds bounds);

/// What a contraction's sums are multiplied by.
float sumMultiplier(const qnn::Quantization &x, const qnn::Quantization &w,
                    const qnn::Quantization &y, size_t channel);
/// The same for a mean over `count` elements.
float meanMultiplier(const qnn::Quantization &x, const qnn::Quantization &y, int64_t count);

/// The numbers of a sum of two codes.
struct AddTerms {
  float lhsRatio, rhsRatio, base;
  /// Whether the first operand is one number for a whole row of the result: the second is then
  /// added to it, and not the other way round.
  bool startsWithLhs;

  static AddTerms of(qnn::AddOp op);
  bool isFinite() const;
  int64_t code(int64_t lhs, int64_t rhs, CodeBounds bounds) const;
};

/// The code for the mean of `count` codes that are all `code`, divided by `divisor`. Nothing when
/// the numbers leave f32.
std::optional<int64_t> codeOfMean(int64_t code, int64_t count, int64_t divisor,
                                  const qnn::Quantization &x, const qnn::Quantization &y,
                                  CodeBounds bounds);

} // namespace pebble

#endif // PEBBLE_PASSES_ANALYSIS_CODEARITHMETIC_H
