// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/schedule/ShapeSlice.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace pebble;

namespace {

/// Shapes, indices and scales are small; larger tensors are data.
constexpr int64_t mostBytes = 4096;

/// The value whose memory `buffer` names.
Value rootOf(Value buffer) {
  while (Operation *op = buffer.getDefiningOp()) {
    if (!isa<mem::ViewOp, memref::CastOp>(op))
      break;
    buffer = op->getOperand(0);
  }
  return buffer;
}

mem::SlotOp slotOf(Value buffer) { return rootOf(buffer).getDefiningOp<mem::SlotOp>(); }

/// The buffers that an operation at the top of the program writes.
SmallVector<Value> writtenBy(Operation *op) {
  if (auto launch = dyn_cast<mem::LaunchOp>(op))
    return SmallVector<Value>(launch.getOutputs());
  if (auto store = dyn_cast<memref::StoreOp>(op))
    return {store.getMemref()};
  if (auto copy = dyn_cast<mem::CopyOp>(op))
    return {copy.getTarget()};
  return {};
}

/// The size of a dim where the operation that makes the buffer says it; null otherwise.
Value knownDim(OpBuilder &b, Location loc, Value buffer, int64_t dim) {
  auto type = cast<MemRefType>(buffer.getType());
  if (!type.isDynamicDim(dim))
    return arith::ConstantIndexOp::create(b, loc, type.getDimSize(dim));
  Operation *op = buffer.getDefiningOp();
  if (auto cast = dyn_cast_or_null<memref::CastOp>(op))
    return knownDim(b, loc, cast.getSource(), dim);
  ValueRange sizes;
  if (auto alloc = dyn_cast_or_null<memref::AllocOp>(op))
    sizes = alloc.getDynamicSizes();
  else if (auto view = dyn_cast_or_null<mem::ViewOp>(op))
    sizes = view.getSizes();
  else if (auto output = dyn_cast_or_null<mem::OutputOp>(op))
    sizes = output.getSizes();
  else
    return {};
  return sizes[type.getDynamicDimIndex(dim)];
}

} // namespace

ShapeSlice::ShapeSlice(func::FuncOp program) {
  Block &entry = program.getBody().front();
  foldDims(entry);
  for (auto slot : entry.getOps<mem::SlotOp>())
    slots[slot] = writersOf(slot, entry);
  for (Operation &op : entry) {
    if (isa<mem::InputOp, mem::ConstantOp, arith::ConstantOp>(op))
      leaves.insert(&op);
    else if (follows(&op))
      add(&op);
  }
  // A buffer that is written in part by others is theirs.
  members.remove_if([&](Operation *op) {
    return llvm::any_of(writtenBy(op), [&](Value buffer) {
      const Writers &writers = slots[slotOf(buffer)];
      return !writers.isSmall || writers.missing > 0;
    });
  });
  for (Operation *op : members)
    for (Value result : op->getResults())
      if (isa<IndexType>(result.getType()) && llvm::any_of(result.getUsers(), [&](Operation *user) {
            return !members.contains(entry.findAncestorOpInBlock(*user));
          }))
        exported.push_back(result);
}

void ShapeSlice::foldDims(Block &entry) {
  entry.walk([](memref::DimOp op) {
    std::optional<int64_t> dim = op.getConstantIndex();
    OpBuilder b(op);
    if (Value size = dim ? knownDim(b, op.getLoc(), op.getSource(), *dim) : Value()) {
      op.replaceAllUsesWith(size);
      op.erase();
    }
  });
}

ShapeSlice::Writers ShapeSlice::writersOf(mem::SlotOp slot, Block &entry) {
  auto type = cast<MemRefType>(slot.getType());
  Writers writers;
  writers.isSmall = type.getNumElements() * type.getElementTypeBitWidth() / 8 <= mostBytes;
  SmallVector<Value> names{slot.getResult()};
  while (!names.empty()) {
    Value name = names.pop_back_val();
    for (Operation *user : name.getUsers()) {
      if (isa<mem::ViewOp, memref::CastOp>(user))
        names.push_back(user->getResult(0));
      else if (llvm::is_contained(writtenBy(user), name)) {
        ++writers.missing;
        writers.isSmall &= user->getBlock() == &entry;
      }
    }
  }
  return writers;
}

bool ShapeSlice::isSize(Value value) const {
  Operation *op = value.getDefiningOp();
  return op && (isa<arith::ConstantOp>(op) || members.contains(op));
}

bool ShapeSlice::isKnownBuffer(Value buffer) {
  Operation *op = buffer.getDefiningOp();
  if (!op)
    return false;
  if (auto slot = dyn_cast<mem::SlotOp>(op)) {
    const Writers &writers = slots[slot];
    return writers.isSmall && writers.missing == 0;
  }
  return isa<mem::ConstantOp>(op) || members.contains(op);
}

bool ShapeSlice::follows(Operation *op) {
  auto known = [&](ValueRange values) {
    return llvm::all_of(values, [&](Value value) { return isSize(value); });
  };
  auto knownBuffers = [&](ValueRange values) {
    return llvm::all_of(values, [&](Value value) { return isKnownBuffer(value); });
  };
  auto ownSlot = [&](Value buffer) {
    mem::SlotOp slot = slotOf(buffer);
    return slot && slots[slot].isSmall;
  };
  return llvm::TypeSwitch<Operation *, bool>(op)
      .Case([&](memref::DimOp dim) {
        return dim.getConstantIndex() && rootOf(dim.getSource()).getDefiningOp<mem::InputOp>() &&
               !dim.getSource().getDefiningOp<mem::ViewOp>();
      })
      .Case([&](memref::StoreOp store) {
        return isSize(store.getValue()) && known(store.getIndices()) && ownSlot(store.getMemref());
      })
      .Case([&](mem::LaunchOp launch) {
        return !launch.getInputs().empty() && !launch.getScratch() &&
               knownBuffers(launch.getInputs()) &&
               llvm::all_of(launch.getOutputs(), [&](Value output) {
                 return ownSlot(output) && slots[slotOf(output)].missing == 1;
               });
      })
      .Case([&](mem::CopyOp copy) {
        return isKnownBuffer(copy.getSource()) && ownSlot(copy.getTarget());
      })
      .Case([&](mem::ViewOp view) {
        return isKnownBuffer(view.getSource()) && known(view.getSizes());
      })
      .Case([&](memref::CastOp cast) { return isKnownBuffer(cast.getSource()); })
      .Case([&](mem::InferDimsOp infer) {
        return known(infer.getSizes()) && knownBuffers(infer.getData());
      })
      .Default([&](Operation *other) {
        return isa<arith::ArithDialect>(other->getDialect()) && known(other->getOperands());
      });
}

void ShapeSlice::add(Operation *op) {
  members.insert(op);
  readsDims |= isa<memref::DimOp>(op);
  for (Value buffer : writtenBy(op))
    --slots[slotOf(buffer)].missing;
}

SmallVector<mem::SlotOp> ShapeSlice::buffers() const {
  SmallVector<mem::SlotOp> own;
  for (const auto &[op, writers] : slots)
    if (writers.isSmall && writers.missing == 0 && !op->use_empty())
      own.push_back(cast<mem::SlotOp>(op));
  return own;
}
