// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The ONNX nodes that an operation computes.
#ifndef PEBBLE_PASSES_ANALYSIS_NODENAMES_H
#define PEBBLE_PASSES_ANALYSIS_NODENAMES_H

#include "passes/Passes.h"

namespace pebble {

/// The names in `loc`, each once.
llvm::SmallVector<llvm::StringRef> nodeNames(mlir::Location loc);

} // namespace pebble

#endif // PEBBLE_PASSES_ANALYSIS_NODENAMES_H
