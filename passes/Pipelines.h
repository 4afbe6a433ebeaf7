// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The named phases between import and emission, each a pipeline.
#ifndef PEBBLE_PASSES_PIPELINES_H
#define PEBBLE_PASSES_PIPELINES_H

#include "passes/schedule/MemoryRegions.h"

#include "mlir/Pass/PassManager.h"

#include <string>
#include <vector>

namespace pebble {

/// What a user wants of the schedule.
struct ScheduleOptions {
  /// Whether layers may run row by row, to need less memory.
  bool byRows = false;
  int64_t capacity = -1;     ///< Bytes that the arena may have; -1: any number.
  int64_t budget = -1;       ///< Bytes of the arena that are enough; -1: the fewest.
  int64_t alignment = 64;    ///< Of every buffer.
  bool inPlace = true;       ///< Buffers may lie over dead rows of others.
  int longestBlock = 24;     ///< Layers that run together row by row at most.
  bool inputInArena = false; ///< The arena holds inputs as a whole.
  double extraWork = 0;      ///< Products that may be computed again, in percent of all.
  bool listPoints = false;   ///< Whether other schedules are of interest, too.
  bool recompute = false;    ///< Cheap layers may be computed again, to need less memory.
  /// The memories that the arena may lie in, the most preferred first; empty: one of any size.
  std::vector<MemoryRegion> regions;
};

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
  ScheduleOptions schedule;
  bool trace = false; ///< The host can ask to hear of each kernel before it runs.
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
