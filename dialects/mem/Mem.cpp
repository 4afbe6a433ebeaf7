// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/mem/Mem.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"

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
