// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Writes a plan down as QuantizeLinear and DequantizeLinear nodes.
#ifndef PEBBLE_TOOLS_QUANTIZE_EMIT_H
#define PEBBLE_TOOLS_QUANTIZE_EMIT_H

#include "tools/quantize/Plan.h"
#include "tools/quantize/Ranges.h"
#include "tools/quantize/Weights.h"

namespace pebble::quantize {

/// The numbers that a plan leaves open.
struct Numbers {
  std::map<std::pair<int, int>, Code> codes; ///< By group and bits.
  std::vector<QuantizedWeight> weights;      ///< By layer; empty for those without.
  std::vector<std::vector<float>> biases;    ///< By layer; empty for none.

  const Code &codeOf(int group, int bits) const { return codes.at({group, bits}); }
};

struct Emitted {
  Graph graph;
  /// By layer: the tensor that holds what the layer computes before activations.
  std::vector<std::string> sums;
  /// By layer: the model's input that holds its bias; "" for none.
  std::vector<std::string> biasInputs;
};

/// The oldest version of ONNX's operator set that has what the plan needs.
int64_t opsetFor(const Plan &plan);

/// With `biasesAreInputs` the biases are f32 inputs of the model, so that they can be varied.
Emitted emit(const Graph &graph, const Plan &plan, const Numbers &numbers, bool biasesAreInputs);

} // namespace pebble::quantize

#endif // PEBBLE_TOOLS_QUANTIZE_EMIT_H
