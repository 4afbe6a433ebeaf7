// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PEBBLE_DIALECTS_INTERPRETER_KERNELEVALUATION_H
#define PEBBLE_DIALECTS_INTERPRETER_KERNELEVALUATION_H

#include "dialects/interpreter/Tensor.h"
#include "dialects/nn/NN.h"

#include <string>

namespace pebble::interpreter {

/// Evaluates a kernel op by the native kernel library. Operands fit the op's operand types.
llvm::LogicalResult evaluateKernel(nn::KernelOpInterface op, llvm::ArrayRef<Tensor> operands,
                                   llvm::SmallVectorImpl<Tensor> &results, std::string &error);

} // namespace pebble::interpreter

#endif // PEBBLE_DIALECTS_INTERPRETER_KERNELEVALUATION_H
