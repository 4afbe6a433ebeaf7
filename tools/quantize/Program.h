// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How the quantizer has models run: on samples that only the caller knows.
#ifndef PEBBLE_TOOLS_QUANTIZE_PROGRAM_H
#define PEBBLE_TOOLS_QUANTIZE_PROGRAM_H

#include "tools/quantize/Graph.h"

#include <functional>
#include <memory>

namespace pebble::quantize {

/// A compiled model.
class Program {
public:
  virtual ~Program() = default;
  /// Runs on a calibration sample. `extra` holds inputs that the quantizer has added.
  virtual void run(size_t sample, const std::map<std::string, FloatTensor> &extra) = 0;
  /// What the last run left, in the order in which outputs were asked for.
  virtual FloatTensor output(size_t index) const = 0;
};

/// Compiles a model whose outputs are to be `outputs`; as integer layers, or with quantization
/// taken literally in float.
using Compile = std::function<std::unique_ptr<Program>(
    const Graph &model, const std::vector<std::string> &outputs, bool integer)>;

/// Told of work that is done: what it is, and how many of how many steps.
using Progress = std::function<void(const std::string &what, size_t done, size_t steps)>;

} // namespace pebble::quantize

#endif // PEBBLE_TOOLS_QUANTIZE_PROGRAM_H
