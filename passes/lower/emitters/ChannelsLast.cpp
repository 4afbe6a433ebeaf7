// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Bytes from channels first to channels last, computed from what elementwise layers make on the
// way: how images come in.

#include "passes/lower/emitters/Emitters.h"

using namespace mlir;
using namespace pebble;

bool pebble::emitChannelsLast(KernelEmitter &emitter, Operation *operation) {
  auto op = cast<nn::TransposeOp>(operation);
  auto type = cast<RankedTensorType>(op.getInput().getType());
  bool isComputed = !emitter.tensor(op.getInput());
  if (op.getPermutation() != ArrayRef<int64_t>{0, 2, 3, 1} || !type.hasStaticShape() ||
      (!emitter.row() && (!isComputed || type.getElementTypeBitWidth() != 8)))
    return false;
  ImplicitLocOpBuilder &b = emitter.builder();
  KernelTensor moved{Value(), {}, type}; // Never in memory as a whole.
  for (int64_t size : type.getShape())
    moved.dims.push_back(b.getIndexAttr(size));
  ArrayRef<OpFoldResult> dims = moved.dims;
  auto lookup = [&](Value value) { return emitter.tensor(value); };
  ElementEmitter elements(b, op.getInput(), &moved, {}, lookup, /*merge=*/false);
  const KernelTensor *result = emitter.tensor(op.getResult());
  OpFoldResult rows = emitter.row() ? b.getIndexAttr(1) : dims[2], columns = dims[3];
  Value first;
  if (!emitter.columns().empty()) {
    first = arith::ConstantIndexOp::create(b, emitter.columns()[2]);
    columns = b.getIndexAttr(emitter.columns()[3]);
  }
  emitter.parallelLoops({dims[0], rows, columns, dims[1]}, [&](ArrayRef<Value> at) {
    Value row = emitter.row() ? emitter.row() : at[1];
    Value column = first ? arith::AddIOp::create(b, first, at[2]).getResult() : at[2];
    elements.moveTo({at[0], at[3], row, column});
    Value element = toStorage(b, elements.get(op.getInput()), type.getElementType());
    Value place = at[0];
    for (auto [size, index] :
         {std::pair{rows, at[1]}, std::pair{columns, at[2]}, std::pair{dims[1], at[3]}}) {
      place = arith::MulIOp::create(b, place, toValue(b, size));
      place = arith::AddIOp::create(b, place, index);
    }
    memref::StoreOp::create(b, element, result->memory, place);
  });
  return true;
}
