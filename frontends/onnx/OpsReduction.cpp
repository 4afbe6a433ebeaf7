// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/Compose.h"
#include "frontends/onnx/Registry.h"
#include "frontends/onnx/Shapes.h"

using namespace mlir;

namespace pebble::onnx {

namespace {

struct Reduction {
  NodeImporter &node;
  Value input;
  Value axes;
  bool isEmpty = false; ///< No axis is reduced.
  bool keepDims = true;

  template <typename OpTy> Value over(Value value) const { return over<OpTy>(value, keepDims); }
  template <typename OpTy> Value over(Value value, bool keep) const {
    return node.create<OpTy>(value, axes, keep);
  }
};

/// `inputSince`: the opset from which on the axes are an input.
std::optional<Reduction> reductionOf(NodeImporter &node, int inputSince) {
  Reduction reduction{node, node.input(0), {}, false, node.intAttr("keepdims", 1) != 0};
  Value axes = intsOperand(node, "axes", 1, inputSince);
  if (axes) {
    if (NodeImporter::type(axes).isDynamicDim(0)) {
      (void)node.unsupported("the number of axes is not known before the model runs");
      return std::nullopt;
    }
    if (auto known = node.constantInts(axes)) {
      for (int64_t axis : *known)
        if (!node.normalizeAxis(axis, NodeImporter::rank(reduction.input)))
          return std::nullopt;
    }
  }
  reduction.axes = axes;
  if (!axes || NodeImporter::type(axes).getDimSize(0) == 0) {
    reduction.isEmpty = node.intAttr("noop_with_empty_axes", 0) != 0;
    int64_t rank = reduction.isEmpty ? 0 : NodeImporter::rank(reduction.input);
    reduction.axes = node.ints(axesBetween(0, rank));
  }
  return reduction;
}

/// The type to compute in: sums of halves are rounded once, and roots and logarithms of integers
/// need fractions.
Type computeType(NodeImporter &node, bool needsFractions) {
  Type element = NodeImporter::elementType(node.input(0));
  if (isHalf(element))
    return node.builder().getF32Type();
  return needsFractions && !isa<FloatType>(element) ? Type(node.builder().getF64Type()) : element;
}

template <typename OpTy, int InputSince> LogicalResult importPlain(NodeImporter &node) {
  std::optional<Reduction> reduction = reductionOf(node, InputSince);
  if (!reduction)
    return failure();
  node.setOutput(0,
                 reduction->isEmpty ? reduction->input : reduction->over<OpTy>(reduction->input));
  return success();
}

template <typename OpTy> Value applyTo(NodeImporter &node, Value value) {
  return node.create<OpTy>(value);
}

Value sumOfMagnitudes(const Reduction &r, Value x) {
  return r.over<nn::ReduceSumOp>(applyTo<nn::AbsOp>(r.node, x));
}
Value sumOfSquares(const Reduction &r, Value x) {
  return r.over<nn::ReduceSumOp>(r.node.mul(x, x));
}
Value rootOfSquares(const Reduction &r, Value x) {
  return applyTo<nn::SqrtOp>(r.node, sumOfSquares(r, x));
}
Value logOfSum(const Reduction &r, Value x) {
  return applyTo<nn::LogOp>(r.node, r.over<nn::ReduceSumOp>(x));
}
Value logOfSumOfExp(const Reduction &r, Value x) {
  // Exponents are taken relative to the largest one, which would overflow first. An infinite one
  // (also that of an empty range) must not be subtracted from itself.
  auto shift = [&](bool keep) {
    Value largest = r.over<nn::ReduceMaxOp>(x, keep);
    Value isInfinite = r.node.create<nn::IsInfOp>(largest, true, true);
    return select(r.node, isInfinite, r.node.scalar(NodeImporter::elementType(x), 0), largest);
  };
  Value scaled = applyTo<nn::ExpOp>(r.node, r.node.sub(x, shift(true)));
  return r.node.add(logOfSum(r, scaled), shift(r.keepDims));
}

using Compute = Value (*)(const Reduction &, Value);

template <Compute Function, bool NeedsFractions, int InputSince>
LogicalResult importComposite(NodeImporter &node) {
  std::optional<Reduction> reduction = reductionOf(node, InputSince);
  if (!reduction)
    return failure();
  Value wide = node.cast(reduction->input, computeType(node, NeedsFractions));
  Value result = Function(*reduction, wide);
  if (!result)
    return failure();
  node.setOutput(0, node.cast(result, NodeImporter::elementType(reduction->input)));
  return success();
}

constexpr OpEntry table[] = {
    {"", "ReduceL1", 1, importComposite<sumOfMagnitudes, false, 18>},
    {"", "ReduceL2", 1, importComposite<rootOfSquares, true, 18>},
    {"", "ReduceLogSum", 1, importComposite<logOfSum, true, 18>},
    {"", "ReduceLogSumExp", 1, importComposite<logOfSumOfExp, true, 18>},
    {"", "ReduceMax", 1, importPlain<nn::ReduceMaxOp, 18>},
    {"", "ReduceMean", 1, importPlain<nn::ReduceMeanOp, 18>},
    {"", "ReduceMin", 1, importPlain<nn::ReduceMinOp, 18>},
    {"", "ReduceProd", 1, importPlain<nn::ReduceProdOp, 18>},
    {"", "ReduceSum", 1, importPlain<nn::ReduceSumOp, 13>},
    {"", "ReduceSumSquare", 1, importComposite<sumOfSquares, false, 18>},
};

} // namespace

void addReductionOps(std::vector<OpEntry> &rows) {
  rows.insert(rows.end(), std::begin(table), std::end(table));
}

} // namespace pebble::onnx
