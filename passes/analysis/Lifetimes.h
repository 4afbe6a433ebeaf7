// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// When the buffers of a program are in use, in the order of its ops as they are written.
#ifndef PEBBLE_PASSES_ANALYSIS_LIFETIMES_H
#define PEBBLE_PASSES_ANALYSIS_LIFETIMES_H

#include "mlir/IR/Operation.h"
#include "llvm/ADT/DenseMap.h"

namespace pebble {

/// Positions of ops, both included.
struct Life {
  int64_t first, last;
};

/// The numbers of a program's ops, those inside an op after it. The branches of an `if` follow one
/// another, so that what lives in one only is not alive in the other.
class Lifetimes {
public:
  explicit Lifetimes(mlir::Operation *program);

  int64_t positionOf(mlir::Operation *op) const { return spans.lookup(op).first; }

  /// Of the buffer `made`, by whatever name it is used. A loop that it is older than counts as a
  /// whole: what an iteration leaves, the next one may read.
  Life of(mlir::Value made) const;

private:
  llvm::DenseMap<mlir::Operation *, Life> spans; ///< From an op to the last one inside it.
};

} // namespace pebble

#endif // PEBBLE_PASSES_ANALYSIS_LIFETIMES_H
