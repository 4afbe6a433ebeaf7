// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/mem/Mem.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace pebble::mem;

#include "dialects/mem/MemDialect.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/mem/MemAttrs.cpp.inc"

#define GET_OP_CLASSES
#include "dialects/mem/MemOps.cpp.inc"

void MemDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "dialects/mem/MemOps.cpp.inc"
      >();
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/mem/MemAttrs.cpp.inc"
      >();
}

KernelSpecAttr KernelSpecAttr::of(Operation *kernel) {
  return kernel->getAttrOfType<KernelSpecAttr>(attributeName);
}

SmallVector<RegionAttr> pebble::mem::regionsOf(Operation *program) {
  auto list = program->getAttrOfType<ArrayAttr>(RegionAttr::listName);
  return list ? llvm::to_vector(list.getAsRange<RegionAttr>()) : SmallVector<RegionAttr>();
}

LogicalResult KernelSpecAttr::verify(function_ref<InFlightDiagnostic()> emitError, ArrayAttr reads,
                                     ArrayAttr writes, int64_t scratch) {
  for (ArrayAttr sizes : {reads, writes})
    for (Attribute size : sizes) {
      auto bytes = dyn_cast<IntegerAttr>(size);
      if (!isa<StringAttr>(size) && !(bytes && bytes.getValue().isNonNegative()))
        return emitError() << "expected bytes or the text of an expression, not " << size;
    }
  if (scratch < 0)
    return emitError() << "has " << scratch << " bytes of scratch";
  return success();
}

Type pebble::mem::storageType(Type element) {
  if (auto integer = dyn_cast<IntegerType>(element))
    return IntegerType::get(element.getContext(), std::max(integer.getWidth(), 8u));
  return element;
}

MemRefType pebble::mem::bufferType(RankedTensorType tensor) {
  return MemRefType::get(tensor.getShape(), storageType(tensor.getElementType()));
}

LogicalResult RowOp::verify() {
  auto whole = cast<MemRefType>(getBuffer().getType()), row = cast<MemRefType>(getType());
  SmallVector<int64_t> shape(whole.getShape());
  if (shape.size() < 2 || shape[0] != 1 || !whole.hasStaticShape())
    return emitOpError("takes a row of a buffer [1, rows, ...] of known size, not of ") << whole;
  shape[1] = 1;
  if (getColumn() && shape.size() > 2) {
    int64_t columns = row.getRank() > 2 ? row.getDimSize(2) : 0;
    int64_t begin = static_cast<int64_t>(*getColumn());
    if (begin < 0 || begin > shape[2] - columns)
      return emitOpError("takes ")
             << columns << " columns from " << begin << " on, of " << shape[2];
    shape[2] = columns;
  }
  if (row.getShape() != ArrayRef(shape) || row.getElementType() != whole.getElementType())
    return emitOpError("gives ") << MemRefType::get(shape, whole.getElementType()) << ", not "
                                 << row;
  return success();
}

int64_t RowOp::getRowBytes() {
  auto whole = cast<MemRefType>(getBuffer().getType());
  return whole.getNumElements() / whole.getDimSize(1) * whole.getElementTypeBitWidth() / 8;
}

int64_t RowOp::getColumnOffset() {
  auto whole = cast<MemRefType>(getBuffer().getType());
  return getColumn() ? getRowBytes() / whole.getDimSize(2) * static_cast<int64_t>(*getColumn()) : 0;
}

int64_t pebble::mem::pitchOf(MemRefType buffer) {
  if (buffer.getLayout().isIdentity())
    return 0;
  return buffer.getStridesAndOffset().first[buffer.getRank() - 2];
}

MemRefType PartOp::typeOf(MemRefType whole, int64_t axis, int64_t size) {
  int64_t rank = whole.getRank();
  if (!whole.hasStaticShape() || axis < 0 || axis >= rank)
    return {};
  SmallVector<int64_t> shape(whole.getShape());
  shape[axis] = size;
  auto isOne = [](int64_t size) { return size == 1; };
  if (whole.getLayout().isIdentity() && llvm::all_of(ArrayRef(shape).take_front(axis), isOne))
    return MemRefType::get(shape, whole.getElementType());
  if (axis != rank - 1)
    return {};
  auto layout =
      StridedLayoutAttr::get(whole.getContext(), /*offset=*/0, whole.getStridesAndOffset().first);
  return MemRefType::get(shape, whole.getElementType(), layout);
}

LogicalResult PartOp::verify() {
  auto whole = cast<MemRefType>(getWhole().getType()), part = cast<MemRefType>(getType());
  auto axis = static_cast<int64_t>(getAxis()), begin = static_cast<int64_t>(getBegin());
  bool isAlong = axis >= 0 && axis < std::min(whole.getRank(), part.getRank());
  MemRefType expected = isAlong ? typeOf(whole, axis, part.getDimSize(axis)) : MemRefType();
  if (!expected)
    return emitOpError("takes no part along dim ") << axis << " of " << whole;
  if (part != expected)
    return emitOpError("gives ") << expected << ", not " << part;
  if (begin < 0 || begin > whole.getDimSize(axis) - part.getDimSize(axis))
    return emitOpError("takes ") << part.getDimSize(axis) << " elements from " << begin
                                 << " on, of " << whole.getDimSize(axis);
  return success();
}

int64_t PartOp::getByteOffset() {
  auto whole = cast<MemRefType>(getWhole().getType());
  return whole.getStridesAndOffset().first[getAxis()] * static_cast<int64_t>(getBegin()) *
         whole.getElementTypeBitWidth() / 8;
}

LogicalResult LaunchOp::verify() {
  if (!getOver())
    return success();
  ArrayRef<int64_t> over = *getOver();
  if (over.size() != getOutputs().size())
    return emitOpError("names ") << over.size()
                                 << " operands to write over; expected one for each of "
                                 << getOutputs().size() << " outputs";
  for (auto [operand, output] : llvm::zip(over, getOutputs())) {
    if (operand < 0)
      continue;
    if (operand >= static_cast<int64_t>(getInputs().size()))
      return emitOpError("writes over operand ") << operand << "; there are " << getInputs().size();
    auto from = cast<MemRefType>(getInputs()[operand].getType());
    auto to = cast<MemRefType>(output.getType());
    if (from.getShape() != to.getShape() ||
        from.getElementTypeBitWidth() != to.getElementTypeBitWidth())
      return emitOpError("writes ") << to << " over " << from << "; expected elements alike";
  }
  return success();
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
