// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/qnn/QNN.h"

#include "dialects/nn/Inference.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/IR/OpImplementation.h"

using namespace mlir;
using namespace pebble::qnn;

#include "dialects/qnn/QNNDialect.cpp.inc"

#define GET_OP_CLASSES
#include "dialects/qnn/QNNOps.cpp.inc"

void QNNDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "dialects/qnn/QNNOps.cpp.inc"
      >();
}

bool pebble::qnn::roundsAsTflite(Operation *op) {
  auto module = op->getParentOfType<ModuleOp>();
  auto rounding = module ? module->getAttrOfType<StringAttr>(roundingAttribute) : StringAttr();
  return rounding && rounding == tfliteRounding;
}

LogicalResult QNNDialect::verifyOperationAttribute(Operation *op, NamedAttribute attribute) {
  auto value = dyn_cast<StringAttr>(attribute.getValue());
  if (attribute.getName() == roundingAttribute &&
      (!value || (value != onnxRounding && value != tfliteRounding)))
    return op->emitOpError("has ")
           << roundingAttribute << " = " << attribute.getValue() << "; expected \"" << onnxRounding
           << "\" or \"" << tfliteRounding << "\"";
  return success();
}

OpFoldResult QuantizeOp::fold(FoldAdaptor) {
  // A code's own number rounds back to the code.
  auto source = getInput().getDefiningOp<DequantizeOp>();
  if (source && source.getInput().getType() == getType())
    return source.getInput();
  return {};
}

OpFoldResult StorageCastOp::fold(FoldAdaptor) {
  if (getInput().getType() == getType())
    return getInput();
  auto source = getInput().getDefiningOp<StorageCastOp>();
  if (source && source.getInput().getType() == getType())
    return source.getInput();
  return {};
}

OpFoldResult RequantizeOp::fold(FoldAdaptor) {
  return getInput().getType() == getType() ? OpFoldResult(getInput()) : OpFoldResult();
}
