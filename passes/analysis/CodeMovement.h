// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Layers that give the same codes whether they work on codes or on the numbers that those stand
// for.
#ifndef PEBBLE_PASSES_ANALYSIS_CODEMOVEMENT_H
#define PEBBLE_PASSES_ANALYSIS_CODEMOVEMENT_H

#include "dialects/nn/NN.h"

namespace pebble {

/// Layers whose result 0 is made of elements of their first operand, by their places alone.
bool movesElements(mlir::Operation *op);

/// The same, by the order of the elements: a mapping that keeps order commutes with them.
bool picksElements(mlir::Operation *op);

/// Layers that give places of elements by their order.
bool findsElements(mlir::Operation *op);

/// Operands of layers that put elements of several together; empty for others.
llvm::SmallVector<unsigned> joinedOperands(mlir::Operation *op);

} // namespace pebble

#endif // PEBBLE_PASSES_ANALYSIS_CODEMOVEMENT_H
