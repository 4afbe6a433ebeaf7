// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/nn/Inference.h"

#include "runtime/kernels/shape/Dim.h"

#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace pebble;

namespace {

/// How the result's element type of an elementwise op follows.
enum class ElementRule { firstOperand, secondOperand, boolean, attribute };

struct ElementwiseRow {
  llvm::StringLiteral name;
  ElementRule rule;
  /// First of the operands that share one element type; past the operands: none do.
  unsigned firstAlike;
};

/// Ops that differ from the default: all operands and the result have one element type.
constexpr ElementwiseRow elementwiseRows[] = {
    {"nn.is_nan", ElementRule::boolean, 1},   {"nn.is_inf", ElementRule::boolean, 1},
    {"nn.compare", ElementRule::boolean, 0},  {"nn.select", ElementRule::secondOperand, 1},
    {"nn.pow", ElementRule::firstOperand, 2}, {"nn.cast", ElementRule::attribute, 1},
};

ElementwiseRow findRow(StringRef name) {
  for (const ElementwiseRow &row : elementwiseRows)
    if (row.name == name)
      return row;
  return {"", ElementRule::firstOperand, 0};
}

shape::Dim toDim(int64_t size) {
  return ShapedType::isDynamic(size) ? shape::Dim::unknown() : shape::Dim(size);
}

bool isElementType(Type type) { return nn::dtypeOf(type) != 0; }

} // namespace

LogicalResult nn::broadcastDims(ArrayRef<ArrayRef<int64_t>> operands,
                                SmallVectorImpl<int64_t> &dims, std::pair<int64_t, int64_t> &bad) {
  size_t rank = 0;
  for (ArrayRef<int64_t> operand : operands)
    rank = std::max(rank, operand.size());
  dims.clear();
  for (size_t i = 0; i < rank; ++i) {
    shape::Dim dim = 1;
    for (ArrayRef<int64_t> operand : operands) {
      if (i + operand.size() < rank)
        continue;
      shape::Dim other = toDim(operand[i + operand.size() - rank]), before = dim;
      if (!broadcast(before, other, dim)) {
        bad = {before.value(), other.value()};
        return failure();
      }
    }
    dims.push_back(dim.isKnown() ? dim.value() : ShapedType::kDynamic);
  }
  return success();
}

bool nn::isCountable(ArrayRef<int64_t> dims) {
  // Unknown dims may yet be 0, which makes any product fit.
  shape::Dim bytes = 16;
  for (int64_t size : dims)
    bytes = bytes * toDim(size == 0 ? 1 : size);
  return llvm::is_contained(dims, 0) || !bytes.isOverflow();
}

LogicalResult nn::inferElementwise(const OpDescription &op, std::optional<Location> location,
                                   ValueRange operands, SmallVectorImpl<Type> &results) {
  ElementwiseRow row = findRow(op.name);
  SmallVector<RankedTensorType> types;
  SmallVector<ArrayRef<int64_t>> shapes;
  for (Value operand : operands) {
    auto type = dyn_cast<RankedTensorType>(operand.getType());
    if (!type)
      return emitOptionalError(location, "'", op.name, "' op needs ranked tensors, but has ",
                               operand.getType());
    types.push_back(type);
    shapes.push_back(type.getShape());
  }
  unsigned needed = row.rule == ElementRule::secondOperand ? 2 : 1;
  if (types.size() < needed)
    return emitOptionalError(location, "'", op.name, "' op has ", types.size(),
                             " operands; expected ", needed, " or more");
  for (unsigned i = row.firstAlike + 1; i < types.size(); ++i)
    if (types[i].getElementType() != types[row.firstAlike].getElementType())
      return emitOptionalError(location, "'", op.name, "' op has element types ",
                               types[row.firstAlike].getElementType(), " and ",
                               types[i].getElementType(), "; expected one element type");

  Type element = types[0].getElementType();
  if (row.rule == ElementRule::secondOperand)
    element = types[1].getElementType();
  if (row.rule == ElementRule::boolean)
    element = IntegerType::get(element.getContext(), 1);
  if (row.rule == ElementRule::attribute) {
    auto to = op.attributes ? op.attributes.getAs<TypeAttr>("to") : TypeAttr();
    if (!to || !isElementType(to.getValue()))
      return emitOptionalError(location, "'", op.name,
                               "' op needs an element type of the dialect "
                               "in attribute 'to'");
    element = to.getValue();
  }

  SmallVector<int64_t> dims;
  std::pair<int64_t, int64_t> bad;
  if (failed(broadcastDims(shapes, dims, bad)))
    return emitOptionalError(location, "'", op.name, "' op cannot broadcast a dim of ", bad.first,
                             " with one of ", bad.second);
  if (!isCountable(dims))
    return emitOptionalError(location, "'", op.name, "' op has a result of more than 2^63 bytes");
  results.push_back(RankedTensorType::get(dims, element));
  return success();
}

LogicalResult nn::inferShapeOf(const OpDescription &op, std::optional<Location> location,
                               ValueRange operands, SmallVectorImpl<Type> &results) {
  auto type =
      operands.size() == 1 ? dyn_cast<RankedTensorType>(operands[0].getType()) : RankedTensorType();
  if (!type)
    return emitOptionalError(location, "'", op.name, "' op needs one ranked tensor");
  results.push_back(
      RankedTensorType::get({type.getRank()}, IntegerType::get(type.getContext(), 64)));
  return success();
}

bool nn::areCompatible(TypeRange inferred, TypeRange actual) {
  if (inferred.size() != actual.size())
    return false;
  for (auto [a, b] : llvm::zip(inferred, actual)) {
    auto left = dyn_cast<RankedTensorType>(a), right = dyn_cast<RankedTensorType>(b);
    if (!left || !right || left.getElementType() != right.getElementType() ||
        failed(verifyCompatibleShape(left.getShape(), right.getShape())))
      return false;
  }
  return true;
}
