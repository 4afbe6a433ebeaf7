// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/analysis/ContractionParameters.h"

#include "dialects/nn/Constants.h"

using namespace mlir;
using namespace pebble;

namespace {

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

/// Reads the constants; the dims of `c` are set. `indexOf` gives a weight's place in the operand.
bool readConstants(ContractionParameters &c,
                   function_ref<int64_t(int64_t output, int64_t input, int64_t tap)> indexOf) {
  std::optional<SmallVector<int64_t>> codes = constantCodes(c.weight);
  if (!codes || static_cast<int64_t>(codes->size()) != c.outputs * c.groupInputs * c.taps)
    return false;
  c.weights.resize(codes->size());
  size_t at = 0;
  for (int64_t output = 0; output < c.outputs; ++output)
    for (int64_t input = 0; input < c.groupInputs; ++input)
      for (int64_t tap = 0; tap < c.taps; ++tap)
        c.weights[at++] = (*codes)[indexOf(output, input, tap)] - c.w.zeroPoint(output);
  c.biases.assign(c.outputs, 0);
  if (c.bias) {
    codes = constantCodes(c.bias);
    if (!codes || static_cast<int64_t>(codes->size()) != c.outputs)
      return false;
    c.biases.assign(codes->begin(), codes->end());
  }
  for (int64_t output = 0; output < c.outputs; ++output)
    c.multipliers.push_back(sumMultiplier(c.x, c.w, c.y, output));
  return true;
}

} // namespace

std::optional<SmallVector<int64_t>> pebble::constantCodes(Value quantized) {
  auto cast = quantized.getDefiningOp<qnn::StorageCastOp>();
  return cast ? nn::constantInts(cast.getInput()) : std::nullopt;
}

std::optional<ContractionParameters> ContractionParameters::of(Operation *op, unsigned mostBits) {
  if (!isa<qnn::ConvOp, qnn::MatMulOp>(op))
    return std::nullopt;
  ContractionParameters c;
  c.input = op->getOperand(0);
  c.weight = op->getOperand(1);
  c.bias = op->getNumOperands() > 2 ? op->getOperand(2) : Value();
  c.x = *qnn::quantizationOf(c.input.getType());
  c.w = *qnn::quantizationOf(c.weight.getType());
  c.y = *qnn::quantizationOf(op->getResult(0).getType());
  c.bounds = CodeBounds::of(op);
  RankedTensorType weight = typeOf(c.weight), input = typeOf(c.input);
  RankedTensorType result = typeOf(op->getResult(0));
  if (!weight.hasStaticShape() || weight.getNumElements() == 0 || c.w.bits > 8 ||
      std::max(c.x.bits, c.y.bits) > mostBits)
    return std::nullopt;
  if (auto conv = dyn_cast<qnn::ConvOp>(op)) {
    c.outputs = weight.getDimSize(0);
    c.groups = conv.getGroup();
    c.groupInputs = weight.getDimSize(1);
    c.taps = weight.getNumElements() / (c.outputs * c.groupInputs);
    c.window = WindowTaps::of(input, result, weight.getShape().drop_front(2), conv.getStrides(),
                              conv.getDilations(), conv.getPads(), conv.getAutoPad(),
                              /*ceilMode=*/false);
    if (!readConstants(c, [&](int64_t output, int64_t channel, int64_t tap) {
          return (output * c.groupInputs + channel) * c.taps + tap;
        }))
      return std::nullopt;
    return c;
  }
  c.outputs = weight.getDimSize(1);
  c.groupInputs = weight.getDimSize(0);
  c.inputAxis = input.getRank() - 1;
  c.resultAxis = result.getRank() - 1;
  c.window = WindowTaps();
  if (!readConstants(c, [&](int64_t output, int64_t channel, int64_t) {
        return channel * c.outputs + output;
      }))
    return std::nullopt;
  return c;
}
