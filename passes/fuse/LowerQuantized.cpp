// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/Passes.h"

#include "dialects/nn/Constants.h"
#include "passes/analysis/CodeMovement.h"
#include "passes/fuse/CodeBuilders.h"
#include "passes/fuse/LayoutBuilders.h"
#include "passes/fuse/QuantizedLayers.h"

#include "mlir/IR/Iterators.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/TypeSwitch.h"

namespace pebble {
#define GEN_PASS_DEF_LOWERQUANTIZED
#include "passes/Passes.h.inc"
} // namespace pebble

using namespace mlir;
using namespace pebble;

namespace {

/// The operands of a layer that are codes, where it gives the same codes whatever is added to all
/// of them: it moves elements, or picks the largest. Empty for others.
SmallVector<unsigned> keptCodes(Operation *op) {
  return movesElements(op) || picksElements(op) ? SmallVector<unsigned>{0} : joinedOperands(op);
}

/// Replaces quantized tensors by their held codes, op by op in program order.
class Lowering {
public:
  explicit Lowering(func::FuncOp function)
      : function(function), b(function.getLoc(), function.getContext()) {}

  LogicalResult run() {
    SmallVector<Operation *> work;
    function.walk<WalkOrder::PreOrder>([&](Operation *op) {
      if (isa_and_nonnull<qnn::QNNDialect>(op->getDialect()) && !isa<nn::KernelOpInterface>(op))
        work.push_back(op);
    });
    for (Operation *op : work) {
      b.setInsertionPoint(op);
      b.setLoc(op->getLoc());
      if (failed(lower(op)))
        return failure();
    }
    for (Operation *op : llvm::reverse(work)) {
      op->dropAllUses();
      op->erase();
    }
    eraseDead();
    return success();
  }

private:
  LogicalResult lower(Operation *op) {
    if (auto cast = dyn_cast<qnn::StorageCastOp>(op))
      return lowerCast(cast);
    std::optional<qnn::Quantization> q = qnn::quantizationOf(op->getResult(0).getType());
    if (auto quantize = dyn_cast<qnn::QuantizeOp>(op)) {
      held[op->getResult(0)] = buildQuantize(b, quantize.getInput(), *q);
      return success();
    }
    if (auto dequantize = dyn_cast<qnn::DequantizeOp>(op)) {
      if (Value numbers = foldDequantize(dequantize)) {
        op->getResult(0).replaceAllUsesWith(numbers);
        return success();
      }
      Value numbers = buildDequantize(b, heldCodes(dequantize.getInput()),
                                      *qnn::quantizationOf(dequantize.getInput().getType()));
      op->getResult(0).replaceAllUsesWith(numbers);
      return success();
    }
    Value result =
        lowerQuantizedLayer(b, op, [&](Value quantized) { return heldCodes(quantized); });
    if (!result)
      return op->emitOpError("cannot be computed in integers");
    held[op->getResult(0)] = result;
    return success();
  }

  /// Weights of layers that stay in f32: constants, so that they can be packed.
  Value foldDequantize(qnn::DequantizeOp op) {
    auto cast = op.getInput().getDefiningOp<qnn::StorageCastOp>();
    std::optional<SmallVector<int64_t>> codes =
        cast ? nn::constantInts(cast.getInput()) : std::nullopt;
    if (!codes)
      return {};
    qnn::Quantization q = *qnn::quantizationOf(op.getInput().getType());
    RankedTensorType type = tensorTypeOf(op.getResult());
    int64_t inner = 1, extent = 1;
    if (q.axis) {
      extent = type.getDimSize(*q.axis);
      for (int64_t size : type.getShape().drop_front(*q.axis + 1))
        inner *= size;
    }
    std::vector<float> numbers;
    for (auto [index, code] : llvm::enumerate(*codes)) {
      size_t channel = static_cast<int64_t>(index) / inner % extent;
      numbers.push_back(static_cast<float>(code - q.zeroPoint(channel)) * q.scale(channel));
    }
    return buildConstant<float>(b, type.getShape(), b.getF32Type(), numbers);
  }

  LogicalResult lowerCast(qnn::StorageCastOp op) {
    // Codes that become quantized are held when something wants them: weights are packed instead.
    if (qnn::quantizationOf(op.getType()))
      return success();
    qnn::Quantization from = *qnn::quantizationOf(op.getInput().getType());
    Value codes = heldCodes(op.getInput());
    if (from.bits <= 8 && from.isSigned) {
      Value flipped = flipToSigned(b, codes);
      unsignedOf[flipped] = codes;
      codes = flipped;
    }
    op.getResult().replaceAllUsesWith(codes);
    return success();
  }

  Value heldCodes(Value quantized) {
    if (Value known = held.lookup(quantized))
      return known;
    auto cast = quantized.getDefiningOp<qnn::StorageCastOp>();
    qnn::Quantization q = *qnn::quantizationOf(quantized.getType());
    bool flips = q.bits <= 8 && q.isSigned;
    Value codes = flips ? unsignedCodes(cast.getInput()) : cast.getInput();
    return held[quantized] = codes;
  }

  /// i8 codes with 128 added. Looks through layers that keep codes, so that signed codes between
  /// quantized layers never exist.
  Value unsignedCodes(Value codes) {
    if (Value known = unsignedOf.lookup(codes))
      return known;
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointAfterValue(codes);
    Value result;
    if (ElementsAttr attr = nn::constantAttr(codes)) {
      SmallVector<char> storage;
      SmallVector<uint8_t> flipped;
      for (char code : nn::rawBytes(attr, storage))
        flipped.push_back(static_cast<uint8_t>(code) ^ 128);
      result = buildConstant<uint8_t>(b, tensorTypeOf(codes).getShape(),
                                      b.getIntegerType(8, /*isSigned=*/false), flipped);
    } else if (Operation *layer = codes.getDefiningOp(); layer && !keptCodes(layer).empty()) {
      result = moveToUnsigned(layer);
    }
    if (!result)
      result = flipToUnsigned(b, codes);
    return unsignedOf[codes] = result;
  }

  /// A clone of the layer on unsigned codes, at its own place; null when its operands have none.
  Value moveToUnsigned(Operation *layer) {
    SmallVector<Value> operands(layer->getOperands());
    SmallVector<unsigned> kept = keptCodes(layer);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPoint(layer);
    for (unsigned place : kept)
      operands[place] = unsignedCodes(operands[place]);
    Operation *moved = b.clone(*layer);
    moved->setOperands(operands);
    moved->getResult(0).setType(
        tensorTypeOf(layer->getResult(0)).clone(tensorTypeOf(operands[kept[0]]).getElementType()));
    return moved->getResult(0);
  }

  void eraseDead() {
    function.walk<WalkOrder::PostOrder, ReverseIterator>([&](Operation *op) {
      if (op != function && isOpTriviallyDead(op))
        op->erase();
    });
  }

  func::FuncOp function;
  ImplicitLocOpBuilder b;
  llvm::DenseMap<Value, Value> held, unsignedOf;
};

class LowerQuantized : public pebble::impl::LowerQuantizedBase<LowerQuantized> {
  void runOnOperation() override {
    if (failed(Lowering(getOperation()).run()))
      return signalPassFailure();
    // Pools of bytes that no quantized type is left at: their operands may be a model's own.
    SmallVector<nn::MaxPoolOp> pools;
    getOperation().walk([&](nn::MaxPoolOp op) { pools.push_back(op); });
    for (nn::MaxPoolOp pool : pools) {
      ImplicitLocOpBuilder b(pool.getLoc(), pool);
      if (Value result = lowerMaxPool(b, pool)) {
        pool.replaceAllUsesWith(result);
        pool.erase();
      }
    }
  }
};

} // namespace
