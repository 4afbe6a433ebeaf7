// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Result types of nn ops: what the inferReturnTypes methods call.
#ifndef PEBBLE_DIALECTS_NN_INFERENCE_H
#define PEBBLE_DIALECTS_NN_INFERENCE_H

#include "dialects/nn/KernelCall.h"
#include "dialects/nn/NN.h"

#include <optional>

namespace pebble::nn {

/// Describes an op of class `Op` that is still to be built. Its attributes are either in
/// `properties` or, as when built by name, in `attributes`.
template <typename Op>
OpDescription describe(mlir::MLIRContext *context, mlir::DictionaryAttr attributes,
                       mlir::OpaqueProperties properties) {
  OpDescription op;
  op.name = Op::getOperationName();
  op.attributes = attributes;
  op.attributeNames = Op::getAttributeNames();
  if constexpr (requires { Op::getPropertiesAsAttr(context, {}); }) {
    if (properties) {
      mlir::Attribute known =
          Op::getPropertiesAsAttr(context, *properties.template as<typename Op::Properties *>());
      if (auto dictionary = llvm::dyn_cast_or_null<mlir::DictionaryAttr>(known))
        op.attributes = dictionary;
    }
  }
  if constexpr (requires { Op::getArgumentNames(); }) {
    op.argumentNames = Op::getArgumentNames();
    op.shapeOperands = Op::getShapeOperands();
    op.hasVariadicOperands = Op::hasVariadicOperands();
  }
  return op;
}

// Each reports what was expected and the offending values, and fails, on operands that do not fit.
llvm::LogicalResult inferElementwise(const OpDescription &op,
                                     std::optional<mlir::Location> location,
                                     mlir::ValueRange operands,
                                     llvm::SmallVectorImpl<mlir::Type> &results);
llvm::LogicalResult inferKernel(const OpDescription &op, std::optional<mlir::Location> location,
                                mlir::ValueRange operands,
                                llvm::SmallVectorImpl<mlir::Type> &results);
llvm::LogicalResult inferShapeOf(const OpDescription &op, std::optional<mlir::Location> location,
                                 mlir::ValueRange operands,
                                 llvm::SmallVectorImpl<mlir::Type> &results);

/// Whether ops may have results of types `actual`: those inferred, with dims more or less known.
bool areCompatible(mlir::TypeRange inferred, mlir::TypeRange actual);

/// Dims of a NumPy broadcast. A known dim other than 1 decides the result; 1 and unknown give
/// unknown. Fails, naming the two dims in `bad`, when they do not fit together.
llvm::LogicalResult broadcastDims(llvm::ArrayRef<llvm::ArrayRef<int64_t>> operands,
                                  llvm::SmallVectorImpl<int64_t> &dims,
                                  std::pair<int64_t, int64_t> &bad);

/// Fails when the elements of a tensor with these dims cannot be counted in 63 bits of bytes.
bool isCountable(llvm::ArrayRef<int64_t> dims);

} // namespace pebble::nn

#endif // PEBBLE_DIALECTS_NN_INFERENCE_H
