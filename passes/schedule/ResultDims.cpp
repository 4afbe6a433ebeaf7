// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/schedule/ResultDims.h"

#include "dialects/nn/KernelCall.h"

using namespace mlir;
using namespace pebble;

SmallVector<Value> ResultDims::of(Value tensor, Location loc) {
  if (auto it = known.find(tensor); it != known.end())
    return it->second;
  auto type = cast<RankedTensorType>(tensor.getType());
  SmallVector<Value> dims;
  Operation *op = tensor.getDefiningOp();
  if (type.hasStaticShape()) {
    for (int64_t size : type.getShape())
      dims.push_back(arith::ConstantIndexOp::create(builder, loc, size));
  } else if (auto it = buffers.find(tensor); it != buffers.end()) {
    for (int64_t dim = 0; dim < type.getRank(); ++dim)
      dims.push_back(memref::DimOp::create(builder, loc, it->second, dim));
  } else if (op->hasTrait<nn::ElementwiseOp>()) {
    dims = broadcast(op, type, loc);
  } else if (auto product = dyn_cast<nn::MatMulPackedOp>(op)) {
    dims = of(product.getInput(), loc);
    dims.back() = arith::ConstantIndexOp::create(builder, loc, type.getShape().back());
  } else if (op->hasTrait<nn::EpilogueOp>()) {
    dims = ofWindow(op, loc);
  } else {
    callShapeFunction(op, loc);
    return known.lookup(tensor);
  }
  return known[tensor] = dims;
}

SmallVector<Value> ResultDims::dynamicOf(Value tensor, Location loc) {
  auto type = cast<RankedTensorType>(tensor.getType());
  SmallVector<Value> dynamic;
  if (type.hasStaticShape())
    return dynamic;
  SmallVector<Value> all = of(tensor, loc);
  for (auto [size, value] : llvm::zip(type.getShape(), all))
    if (ShapedType::isDynamic(size))
      dynamic.push_back(value);
  return dynamic;
}

SmallVector<Value> ResultDims::broadcast(Operation *op, RankedTensorType type, Location loc) {
  SmallVector<Value> dims(type.getRank());
  Value one = arith::ConstantIndexOp::create(builder, loc, 1);
  for (Value operand : op->getOperands()) {
    SmallVector<Value> operandDims = of(operand, loc);
    size_t skip = dims.size() - operandDims.size();
    for (auto [index, size] : llvm::enumerate(operandDims)) {
      Value &dim = dims[skip + index];
      if (!dim) {
        dim = size;
        continue;
      }
      Value isOne = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, dim, one);
      dim = arith::SelectOp::create(builder, loc, isOne, size, dim);
    }
  }
  return dims;
}

Value ResultDims::bufferOf(Value tensor, Location loc) {
  if (Value buffer = buffers.lookup(tensor))
    return buffer;
  auto constant = tensor.getDefiningOp<nn::ConstantOp>();
  if (!constant)
    return {};
  auto type = cast<RankedTensorType>(tensor.getType());
  return buffers[tensor] = mem::ConstantOp::create(builder, loc, mem::bufferType(type),
                                                   constant.getValue(), IntegerAttr());
}

/// Calls the shape function of the layer that `op` was, which refuses windows larger than the
/// input.
SmallVector<Value> ResultDims::ofWindow(Operation *op, Location loc) {
  bool isPool = isa<nn::PoolNhwcOp>(op);
  SmallVector<int64_t> kernel, ints;
  auto append = [&](ArrayRef<int64_t> values) {
    ints.push_back(values.size());
    llvm::append_range(ints, values);
  };
  int64_t group = 1, channels = 1;
  int64_t results = cast<RankedTensorType>(op->getResult(0).getType()).getShape().back();
  ArrayRef<int64_t> strides, dilations, pads;
  if (auto pool = dyn_cast<nn::PoolNhwcOp>(op)) {
    append(pool.getKernelShape());
    strides = pool.getStrides(), dilations = pool.getDilations(), pads = pool.getPads();
  } else {
    ArrayRef<int64_t> weight = cast<RankedTensorType>(op->getOperand(1).getType()).getShape();
    if (auto conv = dyn_cast<nn::ConvNhwcOp>(op)) {
      strides = conv.getStrides(), dilations = conv.getDilations(), pads = conv.getPads();
      group = weight[0], channels = weight[4];
      kernel = {weight[2], weight[3]};
    } else {
      auto depthwise = cast<nn::DepthwiseNhwcOp>(op);
      strides = depthwise.getStrides(), dilations = depthwise.getDilations();
      pads = depthwise.getPads();
      group = results;
      kernel = {weight[0], weight[1]};
    }
  }
  append(strides);
  append(dilations);
  append(pads);
  // A pool ends with ceil_mode and auto_pad, a convolution with group and auto_pad.
  ints.push_back(isPool ? 0 : group);
  ints.push_back(0);

  auto constant = [&](int64_t value) {
    return arith::ConstantIndexOp::create(builder, loc, value).getResult();
  };
  SmallVector<Value> image = of(op->getOperand(0), loc);
  SmallVector<Value> sizes{image[0], image[3], image[1], image[2]};
  SmallVector<int64_t> operandRanks{4};
  SmallVector<bool> present{true};
  if (!isPool) {
    for (int64_t size : {results, channels, kernel[0], kernel[1]})
      sizes.push_back(constant(size));
    operandRanks.push_back(4);
    present.append({true, false});
  }
  SmallVector<int32_t> dtypes(operandRanks.size(), nn::dtypeOf(builder.getF32Type()));
  auto call = mem::InferDimsOp::create(builder, loc, SmallVector<Type>(4, builder.getIndexType()),
                                       isPool ? "max_pool" : "conv", sizes, ValueRange(),
                                       ArrayRef<int64_t>(), operandRanks, dtypes, present, ints,
                                       ArrayRef<double>(), ArrayRef<int64_t>{4});
  auto dims = call.getDims();
  return {dims[0], dims[2], dims[3], dims[1]};
}

void ResultDims::callShapeFunction(Operation *op, Location loc) {
  auto kernel = cast<nn::KernelOpInterface>(op);
  SmallVector<Value> sizes, data;
  SmallVector<int64_t> dataPositions, operandRanks, ranks;
  SmallVector<int32_t> operandTypes;
  SmallVector<bool> present;
  for (auto [position, operand] : llvm::enumerate(nn::operandSlots(op))) {
    present.push_back(static_cast<bool>(operand));
    if (!operand)
      continue;
    SmallVector<Value> dims = of(operand, loc);
    llvm::append_range(sizes, dims);
    operandRanks.push_back(dims.size());
    operandTypes.push_back(nn::dtypeOf(cast<RankedTensorType>(operand.getType()).getElementType()));
    if (llvm::is_contained(kernel.getShapeOperands(), position))
      if (Value buffer = bufferOf(operand, loc)) {
        dataPositions.push_back(position);
        data.push_back(buffer);
      }
  }
  SmallVector<Type> resultTypes;
  for (Value result : op->getResults()) {
    int64_t rank = cast<RankedTensorType>(result.getType()).getRank();
    ranks.push_back(rank);
    resultTypes.append(rank, builder.getIndexType());
  }
  nn::KernelAttributes attributes = nn::flattenAttributes(op);
  auto call = mem::InferDimsOp::create(builder, loc, resultTypes, nn::kernelName(op), sizes, data,
                                       dataPositions, operandRanks, operandTypes, present,
                                       attributes.ints, attributes.floats, ranks);
  size_t first = 0;
  for (auto [result, rank] : llvm::zip(op->getResults(), ranks)) {
    auto dims = call.getDims().slice(first, rank);
    known[result] = SmallVector<Value>(dims.begin(), dims.end());
    first += rank;
  }
}
