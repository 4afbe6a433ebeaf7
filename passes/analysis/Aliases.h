// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which values name the same buffer, through views, casts, branches and loops.
#ifndef PEBBLE_PASSES_ANALYSIS_ALIASES_H
#define PEBBLE_PASSES_ANALYSIS_ALIASES_H

#include "mlir/IR/Value.h"
#include "llvm/ADT/SetVector.h"

namespace pebble {

/// All values that may name the memory of `buffer`, itself first.
llvm::SetVector<mlir::Value> aliasesOf(mlir::Value buffer);

/// The buffer that `value` names, behind views of it.
mlir::Value bufferOf(mlir::Value value);

/// The buffer behind views and parts, and whether a value is all of it.
struct Origin {
  mlir::Value buffer;
  bool isWhole = true;

  explicit Origin(mlir::Value value);
};

} // namespace pebble

#endif // PEBBLE_PASSES_ANALYSIS_ALIASES_H
