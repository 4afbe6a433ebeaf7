// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/analysis/SymbolicDims.h"

#include "mlir/Analysis/TopologicalSortUtils.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SetVector.h"

namespace pebble {
#define GEN_PASS_DEF_FORMKERNELS
#include "passes/Passes.h.inc"
} // namespace pebble

using namespace mlir;
using namespace pebble;

namespace {

constexpr int64_t maxClonedConstantBytes = 1024;

bool isElementwise(Operation *op) { return op->hasTrait<nn::ElementwiseOp>(); }

/// Layers that compute, as opposed to those that rename memory, ask for its dims or steer.
bool computes(Operation *op) {
  if (isa<nn::ReshapeOp, nn::BitCastOp>(op))
    return false;
  return isElementwise(op) || op->hasTrait<nn::EpilogueOp>() || isa<nn::KernelOpInterface>(op);
}

bool isClonedConstant(Operation *op) {
  auto constant = dyn_cast_or_null<nn::ConstantOp>(op);
  if (!constant)
    return false;
  if (constant.getValue().isSplat())
    return true;
  auto type = cast<RankedTensorType>(constant.getType());
  return type.getNumElements() * ((type.getElementTypeBitWidth() + 7) / 8) <=
         maxClonedConstantBytes;
}

/// Layers whose emitter evaluates a chain of elementwise layers on each element before storing it.
bool acceptsEpilogue(Operation *op) { return isElementwise(op) || op->hasTrait<nn::EpilogueOp>(); }

bool isOnBytes(Operation *op) {
  return isElementwise(op) && llvm::all_of(op->getOperandTypes(), [](Type type) {
           return cast<RankedTensorType>(type).getElementTypeBitWidth() == 8;
         });
}

/// A transpose of bytes evaluates the elementwise layer in front of it: codes of an image are
/// converted while they are moved.
bool joinsOperand(Operation *op) {
  auto transpose = dyn_cast<nn::TransposeOp>(op);
  if (!transpose)
    return false;
  auto type = cast<RankedTensorType>(transpose.getType());
  return transpose.getPermutation() == ArrayRef<int64_t>{0, 2, 3, 1} && type.hasStaticShape() &&
         type.getElementTypeBitWidth() == 8 && transpose.getInput().hasOneUse();
}

struct Group {
  SmallVector<Operation *> members; // In block order.
  bool isClosed = false;            // Nothing else can join.
};

class KernelFormer {
public:
  KernelFormer(Block &block, SymbolicDims &dims) : block(block), dims(dims) {}

  void run() {
    for (Operation &op : block)
      if (computes(&op))
        assign(&op);
    for (const Group &group : groups)
      fuse(group);
    // A group stands where its last member stood; users of earlier members may now precede it.
    sortTopologically(&block);
  }

private:
  void assign(Operation *op) {
    if (isElementwise(op))
      for (Value operand : op->getOperands())
        if (Operation *producer = operand.getDefiningOp())
          if (auto it = groupOf.find(producer); it != groupOf.end() && canJoin(op, it->second)) {
            groups[it->second].members.push_back(op);
            groupOf[op] = it->second;
            return;
          }
    if (joinsOperand(op))
      if (auto it = groupOf.find(op->getOperand(0).getDefiningOp()); it != groupOf.end()) {
        Group &group = groups[it->second];
        if (group.members.size() == 1 && isOnBytes(group.members.front())) {
          group.members.push_back(op);
          group.isClosed = true;
          groupOf[op] = it->second;
          return;
        }
      }
    groupOf[op] = groups.size();
    groups.push_back({{op}});
  }

  bool canJoin(Operation *op, unsigned group) {
    Operation *root = groups[group].members.front();
    if (groups[group].isClosed || !acceptsEpilogue(root) || !sameShape(op, group))
      return false;
    for (Value operand : op->getOperands()) {
      Operation *producer = operand.getDefiningOp();
      if (producer && producer->getBlock() == &block && !inGroup(producer, group) &&
          reaches(producer, group))
        return false;
    }
    return true;
  }

  bool inGroup(Operation *op, unsigned group) {
    auto it = groupOf.find(op);
    return it != groupOf.end() && it->second == group;
  }

  bool sameShape(Operation *op, unsigned group) {
    Value result = op->getResult(0), root = groups[group].members.front()->getResult(0);
    if (cast<RankedTensorType>(result.getType()).getShape() !=
        cast<RankedTensorType>(root.getType()).getShape())
      return false;
    // Unknown dims are equal when they are one expression of the inputs' dims.
    SmallVector<AffineExpr> own(dims.of(result));
    return ArrayRef(own) == dims.of(root);
  }

  /// Whether `from`, an operation outside `group`, needs a result of `group`.
  bool reaches(Operation *from, unsigned group) {
    SmallVector<Operation *> work{from};
    llvm::SmallPtrSet<Operation *, 32> seen{from};
    auto push = [&](Operation *op) {
      if (op && op->getBlock() == &block && seen.insert(op).second)
        work.push_back(op);
    };
    while (!work.empty()) {
      Operation *op = work.pop_back_val();
      if (inGroup(op, group))
        return true;
      auto visit = [&](Operation *member) {
        member->walk([&](Operation *nested) {
          for (Value operand : nested->getOperands()) {
            Operation *producer = operand.getDefiningOp();
            push(producer ? block.findAncestorOpInBlock(*producer) : nullptr);
          }
        });
      };
      if (auto it = groupOf.find(op); it != groupOf.end())
        for (Operation *member : groups[it->second].members)
          visit(member);
      else
        visit(op);
    }
    return false;
  }

  void fuse(const Group &group) {
    llvm::SmallPtrSet<Operation *, 8> members(group.members.begin(), group.members.end());
    llvm::SetVector<Value> inputs;
    llvm::SetVector<Operation *> constants;
    for (Operation *op : group.members)
      for (Value operand : op->getOperands()) {
        Operation *producer = operand.getDefiningOp();
        if (producer && members.contains(producer))
          continue;
        if (isClonedConstant(producer))
          constants.insert(producer);
        else
          inputs.insert(operand);
      }
    SmallVector<Value> results;
    for (Operation *op : group.members)
      for (Value result : op->getResults()) {
        bool usedOutside = llvm::any_of(result.getUsers(),
                                        [&](Operation *user) { return !members.contains(user); });
        // A library kernel writes all of its results, used or not.
        bool writtenAnyway = !isElementwise(op) && result.use_empty();
        if (usedOutside || writtenAnyway)
          results.push_back(result);
      }

    SmallVector<Location> locations;
    for (Operation *op : group.members)
      locations.push_back(op->getLoc());
    MLIRContext *context = block.getParentOp()->getContext();
    Operation *last = group.members.back();
    OpBuilder builder(last);
    builder.setInsertionPointAfter(last);
    auto fused = nn::FusedOp::create(builder, FusedLoc::get(context, locations),
                                     TypeRange(ValueRange(results)), inputs.getArrayRef());
    Block *body = builder.createBlock(&fused.getBody());
    IRMapping mapping;
    for (Value input : inputs)
      mapping.map(input, body->addArgument(input.getType(), input.getLoc()));
    builder.setInsertionPointToStart(body);
    for (Operation *constant : constants)
      builder.clone(*constant, mapping);
    for (Operation *op : group.members)
      builder.clone(*op, mapping);
    SmallVector<Value> yielded;
    for (Value result : results)
      yielded.push_back(mapping.lookup(result));
    nn::YieldOp::create(builder, fused.getLoc(), yielded);
    for (auto [index, result] : llvm::enumerate(results))
      result.replaceAllUsesWith(fused.getResult(index));
    for (Operation *op : llvm::reverse(group.members))
      op->erase();
  }

  Block &block;
  SymbolicDims &dims;
  std::vector<Group> groups;
  llvm::DenseMap<Operation *, unsigned> groupOf;
};

class FormKernels : public pebble::impl::FormKernelsBase<FormKernels> {
  /// Dims of one name are equal: who runs the program checks it.
  void bindArguments(SymbolicDims &dims) {
    func::FuncOp function = getOperation();
    if (function.isExternal())
      return;
    for (BlockArgument argument : function.getArguments()) {
      auto type = dyn_cast<RankedTensorType>(argument.getType());
      if (!type)
        continue;
      std::vector<std::string> names(type.getRank());
      if (auto given = function.getArgAttrOfType<ArrayAttr>(argument.getArgNumber(), "nn.dims"))
        for (auto [name, attr] : llvm::zip(names, given))
          name = cast<StringAttr>(attr).str();
      dims.bind(argument, names);
    }
  }

  void runOnOperation() override {
    SmallVector<Block *> blocks;
    getOperation().walk<WalkOrder::PreOrder>([&](Block *block) {
      if (!isa<nn::FusedOp>(block->getParentOp()))
        blocks.push_back(block);
    });
    for (Block *block : blocks) {
      // A layer's expressions are known by its value, which forming kernels replaces.
      SymbolicDims dims(&getContext());
      bindArguments(dims);
      KernelFormer(*block, dims).run();
    }
  }
};

} // namespace
