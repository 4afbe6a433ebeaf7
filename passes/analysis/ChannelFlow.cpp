// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/analysis/ChannelFlow.h"

#include "dialects/nn/Constants.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace pebble;

namespace {

using Flow = std::optional<ChannelFlow>;

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

/// The product of the dims behind `axis`; nothing when one is not known.
std::optional<int64_t> elementsBehind(RankedTensorType type, int64_t axis) {
  int64_t count = 1;
  for (int64_t size : type.getShape().drop_front(axis + 1)) {
    if (ShapedType::isDynamic(size))
      return std::nullopt;
    count *= size;
  }
  return count;
}

/// In memory, channels are equal blocks one after the other. They stay apart along a dim of the
/// result that counts those blocks, or equal parts of them.
Flow throughReshape(nn::ReshapeOp op, int64_t axis) {
  RankedTensorType from = typeOf(op.getInput()), to = typeOf(op.getResult());
  std::optional<int64_t> block = elementsBehind(from, axis);
  // The result's dims have to say all of its shape, which leaves one of them open.
  if (!block || *block == 0 || to.getNumDynamicDims() > 1 || llvm::is_contained(to.getShape(), 0))
    return std::nullopt;
  int64_t channels = from.getDimSize(axis), period = channels * *block;
  Flow best;
  for (int64_t dim = 0; dim < to.getRank(); ++dim) {
    std::optional<int64_t> part = elementsBehind(to, dim);
    int64_t size = to.getDimSize(dim);
    if (!part || *part == 0 || ShapedType::isDynamic(size) || *part * size != period ||
        *block % *part != 0 || size % channels != 0)
      continue;
    if (!best || size / channels < best->repeat)
      best = ChannelFlow{axis, dim, 0, size / channels};
  }
  return best;
}

template <typename ConcatOp> Flow throughConcat(ConcatOp op, OpOperand &operand, int64_t axis) {
  ChannelFlow flow{axis, axis};
  if (axis != static_cast<int64_t>(op.getAxis()))
    return flow;
  for (Value before : op.getInputs().take_front(operand.getOperandNumber())) {
    int64_t size = typeOf(before).getDimSize(axis);
    if (ShapedType::isDynamic(size))
      return std::nullopt;
    flow.offset += size;
  }
  return flow;
}

Flow throughBinary(Operation *op, OpOperand &operand, int64_t axis) {
  RankedTensorType from = typeOf(operand.get()), to = typeOf(op->getResult(0));
  int64_t resultAxis = axis + to.getRank() - from.getRank();
  if (from.getDimSize(axis) != to.getDimSize(resultAxis))
    return std::nullopt;
  return ChannelFlow{axis, resultAxis};
}

/// Whether constant `axes` leave dim `axis` alone.
bool leavesAlone(Value axes, int64_t axis, int64_t rank) {
  std::optional<SmallVector<int64_t>> dims = nn::constantInts(axes);
  return dims &&
         llvm::none_of(*dims, [&](int64_t dim) { return dim == axis || dim + rank == axis; });
}

Flow throughPad(nn::PadOp op, int64_t axis) {
  int64_t rank = typeOf(op.getInput()).getRank();
  if (op.getAxes())
    return leavesAlone(op.getAxes(), axis, rank) ? Flow({axis, axis}) : std::nullopt;
  std::optional<SmallVector<int64_t>> pads = nn::constantInts(op.getPads());
  if (!pads || static_cast<int64_t>(pads->size()) != 2 * rank || (*pads)[axis] != 0 ||
      (*pads)[axis + rank] != 0)
    return std::nullopt;
  return ChannelFlow{axis, axis};
}

Flow throughTranspose(nn::TransposeOp op, int64_t axis) {
  for (auto [to, from] : llvm::enumerate(op.getPermutation()))
    if (from == axis)
      return ChannelFlow{axis, static_cast<int64_t>(to)};
  return std::nullopt;
}

} // namespace

Flow ChannelFlow::of(OpOperand &operand, int64_t axis) {
  Operation *op = operand.getOwner();
  if (op->getNumResults() != 1 || ShapedType::isDynamic(typeOf(operand.get()).getDimSize(axis)))
    return std::nullopt;
  Flow same = ChannelFlow{axis, axis};
  bool isFirst = operand.getOperandNumber() == 0;
  return llvm::TypeSwitch<Operation *, Flow>(op)
      .Case<qnn::StorageCastOp, qnn::RequantizeOp>([&](auto) { return same; })
      .Case<qnn::LookupOp>([&](auto) { return isFirst ? same : std::nullopt; })
      // Windows slide over the dims after the first two.
      .Case<nn::MaxPoolOp, qnn::AvgPoolOp, qnn::GlobalAvgPoolOp>(
          [&](auto) { return axis < 2 ? same : std::nullopt; })
      .Case<qnn::AddOp, qnn::MulOp>([&](auto) { return throughBinary(op, operand, axis); })
      .Case<qnn::ConcatOp, nn::ConcatOp>([&](auto o) { return throughConcat(o, operand, axis); })
      .Case([&](nn::TransposeOp o) { return throughTranspose(o, axis); })
      .Case([&](nn::ReshapeOp o) { return isFirst ? throughReshape(o, axis) : std::nullopt; })
      .Case([&](nn::PadOp o) { return isFirst ? throughPad(o, axis) : std::nullopt; })
      .Case([&](nn::ResizeOp o) {
        return isFirst && !llvm::is_contained(o.getAxes(), axis) ? same : std::nullopt;
      })
      .Case([&](nn::SliceOp o) {
        return isFirst && leavesAlone(o.getAxes(), axis, typeOf(o.getInput()).getRank())
                   ? same
                   : std::nullopt;
      })
      .Default([](Operation *) { return std::nullopt; });
}
