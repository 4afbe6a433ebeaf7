// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The tensors that an ONNX model computes, as `diff` looks at them.
#ifndef PEBBLE_TOOLS_PEBBLE_TENSORS_H
#define PEBBLE_TOOLS_PEBBLE_TENSORS_H

#include "tools/pebble/Difference.h"

#include <string>
#include <vector>

namespace pebble::cli {

struct ModelTensor {
  std::string name;
  std::string node, op;       ///< What computes it; "" for an input that is an output as well.
  std::string real;           ///< The tensor that QuantizeLinear made it from, or "".
  bool isOutput = false;      ///< Of the model.
  bool isInsideLayer = false; ///< A float between the codes that a quantized layer takes and gives.
  Quantization quantization;  ///< What codes stand for, where that is constant.
};

/// The results of the main graph's nodes in the model's order, which is topological, without what
/// follows from constants alone and what DequantizeLinear makes of codes. Outputs that no node
/// computes come last. Throws Failure, with the reasons printed, for a file that is no valid model.
std::vector<ModelTensor> listTensors(const std::string &model);

} // namespace pebble::cli

#endif // PEBBLE_TOOLS_PEBBLE_TENSORS_H
