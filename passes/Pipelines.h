// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The named phases between import and emission, each a pipeline.
#ifndef PEBBLE_PASSES_PIPELINES_H
#define PEBBLE_PASSES_PIPELINES_H

#include "mlir/Pass/PassManager.h"

#include <string>

namespace pebble {

/// What the targets decide about the pipelines.
struct PipelineOptions {
  std::string prefix = "model";  ///< Of exported symbols.
  int64_t vectorBytes = 64;      ///< Width of a vector register; 0 without vectors.
  unsigned indexBits = 64;       ///< The module's data layout agrees.
  bool fusedMultiplyAdd = false; ///< Whether the processor has the instruction.
  /// The target's functions for operations on u8 codes, "OPERATION=SYMBOL".
  llvm::SmallVector<std::string> microkernels;
  bool rangeAnalysis = true;  ///< Channels of codes that are constant for every input go.
  bool quantizedIo = false;   ///< The program takes and gives codes where the model quantizes.
  bool deviceThreads = false; ///< Kernels run on a device's threads, the program on a host.
  bool trace = false;         ///< The host can ask to hear of each kernel before it runs.
};

void buildSimplifyPipeline(mlir::OpPassManager &pm, const PipelineOptions &options);
void buildQuantizePipeline(mlir::OpPassManager &pm, const PipelineOptions &options);
void buildFusePipeline(mlir::OpPassManager &pm, const PipelineOptions &options);
void buildSchedulePipeline(mlir::OpPassManager &pm, const PipelineOptions &options);
void buildLowerPipeline(mlir::OpPassManager &pm, const PipelineOptions &options);

struct Phase {
  llvm::StringLiteral name;
  void (*build)(mlir::OpPassManager &pm, const PipelineOptions &options);
};
/// In order; "import" precedes and "emit" follows them.
llvm::ArrayRef<Phase> phases();

/// Registers each phase as pipeline `pebble-<phase>`.
void registerPipelines();

} // namespace pebble

#endif // PEBBLE_PASSES_PIPELINES_H
