// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/mem/Mem.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "runtime/abi/pebble_abi.h"

using namespace mlir;
using namespace pebble::mem;

#include "dialects/mem/MemDialect.cpp.inc"

#define GET_OP_CLASSES
#include "dialects/mem/MemOps.cpp.inc"

void MemDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "dialects/mem/MemOps.cpp.inc"
      >();
}

Type pebble::mem::storageType(Type element) {
  if (auto integer = dyn_cast<IntegerType>(element))
    return IntegerType::get(element.getContext(), std::max(integer.getWidth(), 8u));
  return element;
}

MemRefType pebble::mem::bufferType(RankedTensorType tensor) {
  return MemRefType::get(tensor.getShape(), storageType(tensor.getElementType()));
}

int32_t pebble::mem::dtypeOf(Type element) {
  if (auto integer = dyn_cast<IntegerType>(element)) {
    bool isUnsigned = integer.isUnsigned();
    switch (integer.getWidth()) {
    case 1:
      return PEBBLE_BOOL;
    case 8:
      return isUnsigned ? PEBBLE_U8 : PEBBLE_I8;
    case 16:
      return isUnsigned ? PEBBLE_U16 : PEBBLE_I16;
    case 32:
      return isUnsigned ? PEBBLE_U32 : PEBBLE_I32;
    case 64:
      return isUnsigned ? PEBBLE_U64 : PEBBLE_I64;
    default:
      return PEBBLE_NONE;
    }
  }
  if (element.isF32())
    return PEBBLE_F32;
  if (element.isF64())
    return PEBBLE_F64;
  if (element.isF16())
    return PEBBLE_F16;
  if (element.isBF16())
    return PEBBLE_BF16;
  return PEBBLE_NONE;
}

void LaunchOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &effects) {
  for (OpOperand &input : getInputsMutable())
    effects.emplace_back(MemoryEffects::Read::get(), &input);
  for (OpOperand &output : getOutputsMutable())
    effects.emplace_back(MemoryEffects::Write::get(), &output);
  for (OpOperand &scratch : getScratchMutable()) {
    effects.emplace_back(MemoryEffects::Read::get(), &scratch);
    effects.emplace_back(MemoryEffects::Write::get(), &scratch);
  }
}

void CopyOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &effects) {
  effects.emplace_back(MemoryEffects::Read::get(), &getSourceMutable());
  effects.emplace_back(MemoryEffects::Write::get(), &getTargetMutable());
}
