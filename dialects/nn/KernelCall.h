// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How an op is presented to the kernel library: see pebble_kernel_fn in runtime/abi/pebble_abi.h.
#ifndef PEBBLE_DIALECTS_NN_KERNELCALL_H
#define PEBBLE_DIALECTS_NN_KERNELCALL_H

#include "dialects/nn/NN.h"

#include <optional>
#include <string>

namespace pebble::nn {

/// What there is to know of an op but its operands, whether or not it is built yet. The lists from
/// `argumentNames` on are those of kernel ops.
struct OpDescription {
  llvm::StringRef name; ///< With the dialect: "nn.conv".
  mlir::DictionaryAttr attributes;
  llvm::ArrayRef<llvm::StringRef> attributeNames;
  llvm::ArrayRef<llvm::StringRef> argumentNames;
  llvm::ArrayRef<unsigned> shapeOperands;
  bool hasVariadicOperands = false;
};

/// The op's attributes in declared order, flattened.
struct KernelAttributes {
  llvm::SmallVector<int64_t> ints;
  llvm::SmallVector<double> floats;
};
KernelAttributes flattenAttributes(mlir::Operation *op);

/// The op's operands by declared position; absent optional ones are null.
llvm::SmallVector<mlir::Value> operandSlots(mlir::Operation *op);

// The same for an op that may not be well-formed; these fail with the problem in `error`.
llvm::LogicalResult flattenAttributes(const OpDescription &op, size_t numOperands,
                                      KernelAttributes &flat, std::string &error);
llvm::LogicalResult operandSlots(const OpDescription &op, mlir::ValueRange operands,
                                 llvm::SmallVectorImpl<mlir::Value> &slots, std::string &error);

/// The op's name in the kernel library, "conv" for nn.conv.
llvm::StringRef kernelName(mlir::Operation *op);

/// ONNX's TensorProto.DataType number (pebble_dtype) of an element type.
int32_t dtypeOf(mlir::Type element);
/// Its suffix in kernel symbols, "f32" or "u8".
llvm::StringRef dtypeName(int32_t dtype);
/// The element type of a number; null when there is none.
mlir::Type elementTypeOf(mlir::MLIRContext *context, int32_t dtype);
/// Bytes of one element in memory; booleans take one.
unsigned elementBytes(mlir::Type element);

} // namespace pebble::nn

#endif // PEBBLE_DIALECTS_NN_KERNELCALL_H
