// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/lower/AbiBuilder.h"
#include "runtime/abi/pebble_abi.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/TypeSwitch.h"

namespace pebble {
#define GEN_PASS_DEF_LOWERMEM
#include "passes/Passes.h.inc"
} // namespace pebble

using namespace mlir;
using namespace pebble;

namespace {

class MemLowering : AbiBuilder {
public:
  MemLowering(ModuleOp module, bool trace) : AbiBuilder(module) {
    if (trace)
      for (auto function : module.getOps<func::FuncOp>())
        if (mem::KernelSpecAttr::of(function))
          kernels.try_emplace(function.getSymName(), kernels.size());
  }

  LogicalResult run() {
    SmallVector<Operation *> work;
    module.walk([&](Operation *op) {
      if (isa<mem::MemDialect>(op->getDialect()) || isa<memref::AllocOp>(op))
        work.push_back(op);
    });
    for (Operation *op : work) {
      b.setInsertionPoint(op);
      b.setLoc(op->getLoc());
      if (auto constant = dyn_cast<mem::ConstantOp>(op); constant && !constant.getOffset())
        return op->emitOpError("has no place in the constant section");
      lower(op);
      op->erase();
    }
    return success();
  }

private:
  //===--- one function an op ---------------------------------------------===//

  void lower(Operation *op) {
    llvm::TypeSwitch<Operation *>(op)
        .Case<mem::ConstantOp, mem::SlotOp, mem::RowOp, mem::PartOp, mem::InputOp, mem::ViewOp,
              mem::OutputOp, mem::LaunchOp, mem::CopyOp, mem::ReleaseOp, mem::LibraryOp,
              mem::InferDimsOp, mem::ParallelOp, mem::PlannedOp, mem::SetPlannedOp, mem::PlacedOp,
              mem::PlaceBuffersOp, memref::AllocOp>([&](auto concrete) { lowerOp(concrete); });
  }

  void lowerOp(mem::ConstantOp op) {
    Value data = offsetBy(envField(Constants), constantWord(*op.getOffset()));
    op.replaceAllUsesWith(makeMemref(data, cast<MemRefType>(op.getType()), {}));
  }

  void lowerOp(mem::SlotOp op) {
    Value region = envField(Arena);
    if (int64_t number = op.regionNumber()) {
      Value at = LLVM::GEPOp::create(b, pointer, pointer, envField(Regions),
                                     ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(number)});
      region = LLVM::LoadOp::create(b, pointer, at);
    }
    op.replaceAllUsesWith(makeMemref(offsetBy(region, constantWord(op.getOffset())),
                                     cast<MemRefType>(op.getType()), {}));
  }

  void lowerOp(mem::RowOp op) {
    int64_t held = cast<MemRefType>(op.getBuffer().getType()).getDimSize(1);
    Value slot = arith::RemUIOp::create(b, toWord(op.getRow()), constantWord(held));
    Value bytes = arith::MulIOp::create(b, slot, constantWord(op.getRowBytes()));
    bytes = arith::AddIOp::create(b, bytes, constantWord(op.getColumnOffset()));
    op.replaceAllUsesWith(
        makeMemref(offsetBy(pointerOf(op.getBuffer()), bytes), cast<MemRefType>(op.getType()), {}));
  }

  void lowerOp(mem::PartOp op) {
    Value data = offsetBy(pointerOf(op.getWhole()), constantWord(op.getByteOffset()));
    op.replaceAllUsesWith(makeMemref(data, cast<MemRefType>(op.getType()), {}));
  }

  Value inArena(int64_t offset) { return offsetBy(envField(Arena), constantWord(offset)); }

  void lowerOp(mem::PlannedOp op) {
    op.replaceAllUsesWith(toIndex(LLVM::LoadOp::create(b, word, inArena(op.getOffset()))));
  }

  void lowerOp(mem::SetPlannedOp op) {
    LLVM::StoreOp::create(b, toWord(op.getValue()), inArena(op.getOffset()));
  }

  void lowerOp(mem::PlacedOp op) {
    Value data = offsetBy(envField(Arena), toWord(op.getOffset()));
    op.replaceAllUsesWith(makeMemref(data, cast<MemRefType>(op.getType()), op.getSizes()));
  }

  void lowerOp(mem::PlaceBuffersOp op) {
    SmallVector<Value> dims;
    for (Value dim : op.getDims())
      dims.push_back(constantOrWord(dim));
    exitIf(
        callExternal("pebble_place_buffers",
                     {dimsArray(dims), table(op.getTable()), constantWord(op.getTable().size() / 4),
                      constantWord(op.getBase()), inArena(op.getPlan())}));
  }

  void lowerOp(mem::InputOp op) {
    Value inputs = parent().getArgument(1);
    auto field = [&](int32_t position) {
      Value at = LLVM::GEPOp::create(
          b, pointer, tensorType, inputs,
          ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(op.getIndex()), position});
      return LLVM::LoadOp::create(b, pointer, at).getResult();
    };
    auto type = cast<MemRefType>(op.getType());
    SmallVector<Value> sizes;
    Value dims = type.hasStaticShape() ? Value() : field(1);
    for (int64_t dim = 0; dim < type.getRank(); ++dim)
      if (type.isDynamicDim(dim))
        sizes.push_back(toIndex(LLVM::LoadOp::create(b, word, offsetBy(dims, dim * 8))));
    op.replaceAllUsesWith(makeMemref(field(0), type, sizes));
  }

  void lowerOp(mem::ViewOp op) {
    op.replaceAllUsesWith(
        makeMemref(pointerOf(op.getSource()), cast<MemRefType>(op.getType()), op.getSizes()));
  }

  void lowerOp(mem::OutputOp op) {
    auto type = cast<MemRefType>(op.getType());
    SmallVector<Value> sizes;
    for (int64_t dim = 0, next = 0; dim < type.getRank(); ++dim)
      sizes.push_back(type.isDynamicDim(dim) ? toWord(op.getSizes()[next++])
                                             : constantWord(type.getDimSize(dim)));
    Value data = callback(Output, pointer,
                          {envField(Self), constantInt(op.getIndex()), dimsArray(sizes),
                           constantInt(type.getRank())});
    exitIfNull(data, PEBBLE_ERROR_MEMORY);
    op.replaceAllUsesWith(makeMemref(data, type, op.getSizes()));
  }

  void lowerOp(memref::AllocOp op) {
    SmallVector<Value> sizes;
    for (int64_t dim = 0, next = 0; dim < op.getType().getRank(); ++dim)
      sizes.push_back(op.getType().isDynamicDim(dim) ? toWord(op.getDynamicSizes()[next++])
                                                     : constantWord(op.getType().getDimSize(dim)));
    Value data = callback(Allocate, pointer, {envField(Self), bytesOf(op.getType(), sizes)});
    exitIfNull(data, PEBBLE_ERROR_MEMORY);
    op.replaceAllUsesWith(makeMemref(data, op.getType(), op.getDynamicSizes()));
  }

  void lowerOp(mem::ReleaseOp op) {
    callback(Release, {}, {envField(Self), pointerOf(op.getBuffer())});
  }

  /// Tells the host, where it listens, that `kernel` is next.
  void traceLaunch(StringRef kernel) {
    auto index = kernels.find(kernel);
    if (index == kernels.end())
      return;
    Value listens = LLVM::ICmpOp::create(b, LLVM::ICmpPredicate::ne, envField(Trace),
                                         LLVM::ZeroOp::create(b, pointer));
    auto branch = scf::IfOp::create(b, listens);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(branch.thenBlock());
    callback(Trace, {}, {envField(Self), constantInt(index->second)});
  }

  void lowerOp(mem::LaunchOp op) {
    traceLaunch(op.getKernel());
    SmallVector<Value> arguments{env()}, sizes;
    auto add = [&](Value buffer) {
      arguments.push_back(pointerOf(buffer));
      auto type = cast<MemRefType>(buffer.getType());
      for (int64_t dim = 0; dim < type.getRank(); ++dim)
        if (type.isDynamicDim(dim))
          sizes.push_back(memref::DimOp::create(b, buffer, dim));
    };
    for (Value input : op.getInputs())
      add(input);
    for (Value output : op.getOutputs())
      add(output);
    if (op.getScratch())
      add(op.getScratch());
    llvm::append_range(arguments, sizes);
    if (op.getRow())
      arguments.push_back(op.getRow());
    exitIf(func::CallOp::create(b, op.getKernel(), b.getI32Type(), arguments).getResult(0));
  }

  void lowerOp(mem::CopyOp op) {
    auto type = cast<MemRefType>(op.getSource().getType());
    Value source = pointerOf(op.getSource()), target = pointerOf(op.getTarget());
    int64_t pitches[] = {mem::pitchOf(type),
                         mem::pitchOf(cast<MemRefType>(op.getTarget().getType()))};
    if (pitches[0] == 0 && pitches[1] == 0) {
      Value bytes = bytesOf(type, sizesOf(op.getSource()));
      LLVM::MemcpyOp::create(b, target, source, bytes, /*isVolatile=*/false);
      return;
    }
    // Run by run along the last dim.
    int64_t run = type.getShape().back(), width = type.getElementTypeBitWidth() / 8;
    auto index = [&](int64_t value) { return arith::ConstantIndexOp::create(b, value); };
    auto runs = scf::ForOp::create(b, index(0), index(type.getNumElements() / run), index(1));
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(runs.getBody());
    auto runOf = [&](Value memory, int64_t pitch) {
      Value bytes = constantWord((pitch ? pitch : run) * width);
      return offsetBy(memory, arith::MulIOp::create(b, toWord(runs.getInductionVar()), bytes));
    };
    LLVM::MemcpyOp::create(b, runOf(target, pitches[1]), runOf(source, pitches[0]),
                           constantWord(run * width), /*isVolatile=*/false);
  }

  void lowerOp(mem::LibraryOp op) {
    ArrayRef<bool> present = op.getPresent();
    Value array = stack(tensorType, present.size() + op.getOutputs().size());
    size_t nextInput = 0, nextType = 0, index = 0;
    auto store = [&](Value buffer) {
      storeTensor(array, index++, pointerOf(buffer), dimsArray(sizesOf(buffer)),
                  op.getDtypes()[nextType++], cast<MemRefType>(buffer.getType()).getRank());
    };
    for (bool isPresent : present) {
      if (isPresent)
        store(op.getInputs()[nextInput++]);
      else
        storeAbsent(array, index++);
    }
    for (Value output : op.getOutputs())
      store(output);
    op.replaceAllUsesWith(
        callExternal(op.getSymbol(), {array, table(op.getInts()), table(op.getFloats())}));
  }

  void lowerOp(mem::InferDimsOp op) {
    ArrayRef<bool> present = op.getPresent();
    Value array = stack(tensorType, present.size());
    Value null = LLVM::ZeroOp::create(b, pointer);
    size_t operand = 0, nextSize = 0, nextData = 0;
    for (auto [position, isPresent] : llvm::enumerate(present)) {
      if (!isPresent) {
        storeAbsent(array, position);
        continue;
      }
      int64_t rank = op.getOperandRanks()[operand];
      SmallVector<Value> sizes;
      for (int64_t dim = 0; dim < rank; ++dim)
        sizes.push_back(constantOrWord(op.getSizes()[nextSize++]));
      Value data = null;
      if (nextData < op.getData().size() &&
          op.getDataPositions()[nextData] == static_cast<int64_t>(position))
        data = pointerOf(op.getData()[nextData++]);
      storeTensor(array, position, data, dimsArray(sizes), op.getDtypes()[operand], rank);
      ++operand;
    }
    Value rows = stack(pointer, op.getRanks().size());
    Value results = stack(word, op.getDims().size());
    int64_t first = 0;
    for (auto [index, rank] : llvm::enumerate(op.getRanks())) {
      Value row = LLVM::GEPOp::create(b, pointer, pointer, rows,
                                      ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(index)});
      LLVM::StoreOp::create(b, offsetBy(results, first * 8), row);
      first += rank;
    }
    exitIf(callExternal(("pebble_shape_" + op.getSymbol()).str(),
                        {array, table(op.getInts()), table(op.getFloats()), rows}));
    for (auto [index, dim] : llvm::enumerate(op.getDims()))
      dim.replaceAllUsesWith(toIndex(
          LLVM::LoadOp::create(b, word, offsetBy(results, static_cast<int64_t>(index) * 8))));
  }

  void lowerOp(mem::ParallelOp op) {
    SmallVector<Value> words{env()};
    for (Value captured : op.getCaptured())
      words.push_back(isa<IndexType>(captured.getType()) ? toWord(captured) : captured);
    Value closure = stack(word, words.size());
    for (auto [index, value] : llvm::enumerate(words))
      LLVM::StoreOp::create(b, value, offsetBy(closure, static_cast<int64_t>(index) * 8));
    // The function's address, in the form that survives the conversion of functions.
    Value body = func::ConstantOp::create(
        b, module.lookupSymbol<func::FuncOp>(op.getBody()).getFunctionType(), op.getBodyAttr());
    body = UnrealizedConversionCastOp::create(b, pointer, body).getResult(0);
    callback(ParallelFor, {}, {envField(Self), toWord(op.getCount()), body, closure});
  }

  Value constantOrWord(Value index) {
    if (auto constant = index.getDefiningOp<arith::ConstantIndexOp>())
      return constantWord(constant.value());
    return toWord(index);
  }

  llvm::StringMap<int32_t> kernels; ///< Those that are traced, by their place in the manifest.
};

class LowerMem : public pebble::impl::LowerMemBase<LowerMem> {
public:
  using LowerMemBase::LowerMemBase;

  void runOnOperation() override {
    if (failed(MemLowering(getOperation(), trace).run()))
      signalPassFailure();
  }
};

} // namespace
