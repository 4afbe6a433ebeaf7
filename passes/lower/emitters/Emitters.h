// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Emitters of kernel ops, one a file; the table is in Emitters.cpp.
#ifndef PEBBLE_PASSES_LOWER_EMITTERS_EMITTERS_H
#define PEBBLE_PASSES_LOWER_EMITTERS_EMITTERS_H

#include "passes/lower/KernelEmitter.h"

namespace pebble {

bool emitAddBytes(KernelEmitter &emitter, mlir::Operation *op);
bool emitChannelsLast(KernelEmitter &emitter, mlir::Operation *op);
bool emitConvNhwc(KernelEmitter &emitter, mlir::Operation *op);
bool emitConvPacked(KernelEmitter &emitter, mlir::Operation *op);
bool emitConvSums(KernelEmitter &emitter, mlir::Operation *op);
bool emitDepthwiseNhwc(KernelEmitter &emitter, mlir::Operation *op);
bool emitDepthwisePacked(KernelEmitter &emitter, mlir::Operation *op);
bool emitLookupBytes(KernelEmitter &emitter, mlir::Operation *op);
bool emitMaxBytes(KernelEmitter &emitter, mlir::Operation *op);
bool emitMeanBytes(KernelEmitter &emitter, mlir::Operation *op);
bool emitMulBytes(KernelEmitter &emitter, mlir::Operation *op);
bool emitMatMul(KernelEmitter &emitter, mlir::Operation *op);
bool emitMatMulPacked(KernelEmitter &emitter, mlir::Operation *op);
bool emitPoolNhwc(KernelEmitter &emitter, mlir::Operation *op);
bool emitProductBytes(KernelEmitter &emitter, mlir::Operation *op);

/// The largest tile of sums that the registers hold, in rows of `vectors` vectors.
int64_t mostRows(const LoweringOptions &options, int64_t vectors);

} // namespace pebble

#endif // PEBBLE_PASSES_LOWER_EMITTERS_EMITTERS_H
