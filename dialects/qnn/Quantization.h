// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reading and making quantized element types.
#ifndef PEBBLE_DIALECTS_QNN_QUANTIZATION_H
#define PEBBLE_DIALECTS_QNN_QUANTIZATION_H

#include "mlir/Dialect/Quant/IR/QuantTypes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/IR/Value.h"

#include <optional>

namespace pebble::qnn {

/// How codes stand for numbers: one scale and zero point for all elements, or one for each index
/// along `axis`.
struct Quantization {
  unsigned bits = 8;
  bool isSigned = false;
  int64_t low = 0, high = 255; ///< The codes in use.
  llvm::SmallVector<double> scales;
  llvm::SmallVector<int64_t> zeroPoints;
  std::optional<int64_t> axis;

  float scale(size_t i = 0) const { return float(scales[scales.size() == 1 ? 0 : i]); }
  int64_t zeroPoint(size_t i = 0) const { return zeroPoints[zeroPoints.size() == 1 ? 0 : i]; }
  /// The least and greatest code that the storage could hold.
  int64_t storageLow() const;
  int64_t storageHigh() const;
  /// What is added to a code to store it as u8: 128 for signed ones.
  int64_t offset() const { return isSigned ? 128 : 0; }
};

/// Of a tensor type or element type; nothing when it is not uniform quantized.
std::optional<Quantization> quantizationOf(mlir::Type type);

/// The element type, or null with what is wrong, and what was expected, in `error`.
mlir::Type makeElementType(mlir::MLIRContext *context, const Quantization &quantization,
                           std::string &error);

/// The plain integer type of whole bytes that holds the codes.
mlir::Type containerOf(mlir::MLIRContext *context, unsigned bits, bool isSigned);
mlir::Type containerOf(mlir::Type quantized);

/// The code for a number, saturated to the codes in use.
int64_t quantizeNumber(const Quantization &quantization, float number);

/// The largest distance of a code in use from its zero point.
int64_t largestDistance(const Quantization &quantization);

/// Whether sums of `depth` products of the two fit i32.
bool fitsAccumulator(const Quantization &input, const Quantization &weight, int64_t depth);
/// Sums of codes of more than 8 bits may take 64 bits; others have to fit i32.
bool sumsInWords(const Quantization &input);

/// Whether integers can compute a contraction of these codes, `depth` products a sum. The weight's
/// scales may differ along `channelAxis`.
bool canContract(const Quantization &input, const Quantization &weight, int64_t channelAxis,
                 int64_t depth);

/// Whether `bias` has the scales that its products have.
bool biasScaleFits(const Quantization &input, const Quantization &weight, const Quantization &bias,
                   size_t channel);

} // namespace pebble::qnn

#endif // PEBBLE_DIALECTS_QNN_QUANTIZATION_H
