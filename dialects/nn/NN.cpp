// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/nn/NN.h"

#include "dialects/interpreter/Folding.h"
#include "dialects/nn/Constants.h"
#include "dialects/nn/Inference.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace pebble::nn;

#include "dialects/nn/NNDialect.cpp.inc"
#include "dialects/nn/NNEnums.cpp.inc"
#include "dialects/nn/NNInterfaces.cpp.inc"

#define GET_OP_CLASSES
#include "dialects/nn/NNOps.cpp.inc"

void NNDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "dialects/nn/NNOps.cpp.inc"
      >();
  pebble::interpreter::addConstantFolding(*this);
}

Operation *NNDialect::materializeConstant(OpBuilder &builder, Attribute value, Type type,
                                          Location location) {
  auto elements = dyn_cast<ElementsAttr>(value);
  if (!elements || elements.getType() != type)
    return nullptr;
  return ConstantOp::create(builder, location, type, elements);
}

LogicalResult ConvNhwcOp::verify() {
  if (getPads().size() != 4)
    return emitOpError("has ") << getPads().size()
                               << " pads; expected 4: [top, left, bottom, right]";
  bool isPadded = llvm::any_of(getPads(), [](int64_t pad) { return pad != 0; });
  for (Value image : {getInput(), getResult()}) {
    auto type = cast<RankedTensorType>(image.getType());
    if (type.getRank() != 4)
      return emitOpError("is on ") << type << "; expected a tensor of rank 4";
    if (isPadded && (type.isDynamicDim(1) || type.isDynamicDim(2)))
      return emitOpError("pads ") << type << "; expected an image with known sides";
  }
  return success();
}

LogicalResult ConstantOp::verify() {
  ElementsAttr value = getValue();
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(value)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    std::optional<int64_t> expected = tensorBytes(cast<RankedTensorType>(value.getType()));
    if (!blob)
      return emitOpError("names resource '")
             << resource.getRawHandle().getKey() << "', which holds no data";
    if (!expected || blob->getData().size() != uint64_t(*expected))
      return emitOpError("has a resource of ")
             << blob->getData().size() << " bytes for " << value.getType();
    return success();
  }
  if (!isa<DenseElementsAttr>(value))
    return emitOpError("needs a dense or dense_resource value, but has ") << value;
  return success();
}

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValue(); }

OpFoldResult ShapeOfOp::fold(FoldAdaptor) {
  auto input = cast<RankedTensorType>(getInput().getType());
  if (!input.hasStaticShape() || !cast<RankedTensorType>(getType()).hasStaticShape())
    return {};
  return makeInts(getContext(), input.getShape());
}
