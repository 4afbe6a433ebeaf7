// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Post-training quantization: from a float ONNX model and samples of its inputs to an ONNX model of
// QuantizeLinear and DequantizeLinear nodes. See docs/quantize.md.
#ifndef PEBBLE_TOOLS_QUANTIZE_QUANTIZER_H
#define PEBBLE_TOOLS_QUANTIZE_QUANTIZER_H

#include "tools/quantize/Emit.h"
#include "tools/quantize/Statistics.h"

namespace pebble::quantize {

struct QuantizeOptions {
  RangeOptions ranges;
  bool perChannel = true;
  bool correctBias = true;
};

/// What became of a layer.
struct LayerResult {
  std::string name, op;
  Bits bits;
  bool hasWeight = false;
  double noise = 0;       ///< Decibels of its result, of all layers before it too.
  double weightNoise = 0; ///< Decibels of its weights alone.
  Code code;              ///< Of its result.
};

struct QuantizeResult {
  proto::ModelProto model;
  std::vector<LayerResult> layers;
  std::vector<std::pair<std::string, double>> outputs; ///< The model's outputs, in decibels.
  std::vector<FloatNode> floats;
  size_t samples = 0;
};

/// A model as it is before any number is quantized.
struct Prepared {
  Graph graph;
  Plan plan;
  int equalizedPairs = 0; ///< Of layers whose channels got like ranges.
};

/// Copies the model and makes it ready.
Prepared prepare(const onnx::Model &model, const Policy &policy, bool equalize);

/// `program` is the float model, compiled to give out `watchedTensors`. Throws Refusal where the
/// model or the samples are in the way.
QuantizeResult quantizeModel(const Graph &graph, const Plan &plan, Program &program,
                             const QuantizeOptions &options, size_t samples, const Compile &compile,
                             const Progress &progress);

} // namespace pebble::quantize

#endif // PEBBLE_TOOLS_QUANTIZE_QUANTIZER_H
