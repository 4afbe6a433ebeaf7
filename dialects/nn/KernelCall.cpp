// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/nn/KernelCall.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "runtime/abi/pebble_abi.h"

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

nn::KernelAttributes nn::flattenAttributes(Operation *op) {
  KernelAttributes flat;
  for (StringAttr name : op->getName().getAttributeNames()) {
    if (name == "operandSegmentSizes" || name == "resultSegmentSizes")
      continue;
    std::optional<Attribute> attr = op->getInherentAttr(name);
    if (!attr || !*attr)
      continue;
    if (auto boolean = dyn_cast<BoolAttr>(*attr)) {
      flat.ints.push_back(boolean.getValue());
    } else if (auto integer = dyn_cast<IntegerAttr>(*attr)) {
      flat.ints.push_back(integer.getInt());
    } else if (auto type = dyn_cast<TypeAttr>(*attr)) {
      flat.ints.push_back(dtypeOf(type.getValue()));
    } else if (auto array = dyn_cast<DenseI64ArrayAttr>(*attr)) {
      flat.ints.push_back(array.size());
      llvm::append_range(flat.ints, array.asArrayRef());
    } else if (auto real = dyn_cast<FloatAttr>(*attr)) {
      flat.floats.push_back(real.getValueAsDouble());
    } else if (auto reals = dyn_cast<DenseF64ArrayAttr>(*attr)) {
      llvm::append_range(flat.floats, reals.asArrayRef());
    }
  }
  return flat;
}

SmallVector<Value> nn::operandSlots(Operation *op) {
  SmallVector<Value> slots;
  auto operand = op->operand_begin();
  auto segments = op->getInherentAttr("operandSegmentSizes");
  if (auto sizes = segments ? dyn_cast_or_null<DenseI32ArrayAttr>(*segments) : nullptr) {
    for (int32_t size : sizes.asArrayRef())
      slots.push_back(size ? *operand++ : Value());
    return slots;
  }
  slots.append(operand, op->operand_end());
  if (auto kernel = dyn_cast<KernelOpInterface>(op))
    slots.resize(std::max<size_t>(slots.size(), kernel.getNumOperandSlots()));
  return slots;
}
