// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/Passes.h"

#include "dialects/interpreter/Interpreter.h"
#include "dialects/nn/Constants.h"
#include "passes/fuse/CodeBuilders.h"
#include "passes/fuse/LayoutBuilders.h"

#include "mlir/IR/Iterators.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/STLExtras.h"

#include <array>
#include <numeric>

namespace pebble {
#define GEN_PASS_DEF_COMPOSETABLES
#include "passes/Passes.h.inc"
} // namespace pebble

using namespace mlir;
using namespace pebble;

namespace {

using Table = std::array<uint8_t, 256>; ///< A code for each code of a source.

Table identityTable() {
  Table table;
  std::iota(table.begin(), table.end(), uint8_t(0));
  return table;
}

/// The entries of a table that is constant.
std::optional<Table> constantTable(Value value) {
  ElementsAttr attr = nn::constantAttr(value);
  if (!attr || attr.getNumElements() != 256)
    return std::nullopt;
  SmallVector<char> storage;
  Table table;
  llvm::copy(nn::rawBytes(attr, storage), reinterpret_cast<char *>(table.data()));
  return table;
}

/// The one code of a constant of equal codes.
std::optional<uint8_t> uniformCode(Value value) {
  ElementsAttr attr = nn::constantAttr(value);
  if (!attr || attr.getNumElements() == 0)
    return std::nullopt;
  SmallVector<char> storage;
  ArrayRef<char> codes = nn::rawBytes(attr, storage);
  if (!llvm::all_equal(codes))
    return std::nullopt;
  return static_cast<uint8_t>(codes.front());
}

/// The tensor whose codes decide `value`'s, where that is through a table; else `value`.
Value sourceOf(Value value) {
  auto lookup = value.getDefiningOp<qnn::LookupBytesOp>();
  return lookup && constantTable(lookup.getTable()) ? lookup.getInput() : value;
}

/// The one tensor that decides the result of a layer of two operands, or null.
Value commonSource(Value lhs, Value rhs) {
  if (uniformCode(lhs))
    return uniformCode(rhs) ? Value() : sourceOf(rhs);
  if (uniformCode(rhs))
    return sourceOf(lhs);
  for (Value a : {lhs, sourceOf(lhs)})
    for (Value b : {rhs, sourceOf(rhs)})
      if (a == b)
        return a;
  return {};
}

/// The codes of a layer's operand for each code of `source`; one code where it is constant.
std::optional<interpreter::Tensor> codesOf(Value operand, Value source) {
  auto tensor = [](ArrayRef<uint8_t> codes) {
    return interpreter::Tensor::copyOf(
        PEBBLE_U8, {static_cast<int64_t>(codes.size())},
        ArrayRef(reinterpret_cast<const char *>(codes.data()), codes.size()));
  };
  if (operand == source)
    return tensor(identityTable());
  if (std::optional<uint8_t> code = uniformCode(operand))
    return tensor(*code);
  return tensor(*constantTable(operand.getDefiningOp<qnn::LookupBytesOp>().getTable()));
}

/// The layer's result for each code of `source`, by the reference interpreter.
std::optional<Table> evaluate(Operation *op, Value source) {
  Block scratch;
  SmallVector<interpreter::Tensor> operands, results;
  SmallVector<Value> arguments;
  for (Value operand : op->getOperands()) {
    std::optional<interpreter::Tensor> codes = codesOf(operand, source);
    if (!codes)
      return std::nullopt;
    arguments.push_back(scratch.addArgument(codes->tensorType(op->getContext()), op->getLoc()));
    operands.push_back(std::move(*codes));
  }
  Operation *clone = op->clone();
  clone->setOperands(arguments);
  clone->getResult(0).setType(tensorTypeOf(op->getResult(0)).clone({256}));
  std::string error;
  bool isKnown = succeeded(interpreter::evaluate(clone, operands, results, error));
  clone->dropAllReferences();
  clone->destroy();
  if (!isKnown || results.front().numElements() != 256)
    return std::nullopt;
  Table table;
  std::copy_n(results.front().data<uint8_t>(), 256, table.begin());
  return table;
}

class ComposeTables : public pebble::impl::ComposeTablesBase<ComposeTables> {
  void runOnOperation() override {
    // In program order, so that what stands before a layer is one table already.
    SmallVector<Operation *> layers;
    getOperation().walk<WalkOrder::PreOrder>([&](Operation *op) {
      if (isa<qnn::AddBytesOp, qnn::MulBytesOp, qnn::LookupBytesOp>(op))
        layers.push_back(op);
    });
    for (Operation *op : layers)
      compose(op);
    getOperation().walk<WalkOrder::PostOrder, ReverseIterator>([](Operation *op) {
      if (isOpTriviallyDead(op))
        op->erase();
    });
  }

  void compose(Operation *op) {
    Value source;
    std::optional<Table> table;
    if (auto lookup = dyn_cast<qnn::LookupBytesOp>(op)) {
      table = constantTable(lookup.getTable());
      source = sourceOf(lookup.getInput());
      if (table && source != lookup.getInput()) {
        Table first =
            *constantTable(lookup.getInput().getDefiningOp<qnn::LookupBytesOp>().getTable());
        for (uint8_t &code : first)
          code = (*table)[code];
        table = first;
      } else if (!table || *table != identityTable()) {
        return;
      }
    } else {
      source = commonSource(op->getOperand(0), op->getOperand(1));
      if (!source || tensorTypeOf(source) != tensorTypeOf(op->getResult(0)))
        return;
      table = evaluate(op, source);
    }
    if (!table)
      return;
    if (*table == identityTable()) {
      op->replaceAllUsesWith(ValueRange(source));
      return;
    }
    ImplicitLocOpBuilder b(op->getLoc(), op);
    RankedTensorType type = tensorTypeOf(op->getResult(0));
    Value codes = buildConstant<uint8_t>(b, 256, type.getElementType(), ArrayRef(*table));
    op->replaceAllUsesWith(qnn::LookupBytesOp::create(b, type, source, codes));
  }
};

} // namespace
