// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Pebble's passes. See Passes.td.
#ifndef PEBBLE_PASSES_PASSES_H
#define PEBBLE_PASSES_PASSES_H

#include "dialects/mem/Mem.h"
#include "dialects/nn/NN.h"
#include "dialects/qnn/QNN.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"

namespace pebble {

using mlir::OpPassManager; // Of an option.

#define GEN_PASS_DECL
#include "passes/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "passes/Passes.h.inc"

} // namespace pebble

#endif // PEBBLE_PASSES_PASSES_H
