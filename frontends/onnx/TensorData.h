// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The tensors that an ONNX file carries: their element types, sizes and values.
#ifndef PEBBLE_FRONTENDS_ONNX_TENSORDATA_H
#define PEBBLE_FRONTENDS_ONNX_TENSORDATA_H

#include "frontends/onnx/ExternalData.h"

#include "mlir/IR/BuiltinAttributeInterfaces.h"
#include "mlir/IR/Types.h"

#include <memory>
#include <optional>
#include <string>

namespace pebble::onnx {

class Model;

/// ONNX's name of a TensorProto.DataType number, for messages.
llvm::StringRef dataTypeName(int dataType);
/// Null for element types that the nn dialect lacks.
mlir::Type elementTypeOf(int dataType, mlir::MLIRContext *context);
/// The type of nn that holds the codes of a narrow element type, see NarrowTypes.h; else null.
mlir::Type codeTypeOf(int dataType, mlir::MLIRContext *context);
/// The bits of a narrow element type; 0 for other types.
unsigned narrowBits(int dataType);
/// The bits of an integer element type of less than a byte; 0 for other types.
unsigned subByteBits(int dataType);
/// "float32, uint8, ...": what tensors may hold, narrow types among it, for messages.
llvm::StringRef supportedElementTypes();
/// The number of elements, or nothing for negative dims and products that overflow.
std::optional<int64_t> elementCount(llvm::ArrayRef<int64_t> dims);

/// Compares a tensor's data with its dims and element type; the message says what does not fit.
llvm::Error checkTensor(const proto::TensorProto &tensor, ExternalFiles &external);

/// The value of a tensor that passed `checkTensor` and whose element type is supported; of a narrow
/// one, its codes. Large raw data is not copied: the attribute then shares `owner`, which keeps the
/// tensor's memory alive.
mlir::ElementsAttr tensorValue(const proto::TensorProto &tensor, const Model &model,
                               const std::shared_ptr<const void> &owner,
                               mlir::MLIRContext *context);

} // namespace pebble::onnx

#endif // PEBBLE_FRONTENDS_ONNX_TENSORDATA_H
