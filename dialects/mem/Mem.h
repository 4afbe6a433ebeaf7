// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The mem dialect: where values live. See MemOps.td.
#ifndef PEBBLE_DIALECTS_MEM_MEM_H
#define PEBBLE_DIALECTS_MEM_MEM_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/mem/MemDialect.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/mem/MemAttrs.h.inc"

#define GET_OP_CLASSES
#include "dialects/mem/MemOps.h.inc"

namespace pebble::mem {

/// The signless memory form of an nn element type: `ui8` becomes `i8`, `i1` becomes `i8`.
mlir::Type storageType(mlir::Type element);
/// The row-major buffer that holds a tensor.
mlir::MemRefType bufferType(mlir::RankedTensorType tensor);

} // namespace pebble::mem

#endif // PEBBLE_DIALECTS_MEM_MEM_H
