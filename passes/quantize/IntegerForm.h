// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Whether integers compute a float layer between dequantized operands and a quantize op, and why
// not.
#ifndef PEBBLE_PASSES_QUANTIZE_INTEGERFORM_H
#define PEBBLE_PASSES_QUANTIZE_INTEGERFORM_H

#include "dialects/qnn/QNN.h"
#include "dialects/qnn/Quantization.h"

#include "mlir/IR/PatternMatch.h"

#include <functional>
#include <string>

namespace pebble {

/// A layer of qnn that can take a float layer's place, or what stands against it.
struct IntegerForm {
  std::function<mlir::Value(mlir::OpBuilder &)> build; ///< Null when there is none.
  std::string refusal;

  static IntegerForm refuse(const llvm::Twine &why) { return {nullptr, why.str()}; }
};

/// The layer whose result `op` quantizes. Relu and clips in between become bounds of its codes.
IntegerForm integerFormOf(qnn::QuantizeOp op);

/// A layer below activations that become bounds of its result's codes.
struct BoundedLayer {
  mlir::Value layer;
  mlir::IntegerAttr low, high; ///< Null where the result's own codes are the bounds.
};
/// Walks up from a quantized value through relu and clips. Quantization keeps order, so the code
/// of a clipped number is the clipped code.
BoundedLayer peelActivations(mlir::Value value, const qnn::Quantization &q);

/// The quantized tensor whose numbers `value` is; null when there is none.
mlir::Value quantizedSource(mlir::Value value);

/// A contraction of codes.
struct Contraction {
  qnn::Quantization x, w;
  int64_t channelAxis; ///< Of the weight.
  int64_t depth;       ///< Products in a sum.
  std::optional<qnn::Quantization> bias;
  int64_t biasRank = 1;
};
/// Why integers cannot compute it; "" when they can.
std::string contractionRefusal(const Contraction &c);

// TransposedConvolution.cpp
IntegerForm transposedForm(nn::ConvTransposeOp conv, qnn::QuantizeOp op,
                           const BoundedLayer &bounds);
// IntegerContractions.cpp: a convolution; a product, or a product and its bias.
IntegerForm contractionForm(mlir::Operation *layer, qnn::QuantizeOp op, const BoundedLayer &bounds);

} // namespace pebble

#endif // PEBBLE_PASSES_QUANTIZE_INTEGERFORM_H
