// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From a checked ONNX model to a module of the nn dialect.
#ifndef PEBBLE_FRONTENDS_ONNX_IMPORTER_H
#define PEBBLE_FRONTENDS_ONNX_IMPORTER_H

#include "frontends/onnx/Model.h"
#include "frontends/onnx/Problems.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace pebble::onnx {

struct ImportOptions {
  /// Values of symbolic dims, by name; those not named stay dynamic.
  std::map<std::string, int64_t> dims;
  /// Whether quantized layers may compute in integers; otherwise QuantizeLinear and
  /// DequantizeLinear are taken literally, as float arithmetic between them.
  bool integerQdq = true;
  /// How integer layers round: the module attribute `qnn.rounding`.
  std::string rounding = "onnx";
  /// Tensors of the main graph to give as well, after the model's outputs. Those that are no
  /// tensors, of narrow types or constants are left out.
  std::vector<std::string> watched;
};

/// The model as `func.func @main`, with arg and result attributes `nn.name`; `nn.dims` with the
/// names of an input's symbolic dims; `nn.codes` with the element type, as the runtime calls it, of
/// a tensor that holds codes of a narrow type. Null, with all reasons in `problems`, when a part of
/// the model is invalid or not supported. The module shares large constants with the model.
mlir::OwningOpRef<mlir::ModuleOp> importModel(const std::shared_ptr<const Model> &model,
                                              mlir::MLIRContext &context,
                                              const ImportOptions &options, Problems &problems);

} // namespace pebble::onnx

#endif // PEBBLE_FRONTENDS_ONNX_IMPORTER_H
