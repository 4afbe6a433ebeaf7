// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Quantized tensors as the ONNX operators describe them, and their exact arithmetic: i32 sums, one
// f32 product, rounding to the nearest with ties to even, + zero point, saturation.
#ifndef PEBBLE_FRONTENDS_ONNX_QUANTIZATION_H
#define PEBBLE_FRONTENDS_ONNX_QUANTIZATION_H

#include "frontends/onnx/NodeImporter.h"

namespace pebble::onnx {

struct OpEntry;

/// Where a scale or zero point that is no scalar applies.
struct QuantizationLayout {
  int64_t axis = 0;
  int64_t blockSize = 0; ///< 0: one entry an index along `axis`; else one for so many of them.
};

/// Views a scale or zero point so that it broadcasts against `x`.
mlir::Value broadcastParameter(NodeImporter &node, mlir::Value parameter, mlir::Value x,
                               QuantizationLayout layout);

/// saturate(round(scaled) + zeroPoint) as `type`; `zeroPoint` may be null and must broadcast.
mlir::Value roundAndSaturate(NodeImporter &node, mlir::Value scaled, mlir::Value zeroPoint,
                             mlir::Type type);

/// (x - zeroPoint) * scale in f32.
mlir::Value dequantize(NodeImporter &node, mlir::Value x, mlir::Value scale, mlir::Value zeroPoint,
                       QuantizationLayout layout = {});

/// saturate(round(x / scale) + zeroPoint) as `type`, for a scale and zero point that broadcast.
mlir::Value quantize(NodeImporter &node, mlir::Value x, mlir::Value scale, mlir::Value zeroPoint,
                     mlir::Type type);

/// x - zeroPoint in i32; `zeroPoint` may be null and must broadcast.
mlir::Value centered(NodeImporter &node, mlir::Value x, mlir::Value zeroPoint);

/// saturate(round(sum * (lhsScale * rhsScale / resultScale)) + zeroPoint) as `type`.
mlir::Value requantize(NodeImporter &node, mlir::Value sum, mlir::Value lhsScale,
                       mlir::Value rhsScale, mlir::Value resultScale, mlir::Value zeroPoint,
                       mlir::Type type);

/// The type of a quantized result: that of its zero point, or of an input without one.
mlir::Type quantizedType(mlir::Value zeroPoint, mlir::Value input);

/// A scale or zero point of the left operand of a matrix product, or of the product, that has one
/// entry a row of `matrix`; null stays null.
mlir::Value rowParameter(NodeImporter &node, mlir::Value parameter, mlir::Value matrix);

/// The u8 quantization of an f32 tensor by its own range.
struct DynamicallyQuantized {
  mlir::Value value, scale, zeroPoint;
};
DynamicallyQuantized quantizeDynamically(NodeImporter &node, mlir::Value x);

void addQLinearOps(std::vector<OpEntry> &rows); // QLinear.cpp: the com.microsoft ones

} // namespace pebble::onnx

#endif // PEBBLE_FRONTENDS_ONNX_QUANTIZATION_H
