// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/analysis/RowKernel.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace pebble;

namespace {

bool hasRows(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && tensor.hasStaticShape() && tensor.getRank() == 4 && tensor.getDimSize(0) == 1 &&
         tensor.getNumElements() > 0 && tensor.getElementTypeBitWidth() >= 8;
}

/// Whether `value` is the same all along dim 1 or 2 of a tensor of rank 4: it has no such dim.
bool isSameAlong(Value value, int64_t dim) {
  auto type = cast<RankedTensorType>(value.getType());
  int64_t own = dim - (4 - type.getRank());
  return type.hasStaticShape() && (own < 0 || type.getDimSize(own) == 1);
}

ArrayRef<int64_t> shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

template <typename Op> RowRead windowOf(Op op, ArrayRef<int64_t> kernel) {
  auto along = [&](int dim) {
    return stream::Window{(kernel[dim] - 1) * op.getDilations()[dim] + 1, op.getStrides()[dim],
                          op.getPads()[dim]};
  };
  return {along(0), along(1)};
}

/// The window on operand 0 of a layer whose emitter computes single rows, by vectors or with a
/// microkernel.
std::optional<RowRead> emittedWindow(Operation *op, ArrayRef<StringRef> microkernels) {
  auto has = [&](StringRef operation) { return llvm::is_contained(microkernels, operation); };
  std::optional<RowRead> window;
  llvm::TypeSwitch<Operation *>(op)
      .Case(
          [&](nn::ConvNhwcOp conv) { window = windowOf(conv, shapeOf(conv.getWeight()).slice(2)); })
      .Case([&](nn::DepthwiseNhwcOp conv) { window = windowOf(conv, shapeOf(conv.getWeight())); })
      .Case([&](nn::PoolNhwcOp pool) { window = windowOf(pool, pool.getKernelShape()); })
      .Case([&](qnn::ConvPackedOp conv) {
        auto runs = static_cast<int64_t>(conv.getRuns());
        ArrayRef<int64_t> kernel = conv.getKernelShape();
        // The cuts of the reduction that the microkernel knows.
        if (has(conv.getCodes() ? "conv4" : "conv") &&
            (runs == kernel[0] * kernel[1] || runs == kernel[0]))
          window = windowOf(conv, kernel);
      })
      .Case([&](qnn::DepthwisePackedOp conv) {
        if (has("depthwise"))
          window = windowOf(conv, conv.getKernelShape());
      })
      .Case([&](qnn::MaxBytesOp pool) {
        if (has("maxpool"))
          window = windowOf(pool, pool.getKernelShape());
      });
  return window;
}

bool isOnePixelConv(Operation *op) {
  auto conv = dyn_cast<qnn::ConvPackedOp>(op);
  auto all = [](ArrayRef<int64_t> values, int64_t wanted) {
    return llvm::all_of(values, [&](int64_t value) { return value == wanted; });
  };
  return conv && all(conv.getKernelShape(), 1) && all(conv.getStrides(), 1) &&
         all(conv.getPads(), 0);
}

bool joinsChannels(Operation *op) {
  auto concat = dyn_cast<nn::ConcatOp>(op);
  return concat && concat.getAxis() == 3;
}

/// Ops that compute an element, or a pixel, from those at the same place.
bool worksAtOnePlace(Operation *op) {
  return op->hasTrait<nn::ElementwiseOp>() || isOnePixelConv(op) || joinsChannels(op) ||
         isa<qnn::AddBytesOp, qnn::MulBytesOp, qnn::LookupBytesOp>(op);
}

/// Elements go from channels first to channels last.
bool isToChannelsLast(Operation *op) {
  auto transpose = dyn_cast<nn::TransposeOp>(op);
  return transpose && transpose.getPermutation() == ArrayRef<int64_t>{0, 2, 3, 1} &&
         cast<RankedTensorType>(transpose.getType()).getElementTypeBitWidth() >= 8;
}

} // namespace

std::optional<RowKernel> RowKernel::of(func::FuncOp kernel, ArrayRef<StringRef> microkernels) {
  Block &body = kernel.getBody().front();
  SmallVector<Operation *> layers;
  for (Operation &op : body.without_terminator())
    if (!isa<nn::ConstantOp>(op))
      layers.push_back(&op);
  ValueRange results = body.getTerminator()->getOperands();
  if (layers.empty() || results.size() != 1 || !hasRows(results[0].getType()) ||
      results[0].getDefiningOp() != layers.back())
    return std::nullopt;
  ArrayRef<int64_t> shape = cast<RankedTensorType>(results[0].getType()).getShape();
  RowKernel rows;
  rows.reads.resize(body.getNumArguments());
  auto spec = mem::KernelSpecAttr::of(kernel);
  if (spec && spec.getScratch() > 0)
    return std::nullopt;

  rows.hasColumns = true;
  if (llvm::all_of(layers, worksAtOnePlace)) {
    rows.isPointwise = true;
    return rows.addAtPlace(layers, shape) ? std::optional(rows) : std::nullopt;
  }
  if (isToChannelsLast(layers.back()) &&
      llvm::all_of(ArrayRef(layers).drop_back(),
                   [](Operation *op) { return op->hasTrait<nn::ElementwiseOp>(); }))
    return rows;
  // A window, and what is evaluated where its layer stores an element.
  Operation *root = layers.front();
  auto argument = dyn_cast<BlockArgument>(root->getOperand(0));
  std::optional<RowRead> window = emittedWindow(root, microkernels);
  ArrayRef<Operation *> behind = ArrayRef(layers).drop_front();
  bool isEpilogue = behind.empty() || root->hasTrait<nn::EpilogueOp>();
  if (!argument || !hasRows(argument.getType()) || !window || !isEpilogue ||
      llvm::any_of(argument.getUsers(), [&](Operation *user) { return user != root; }) ||
      !llvm::all_of(behind, [](Operation *op) { return op->hasTrait<nn::ElementwiseOp>(); }) ||
      !rows.addAtPlace(behind, shape))
    return std::nullopt;
  // Microkernels alone know of columns.
  rows.hasColumns = behind.empty() && !root->hasTrait<nn::EpilogueOp>();
  rows.reads[argument.getArgNumber()] = window;
  return rows;
}

bool RowKernel::addAtPlace(ArrayRef<Operation *> layers, ArrayRef<int64_t> shape) {
  for (Operation *op : layers) {
    if (!::hasRows(op->getResult(0).getType()) || shapeOf(op->getResult(0))[1] != shape[1])
      return false;
    for (auto [index, operand] : llvm::enumerate(op->getOperands())) {
      bool isWeight = isa<qnn::ConvPackedOp, qnn::LookupBytesOp>(op) && index > 0;
      bool isByRows = !isWeight && ::hasRows(operand.getType()) && shapeOf(operand)[1] == shape[1];
      auto argument = dyn_cast<BlockArgument>(operand);
      bool isConstant = operand.getDefiningOp<nn::ConstantOp>() != nullptr;
      bool isInColumns = isByRows && !isConstant && shapeOf(operand)[2] == shape[2];
      hasColumns &= isWeight || isInColumns || isSameAlong(operand, 2);
      if (isByRows && argument)
        reads[argument.getArgNumber()] = RowRead{{}, stream::Window{}, /*isAtPlace=*/true};
      else if (!isWeight && !isByRows && !isSameAlong(operand, 1))
        return false;
      else if (isByRows && isConstant && shape[1] > 1)
        return false;
    }
  }
  return true;
}
