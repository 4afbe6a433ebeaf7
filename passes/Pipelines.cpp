// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/Pipelines.h"

#include "passes/Passes.h"

#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVMPass.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/MemRefToLLVM/MemRefToLLVM.h"
#include "mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVMPass.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/LLVMIR/Transforms/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace pebble;

void pebble::buildSimplifyPipeline(OpPassManager &pm, const PipelineOptions &options) {
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  // Functions of the model that were inlined, and constants that were folded, leave dead code.
  pm.addPass(createSymbolDCEPass());
}

void pebble::buildQuantizePipeline(OpPassManager &pm, const PipelineOptions &options) {
  pm.addNestedPass<func::FuncOp>(createPropagateQdq());
  if (options.quantizedIo)
    pm.addNestedPass<func::FuncOp>(createStripIo());
  pm.addNestedPass<func::FuncOp>(createFormIntegerLayers());
  pm.addNestedPass<func::FuncOp>(createTabulateFunctions());
  pm.addNestedPass<func::FuncOp>(createReportFloatIslands());
  if (options.rangeAnalysis)
    pm.addNestedPass<func::FuncOp>(createFoldConstantChannels());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

void pebble::buildFusePipeline(OpPassManager &pm, const PipelineOptions &options) {
  pm.addNestedPass<func::FuncOp>(createLowerQuantized());
  pm.addNestedPass<func::FuncOp>(createPackIntegerSums());
  // Weights of layers that stayed in f32 are dequantized here.
  pm.addPass(createCanonicalizerPass());
  pm.addNestedPass<func::FuncOp>(createComposeTables());
  if (options.vectorBytes > 0) {
    pm.addNestedPass<func::FuncOp>(createAssignLayouts({options.vectorBytes / 2}));
    pm.addNestedPass<func::FuncOp>(createSinkTransposes());
    pm.addPass(createCSEPass());
  }
  pm.addNestedPass<func::FuncOp>(createFormKernels());
  pm.addPass(createOutlineKernels());
  pm.addPass(createDescribeKernels());
}

/// From an order of operators to the places of buffers.
static void addPlacement(OpPassManager &pm, const PipelineOptions &options) {
  pm.addPass(createBufferizeProgram());
  const ScheduleOptions &schedule = options.schedule;
  PlanMemoryOptions plan;
  for (const MemoryRegion &region : schedule.regions)
    plan.regions.push_back(region.text());
  if (schedule.byRows) {
    pm.addPass(createStreamLayers({schedule.budget, schedule.alignment, schedule.inPlace,
                                   schedule.longestBlock, schedule.inputInArena, schedule.capacity,
                                   schedule.extraWork, schedule.listPoints, plan.regions,
                                   options.microkernels}));
    // The bounds of loops over rows have much in common.
    pm.addPass(createCSEPass());
  }
  pm.addPass(createPlaceParts({options.microkernels, options.deviceThreads}));
  pm.addPass(createWriteInPlace());
  pm.addNestedPass<func::FuncOp>(createPlanMemory(plan));
}

void pebble::buildSchedulePipeline(OpPassManager &pm, const PipelineOptions &options) {
  pm.addPass(createOrderOperators());
  if (options.schedule.recompute) {
    RematerializeOptions recompute;
    // For latency, a schedule that fits is good enough.
    recompute.enough = options.schedule.budget < 0 ? -1 : options.schedule.capacity;
    recompute.extraWork = options.schedule.extraWork;
    recompute.schedule.emplace_back(ModuleOp::getOperationName());
    addPlacement(recompute.schedule.back(), options);
    pm.addPass(createRematerialize(recompute));
  }
  addPlacement(pm, options);
  pm.addPass(createVerifyAccesses());
  pm.addPass(createPlanShapes());
}

void pebble::buildLowerPipeline(OpPassManager &pm, const PipelineOptions &options) {
  pm.addPass(
      createLowerKernels({options.vectorBytes, options.fusedMultiplyAdd, options.microkernels}));
  pm.addPass(options.deviceThreads ? createSpreadThreads() : createOutlineParallel());
  // After lowering, so that constants that kernels read are placed too.
  pm.addPass(createAssignConstants());
  if (options.deviceThreads)
    pm.addPass(createRecordLaunches());
  pm.addPass(createLowerMem({options.trace}));
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  pm.addPass(createSCFToControlFlowPass());
  arith::ArithExpandOpsPassOptions expand;
  // The code generators call library routines that nobody links for these conversions.
  expand.includeBf16 = true;
  pm.addPass(arith::createArithExpandOpsPass(expand));
  pm.addPass(memref::createExpandStridedMetadataPass());
  pm.addPass(createConvertVectorToLLVMPass());
  FinalizeMemRefToLLVMConversionPassOptions memrefOptions;
  memrefOptions.indexBitwidth = options.indexBits;
  pm.addPass(createFinalizeMemRefToLLVMConversionPass(memrefOptions));
  pm.addPass(createConvertMathToLLVMPass());
  ConvertFuncToLLVMPassOptions funcOptions;
  funcOptions.indexBitwidth = options.indexBits;
  pm.addPass(createConvertFuncToLLVMPass(funcOptions));
  ArithToLLVMConversionPassOptions arithOptions;
  arithOptions.indexBitwidth = options.indexBits;
  pm.addPass(createArithToLLVMConversionPass(arithOptions));
  ConvertControlFlowToLLVMPassOptions flowOptions;
  flowOptions.indexBitwidth = options.indexBits;
  pm.addPass(createConvertControlFlowToLLVMPass(flowOptions));
  pm.addPass(createReconcileUnrealizedCastsPass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  pm.addPass(LLVM::createDIScopeForLLVMFuncOpPass());
  pm.addPass(createFinalizeProgram({options.prefix}));
}

llvm::ArrayRef<Phase> pebble::phases() {
  static constexpr Phase all[] = {
      {"simplify", buildSimplifyPipeline}, {"quantize", buildQuantizePipeline},
      {"fuse", buildFusePipeline},         {"schedule", buildSchedulePipeline},
      {"lower", buildLowerPipeline},
  };
  return all;
}

void pebble::registerPipelines() {
  for (const Phase &phase : phases())
    PassPipelineRegistration<>("pebble-" + phase.name.str(), "The phase " + phase.name.str(),
                               [&phase](OpPassManager &pm) { phase.build(pm, PipelineOptions()); });
}
