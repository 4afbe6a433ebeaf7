// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A quantized convolution or matrix product with constant weights, both in one form.
#ifndef PEBBLE_PASSES_ANALYSIS_CONTRACTIONPARAMETERS_H
#define PEBBLE_PASSES_ANALYSIS_CONTRACTIONPARAMETERS_H

#include "passes/analysis/CodeArithmetic.h"
#include "passes/analysis/WindowTaps.h"

namespace pebble {

struct ContractionParameters {
  mlir::Value input, weight, bias; ///< The bias may be null.
  qnn::Quantization x, w, y;
  CodeBounds bounds;
  int64_t inputAxis = 1, resultAxis = 1; ///< The dims of channels.
  int64_t outputs = 0, groups = 1;       ///< Output channels of all groups together.
  int64_t groupInputs = 0, taps = 1;
  /// [outputs, groupInputs, taps], less their zero points.
  std::vector<int64_t> weights;
  std::vector<int64_t> biases;    ///< One an output channel.
  std::vector<float> multipliers; ///< One an output channel.
  /// Nothing where it depends on dims that are not known.
  std::optional<WindowTaps> window;

  int64_t inputs() const { return groups * groupInputs; }
  int64_t groupOutputs() const { return outputs / groups; }
  /// Of one output channel and the channel `input` of its group, one a tap.
  llvm::ArrayRef<int64_t> weightsOf(int64_t output, int64_t input) const {
    return llvm::ArrayRef(weights).slice((output * groupInputs + input) * taps, taps);
  }
  bool mayHangOver() const { return !window || window->hangsOver(); }

  /// Nothing for other ops, and where weights are not constant codes of at most 8 bits, or
  /// activations have more than `mostBits`.
  static std::optional<ContractionParameters> of(mlir::Operation *op, unsigned mostBits = 8);
};

/// The codes of a constant quantized tensor.
std::optional<llvm::SmallVector<int64_t>> constantCodes(mlir::Value quantized);

} // namespace pebble

#endif // PEBBLE_PASSES_ANALYSIS_CONTRACTIONPARAMETERS_H
