// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/Shapes.h"

#include <numeric>

using namespace mlir;

namespace pebble::onnx {

Value asInt64(NodeImporter &node, Value value) {
  return node.cast(value, node.builder().getI64Type());
}

Value asVector(NodeImporter &node, Value value) {
  return NodeImporter::rank(value) == 1 ? value : node.reshape(value, ArrayRef<int64_t>{1});
}

std::optional<int64_t> knownLength(NodeImporter &node, Value vector, StringRef what) {
  RankedTensorType type = NodeImporter::type(vector);
  if (type.getRank() != 1) {
    (void)node.invalid("'" + what + "' has " + Twine(type.getRank()) + " dims; expected 1");
    return std::nullopt;
  }
  if (type.isDynamicDim(0)) {
    (void)node.unsupported("the length of '" + what +
                           "' is not known before the model runs, and "
                           "it decides the result's number of dims");
    return std::nullopt;
  }
  return type.getDimSize(0);
}

Value dimsBetween(NodeImporter &node, Value value, int64_t begin, int64_t end) {
  SmallVector<Value> dims;
  if (begin >= end)
    return node.ints({});
  ArrayRef<int64_t> known = NodeImporter::type(value).getShape().slice(begin, end - begin);
  if (!llvm::is_contained(known, ShapedType::kDynamic))
    return node.ints(known);
  return node.slice(node.shapeOf(value), 0, begin, end);
}

Value productBetween(NodeImporter &node, Value value, int64_t begin, int64_t end) {
  Value product;
  for (int64_t axis = begin; axis < end; ++axis) {
    if (NodeImporter::type(value).getDimSize(axis) == 1)
      continue;
    Value dim = node.dim(value, axis);
    product = product ? node.mul(product, dim) : dim;
  }
  return product ? product : node.ints({1});
}

Value flatten(NodeImporter &node, Value value, int64_t axis) {
  int64_t rank = NodeImporter::rank(value);
  if (rank == 2 && axis == 1)
    return value;
  return node.reshape(value, node.concat({productBetween(node, value, 0, axis),
                                          productBetween(node, value, axis, rank)},
                                         0));
}

Value intsOperand(NodeImporter &node, StringRef name, unsigned index, int inputSince) {
  if (node.opset() < inputSince)
    return node.hasAttr(name) ? node.ints(node.intsAttr(name)) : Value();
  Value operand = node.input(index);
  return operand ? asVector(node, asInt64(node, operand)) : Value();
}

Value nonNegativeAxes(NodeImporter &node, Value axes, int64_t rank) {
  if (auto known = node.constantInts(axes)) {
    for (int64_t &axis : *known)
      axis = node.normalizeAxis(axis, rank).value_or(0);
    return node.ints(*known);
  }
  Value isNegative = compare(node, nn::ComparePredicate::lt, axes, node.intScalar(0));
  return select(node, isNegative, node.add(axes, node.intScalar(rank)), axes);
}

/// For each of `rank` places, whether it is among `axes`.
static Value placesOf(NodeImporter &node, Value axes, int64_t rank) {
  SmallVector<int64_t> places(rank);
  std::iota(places.begin(), places.end(), 0);
  Value isPlace =
      compare(node, nn::ComparePredicate::eq, node.reshape(node.ints(places), {rank, 1}),
              nonNegativeAxes(node, axes, rank));
  return node.create<nn::ReduceMaxOp>(isPlace, node.ints({1}), /*keepdims=*/false);
}

Value squeezeDynamic(NodeImporter &node, Value value, Value axes) {
  std::optional<int64_t> count = knownLength(node, axes, "axes");
  if (!count)
    return {};
  if (auto known = node.constantInts(axes))
    return node.squeeze(value, *known);
  int64_t rank = NodeImporter::rank(value);
  if (*count > rank) {
    (void)node.invalid(Twine(*count) + " axes are given for " + Twine(rank) + " dims");
    return {};
  }
  Value isKept = node.create<nn::NotOp>(placesOf(node, axes, rank));
  SmallVector<Value> kept = node.createN<nn::CompressOp>(node.shapeOf(value), isKept, 0);
  if (kept.empty())
    return {};
  // Only as many dims stay as axes leave over: the rest of the room is not defined.
  return node.reshape(value, node.slice(kept.front(), 0, 0, rank - *count));
}

Value unsqueezeDynamic(NodeImporter &node, Value value, Value axes) {
  std::optional<int64_t> count = knownLength(node, axes, "axes");
  if (!count)
    return {};
  if (auto known = node.constantInts(axes))
    return node.unsqueeze(value, *known);
  int64_t inputRank = NodeImporter::rank(value), rank = inputRank + *count;
  if (inputRank == 0)
    return node.reshape(value, SmallVector<int64_t>(rank, 1));
  Value isNew = placesOf(node, axes, rank);
  Value isOld = node.cast(node.create<nn::NotOp>(isNew), node.builder().getI64Type());
  // Place i takes the input's dim number (old places before i).
  Value source = node.create<nn::CumSumOp>(isOld, node.intScalar(0), /*exclusive=*/true,
                                           /*reverse=*/false);
  source = minimum(node, source, node.intScalar(inputRank - 1));
  Value dims = gather(node, node.shapeOf(value), source, 0);
  return node.reshape(value, select(node, isNew, node.intScalar(1), dims));
}

} // namespace pebble::onnx
