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

/// The attribute of a kernel that computes one row of its result: how many rows of its windowed
/// operand the buffer holds, 0 for all.
inline constexpr llvm::StringLiteral ringRowsName = "mem.ring_rows";
/// The attribute of such a kernel that computes only some columns of the row: the first column of
/// its operand that the buffer holds and how many it holds, and the same of the result.
inline constexpr llvm::StringLiteral columnsName = "mem.columns";

/// The attribute of a kernel that computes results in the memory of operands: of each result the
/// operand, -1 for none. It finds both where the result is.
inline constexpr llvm::StringLiteral overName = "mem.over";

/// The attribute of a kernel that finds tensors in parts of buffers (see mem.part): the pitches of
/// its operands, then of its results.
inline constexpr llvm::StringLiteral pitchesName = "mem.pitches";
/// Elements from one run of a buffer along its last dim to the next; 0 where nothing lies between.
int64_t pitchOf(mlir::MemRefType buffer);

/// The regions of a program; empty when it was planned for one memory.
llvm::SmallVector<RegionAttr> regionsOf(mlir::Operation *program);

/// The signless memory form of an nn element type: `ui8` becomes `i8`, `i1` becomes `i8`.
mlir::Type storageType(mlir::Type element);
/// The row-major buffer that holds a tensor.
mlir::MemRefType bufferType(mlir::RankedTensorType tensor);

} // namespace pebble::mem

#endif // PEBBLE_DIALECTS_MEM_MEM_H
