// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sums and products of u8 codes as loops that the code generator vectorizes.

#include "passes/lower/emitters/Emitters.h"

using namespace mlir;
using namespace pebble;

namespace {

/// A loop over dims of the result that both operands walk evenly; 0 where one is broadcast.
struct Axis {
  int64_t size, lhs, rhs;
};

SmallVector<int64_t> stridesIn(ArrayRef<int64_t> shape, ArrayRef<int64_t> result) {
  SmallVector<int64_t> strides(result.size(), 0);
  int64_t stride = 1, lead = result.size() - shape.size();
  for (int64_t dim = shape.size() - 1; dim >= 0; --dim) {
    strides[lead + dim] = shape[dim] == 1 ? 0 : stride;
    stride *= shape[dim];
  }
  return strides;
}

/// As few axes as there can be, outermost first; at least one.
SmallVector<Axis> axesOf(ArrayRef<int64_t> lhs, ArrayRef<int64_t> rhs, ArrayRef<int64_t> result) {
  SmallVector<int64_t> a = stridesIn(lhs, result), b = stridesIn(rhs, result);
  SmallVector<Axis> axes;
  for (auto [dim, size] : llvm::enumerate(result)) {
    if (size == 1)
      continue;
    if (!axes.empty() && axes.back().lhs == a[dim] * size && axes.back().rhs == b[dim] * size)
      axes.back() = {axes.back().size * size, a[dim], b[dim]};
    else
      axes.push_back({size, a[dim], b[dim]});
  }
  if (axes.empty())
    axes.push_back({1, 0, 0});
  return axes;
}

/// Emits result = combine(lhs, rhs), clamped and rounded, where `combine` makes an f32 without the
/// offset from codes in i32.
class ByteLoops {
public:
  ByteLoops(KernelEmitter &emitter, Operation *op)
      : emitter(emitter), b(emitter.builder()), op(op) {}

  Value real(double value) {
    return arith::ConstantOp::create(b, b.getF32FloatAttr(static_cast<float>(value)));
  }
  Value real(const llvm::APFloat &value) { return real(value.convertToDouble()); }
  Value number(int64_t value) { return arith::ConstantIntOp::create(b, value, 32); }

  bool emit(int64_t lhsZero, int64_t rhsZero, int64_t offset, int64_t low, int64_t high,
            function_ref<Value(Value lhs, Value rhs)> combine) {
    auto typeOf = [](Value value) { return cast<RankedTensorType>(value.getType()); };
    Value lhs = op->getOperand(0), rhs = op->getOperand(1), result = op->getResult(0);
    if (!typeOf(lhs).hasStaticShape() || !typeOf(rhs).hasStaticShape() ||
        !typeOf(result).hasStaticShape())
      return false;
    SmallVector<Axis> axes =
        axesOf(typeOf(lhs).getShape(), typeOf(rhs).getShape(), typeOf(result).getShape());
    SmallVector<OpFoldResult> extents;
    for (const Axis &axis : axes)
      extents.push_back(b.getIndexAttr(axis.size));
    emitter.parallelLoops(extents, [&](ArrayRef<Value> at) {
      SmallVector<int64_t> left, right, dense(axes.size());
      int64_t stride = 1;
      for (int64_t i = axes.size() - 1; i >= 0; --i, stride *= axes[i + 1].size)
        dense[i] = stride;
      for (const Axis &axis : axes) {
        left.push_back(axis.lhs);
        right.push_back(axis.rhs);
      }
      Value value =
          combine(code(lhs, position(at, left), lhsZero), code(rhs, position(at, right), rhsZero));
      value = arith::MaxNumFOp::create(b, value, real(static_cast<double>(low) - offset));
      value = arith::MinNumFOp::create(b, value, real(static_cast<double>(high) - offset));
      Value rounded =
          arith::FPToSIOp::create(b, b.getI32Type(), math::RoundEvenOp::create(b, value));
      rounded = arith::AddIOp::create(b, rounded, number(offset));
      memref::StoreOp::create(b, arith::TruncIOp::create(b, b.getI8Type(), rounded),
                              emitter.tensor(result)->memory, position(at, dense));
    });
    return true;
  }

private:
  Value position(ArrayRef<Value> at, ArrayRef<int64_t> strides) {
    Value sum = arith::ConstantIndexOp::create(b, 0);
    for (auto [coordinate, stride] : llvm::zip(at, strides))
      if (stride != 0)
        sum = arith::AddIOp::create(
            b, sum,
            arith::MulIOp::create(b, coordinate, arith::ConstantIndexOp::create(b, stride)));
    return sum;
  }
  Value code(Value tensor, Value at, int64_t zero) {
    Value byte = memref::LoadOp::create(b, emitter.tensor(tensor)->memory, at);
    return arith::SubIOp::create(b, arith::ExtUIOp::create(b, b.getI32Type(), byte), number(zero));
  }

  KernelEmitter &emitter;
  ImplicitLocOpBuilder &b;
  Operation *op;
};

} // namespace

bool pebble::emitAddBytes(KernelEmitter &emitter, Operation *operation) {
  auto op = cast<qnn::AddBytesOp>(operation);
  if (!emitter.options().fusedMultiplyAdd)
    return false;
  ByteLoops loops(emitter, op);
  ImplicitLocOpBuilder &b = emitter.builder();
  auto combine = [&](Value lhs, Value rhs) -> Value {
    Value x = arith::SIToFPOp::create(b, b.getF32Type(), lhs);
    Value y = arith::SIToFPOp::create(b, b.getF32Type(), rhs);
    Value xRatio = loops.real(op.getLhsRatio()), yRatio = loops.real(op.getRhsRatio());
    Value partial = math::FmaOp::create(b, y, yRatio, loops.real(op.getBase()));
    return math::FmaOp::create(b, x, xRatio, partial);
  };
  return loops.emit(op.getLhsOffset(), op.getRhsOffset(), op.getOffset(), op.getLow(), op.getHigh(),
                    combine);
}

bool pebble::emitMulBytes(KernelEmitter &emitter, Operation *operation) {
  auto op = cast<qnn::MulBytesOp>(operation);
  ByteLoops loops(emitter, op);
  ImplicitLocOpBuilder &b = emitter.builder();
  auto combine = [&](Value lhs, Value rhs) -> Value {
    Value product = arith::MulIOp::create(b, lhs, rhs);
    int64_t zero = op.getZeroPoint(); // Its getter is unsigned.
    Value scaled = arith::MulFOp::create(b, arith::SIToFPOp::create(b, b.getF32Type(), product),
                                         loops.real(op.getRatio()));
    return arith::AddFOp::create(b, scaled, loops.real(static_cast<double>(zero)));
  };
  return loops.emit(op.getLhsZeroPoint(), op.getRhsZeroPoint(), op.getOffset(), op.getLow(),
                    op.getHigh(), combine);
}
