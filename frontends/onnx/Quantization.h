// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Quantized tensors as the ONNX operators describe them, and their exact arithmetic: i32 sums, one
// f32 product, rounding to the nearest with ties to even, + zero point, saturation.
#ifndef PEBBLE_FRONTENDS_ONNX_QUANTIZATION_H
#define PEBBLE_FRONTENDS_ONNX_QUANTIZATION_H

#include "dialects/qnn/Quantization.h"
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

/// saturate(round(scaled) + zeroPoint) as `type`, whose `bits` lowest bits, unless 0, are all that
/// a result may take; `zeroPoint` may be null and must broadcast.
mlir::Value roundAndSaturate(NodeImporter &node, mlir::Value scaled, mlir::Value zeroPoint,
                             mlir::Type type, unsigned bits = 0);

/// (x - zeroPoint) * scale in f32.
mlir::Value dequantize(NodeImporter &node, mlir::Value x, mlir::Value scale, mlir::Value zeroPoint,
                       QuantizationLayout layout = {});

/// saturate(round(x / scale) + zeroPoint) as `type`, for a scale and zero point that broadcast.
mlir::Value quantize(NodeImporter &node, mlir::Value x, mlir::Value scale, mlir::Value zeroPoint,
                     mlir::Type type, unsigned bits = 0);

/// Reports a zero point of another element type than its codes; an absent one is fine.
llvm::LogicalResult checkZeroPoint(NodeImporter &node, mlir::Value zeroPoint, mlir::Value codes);

/// How constant parameters quantize tensors whose codes have element type `codes`: nothing when
/// they are not constant or not f32. `bits`, unless 0, are those of codes narrower than that.
/// Reports scales and zero points that no quantization has.
llvm::FailureOr<std::optional<qnn::Quantization>>
constantQuantization(NodeImporter &node, mlir::Value scale, mlir::Value zeroPoint, mlir::Type codes,
                     std::optional<int64_t> axis, unsigned bits = 0);

/// Constant codes and scales (along `axis`) of the same numbers, with the signs of negative scales
/// moved into the codes. These need the zero point 0, and none may be the lowest, which has no
/// opposite: else, `codes` and `scale` as they are. `bits` as in `constantQuantization`.
std::pair<mlir::Value, mlir::Value> withPositiveScales(NodeImporter &node, mlir::Value codes,
                                                       mlir::Value scale, mlir::Value zeroPoint,
                                                       int64_t axis, unsigned bits);

/// `dequantize` for one scale and zero point: as an op of the qnn dialect where they are constant
/// and quantized layers compute in integers. Null, reported, when there is no such quantization.
mlir::Value dequantizeOperand(NodeImporter &node, mlir::Value codes, mlir::Value scale,
                              mlir::Value zeroPoint);
/// The same for `quantize`.
mlir::Value quantizeResult(NodeImporter &node, mlir::Value x, mlir::Value scale,
                           mlir::Value zeroPoint, mlir::Type codes);

/// The codes of a contraction whose parameters are operands of a node: of `float(x, w, bias)` as
/// f32 layers between dequantized operands, which the quantize phase turns into an integer layer.
struct QuantizedContraction {
  mlir::Value x, xScale, xZeroPoint, w, wScale, wZeroPoint, bias, scale, zeroPoint;
  int64_t channelAxis;        ///< Of the weight.
  int64_t depth;              ///< Products in a sum.
  bool weightMayVary = false; ///< Whether an integer layer takes a weight that is not constant.
};
/// Nothing when not all parameters are constant or integers could not compute it.
llvm::FailureOr<mlir::Value> contractTyped(
    NodeImporter &node, const QuantizedContraction &operands,
    llvm::function_ref<mlir::Value(mlir::Value x, mlir::Value w, mlir::Value bias)> layer);

/// The same as `quantize` and `dequantize`, as ops of the qnn dialect.
mlir::Value quantizeTyped(NodeImporter &node, mlir::Value x, const qnn::Quantization &to);
mlir::Value dequantizeTyped(NodeImporter &node, mlir::Value codes, const qnn::Quantization &from);

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
