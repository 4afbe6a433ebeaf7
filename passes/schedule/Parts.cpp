// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/schedule/Parts.h"

#include "dialects/nn/Constants.h"
#include "passes/analysis/Followable.h"
#include "passes/analysis/PartAccess.h"
#include "passes/analysis/WriteOver.h"
#include "passes/schedule/ArenaPlan.h"

#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace pebble;

namespace {

/// Greedy plans and their bounds tell well enough whether an arena grows.
constexpr int64_t comparisonSteps = 10'000;

struct Arena {
  int64_t height, lowerBound;
};

class PartPlacer {
public:
  PartPlacer(func::FuncOp main, SymbolTable &symbols, const PartOptions &options)
      : main(main), symbols(symbols), options(options) {}

  bool run() {
    SmallVector<mem::LaunchOp> launches(main.getOps<mem::LaunchOp>());
    bool changed = false;
    std::optional<Arena> least;
    for (mem::LaunchOp launch : launches) {
      if (!isa_and_nonnull<nn::ConcatOp, nn::SliceOp>(onlyLayerOf(launch)))
        continue;
      IRMapping copied;
      OwningOpRef<func::FuncOp> copy(cast<func::FuncOp>(main->clone(copied)));
      if (!place(cast<mem::LaunchOp>(copied.lookup(launch.getOperation()))))
        continue;
      if (!least)
        least = arenaOf(OwningOpRef<func::FuncOp>(main.clone()));
      std::optional<Arena> arena = arenaOf(std::move(copy));
      if (!least || !arena || arena->height > least->height ||
          arena->lowerBound > least->lowerBound)
        continue;
      place(launch);
      least = arena;
      changed = true;
    }
    return changed;
  }

private:
  std::optional<Arena> arenaOf(OwningOpRef<func::FuncOp> program) {
    for (auto &[launch, over] : chooseOver(*program, symbols))
      launch.setOver(over);
    FailureOr<ArenaPlan> plan = ArenaPlan::make(*program, comparisonSteps);
    return failed(plan) ? std::nullopt : std::optional<Arena>({plan->height, plan->lowerBound});
  }

  func::FuncOp kernelOf(mem::LaunchOp launch) {
    return symbols.lookup<func::FuncOp>(launch.getKernel());
  }

  /// The layer of a launch of one result; null where there are several.
  Operation *onlyLayerOf(mem::LaunchOp launch) {
    func::FuncOp kernel = kernelOf(launch);
    if (!kernel || launch.getOutputs().size() != 1)
      return nullptr;
    Operation *layer = nullptr;
    for (Operation &op : kernel.getBody().front().without_terminator()) {
      if (isa<nn::ConstantOp>(op))
        continue;
      if (layer)
        return nullptr;
      layer = &op;
    }
    return layer;
  }

  /// Does without the launch, if it only joins or cuts tensors; false where that cannot be.
  bool place(mem::LaunchOp launch) {
    Operation *layer = onlyLayerOf(launch);
    if (auto concat = dyn_cast_or_null<nn::ConcatOp>(layer))
      return placeOperands(launch, concat);
    if (auto slice = dyn_cast_or_null<nn::SliceOp>(layer))
      return placeResult(launch, slice);
    return false;
  }

  //===--- concatenations --------------------------------------------------===//

  bool placeOperands(mem::LaunchOp launch, nn::ConcatOp concat) {
    Value whole = launch.getOutputs()[0];
    if (!canBeWhole(whole))
      return false;
    auto axis = static_cast<int64_t>(concat.getAxis());
    struct Operand {
      Value buffer;
      MemRefType type;
      int64_t begin;
    };
    SmallVector<Operand> placed, copied;
    int64_t next = 0;
    for (Value input : concat.getInputs()) {
      auto argument = dyn_cast<BlockArgument>(input);
      if (!argument)
        return false;
      Value buffer = launch.getInputs()[argument.getArgNumber()];
      int64_t size = cast<MemRefType>(buffer.getType()).getDimSize(axis);
      MemRefType type = mem::PartOp::typeOf(cast<MemRefType>(whole.getType()), axis, size);
      if (!type)
        return false;
      bool canBePart = llvm::count(concat.getInputs(), input) == 1 &&
                       buffer.getDefiningOp<memref::AllocOp>() && canBe(buffer, type, launch);
      (canBePart ? placed : copied).push_back({buffer, type, next});
      next += size;
    }
    auto isInRuns = [](const Operand &it) { return mem::pitchOf(it.type) > 0; };
    if (placed.empty() || (options.onDevice && llvm::any_of(copied, isInRuns)))
      return false;
    // The whole has to be there before the first of its parts is written.
    Operation *first = placed.front().buffer.getDefiningOp();
    for (const Operand &operand : placed)
      if (operand.buffer.getDefiningOp()->isBeforeInBlock(first))
        first = operand.buffer.getDefiningOp();
    moveBefore(whole, first);
    for (Operand &operand : placed) {
      Operation *alloc = operand.buffer.getDefiningOp();
      OpBuilder b(alloc);
      Value part =
          mem::PartOp::create(b, alloc->getLoc(), operand.type, whole, axis, operand.begin);
      operand.buffer.replaceAllUsesWith(part);
      retype(part);
      alloc->erase();
    }
    OpBuilder b(launch);
    for (const Operand &operand : copied) {
      Value part =
          mem::PartOp::create(b, launch.getLoc(), operand.type, whole, axis, operand.begin);
      mem::CopyOp::create(b, launch.getLoc(), operand.buffer, part);
    }
    launch.erase();
    return true;
  }

  /// Whether there can be parts of the buffer: it lies in the arena, or is the caller's.
  bool canBeWhole(Value buffer) {
    while (auto part = buffer.getDefiningOp<mem::PartOp>())
      buffer = part.getWhole();
    return buffer.getDefiningOp<memref::AllocOp>() ||
           (!options.onDevice && buffer.getDefiningOp<mem::OutputOp>());
  }

  /// Whether who uses the buffer could do so if it had `type`; `launch` goes away.
  bool canBe(Value buffer, MemRefType type, mem::LaunchOp launch) {
    bool isInRuns = mem::pitchOf(type) > 0;
    return llvm::all_of(buffer.getUses(), [&](OpOperand &use) {
      Operation *user = use.getOwner();
      if (user == launch)
        return true;
      if (auto part = dyn_cast<mem::PartOp>(user)) {
        int64_t axis = part.getAxis();
        MemRefType inner =
            mem::PartOp::typeOf(type, axis, cast<MemRefType>(part.getType()).getDimSize(axis));
        return inner && canBe(part, inner, launch);
      }
      if (isa<mem::CopyOp>(user))
        return !isInRuns || !options.onDevice;
      if (isa<mem::ViewOp>(user))
        return !isInRuns;
      auto reader = dyn_cast<mem::LaunchOp>(user);
      return reader && (!isInRuns || takesOrGives(reader, use));
    });
  }

  bool takesOrGives(mem::LaunchOp launch, OpOperand &use) {
    func::FuncOp kernel = kernelOf(launch);
    unsigned inputs = launch.getInputs().size(), number = use.getOperandNumber();
    if (!kernel || number >= inputs + launch.getOutputs().size())
      return false;
    return number < inputs ? takesPitch(kernel, number, options.microkernels)
                           : givesPitch(kernel, options.microkernels);
  }

  static void moveBefore(Value buffer, Operation *place) {
    Operation *maker = buffer.getDefiningOp();
    if (!place->isBeforeInBlock(maker))
      return;
    maker->moveBefore(place);
    if (auto part = dyn_cast<mem::PartOp>(maker))
      moveBefore(part.getWhole(), maker);
  }

  /// Gives the parts of a part the strides that it has now.
  static void retype(Value whole) {
    for (Operation *user : whole.getUsers())
      if (auto part = dyn_cast<mem::PartOp>(user)) {
        int64_t axis = part.getAxis();
        auto old = cast<MemRefType>(part.getType());
        part.getResult().setType(
            mem::PartOp::typeOf(cast<MemRefType>(whole.getType()), axis, old.getDimSize(axis)));
        retype(part);
      }
  }

  //===--- slices ----------------------------------------------------------===//

  bool placeResult(mem::LaunchOp launch, nn::SliceOp slice) {
    std::optional<std::pair<int64_t, int64_t>> cut = cutOf(slice);
    auto argument = dyn_cast<BlockArgument>(slice.getInput());
    Value result = launch.getOutputs()[0];
    if (!cut || !argument || !result.getDefiningOp<memref::AllocOp>())
      return false;
    auto [axis, begin] = *cut;
    Value whole = launch.getInputs()[argument.getArgNumber()];
    int64_t size = cast<MemRefType>(result.getType()).getDimSize(axis);
    MemRefType type = mem::PartOp::typeOf(cast<MemRefType>(whole.getType()), axis, size);
    if (!type || !canBeWhole(whole) || !canBe(result, type, launch))
      return false;
    OpBuilder b(launch);
    Value part = mem::PartOp::create(b, launch.getLoc(), type, whole, axis, begin);
    Operation *alloc = result.getDefiningOp();
    result.replaceAllUsesWith(part);
    retype(part);
    launch.erase();
    alloc->erase();
    return true;
  }

  /// The one dim of which a slice takes less than all, and where it begins.
  static std::optional<std::pair<int64_t, int64_t>> cutOf(nn::SliceOp slice) {
    auto from = cast<RankedTensorType>(slice.getInput().getType());
    auto to = cast<RankedTensorType>(slice.getType());
    std::optional<SmallVector<int64_t>> starts = nn::constantInts(slice.getStarts()),
                                        axes = nn::constantInts(slice.getAxes()),
                                        steps = nn::constantInts(slice.getSteps());
    if (!starts || !axes || !steps || !from.hasStaticShape() || !to.hasStaticShape())
      return std::nullopt;
    std::optional<std::pair<int64_t, int64_t>> cut;
    for (auto [start, named, step] : llvm::zip_equal(*starts, *axes, *steps)) {
      int64_t axis = named < 0 ? named + from.getRank() : named, extent = from.getDimSize(axis);
      if (step != 1 || (cut && to.getDimSize(axis) != extent))
        return std::nullopt;
      if (to.getDimSize(axis) == extent)
        continue;
      cut = {axis, std::clamp<int64_t>(start < 0 ? start + extent : start, 0, extent)};
    }
    return cut;
  }

  func::FuncOp main;
  SymbolTable &symbols;
  const PartOptions &options;
};

} // namespace

bool pebble::placeParts(func::FuncOp main, SymbolTable &symbols, const PartOptions &options) {
  bool isPlain =
      llvm::hasSingleElement(main.getBody()) && hasKnownSizes(main) &&
      llvm::all_of(main.getBody().front(), [](Operation &op) { return op.getNumRegions() == 0; });
  return isPlain && PartPlacer(main, symbols, options).run();
}
