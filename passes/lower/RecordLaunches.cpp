// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/Passes.h"

#include "llvm/ADT/TypeSwitch.h"

namespace pebble {
#define GEN_PASS_DEF_RECORDLAUNCHES
#include "passes/Passes.h.inc"
} // namespace pebble

using namespace mlir;
using namespace pebble;

namespace {

class RecordLaunches : public pebble::impl::RecordLaunchesBase<RecordLaunches> {
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
    if (auto plan = module.lookupSymbol<func::FuncOp>("plan"))
      plan.erase();
    launches.clear();
    places.clear();
  }

  bool record(Builder &builder, Operation *op) {
    return llvm::TypeSwitch<Operation *, bool>(op)
        .Case([&](mem::InputOp input) { return place(builder, input, "input", input.getIndex()); })
        .Case([&](mem::SlotOp slot) {
          return slot.regionNumber() == 0 && place(builder, slot, "arena", slot.getOffset());
        })
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
        .Case([&](mem::PartOp part) {
          auto whole = cast<ArrayAttr>(places.lookup(part.getWhole()));
          auto at = cast<IntegerAttr>(whole[1]);
          // Inputs and outputs are known by their number alone.
          StringRef space = cast<StringAttr>(whole[0]).getValue();
          return (space == "arena" || space == "constants") &&
                 place(builder, part, space, at.getInt() + part.getByteOffset());
        })
        .Case([&](mem::LaunchOp launch) { return recordLaunch(builder, launch); })
        .Case([&](mem::CopyOp copy) {
          auto type = cast<MemRefType>(copy.getSource().getType());
          if (!type.hasStaticShape() || !type.getLayout().isIdentity() ||
              !cast<MemRefType>(copy.getTarget().getType()).getLayout().isIdentity())
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
    if (launch.getScratch())
      buffers.push_back(launch.getScratch());
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
