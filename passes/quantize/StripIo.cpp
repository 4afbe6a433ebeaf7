// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/Passes.h"

#include "dialects/qnn/Quantization.h"

namespace pebble {
#define GEN_PASS_DEF_STRIPIO
#include "passes/Passes.h.inc"
} // namespace pebble

using namespace mlir;
using namespace pebble;

namespace {

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

/// Everything that happens to a model's input before it is quantized: layers that move elements,
/// and the quantize ops at their ends, all of one type.
struct InputUses {
  Type element;
  SmallVector<Operation *> layers;
  SmallVector<qnn::QuantizeOp> ends;

  bool collect(Value value) {
    for (OpOperand &use : value.getUses()) {
      Operation *user = use.getOwner();
      if (auto quantize = dyn_cast<qnn::QuantizeOp>(user)) {
        Type own = typeOf(quantize.getResult()).getElementType();
        if (!isa<quant::UniformQuantizedType>(own) || (element && own != element))
          return false;
        element = own;
        ends.push_back(quantize);
      } else if (isa<nn::TransposeOp, nn::ReshapeOp, nn::SliceOp>(user) &&
                 use.getOperandNumber() == 0) {
        layers.push_back(user);
        if (!collect(user->getResult(0)))
          return false;
      } else {
        return false;
      }
    }
    return true;
  }
};

class StripIo : public pebble::impl::StripIoBase<StripIo> {
  void runOnOperation() override {
    func::FuncOp main = getOperation();
    if (main.getSymName() != "main")
      return;
    for (BlockArgument argument : main.getArguments())
      stripInput(argument);
    auto end = cast<func::ReturnOp>(main.getBody().front().getTerminator());
    OpBuilder b(end);
    for (OpOperand &result : end->getOpOperands())
      if (auto source = result.get().getDefiningOp<qnn::DequantizeOp>()) {
        Type codes = qnn::containerOf(source.getInput().getType());
        RankedTensorType type = typeOf(source.getInput());
        if (isa<quant::UniformQuantizedType>(type.getElementType()))
          result.set(
              qnn::StorageCastOp::create(b, source.getLoc(), type.clone(codes), source.getInput()));
      }
    main.setFunctionType(
        b.getFunctionType(main.getBody().getArgumentTypes(), end->getOperandTypes()));
  }

  static void stripInput(BlockArgument argument) {
    InputUses uses;
    if (!isa<RankedTensorType>(argument.getType()) || !uses.collect(argument) || !uses.element)
      return;
    Type codes = qnn::containerOf(uses.element);
    argument.setType(typeOf(argument).clone(codes));
    for (Operation *layer : uses.layers)
      layer->getResult(0).setType(typeOf(layer->getResult(0)).clone(codes));
    for (qnn::QuantizeOp end : uses.ends) {
      OpBuilder b(end);
      end.replaceAllUsesWith(
          qnn::StorageCastOp::create(b, end.getLoc(), end.getType(), end.getInput()).getResult());
      end.erase();
    }
  }
};

} // namespace
