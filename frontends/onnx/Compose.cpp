// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/Compose.h"
#include "frontends/onnx/TensorData.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

#include <numeric>

using namespace mlir;

namespace pebble::onnx {

Value minimum(NodeImporter &node, Value lhs, Value rhs) { return node.create<nn::MinOp>(lhs, rhs); }

Value maximum(NodeImporter &node, Value lhs, Value rhs) { return node.create<nn::MaxOp>(lhs, rhs); }

Value compare(NodeImporter &node, nn::ComparePredicate predicate, Value lhs, Value rhs) {
  return node.create<nn::CompareOp>(predicate, lhs, rhs);
}

Value select(NodeImporter &node, Value condition, Value onTrue, Value onFalse) {
  return node.create<nn::SelectOp>(condition, onTrue, onFalse);
}

Value logicalAnd(NodeImporter &node, Value lhs, Value rhs) {
  return node.create<nn::AndOp>(lhs, rhs);
}

Value broadcastTo(NodeImporter &node, Value input, Value shape) {
  return node.create<nn::BroadcastToOp>(input, shape);
}

Value gather(NodeImporter &node, Value data, Value indices, int64_t axis) {
  return node.create<nn::GatherOp>(data, indices, axis);
}

Value iota(NodeImporter &node, Value limit) {
  return node.create<nn::RangeOp>(node.intScalar(0), limit, node.intScalar(1));
}

Value sliceBetween(NodeImporter &node, Value input, int64_t axis, Value begin, Value end) {
  return node.create<nn::SliceOp>(input, begin, end, node.ints({axis}), node.ints({1}));
}

Value sliceStrided(NodeImporter &node, Value input, int64_t axis, int64_t begin, int64_t step) {
  return node.create<nn::SliceOp>(input, node.ints({begin}), node.ints({INT64_MAX}),
                                  node.ints({axis}), node.ints({step}));
}

Value filled(NodeImporter &node, Type element, double value, Value shape) {
  return broadcastTo(node, node.scalar(element, value), shape);
}

Value extent(NodeImporter &node, Value input, llvm::ArrayRef<int64_t> axes) {
  Value product = node.ints({1});
  for (int64_t axis : axes)
    product = node.mul(product, node.dim(input, axis));
  return product;
}

Value asScalar(NodeImporter &node, Value value) {
  if (!value || NodeImporter::rank(value) == 0)
    return value;
  return node.reshape(value, ArrayRef<int64_t>());
}

Value reshapeKeeping(NodeImporter &node, Value input, ArrayRef<int64_t> shape) {
  return node.create<nn::ReshapeOp>(input, node.ints(shape), /*allowzero=*/false);
}

Value alongAxis(NodeImporter &node, Value vector, int64_t axis, int64_t rank) {
  if (NodeImporter::rank(vector) != 1 || rank == 1)
    return vector;
  SmallVector<int64_t> shape(rank, 1);
  shape[axis] = -1;
  return node.reshape(vector, shape);
}

SmallVector<int64_t> axesBetween(int64_t begin, int64_t end) {
  return llvm::to_vector(llvm::seq<int64_t>(begin, std::max(begin, end)));
}

Type floatTypeOf(NodeImporter &node, int64_t dataType) {
  Type type = elementTypeOf(static_cast<int>(dataType), node.builder().getContext());
  return isa_and_nonnull<FloatType>(type) ? type : Type();
}

bool isFloat(Value value) { return isa<FloatType>(NodeImporter::elementType(value)); }

bool isHalf(Type element) { return element.isF16() || element.isBF16(); }

LogicalResult checkRank(NodeImporter &node, Value value, StringRef name, ArrayRef<int64_t> ranks) {
  int64_t rank = NodeImporter::rank(value);
  if (llvm::is_contained(ranks, rank))
    return success();
  std::string expected =
      llvm::join(llvm::map_range(ranks, [](int64_t r) { return std::to_string(r); }), " or ");
  return node.invalid("input " + name + " has " + std::to_string(rank) + " dims; expected " +
                      expected);
}

LogicalResult checkKnownDim(NodeImporter &node, Value value, int64_t axis, StringRef what) {
  RankedTensorType type = NodeImporter::type(value);
  int64_t place = axis < 0 ? axis + type.getRank() : axis;
  if (place < 0 || place >= type.getRank() || !type.isDynamicDim(place))
    return success();
  return node.unsupported(what + " is not known before the model runs; expected a static dim");
}

} // namespace pebble::onnx
