// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/ConstantValues.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Matchers.h"

#include <cstring>

namespace pebble::onnx {

mlir::ElementsAttr constantValue(mlir::Value value) {
  mlir::ElementsAttr attribute;
  if (value && mlir::matchPattern(value, mlir::m_Constant(&attribute)))
    return attribute;
  return {};
}

/// Large constants are blobs without typed access: their bytes are the elements.
static std::optional<std::vector<llvm::APInt>> elementBits(mlir::ElementsAttr attribute) {
  std::vector<llvm::APInt> elements;
  unsigned width = attribute.getElementType().getIntOrFloatBitWidth();
  if (auto resource = llvm::dyn_cast<mlir::DenseResourceElementsAttr>(attribute)) {
    llvm::ArrayRef<char> bytes = resource.getData();
    size_t step = width / 8;
    if (step == 0 || bytes.size() != step * attribute.getNumElements())
      return std::nullopt;
    for (size_t at = 0; at < bytes.size(); at += step) {
      uint64_t bits = 0;
      std::memcpy(&bits, bytes.data() + at, step);
      elements.emplace_back(width, bits);
    }
    return elements;
  }
  auto dense = llvm::dyn_cast<mlir::DenseElementsAttr>(attribute);
  if (!dense)
    return std::nullopt;
  if (llvm::isa<mlir::FloatType>(dense.getElementType())) {
    for (const llvm::APFloat &value : dense.getValues<llvm::APFloat>())
      elements.push_back(value.bitcastToAPInt());
  } else {
    for (const llvm::APInt &value : dense.getValues<llvm::APInt>())
      elements.push_back(value);
  }
  return elements;
}

std::optional<std::vector<int64_t>> constantInts(mlir::Value value) {
  mlir::ElementsAttr attribute = constantValue(value);
  if (!attribute || !llvm::isa<mlir::IntegerType>(attribute.getElementType()))
    return std::nullopt;
  std::optional<std::vector<llvm::APInt>> elements = elementBits(attribute);
  if (!elements)
    return std::nullopt;
  mlir::Type element = attribute.getElementType();
  bool zeroExtend = element.isUnsignedInteger() || element.isInteger(1);
  std::vector<int64_t> result;
  for (const llvm::APInt &bits : *elements)
    result.push_back(zeroExtend ? static_cast<int64_t>(bits.getZExtValue()) : bits.getSExtValue());
  return result;
}

std::optional<std::vector<double>> constantFloats(mlir::Value value) {
  mlir::ElementsAttr attribute = constantValue(value);
  if (!attribute)
    return std::nullopt;
  auto type = llvm::dyn_cast<mlir::FloatType>(attribute.getElementType());
  std::optional<std::vector<llvm::APInt>> elements;
  if (!type || !(elements = elementBits(attribute)))
    return std::nullopt;
  std::vector<double> result;
  for (const llvm::APInt &bits : *elements) {
    llvm::APFloat number(type.getFloatSemantics(), bits);
    bool losesInfo = false;
    number.convert(llvm::APFloat::IEEEdouble(), llvm::APFloat::rmNearestTiesToEven, &losesInfo);
    result.push_back(number.convertToDouble());
  }
  return result;
}

} // namespace pebble::onnx
