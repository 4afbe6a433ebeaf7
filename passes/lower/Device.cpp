// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/lower/Device.h"

#include "passes/Passes.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace pebble;

namespace {

class SpreadThreads : public PassWrapper<SpreadThreads, OperationPass<ModuleOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(SpreadThreads)
  StringRef getArgument() const override { return "spread-threads"; }
  StringRef getDescription() const override {
    return "Share a kernel's parallel loop among the threads of its launch";
  }

  void runOnOperation() override {
    SmallVector<func::FuncOp> kernels;
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (function->hasAttr("nn.nodes") && !function.isExternal())
        kernels.push_back(function);
    for (func::FuncOp kernel : kernels) {
      // No thread waits for another: only a loop that is all of its kernel can be shared.
      SmallVector<Operation *> effects;
      for (Operation &op : kernel.getBody().front().without_terminator())
        if (!isPure(&op))
          effects.push_back(&op);
      int64_t threads = 1;
      for (scf::ParallelOp loop : llvm::make_early_inc_range(kernel.getOps<scf::ParallelOp>())) {
        bool share = effects.size() == 1 && effects.front() == loop;
        if (share)
          threads = getConstantIntValue(loop.getUpperBound()[0]).value_or(1);
        makeSequential(loop, share && threads > 1);
      }
      kernel->setAttr("mem.threads", Builder(&getContext()).getI64IntegerAttr(threads));
    }
  }

private:
  /// With `share`, thread i of n takes iterations i, i + n, ...: any n computes the same.
  void makeSequential(scf::ParallelOp loop, bool share) {
    OpBuilder b(loop);
    Location loc = loop.getLoc();
    Value begin = share ? callDevice(b, loc, "pebble_thread_index") : loop.getLowerBound()[0];
    Value step = share ? callDevice(b, loc, "pebble_thread_count") : loop.getStep()[0];
    auto sequential = scf::ForOp::create(b, loc, begin, loop.getUpperBound()[0], step);
    loop.getInductionVars()[0].replaceAllUsesWith(sequential.getInductionVar());
    Block *body = loop.getBody();
    body->getTerminator()->erase();
    sequential.getBody()->getOperations().splice(sequential.getBody()->begin(),
                                                 body->getOperations());
    loop.erase();
  }

  Value callDevice(OpBuilder &b, Location loc, StringRef symbol) {
    if (!getOperation().lookupSymbol(symbol)) {
      OpBuilder top = OpBuilder::atBlockEnd(getOperation().getBody());
      func::FuncOp::create(top, loc, symbol, top.getFunctionType({}, top.getI64Type()))
          .setPrivate();
    }
    Value number = func::CallOp::create(b, loc, symbol, b.getI64Type(), ValueRange()).getResult(0);
    return arith::IndexCastOp::create(b, loc, b.getIndexType(), number);
  }
};

class RecordLaunches : public PassWrapper<RecordLaunches, OperationPass<ModuleOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(RecordLaunches)
  StringRef getArgument() const override { return "record-launches"; }
  StringRef getDescription() const override {
    return "Turn the host program into a list of launches";
  }

  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto program = module.lookupSymbol<func::FuncOp>("main");
    if (!program)
      return;
    Builder builder(&getContext());
    for (Operation &op : program.getBody().front())
      if (!record(builder, &op)) {
        module->setAttr("mem.not_recordable", builder.getStringAttr(op.getName().getStringRef()));
        break;
      }
    module->setAttr("mem.launches", builder.getArrayAttr(launches));
    program.erase();
    launches.clear();
    places.clear();
  }

private:
  bool record(Builder &builder, Operation *op) {
    return llvm::TypeSwitch<Operation *, bool>(op)
        .Case([&](mem::InputOp input) { return place(builder, input, "input", input.getIndex()); })
        .Case([&](mem::SlotOp slot) { return place(builder, slot, "arena", slot.getOffset()); })
        .Case([&](mem::ConstantOp constant) {
          return place(builder, constant, "constants", *constant.getOffset());
        })
        .Case([&](mem::OutputOp output) {
          return output.getSizes().empty() && place(builder, output, "output", output.getIndex());
        })
        .Case<mem::ViewOp, memref::CastOp>([&](auto view) {
          places[view.getResult()] = places.lookup(view.getSource());
          return true;
        })
        .Case([&](mem::LaunchOp launch) { return recordLaunch(builder, launch); })
        .Case([&](mem::CopyOp copy) {
          auto type = cast<MemRefType>(copy.getSource().getType());
          if (!type.hasStaticShape())
            return false;
          int64_t bytes = type.getNumElements() * type.getElementTypeBitWidth() / 8;
          append(builder, {builder.getNamedAttr("copy", builder.getI64IntegerAttr(bytes))},
                 {copy.getSource(), copy.getTarget()});
          return true;
        })
        .Case<arith::ConstantOp, func::ReturnOp>([](auto) { return true; })
        .Default([](Operation *) { return false; });
  }

  bool place(Builder &builder, Operation *op, StringRef space, int64_t at) {
    places[op->getResult(0)] =
        builder.getArrayAttr({builder.getStringAttr(space), builder.getI64IntegerAttr(at)});
    return true;
  }

  bool recordLaunch(Builder &builder, mem::LaunchOp launch) {
    auto kernel = getOperation().lookupSymbol<func::FuncOp>(launch.getKernel());
    auto threads = kernel ? kernel->getAttrOfType<IntegerAttr>("mem.threads") : IntegerAttr();
    SmallVector<Value> buffers(launch.getInputs());
    llvm::append_range(buffers, launch.getOutputs());
    auto isDynamic = [](Value buffer) {
      return !cast<MemRefType>(buffer.getType()).hasStaticShape();
    };
    if (!threads || llvm::any_of(buffers, isDynamic))
      return false;
    append(builder,
           {builder.getNamedAttr("kernel", launch.getKernelAttr().getAttr()),
            builder.getNamedAttr("threads", threads)},
           buffers);
    return true;
  }

  void append(Builder &builder, SmallVector<NamedAttribute> fields, ArrayRef<Value> buffers) {
    SmallVector<Attribute> arguments;
    for (Value buffer : buffers)
      arguments.push_back(places.lookup(buffer));
    fields.push_back(builder.getNamedAttr("arguments", builder.getArrayAttr(arguments)));
    launches.push_back(builder.getDictionaryAttr(fields));
  }

  llvm::DenseMap<Value, Attribute> places;
  SmallVector<Attribute> launches;
};

} // namespace

std::unique_ptr<Pass> pebble::createSpreadThreads() { return std::make_unique<SpreadThreads>(); }

std::unique_ptr<Pass> pebble::createRecordLaunches() { return std::make_unique<RecordLaunches>(); }
