// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reads the numbers out of values that are known at import.
#ifndef PEBBLE_FRONTENDS_ONNX_CONSTANTVALUES_H
#define PEBBLE_FRONTENDS_ONNX_CONSTANTVALUES_H

#include "mlir/IR/BuiltinAttributeInterfaces.h"
#include "mlir/IR/Value.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace pebble::onnx {

/// Null when the value is not a constant.
mlir::ElementsAttr constantValue(mlir::Value value);
/// Elements of an integer or boolean constant in row-major order; unsigned 64-bit ones wrap.
std::optional<std::vector<int64_t>> constantInts(mlir::Value value);
std::optional<std::vector<double>> constantFloats(mlir::Value value);

} // namespace pebble::onnx

#endif // PEBBLE_FRONTENDS_ONNX_CONSTANTVALUES_H
