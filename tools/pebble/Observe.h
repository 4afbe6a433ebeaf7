// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs a model and keeps the tensors that it computes on the way.
#ifndef PEBBLE_TOOLS_PEBBLE_OBSERVE_H
#define PEBBLE_TOOLS_PEBBLE_OBSERVE_H

#include "tools/pebble/Model.h"

#include <map>
#include <memory>

namespace pebble::cli {

/// The model's outputs come from a run of the model as it is, the watched tensors from one of the
/// model with these as outputs too: what is an output is not fused away.
struct Observation {
  std::map<std::string, Array> values;
  std::vector<std::string> disturbed; ///< Outputs that are not the same in both runs.
};

/// How to compile a model, and run it.
struct PebbleOptions {
  std::map<std::string, int64_t> dims;
  bool integerQdq = true;
  int threads = 1;
};

/// A package, or an ONNX model that is compiled for this machine.
class PebbleSide {
public:
  PebbleSide(const std::string &path, const PebbleOptions &options);

  const Model &model() const { return *plain; }
  bool canWatch() const { return isOnnx; }
  /// Watching a tensor that Pebble does not hold as one of whole bytes leaves it out.
  Observation observe(const std::vector<Array> &inputs, const std::vector<std::string> &watched);

private:
  std::unique_ptr<Model> open(const std::vector<std::string> &watched);

  std::string path;
  PebbleOptions options;
  bool isOnnx;
  std::unique_ptr<Model> plain;
};

/// ONNX Runtime's values of `outputs` and `watched`; `inputs` are those of `model`.
Observation observeOnnxRuntime(const std::string &path, bool isOptimized, int threads,
                               const Model &model, const std::vector<Array> &inputs,
                               const std::vector<std::string> &outputs,
                               const std::vector<std::string> &watched);

} // namespace pebble::cli

#endif // PEBBLE_TOOLS_PEBBLE_OBSERVE_H
