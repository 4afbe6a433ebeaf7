// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/nn/KernelCall.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "runtime/abi/pebble_abi.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace pebble;

namespace {

struct DtypeRow {
  int32_t dtype;
  unsigned width;
  bool isFloat, isUnsigned;
  llvm::StringLiteral name;
};

constexpr DtypeRow dtypes[] = {
    {PEBBLE_F32, 32, true, false, "f32"},   {PEBBLE_F64, 64, true, false, "f64"},
    {PEBBLE_F16, 16, true, false, "f16"},   {PEBBLE_BF16, 16, true, false, "bf16"},
    {PEBBLE_I8, 8, false, false, "i8"},     {PEBBLE_I16, 16, false, false, "i16"},
    {PEBBLE_I32, 32, false, false, "i32"},  {PEBBLE_I64, 64, false, false, "i64"},
    {PEBBLE_U8, 8, false, true, "u8"},      {PEBBLE_U16, 16, false, true, "u16"},
    {PEBBLE_U32, 32, false, true, "u32"},   {PEBBLE_U64, 64, false, true, "u64"},
    {PEBBLE_BOOL, 1, false, false, "bool"},
};

} // namespace

int32_t nn::dtypeOf(Type element) {
  if (element.isBF16())
    return PEBBLE_BF16;
  if (element.isIntOrFloat())
    for (const DtypeRow &row : dtypes)
      if (row.dtype != PEBBLE_BF16 && row.width == element.getIntOrFloatBitWidth() &&
          row.isFloat == isa<FloatType>(element) && row.isUnsigned == element.isUnsignedInteger())
        return row.dtype;
  return PEBBLE_NONE;
}

llvm::StringRef nn::dtypeName(int32_t dtype) {
  for (const DtypeRow &row : dtypes)
    if (row.dtype == dtype)
      return row.name;
  return "none";
}

llvm::StringRef nn::kernelName(Operation *op) { return op->getName().stripDialect(); }

Type nn::elementTypeOf(MLIRContext *context, int32_t dtype) {
  Builder builder(context);
  switch (dtype) {
  case PEBBLE_F32:
    return builder.getF32Type();
  case PEBBLE_F64:
    return builder.getF64Type();
  case PEBBLE_F16:
    return builder.getF16Type();
  case PEBBLE_BF16:
    return builder.getBF16Type();
  default:
    break;
  }
  for (const DtypeRow &row : dtypes)
    if (row.dtype == dtype)
      return IntegerType::get(context, row.width,
                              row.isUnsigned ? IntegerType::Unsigned : IntegerType::Signless);
  return Type();
}

unsigned nn::elementBytes(Type element) { return (element.getIntOrFloatBitWidth() + 7) / 8; }

namespace {

/// Appends one attribute; false when its kind is none that kernels take.
bool appendAttribute(Attribute attribute, nn::KernelAttributes &flat) {
  return TypeSwitch<Attribute, bool>(attribute)
      .Case<BoolAttr>([&](auto boolean) {
        flat.ints.push_back(boolean.getValue());
        return true;
      })
      .Case<IntegerAttr>([&](auto integer) {
        flat.ints.push_back(integer.getValue().getSExtValue());
        return true;
      })
      .Case<TypeAttr>([&](auto type) {
        flat.ints.push_back(nn::dtypeOf(type.getValue()));
        return true;
      })
      .Case<DenseI64ArrayAttr>([&](auto array) {
        flat.ints.push_back(array.size());
        llvm::append_range(flat.ints, array.asArrayRef());
        return true;
      })
      .Case<FloatAttr>([&](auto real) {
        flat.floats.push_back(real.getValueAsDouble());
        return true;
      })
      .Case<DenseF64ArrayAttr>([&](auto reals) {
        llvm::append_range(flat.floats, reals.asArrayRef());
        return true;
      })
      .Default([](Attribute) { return false; });
}

/// Declared names that are operands: those that no attribute has.
bool isOperandName(const nn::OpDescription &op, StringRef name) {
  return !llvm::is_contained(op.attributeNames, name);
}

/// Describes an op that is built; `names` holds what the description points to.
nn::OpDescription describe(nn::KernelOpInterface op, SmallVectorImpl<StringRef> &names) {
  for (StringAttr name : op->getName().getAttributeNames())
    names.push_back(name.getValue());
  nn::OpDescription description;
  description.name = op->getName().getStringRef();
  description.attributes = op->getAttrDictionary();
  description.attributeNames = names;
  description.argumentNames = op.getArgumentNames();
  description.shapeOperands = op.getShapeOperands();
  description.hasVariadicOperands = op.hasVariadicOperands();
  return description;
}

} // namespace

LogicalResult nn::flattenAttributes(const OpDescription &op, size_t numOperands,
                                    KernelAttributes &flat, std::string &error) {
  if (op.hasVariadicOperands)
    flat.ints.push_back(numOperands);
  for (StringRef name : op.argumentNames) {
    if (isOperandName(op, name))
      continue;
    Attribute attribute = op.attributes ? op.attributes.get(name) : Attribute();
    if (!attribute || !appendAttribute(attribute, flat)) {
      error = ("needs attribute '" + name + "'").str();
      return failure();
    }
  }
  return success();
}

LogicalResult nn::operandSlots(const OpDescription &op, ValueRange operands,
                               SmallVectorImpl<Value> &slots, std::string &error) {
  if (op.hasVariadicOperands) {
    llvm::append_range(slots, operands);
    return success();
  }
  size_t declared =
      llvm::count_if(op.argumentNames, [&](StringRef name) { return isOperandName(op, name); });
  auto segments = op.attributes ? op.attributes.getAs<DenseI32ArrayAttr>("operandSegmentSizes")
                                : DenseI32ArrayAttr();
  // Without segment sizes only the last operand can be optional.
  SmallVector<int32_t> sizes(declared, 0);
  if (segments)
    sizes.assign(segments.asArrayRef().begin(), segments.asArrayRef().end());
  else
    std::fill_n(sizes.begin(), std::min(declared, operands.size()), 1);
  size_t given = 0;
  for (int32_t size : sizes) {
    bool fits = (size == 0 || size == 1) && given + size <= operands.size();
    if (!fits)
      break;
    slots.push_back(size != 0 ? operands[given++] : Value());
  }
  if (sizes.size() != declared || slots.size() != declared || given != operands.size()) {
    error = (Twine("has ") + Twine(operands.size()) + " operands for " + Twine(declared) +
             " declared ones")
                .str();
    return failure();
  }
  return success();
}

nn::KernelAttributes nn::flattenAttributes(Operation *op) {
  KernelAttributes flat;
  auto kernel = dyn_cast<KernelOpInterface>(op);
  if (!kernel)
    return flat;
  SmallVector<StringRef> names;
  OpDescription description = describe(kernel, names);
  std::string error;
  // A verified op has all its attributes.
  (void)flattenAttributes(description, op->getNumOperands(), flat, error);
  return flat;
}

SmallVector<Value> nn::operandSlots(Operation *op) {
  auto kernel = dyn_cast<KernelOpInterface>(op);
  if (!kernel)
    return SmallVector<Value>(op->getOperands());
  SmallVector<StringRef> names;
  OpDescription description = describe(kernel, names);
  SmallVector<Value> slots;
  std::string error;
  (void)operandSlots(description, op->getOperands(), slots, error);
  return slots;
}
