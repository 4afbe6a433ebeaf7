// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/Passes.h"

#include "dialects/nn/Constants.h"
#include "passes/quantize/IntegerForm.h"

#include "llvm/ADT/SetVector.h"

namespace pebble {
#define GEN_PASS_DEF_REPORTFLOATISLANDS
#include "passes/Passes.h.inc"
} // namespace pebble

using namespace mlir;
using namespace pebble;

namespace {

/// Float layers above a quantize op, up to dequantize ops.
class Island {
public:
  explicit Island(qnn::QuantizeOp end) { collect(end.getInput()); }

  /// The layers that something dequantized goes through, the last one first.
  ArrayRef<Operation *> layers() const { return found.getArrayRef(); }

private:
  /// Whether a tensor of codes, not a constant one, comes into `value`.
  bool collect(Value value) {
    Operation *op = value.getDefiningOp();
    if (!op || isa<nn::ConstantOp>(op))
      return false;
    if (auto known = seen.find(op); known != seen.end())
      return known->second;
    if (auto source = dyn_cast<qnn::DequantizeOp>(op)) {
      auto cast = source.getInput().getDefiningOp<qnn::StorageCastOp>();
      return seen[op] = !cast || !nn::constantAttr(cast.getInput());
    }
    seen[op] = false;
    size_t before = found.size();
    found.insert(op);
    bool isInside = false;
    for (Value operand : op->getOperands())
      isInside |= isa<RankedTensorType>(operand.getType()) && collect(operand);
    if (!isInside)
      while (found.size() > before)
        found.pop_back();
    return seen[op] = isInside;
  }

  llvm::SetVector<Operation *> found;
  llvm::DenseMap<Operation *, bool> seen;
};

class ReportFloatIslands : public pebble::impl::ReportFloatIslandsBase<ReportFloatIslands> {
  void runOnOperation() override {
    llvm::DenseSet<Location> reported;
    getOperation().walk([&](qnn::QuantizeOp end) {
      BoundedLayer bounds = peelActivations(end.getInput(), *qnn::quantizationOf(end.getType()));
      Operation *last = bounds.layer.getDefiningOp();
      Island island(end);
      for (Operation *layer : island.layers()) {
        // The layers that one node was decomposed into are one layer to whoever wrote the node.
        if (!isFloat(layer) || !reported.insert(layer->getLoc()).second)
          continue;
        InFlightDiagnostic remark = layer->emitRemark();
        remark << layer->getName() << " computes in f32: ";
        if (layer == last)
          remark << integerFormOf(end).refusal;
        else
          remark << "its result goes to another layer before it is quantized";
      }
    });
  }

  static bool isFloat(Operation *op) {
    return op->getNumResults() > 0 &&
           isa<FloatType>(cast<RankedTensorType>(op->getResult(0).getType()).getElementType());
  }
};

} // namespace
