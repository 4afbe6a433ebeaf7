// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/Passes.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/Support/MathExtras.h"

namespace pebble {
#define GEN_PASS_DEF_PLANMEMORY
#include "passes/Passes.h.inc"
} // namespace pebble

using namespace mlir;
using namespace pebble;

namespace {

constexpr int64_t alignment = 64; // A cache line, and the widest vector.

struct Buffer {
  memref::AllocOp alloc;
  int64_t first, last; // Top-level positions of its life, both included.
  int64_t bytes, id, offset = 0;
};

/// All values that may name the memory of `buffer`.
llvm::SetVector<Value> aliases(Value buffer) {
  llvm::SetVector<Value> names;
  names.insert(buffer);
  for (size_t next = 0; next < names.size(); ++next) {
    for (OpOperand &use : names[next].getUses()) {
      Operation *user = use.getOwner();
      if (isa<mem::ViewOp, memref::CastOp>(user)) {
        names.insert(user->getResult(0));
      } else if (auto loop = dyn_cast<scf::WhileOp>(user)) {
        names.insert(loop.getBeforeArguments()[use.getOperandNumber()]);
      } else if (auto condition = dyn_cast<scf::ConditionOp>(user)) {
        auto loop = cast<scf::WhileOp>(condition->getParentOp());
        names.insert(loop.getAfterArguments()[use.getOperandNumber() - 1]);
        names.insert(loop.getResult(use.getOperandNumber() - 1));
      } else if (auto yield = dyn_cast<scf::YieldOp>(user)) {
        if (auto loop = dyn_cast<scf::WhileOp>(yield->getParentOp()))
          names.insert(loop.getBeforeArguments()[use.getOperandNumber()]);
        else
          names.insert(yield->getParentOp()->getResult(use.getOperandNumber()));
      }
    }
  }
  return names;
}

class PlanMemory : public pebble::impl::PlanMemoryBase<PlanMemory> {
  void runOnOperation() override {
    func::FuncOp program = getOperation();
    if (program.getSymName() != "main")
      return;
    Block &entry = program.getBody().front();
    llvm::DenseMap<Operation *, int64_t> position;
    for (auto [index, op] : llvm::enumerate(entry))
      position[&op] = index;
    auto topLevel = [&](Operation *op) {
      return position.lookup(entry.findAncestorOpInBlock(*op));
    };

    std::vector<Buffer> planned;
    SmallVector<std::pair<memref::AllocOp, Operation *>> released;
    program.walk([&](memref::AllocOp alloc) {
      int64_t first = topLevel(alloc), last = first;
      Operation *lastUser = alloc;
      bool carried = false;
      for (Value name : aliases(alloc)) {
        carried |= isa<BlockArgument>(name);
        for (Operation *user : name.getUsers())
          if (topLevel(user) >= last) {
            last = topLevel(user);
            lastUser = entry.findAncestorOpInBlock(*user);
          }
      }
      bool nested = alloc->getBlock() != &entry;
      if (alloc.getType().hasStaticShape() && !(nested && carried)) {
        int64_t id = planned.size();
        planned.push_back({alloc, first, last, bytesOf(alloc.getType()), id});
      } else if (!nested) {
        released.push_back({alloc, lastUser});
      }
    });
    for (auto [alloc, lastUser] : released) {
      if (lastUser->hasTrait<OpTrait::IsTerminator>())
        continue;
      OpBuilder builder(lastUser);
      builder.setInsertionPointAfter(lastUser);
      mem::ReleaseOp::create(builder, alloc.getLoc(), alloc);
    }
    int64_t arena = place(planned);
    for (Buffer &buffer : planned) {
      OpBuilder builder(buffer.alloc);
      Value slot = mem::SlotOp::create(builder, buffer.alloc.getLoc(), buffer.alloc.getType(),
                                       buffer.offset);
      buffer.alloc.replaceAllUsesWith(slot);
      buffer.alloc.erase();
    }
    program->setAttr("mem.arena_bytes", Builder(&getContext()).getI64IntegerAttr(arena));
  }

  static int64_t bytesOf(MemRefType type) {
    int64_t bytes = type.getNumElements() * type.getElementTypeBitWidth() / 8;
    return llvm::alignTo(std::max<int64_t>(bytes, 1), alignment);
  }

  /// Greedy by size; returns the arena's size.
  static int64_t place(std::vector<Buffer> &buffers) {
    SmallVector<Buffer *> order;
    for (Buffer &buffer : buffers)
      order.push_back(&buffer);
    // Ties keep program order, so that plans repeat.
    llvm::sort(order, [](Buffer *a, Buffer *b) {
      return a->bytes != b->bytes ? a->bytes > b->bytes : a->id < b->id;
    });
    SmallVector<Buffer *> placed;
    int64_t arena = 0;
    for (Buffer *buffer : order) {
      SmallVector<Buffer *> conflicts;
      for (Buffer *other : placed)
        if (other->first <= buffer->last && buffer->first <= other->last)
          conflicts.push_back(other);
      llvm::sort(conflicts, [](Buffer *a, Buffer *b) {
        return a->offset != b->offset ? a->offset < b->offset : a->id < b->id;
      });
      int64_t offset = 0;
      for (Buffer *other : conflicts) {
        if (offset + buffer->bytes <= other->offset)
          break;
        offset = std::max(offset, other->offset + other->bytes);
      }
      buffer->offset = offset;
      arena = std::max(arena, offset + buffer->bytes);
      placed.push_back(buffer);
    }
    return arena;
  }
};

} // namespace
