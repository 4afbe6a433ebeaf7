// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Models that the quantizer makes, compiled and run in this process on the calibration samples.
#ifndef PEBBLE_TOOLS_PEBBLE_COMPILEDPROGRAM_H
#define PEBBLE_TOOLS_PEBBLE_COMPILEDPROGRAM_H

#include "tools/pebble/CalibrationSet.h"
#include "tools/pebble/Files.h"
#include "tools/quantize/Program.h"

#include <optional>

namespace pebble::cli {

struct ProgramOptions {
  std::map<std::string, int64_t> dims;
  int threads = 0;
};

/// Throws Failure, after the compiler has said why, where a model does not compile.
class CompiledProgram : public quantize::Program {
public:
  /// Compiles `model`, with `outputs` in the place of its outputs.
  CompiledProgram(const quantize::Graph &model, const std::vector<std::string> &outputs,
                  bool integer, const ProgramOptions &options);
  /// Has to be called before a run; the samples have to outlive this.
  void setSamples(const CalibrationSet &set) { samples = &set; }

  void run(size_t sample, const std::map<std::string, quantize::FloatTensor> &extra) override;
  quantize::FloatTensor output(size_t index) const override;

  const std::vector<Signature> &inputs() const { return model->inputs(); }

private:
  TemporaryFolder folder;
  std::optional<Model> model;
  std::vector<size_t> places; ///< Of the outputs asked for, among the model's.
  std::vector<Array> bound;
  const CalibrationSet *samples = nullptr;
};

/// The model's bytes. Throws Failure where a file cannot hold them.
std::string serialize(const quantize::proto::ModelProto &model);

} // namespace pebble::cli

#endif // PEBBLE_TOOLS_PEBBLE_COMPILEDPROGRAM_H
