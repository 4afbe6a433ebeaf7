// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/fuse/LayoutBuilders.h"

#include "dialects/nn/Constants.h"

using namespace mlir;

SmallVector<int64_t> pebble::permute(ArrayRef<int64_t> values, ArrayRef<int64_t> permutation) {
  SmallVector<int64_t> result;
  for (int64_t from : permutation)
    result.push_back(values[from]);
  return result;
}

RankedTensorType pebble::tensorTypeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

Value pebble::buildTranspose(OpBuilder &builder, Location loc, Value value,
                             ArrayRef<int64_t> permutation) {
  RankedTensorType type = tensorTypeOf(value);
  return nn::TransposeOp::create(builder, loc, type.clone(permute(type.getShape(), permutation)),
                                 value, builder.getDenseI64ArrayAttr(permutation));
}

Value pebble::buildInts(OpBuilder &builder, Location loc, ArrayRef<int64_t> values) {
  ElementsAttr attr = nn::makeInts(builder.getContext(), values);
  return nn::ConstantOp::create(builder, loc, attr.getShapedType(), attr);
}

Value pebble::buildReshape(OpBuilder &builder, Location loc, Value value, ArrayRef<int64_t> shape) {
  SmallVector<int64_t> sizes(shape);
  for (int64_t &size : sizes)
    if (ShapedType::isDynamic(size))
      size = -1;
  return nn::ReshapeOp::create(builder, loc, tensorTypeOf(value).clone(shape), value,
                               buildInts(builder, loc, sizes), /*allowzero=*/true);
}
