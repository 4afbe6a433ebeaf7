// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The nn dialect: dense layers on tensors. See NNOps.td.
#ifndef PEBBLE_DIALECTS_NN_NN_H
#define PEBBLE_DIALECTS_NN_NN_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace pebble::nn {

/// Marks ops that broadcast their operands and compute each result element from the operands'
/// elements at the same place alone.
template <typename ConcreteType>
class ElementwiseOp : public mlir::OpTrait::TraitBase<ConcreteType, ElementwiseOp> {};

/// Marks ops whose code can apply a chain of elementwise ops to each element before storing it.
template <typename ConcreteType>
class EpilogueOp : public mlir::OpTrait::TraitBase<ConcreteType, EpilogueOp> {};

} // namespace pebble::nn

#include "dialects/nn/NNDialect.h.inc"
#include "dialects/nn/NNEnums.h.inc"
#include "dialects/nn/NNInterfaces.h.inc"

#define GET_OP_CLASSES
#include "dialects/nn/NNOps.h.inc"

#endif // PEBBLE_DIALECTS_NN_NN_H
