// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/Quantization.h"
#include "frontends/onnx/Compose.h"

using namespace mlir;

namespace pebble::onnx {

Value broadcastParameter(NodeImporter &node, Value parameter, Value x, QuantizationLayout layout) {
  int64_t rank = NodeImporter::rank(x);
  if (!parameter || NodeImporter::rank(parameter) == 0)
    return parameter;
  if (layout.blockSize == 0)
    return alongAxis(node, parameter, layout.axis, rank);
  // Repeats each entry blockSize times along the axis; the last block may be cut short.
  int64_t axis = layout.axis;
  SmallVector<Value> blocked, merged;
  for (int64_t i = 0; i < rank; ++i) {
    Value dim = node.dim(parameter, i);
    blocked.push_back(dim);
    if (i == axis) {
      blocked.push_back(node.ints({layout.blockSize}));
      dim = node.mul(dim, node.ints({layout.blockSize}));
    }
    merged.push_back(dim);
  }
  Value repeated =
      broadcastTo(node, node.unsqueeze(parameter, {axis + 1}), node.concat(blocked, 0));
  repeated = node.reshape(repeated, node.concat(merged, 0));
  int64_t extent = NodeImporter::type(repeated).getDimSize(axis);
  if (extent == NodeImporter::type(x).getDimSize(axis) && !ShapedType::isDynamic(extent))
    return repeated;
  return sliceBetween(node, repeated, axis, node.ints({0}), node.dim(x, axis));
}

Value roundAndSaturate(NodeImporter &node, Value scaled, Value zeroPoint, Type type,
                       unsigned bits) {
  // f16 does not hold every sum of a rounded value and a zero point.
  Value result = node.cast(node.create<nn::RoundOp>(scaled), node.builder().getF32Type());
  if (zeroPoint)
    result = node.add(result, node.cast(zeroPoint, NodeImporter::elementType(result)));
  if (bits) {
    Type f32 = NodeImporter::elementType(result);
    bool isSigned = !type.isUnsignedInteger();
    double least = isSigned ? llvm::minIntN(bits) : 0;
    double most = isSigned ? llvm::maxIntN(bits) : llvm::maxUIntN(bits);
    result = minimum(node, maximum(node, result, node.scalar(f32, least)), node.scalar(f32, most));
  }
  return node.cast(result, type);
}

Value centered(NodeImporter &node, Value x, Value zeroPoint) {
  Type i32 = node.builder().getI32Type();
  Value wide = node.cast(x, i32);
  return zeroPoint ? node.sub(wide, node.cast(zeroPoint, i32)) : wide;
}

Value dequantize(NodeImporter &node, Value x, Value scale, Value zeroPoint,
                 QuantizationLayout layout) {
  Type f32 = node.builder().getF32Type();
  Value difference = centered(node, x, broadcastParameter(node, zeroPoint, x, layout));
  Value wideScale = node.cast(broadcastParameter(node, scale, x, layout), f32);
  return node.mul(node.cast(difference, f32), wideScale);
}

Value quantize(NodeImporter &node, Value x, Value scale, Value zeroPoint, Type type,
               unsigned bits) {
  return roundAndSaturate(node, node.div(x, scale), zeroPoint, type, bits);
}

Value requantize(NodeImporter &node, Value sum, Value lhsScale, Value rhsScale, Value resultScale,
                 Value zeroPoint, Type type) {
  Type f32 = node.builder().getF32Type();
  Value factor = node.cast(node.div(node.mul(lhsScale, rhsScale), resultScale), f32);
  return roundAndSaturate(node, node.mul(node.cast(sum, f32), factor), zeroPoint, type);
}

Type quantizedType(Value zeroPoint, Value input) {
  return NodeImporter::elementType(zeroPoint ? zeroPoint : input);
}

Value rowParameter(NodeImporter &node, Value parameter, Value matrix) {
  if (!parameter || NodeImporter::rank(parameter) != 1)
    return parameter;
  // A vector is one row.
  return NodeImporter::rank(matrix) < 2 ? asScalar(node, parameter)
                                        : node.unsqueeze(parameter, {1});
}

DynamicallyQuantized quantizeDynamically(NodeImporter &node, Value x) {
  Type f32 = node.builder().getF32Type();
  Type u8 = node.builder().getIntegerType(8, /*isSigned=*/false);
  SmallVector<int64_t> axes = axesBetween(0, NodeImporter::rank(x));
  Value all = node.ints(axes);
  Value zero = node.scalar(f32, 0), most = node.scalar(f32, 255);
  Value low = minimum(node, node.create<nn::ReduceMinOp>(x, all, /*keepdims=*/false), zero);
  Value high = maximum(node, node.create<nn::ReduceMaxOp>(x, all, /*keepdims=*/false), zero);
  Value range = node.sub(high, low);
  // Of nothing but zeros any scale is one; 0 would make their codes undefined.
  Value isEmpty = compare(node, nn::ComparePredicate::eq, range, zero);
  Value scale = select(node, isEmpty, node.scalar(f32, 1), node.div(range, most));
  Value offset = node.sub(zero, node.div(low, scale));
  Value clipped = minimum(node, maximum(node, offset, zero), most);
  Value zeroPoint = node.cast(node.create<nn::RoundOp>(clipped), u8);
  return {quantize(node, x, scale, zeroPoint, u8), scale, zeroPoint};
}

} // namespace pebble::onnx
