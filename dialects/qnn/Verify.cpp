// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/nn/Inference.h"
#include "dialects/nn/InferenceCall.h"
#include "dialects/qnn/QNN.h"
#include "dialects/qnn/Quantization.h"
#include "runtime/kernels/shape/Shapes.h"

using namespace mlir;
using namespace pebble;
using namespace pebble::qnn;

namespace {

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

/// Checks the quantized types of an op, whatever the op is.
LogicalResult verifyTypes(Operation *op) {
  SmallVector<Type> types(op->getOperandTypes());
  llvm::append_range(types, op->getResultTypes());
  for (Type type : types) {
    std::optional<Quantization> q = quantizationOf(type);
    if (!q)
      continue;
    auto element = cast<quant::QuantizedType>(getElementTypeOrSelf(type));
    if (!element.getExpressedType().isF32())
      return op->emitOpError("has codes for ")
             << element.getExpressedType() << "; expected f32 in " << element;
    bool isNarrow = q->bits >= 2 && q->bits <= 8;
    if (!isNarrow && q->bits != 16 && !(q->bits == 32 && q->isSigned))
      return op->emitOpError("has storage of ")
             << q->bits << " bits in " << element << "; expected 2 to 8, 16, or 32 and signed";
    // The type itself checks that scales are finite and above 0.
    for (int64_t zeroPoint : q->zeroPoints)
      if (zeroPoint < q->storageLow() || zeroPoint > q->storageHigh())
        return op->emitOpError("has zero point ")
               << zeroPoint << ", which is not among the codes " << q->storageLow() << " to "
               << q->storageHigh() << " of " << element;
    auto tensor = cast<RankedTensorType>(type);
    if (!q->axis)
      continue;
    if (*q->axis < 0 || *q->axis >= tensor.getRank())
      return op->emitOpError("has a scale for each index of dim ")
             << *q->axis << " in a tensor of rank " << tensor.getRank();
    int64_t size = tensor.getDimSize(*q->axis);
    if (!ShapedType::isDynamic(size) && size != static_cast<int64_t>(q->scales.size()))
      return op->emitOpError("has ")
             << q->scales.size() << " scales for dim " << *q->axis << " of size " << size;
  }
  return success();
}

LogicalResult verifyBounds(Operation *op, std::optional<int64_t> low, std::optional<int64_t> high) {
  Quantization q = *quantizationOf(op->getResult(0).getType());
  int64_t least = low.value_or(q.low), most = high.value_or(q.high);
  if (least > most)
    return op->emitOpError("clamps from ") << least << " to " << most << ", which leaves no code";
  for (int64_t bound : {least, most})
    if (bound < q.low || bound > q.high)
      return op->emitOpError("clamps at ")
             << bound << ", which is not among the result's codes " << q.low << " to " << q.high;
  return success();
}

/// Compares the result with what a shape function says of the operands.
template <typename Function>
LogicalResult verifyShape(Operation *op, ArrayRef<Value> operands, ArrayRef<int64_t> ints,
                          Function function) {
  nn::InferenceCall call(operands, {}, ints, 1);
  if (function(call) != PEBBLE_OK)
    return op->emitOpError(call.error());
  SmallVector<int64_t> dims;
  for (shape::Dim dim : call.results().front())
    dims.push_back(dim.isKnown() ? dim.value() : ShapedType::kDynamic);
  RankedTensorType actual = typeOf(op->getResult(0));
  if (failed(verifyCompatibleShape(actual.getShape(), dims)))
    return op->emitOpError("has a result of type ")
           << actual << "; its operands give dims [" << dims << "]";
  return success();
}

/// What contractions share. `channelAxis` is the weight's dim of output channels.
LogicalResult verifyContraction(Operation *op, Value input, Value weight, Value bias,
                                int64_t channelAxis, int64_t depth) {
  Quantization x = *quantizationOf(input.getType()), w = *quantizationOf(weight.getType());
  if (w.axis && *w.axis != channelAxis)
    return op->emitOpError("has weight scales along dim ")
           << *w.axis << "; expected dim " << channelAxis << ", the output channels";
  if (!ShapedType::isDynamic(depth) && sumsInWords(x) && !fitsAccumulator(x, w, depth))
    return op->emitOpError("adds ") << depth << " products of up to " << largestDistance(x) << " * "
                                    << largestDistance(w) << ", which can overflow the i32 sum";
  if (!bias)
    return success();
  Quantization b = *quantizationOf(bias.getType());
  if (b.bits != 32 || !b.isSigned)
    return op->emitOpError("has a bias of type ") << bias.getType() << "; expected i32 codes";
  if (typeOf(bias).getRank() != 1)
    return op->emitOpError("has a bias of rank ") << typeOf(bias).getRank() << "; expected 1";
  if (b.axis && w.axis && b.scales.size() != w.scales.size())
    return op->emitOpError("has ")
           << b.scales.size() << " bias scales and " << w.scales.size() << " weight scales";
  for (size_t i = 0; i < std::max(b.scales.size(), w.scales.size()); ++i) {
    if (b.zeroPoint(i) != 0)
      return op->emitOpError("has a bias with zero point ") << b.zeroPoint(i) << "; expected 0";
    if (!biasScaleFits(x, w, b, i))
      return op->emitOpError("has bias scale ")
             << b.scale(i) << " for channel " << i << ", where input and weight scales give "
             << x.scale() << " * " << w.scale(i) << " = " << x.scale() * w.scale(i);
  }
  return success();
}

template <typename OpTy> LogicalResult verifyBounded(OpTy op) {
  if (failed(verifyTypes(op)))
    return failure();
  return verifyBounds(op, op.getLow(), op.getHigh());
}

template <typename OpTy> LogicalResult verifyBinary(OpTy op) {
  if (failed(verifyBounded(op)))
    return failure();
  return verifyShape(op, {op.getLhs(), op.getRhs()}, {}, shape::broadcastBytes<nn::InferenceCall>);
}

void append(SmallVectorImpl<int64_t> &ints, ArrayRef<int64_t> array) {
  ints.push_back(array.size());
  llvm::append_range(ints, array);
}

} // namespace

LogicalResult QuantizeOp::verify() { return verifyTypes(*this); }
LogicalResult DequantizeOp::verify() { return verifyTypes(*this); }
LogicalResult RequantizeOp::verify() { return verifyTypes(*this); }
LogicalResult AddOp::verify() { return verifyBinary(*this); }
LogicalResult MulOp::verify() { return verifyBinary(*this); }

LogicalResult StorageCastOp::verify() {
  if (failed(verifyTypes(*this)))
    return failure();
  Type from = getElementTypeOrSelf(getInput().getType()), to = getElementTypeOrSelf(getType());
  bool fromQuantized = isa<quant::QuantizedType>(from), toQuantized = isa<quant::QuantizedType>(to);
  if (fromQuantized == toQuantized)
    return emitOpError("goes from ")
           << from << " to " << to << "; expected one quantized type and one of its codes";
  Type codes = containerOf(fromQuantized ? from : to), given = fromQuantized ? to : from;
  if (codes != given)
    return emitOpError("goes from ")
           << from << " to " << to << "; expected codes of type " << codes;
  return success();
}

LogicalResult ConvOp::verify() {
  if (failed(verifyBounded(*this)))
    return failure();
  SmallVector<int64_t> ints;
  append(ints, getStrides());
  append(ints, getDilations());
  append(ints, getPads());
  ints.push_back(getGroup());
  ints.push_back(static_cast<int64_t>(getAutoPad()));
  if (failed(verifyShape(*this, {getInput(), getWeight(), getBias()}, ints,
                         shape::conv<nn::InferenceCall>)))
    return failure();
  int64_t depth = 1;
  for (int64_t size : typeOf(getWeight()).getShape().drop_front())
    if (ShapedType::isDynamic(size) || llvm::MulOverflow(depth, size, depth))
      depth = ShapedType::kDynamic;
  return verifyContraction(*this, getInput(), getWeight(), getBias(), 0, depth);
}

LogicalResult MatMulOp::verify() {
  if (failed(verifyBounded(*this)))
    return failure();
  RankedTensorType weight = typeOf(getWeight());
  if (weight.getRank() != 2 || typeOf(getInput()).getRank() < 2)
    return emitOpError("has an input of rank ")
           << typeOf(getInput()).getRank() << " and a weight of rank " << weight.getRank()
           << "; expected 2 or more and 2";
  if (failed(verifyShape(*this, {getInput(), getWeight()}, {}, shape::matmul<nn::InferenceCall>)))
    return failure();
  return verifyContraction(*this, getInput(), getWeight(), getBias(), 1, weight.getDimSize(0));
}

LogicalResult BatchMatMulOp::verify() {
  if (failed(verifyBounded(*this)))
    return failure();
  RankedTensorType lhs = typeOf(getLhs()), rhs = typeOf(getRhs());
  if (lhs.getRank() < 2 || rhs.getRank() < 2)
    return emitOpError("has operands of rank ")
           << lhs.getRank() << " and " << rhs.getRank() << "; expected 2 or more";
  if (failed(verifyShape(*this, {getLhs(), getRhs()}, {}, shape::matmul<nn::InferenceCall>)))
    return failure();
  return verifyContraction(*this, getLhs(), getRhs(), Value(), rhs.getRank() - 1,
                           rhs.getDimSize(rhs.getRank() - 2));
}

LogicalResult LookupOp::verify() {
  if (failed(verifyTypes(*this)))
    return failure();
  Quantization x = *quantizationOf(getInput().getType());
  RankedTensorType table = typeOf(getTable());
  if (x.bits > 8 || table.getRank() != 1 || table.getDimSize(0) != int64_t(1) << x.bits)
    return emitOpError("has a table of type ")
           << table << " for codes of " << x.bits << " bits; expected one entry a code";
  if (table.getElementType() != containerOf(getType()))
    return emitOpError("has table entries of type ")
           << table.getElementType() << "; expected " << containerOf(getType());
  if (failed(verifyCompatibleShape(getInput().getType(), getType())))
    return emitOpError("has an input of type ") << getInput().getType() << " and a result of type "
                                                << getType() << "; expected equal dims";
  return success();
}

LogicalResult AvgPoolOp::verify() {
  if (failed(verifyBounded(*this)))
    return failure();
  SmallVector<int64_t> ints;
  append(ints, getKernelShape());
  append(ints, getStrides());
  append(ints, getDilations());
  append(ints, getPads());
  ints.push_back(getCeilMode());
  ints.push_back(static_cast<int64_t>(getAutoPad()));
  return verifyShape(*this, {getInput()}, ints, shape::pool<nn::InferenceCall>);
}

LogicalResult GlobalAvgPoolOp::verify() {
  if (failed(verifyBounded(*this)))
    return failure();
  RankedTensorType input = typeOf(getInput()), result = typeOf(getResult());
  if (input.getRank() < 3 || result.getRank() != input.getRank())
    return emitOpError("has an input of rank ")
           << input.getRank() << " and a result of rank " << result.getRank()
           << "; expected the same rank of 3 or more";
  return success();
}

LogicalResult SoftmaxOp::verify() {
  if (failed(verifyTypes(*this)))
    return failure();
  int64_t axis = getAxis(), rank = typeOf(getInput()).getRank();
  if (axis < 0 || axis >= rank)
    return emitOpError("has axis ") << axis << ", which is out of range for rank " << rank;
  return success();
}

LogicalResult ConcatOp::verify() {
  if (failed(verifyTypes(*this)))
    return failure();
  SmallVector<Value> inputs(getInputs());
  if (inputs.empty())
    return emitOpError("needs one operand or more");
  return verifyShape(*this, inputs,
                     {static_cast<int64_t>(inputs.size()), static_cast<int64_t>(getAxis())},
                     shape::concat<nn::InferenceCall>);
}
