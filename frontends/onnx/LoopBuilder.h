// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Builds nn.loop ops around bodies whose types are only known once they are imported.
#ifndef PEBBLE_FRONTENDS_ONNX_LOOPBUILDER_H
#define PEBBLE_FRONTENDS_ONNX_LOOPBUILDER_H

#include "frontends/onnx/NodeImporter.h"

#include <functional>

namespace pebble::onnx {

/// The results of one iteration.
struct LoopStep {
  mlir::Value condition; ///< Null: the loop goes on.
  llvm::SmallVector<mlir::Value> carried;
  llvm::SmallVector<mlir::Value> scanned; ///< What this iteration adds to each scan output.
};

struct LoopSpec {
  mlir::Value tripCount; ///< Null: no limit.
  mlir::Value condition; ///< Null: true.
  llvm::SmallVector<mlir::Value> initial;
  size_t numScans = 0;
  /// Per scan output: whether later iterations go in front of earlier ones. Empty: none does.
  llvm::SmallVector<bool> isReversed;
  /// Imports an iteration into the block at hand; called several times, until the types settle.
  std::function<mlir::FailureOr<LoopStep>(mlir::Value iteration, mlir::Value condition,
                                          llvm::ArrayRef<mlir::Value> carried)>
      body;
};

/// The last carried values, then the scan outputs, stacked along a new first dim.
mlir::FailureOr<llvm::SmallVector<mlir::Value>> buildLoop(NodeImporter &node, const LoopSpec &spec);

/// The most static type that covers both; null, and reported, when element types or ranks differ.
mlir::RankedTensorType commonType(NodeImporter &node, mlir::Type a, mlir::Type b,
                                  const llvm::Twine &what);

} // namespace pebble::onnx

#endif // PEBBLE_FRONTENDS_ONNX_LOOPBUILDER_H
