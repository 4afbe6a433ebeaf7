// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a shape function sees of its call at compile time: the counterpart of RuntimeCall in
// runtime/kernels/shape, with dims and values that may be unknown and errors that carry text.
#ifndef PEBBLE_DIALECTS_NN_INFERENCECALL_H
#define PEBBLE_DIALECTS_NN_INFERENCECALL_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Value.h"
#include "runtime/abi/pebble_abi.h"
#include "runtime/kernels/shape/Dim.h"

#include <optional>
#include <string>

namespace pebble::nn {

class InferenceCall {
public:
  /// `operands` by declared position, null where absent; values are read of `shapeOperands` alone.
  InferenceCall(llvm::ArrayRef<mlir::Value> operands, llvm::ArrayRef<unsigned> shapeOperands,
                llvm::ArrayRef<int64_t> ints, size_t numResults)
      : operands(operands), ints(ints), values(operands.size()), dims(numResults) {
    for (unsigned operand : shapeOperands)
      if (operand < operands.size() && operands[operand])
        readValues(operand);
  }

  int64_t nextInt() {
    int64_t value = ints.front();
    ints = ints.drop_front();
    return value;
  }
  shape::Array nextArray() {
    int64_t size = nextInt();
    shape::Array array{ints.data(), size};
    ints = ints.drop_front(size);
    return array;
  }

  bool has(int32_t operand) const { return bool(operands[operand]); }
  int32_t rank(int32_t operand) const { return type(operand).getRank(); }
  shape::Dim dim(int32_t operand, int32_t axis) const {
    int64_t size = type(operand).getDimSize(axis);
    return mlir::ShapedType::isDynamic(size) ? shape::Dim::unknown() : shape::Dim(size);
  }
  bool isFloat(int32_t operand) const {
    return llvm::isa<mlir::FloatType>(type(operand).getElementType());
  }
  shape::Dim element(int32_t operand, int64_t index) const {
    const auto &known = values[operand].elements;
    return index < int64_t(known.size()) ? known[index] : shape::Dim::unknown();
  }
  shape::Real real(int32_t operand, int64_t index) const {
    const auto &known = values[operand].reals;
    return index < int64_t(known.size()) ? shape::Real{known[index], true} : shape::Real();
  }

  void setRank(int32_t result, int32_t rank) { dims[result].resize(rank); }
  void set(int32_t result, int32_t axis, shape::Dim dim) { dims[result][axis] = dim; }
  int32_t fail(int32_t status, const char *text, shape::Dim first = {}, shape::Dim second = {});

  const std::string &error() const { return message; }
  llvm::ArrayRef<llvm::SmallVector<shape::Dim>> results() const { return dims; }

private:
  struct Values {
    llvm::SmallVector<shape::Dim> elements;
    llvm::SmallVector<double> reals;
  };
  mlir::RankedTensorType type(int32_t operand) const {
    return llvm::cast<mlir::RankedTensorType>(operands[operand].getType());
  }
  void readValues(unsigned operand);

  llvm::ArrayRef<mlir::Value> operands;
  llvm::ArrayRef<int64_t> ints;
  llvm::SmallVector<Values> values;
  llvm::SmallVector<llvm::SmallVector<shape::Dim>> dims;
  std::string message;
};

} // namespace pebble::nn

#endif // PEBBLE_DIALECTS_NN_INFERENCECALL_H
