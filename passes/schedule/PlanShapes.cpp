// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/schedule/ShapeSlice.h"

#include "mlir/IR/IRMapping.h"
#include "llvm/Support/MathExtras.h"

namespace pebble {
#define GEN_PASS_DEF_PLANSHAPES
#include "passes/Passes.h.inc"
} // namespace pebble

using namespace mlir;
using namespace pebble;

namespace {

constexpr int64_t alignment = 64; // A cache line, and the widest vector.
constexpr int64_t wordBytes = 8;

/// A buffer of the program whose sizes the plan computes.
struct Placed {
  memref::AllocOp alloc;
  mem::ReleaseOp release; // Null when it lives to the end.
};

/// Moves what follows from the inputs' dims from `@main` into `@plan`.
class Planner {
public:
  Planner(func::FuncOp program, const ShapeSlice &slice)
      : program(program), slice(slice), b(program.getLoc(), program.getContext()) {}

  void run() {
    for (auto [position, op] : llvm::enumerate(entry()))
      positions[&op] = position;
    findPlaced();
    layOut();
    buildPlan();
    rewriteProgram();
    program->setAttr("mem.arena_bytes", b.getI64IntegerAttr(planEnd));
    program->setAttr("mem.plan_bytes", b.getI64IntegerAttr(planEnd - planStart));
  }

private:
  Block &entry() { return program.getBody().front(); }

  void findPlaced() {
    for (auto alloc : entry().getOps<memref::AllocOp>()) {
      if (alloc.getType().hasStaticShape() ||
          !llvm::all_of(alloc.getDynamicSizes(), [&](Value size) { return slice.isSize(size); }))
        continue;
      Placed buffer{alloc, {}};
      for (Operation *user : alloc->getUsers())
        if (auto release = dyn_cast<mem::ReleaseOp>(user))
          buffer.release = release;
      placed.push_back(buffer);
    }
  }

  /// The plan, behind the static arena: the arena's size, three words a placed buffer, sizes, small
  /// tensors.
  void layOut() {
    int64_t staticBytes = program->getAttrOfType<IntegerAttr>("mem.arena_bytes").getInt();
    planStart = llvm::alignTo(staticBytes, alignment);
    int64_t end = planStart + wordBytes * (1 + 3 * static_cast<int64_t>(placed.size()));
    for (Value size : slice.exportedSizes()) {
      places[size] = end;
      end += wordBytes;
    }
    for (mem::SlotOp slot : slice.buffers()) {
      end = llvm::alignTo(end, alignment);
      places[slot.getResult()] = end;
      auto type = cast<MemRefType>(slot.getType());
      end += type.getNumElements() * type.getElementTypeBitWidth() / 8;
    }
    planEnd = llvm::alignTo(end, alignment);
  }

  void buildPlan() {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointAfter(program);
    auto plan = func::FuncOp::create(b, "plan", program.getFunctionType());
    b.setInsertionPointToStart(plan.addEntryBlock());
    IRMapping mapping;
    for (Operation &op : entry()) {
      if (auto slot = dyn_cast<mem::SlotOp>(op); slot && places.contains(slot.getResult()))
        mapping.map(slot.getResult(), planBuffer(slot));
      else if (slice.contains(&op) || isWanted(&op))
        b.clone(op, mapping);
    }
    for (Value size : slice.exportedSizes())
      mem::SetPlannedOp::create(b, places.lookup(size), mapping.lookup(size));
    placeBuffers(mapping);
    func::ReturnOp::create(b, arith::ConstantIntOp::create(b, 0, 32).getResult());
  }

  /// Constants and inputs that the plan reads; sizes may be constants too.
  bool isWanted(Operation *op) {
    return slice.isLeaf(op) &&
           (isa<arith::ConstantOp>(op) ||
            llvm::any_of(op->getUsers(), [&](Operation *user) { return slice.contains(user); }));
  }

  Value planBuffer(mem::SlotOp slot) {
    return mem::SlotOp::create(b, slot.getType(), places.lookup(slot.getResult()),
                               /*region=*/IntegerAttr());
  }

  void placeBuffers(IRMapping &mapping) {
    SmallVector<Value> dims;
    SmallVector<int64_t> table;
    for (Placed &buffer : placed) {
      MemRefType type = buffer.alloc.getType();
      auto next = buffer.alloc.getDynamicSizes().begin();
      for (int64_t size : type.getShape())
        dims.push_back(ShapedType::isDynamic(size)
                           ? mapping.lookup(*next++)
                           : arith::ConstantIndexOp::create(b, size).getResult());
      int64_t last = buffer.release ? positions.lookup(buffer.release)
                                    : static_cast<int64_t>(positions.size());
      table.append({type.getRank(), type.getElementTypeBitWidth() / 8,
                    positions.lookup(buffer.alloc), last});
    }
    mem::PlaceBuffersOp::create(b, dims, table, planEnd, planStart);
  }

  /// The program reads the plan instead.
  void rewriteProgram() {
    for (Value size : slice.exportedSizes())
      for (OpOperand &use : llvm::make_early_inc_range(size.getUses())) {
        Operation *user = entry().findAncestorOpInBlock(*use.getOwner());
        if (slice.contains(user))
          continue;
        b.setInsertionPoint(user);
        use.set(mem::PlannedOp::create(b, b.getIndexType(), places.lookup(size)));
      }
    for (mem::SlotOp slot : slice.buffers()) {
      b.setInsertionPoint(slot);
      slot.replaceAllUsesWith(planBuffer(slot));
      slot.erase();
    }
    for (auto [index, buffer] : llvm::enumerate(placed)) {
      b.setInsertionPoint(buffer.alloc);
      int64_t word = planStart + wordBytes * (1 + static_cast<int64_t>(index));
      Value offset = mem::PlannedOp::create(b, b.getIndexType(), word);
      Value place =
          mem::PlacedOp::create(b, buffer.alloc.getType(), offset, buffer.alloc.getDynamicSizes());
      if (buffer.release)
        buffer.release.erase();
      buffer.alloc.replaceAllUsesWith(place);
      buffer.alloc.erase();
    }
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(entry())))
      if (slice.contains(&op) && op.use_empty())
        op.erase();
  }

  func::FuncOp program;
  const ShapeSlice &slice;
  ImplicitLocOpBuilder b;
  SmallVector<Placed> placed;
  llvm::DenseMap<Operation *, int64_t> positions;
  llvm::DenseMap<Value, int64_t> places; // Byte offsets in the arena.
  int64_t planStart = 0, planEnd = 0;
};

class PlanShapes : public pebble::impl::PlanShapesBase<PlanShapes> {
  void runOnOperation() override {
    auto program = getOperation().lookupSymbol<func::FuncOp>("main");
    if (!program || !program->hasAttr("mem.arena_bytes"))
      return;
    ShapeSlice slice(program);
    if (slice.dependsOnInputs())
      Planner(program, slice).run();
  }
};

} // namespace
