// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How an op is presented to the kernel library: see pebble_kernel_fn in runtime/abi/pebble_abi.h.
#ifndef PEBBLE_DIALECTS_NN_KERNELCALL_H
#define PEBBLE_DIALECTS_NN_KERNELCALL_H

#include "dialects/nn/NN.h"

namespace pebble::nn {

/// The op's attributes in declared order, flattened.
struct KernelAttributes {
  llvm::SmallVector<int64_t> ints;
  llvm::SmallVector<double> floats;
};
KernelAttributes flattenAttributes(mlir::Operation *op);

/// The op's operands by declared position; absent optional ones are null.
llvm::SmallVector<mlir::Value> operandSlots(mlir::Operation *op);

/// The op's name in the kernel library, "conv" for nn.conv.
llvm::StringRef kernelName(mlir::Operation *op);

/// ONNX's TensorProto.DataType number (pebble_dtype) of an element type.
int32_t dtypeOf(mlir::Type element);
/// Its suffix in kernel symbols, "f32" or "u8".
llvm::StringRef dtypeName(int32_t dtype);

} // namespace pebble::nn

#endif // PEBBLE_DIALECTS_NN_KERNELCALL_H
