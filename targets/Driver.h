// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Compiles a model from file to file: the function behind `pebble compile` and `pebble check`.
#ifndef PEBBLE_TARGETS_DRIVER_H
#define PEBBLE_TARGETS_DRIVER_H

#include "passes/Pipelines.h"
#include "targets/ExitCode.h"

#include "llvm/Support/raw_ostream.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace pebble {

struct CompileOptions {
  std::string model;  ///< Path of the ONNX file.
  std::string output; ///< Path to write; "-" is standard output for text.
  std::string target = "x86";
  std::string cpu = "native";
  std::string board; ///< Name or file of a board; "" is the target's default.
  std::string emit = "package";
  std::string compileTo;               ///< Stop after this phase and write its IR; "" runs all.
  std::map<std::string, int64_t> dims; ///< Values of symbolic dims.
  bool fastMath = false;
  /// Whether quantized layers compute in integers; else the graph's float arithmetic is literal.
  bool integerQdq = true;
  std::string rounding = "onnx";    ///< How integer layers round: "onnx" or "tflite".
  std::vector<std::string> watched; ///< Tensors of the model to make outputs as well.
  bool rangeAnalysis = true;        ///< Remove what quantized layers compute for nothing.
  bool quantizedIo = false;         ///< Drop the outermost quantize and dequantize ops.
  bool remarks = false;             ///< Tell what optimizations did and could not do.
  ScheduleOptions schedule;
  std::vector<std::string> plugins;     ///< Pass plugins to load.
  std::vector<std::string> addedPasses; ///< "PIPELINE@after=PHASE".
  std::string dumpDir;                  ///< Folder for the IR after each phase; "" for none.
};

/// Compiles; diagnostics go to `diagnostics`, one line each. Returns an ExitCode.
int compileModel(const CompileOptions &options, llvm::raw_ostream &diagnostics);

/// Everything that stops this model from compiling, at once; writes nothing else.
int checkModel(const CompileOptions &options, llvm::raw_ostream &diagnostics);

} // namespace pebble

#endif // PEBBLE_TARGETS_DRIVER_H
