// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/lower/emitters/WindowNhwc.h"

#include "passes/lower/emitters/Emitters.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace pebble;

/// Whether the last window may end in the padding behind the input.
bool WindowSide::reachesBeyond() const {
  std::optional<int64_t> size = constantOf(extent), count = constantOf(places);
  if (!size || !count)
    return padAfter > 0;
  return !isInside(*count - 1, kernel - 1);
}

bool WindowSide::isInside(int64_t position, int64_t tap) const {
  int64_t at = position * stride - padBefore + tap * dilation;
  return at >= 0 && at < *constantOf(extent);
}

WindowSide::Taps WindowSide::tapsAt(ImplicitLocOpBuilder &b, Value position) const {
  auto constant = [&](int64_t value) {
    return arith::ConstantIndexOp::create(b, value).getResult();
  };
  Value origin = arith::SubIOp::create(b, arith::MulIOp::create(b, position, constant(stride)),
                                       constant(padBefore));
  Taps taps{constant(0), constant(kernel), origin};
  if (padBefore > 0) {
    // ceil(-origin / dilation), at least 0.
    Value missing = arith::SubIOp::create(b, constant(dilation - 1), origin);
    Value skipped = arith::DivSIOp::create(b, missing, constant(dilation));
    taps.begin = arith::MaxSIOp::create(b, skipped, constant(0));
  }
  if (reachesBeyond()) {
    // ceil((extent - origin) / dilation), at most the kernel's size.
    Value beyond = arith::AddIOp::create(b, toValue(b, extent), constant(dilation - 1));
    Value left = arith::SubIOp::create(b, beyond, origin);
    Value inside = arith::DivSIOp::create(b, left, constant(dilation));
    taps.end = arith::MinSIOp::create(b, inside, constant(kernel));
  }
  return taps;
}

WindowLoops::WindowLoops(KernelEmitter &emitter, Operation *op, ArrayRef<int64_t> kernel,
                         ArrayRef<int64_t> strides, ArrayRef<int64_t> dilations,
                         ArrayRef<int64_t> pads)
    : emitter(emitter), b(emitter.builder()), epilogue(emitter, op),
      input(emitter.tensor(op->getOperand(0))), kernel(kernel), strides(strides),
      dilations(dilations), pads(pads), inputDims(input->dims),
      resultDims(emitter.tensor(emitter.yieldedFrom(op).front())->dims) {}

WindowSide::Taps WindowLoops::tapsAt(Value position, int dim) {
  WindowSide side{kernel[dim],   strides[dim],       dilations[dim],     pads[dim],
                  pads[dim + 2], inputDims[dim + 1], resultDims[dim + 1]};
  return side.tapsAt(b, position);
}

void WindowLoops::run(Start start, Step step, Finish finish) {
  int64_t channels = *constantOf(resultDims[3]);
  int64_t lanes = std::min<int64_t>(emitter.options().vectorBytes / 4, channels);
  auto emitRow = [&](Value n, Value row) {
    int64_t full = channels / lanes * lanes;
    emitter.loop(b.getIndexAttr(0), b.getIndexAttr(full), lanes,
                 [&](Value channel) { emitPixels(n, row, channel, lanes, start, step, finish); });
    if (full < channels)
      emitPixels(n, row, arith::ConstantIndexOp::create(b, full), channels - full, start, step,
                 finish);
    if (epilogue.needsFinish())
      emitter.loop(b.getIndexAttr(0), resultDims[2], 1, [&](Value column) {
        epilogue.finish({n, row, column}, b.getIndexAttr(0), b.getIndexAttr(channels));
      });
  };
  forImageRows(emitter, resultDims[0], resultDims[1], emitRow,
               constantOf(resultDims[2]).value_or(likelySide) * channels * kernel[0] * kernel[1]);
}

void WindowLoops::emitPixels(Value n, Value row, Value channel, int64_t lanes, Start start,
                             Step step, Finish finish) {
  auto constant = [&](int64_t value) {
    return arith::ConstantIndexOp::create(b, value).getResult();
  };
  auto type = VectorType::get(lanes, b.getF32Type());
  int64_t pixel = input->runStep();
  OpFoldResult lineElements = multiply(b, inputDims[2], b.getIndexAttr(pixel));
  OpFoldResult imageElements = multiply(b, inputDims[1], lineElements);
  WindowSide::Taps rows = tapsAt(row, 0);
  Value first = start(channel, lanes);
  Value image =
      arith::AddIOp::create(b, arith::MulIOp::create(b, n, toValue(b, imageElements)), channel);
  emitter.loop(b.getIndexAttr(0), resultDims[2], 1, [&](Value column) {
    WindowSide::Taps columns = tapsAt(column, 1);
    Value one = constant(1);
    auto outer = scf::ForOp::create(b, rows.begin, rows.end, one, first);
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(outer.getBody());
      Value kh = outer.getInductionVar();
      Value y = arith::AddIOp::create(b, rows.origin,
                                      arith::MulIOp::create(b, kh, constant(dilations[0])));
      Value line = arith::AddIOp::create(
          b, image, arith::MulIOp::create(b, emitter.heldRow(y), toValue(b, lineElements)));
      auto inner =
          scf::ForOp::create(b, columns.begin, columns.end, one, outer.getRegionIterArg(0));
      {
        OpBuilder::InsertionGuard innerGuard(b);
        b.setInsertionPointToStart(inner.getBody());
        Value kw = inner.getInductionVar();
        Value x = arith::AddIOp::create(b, columns.origin,
                                        arith::MulIOp::create(b, kw, constant(dilations[1])));
        Value at = arith::AddIOp::create(b, line, arith::MulIOp::create(b, x, constant(pixel)));
        Value element = vector::LoadOp::create(b, type, input->memory, at);
        Value tap = arith::AddIOp::create(b, arith::MulIOp::create(b, kh, constant(kernel[1])), kw);
        scf::YieldOp::create(b, step(inner.getRegionIterArg(0), element, tap, channel, lanes));
      }
      scf::YieldOp::create(b, inner.getResult(0));
    }
    Value count = arith::MulIOp::create(b, arith::SubIOp::create(b, rows.end, rows.begin),
                                        arith::SubIOp::create(b, columns.end, columns.begin));
    epilogue.store({n, row, column, channel}, finish(outer.getResult(0), count));
  });
}

bool pebble::emitDepthwiseNhwc(KernelEmitter &emitter, Operation *operation) {
  auto op = cast<nn::DepthwiseNhwcOp>(operation);
  ImplicitLocOpBuilder &b = emitter.builder();
  ArrayRef<int64_t> weightShape = cast<RankedTensorType>(op.getWeight().getType()).getShape();
  Value weight = emitter.tensor(op.getWeight())->memory;
  Value bias = op.getBias() ? emitter.tensor(op.getBias())->memory : Value();
  auto load = [&](Value memory, Value at, int64_t lanes) -> Value {
    return vector::LoadOp::create(b, VectorType::get(lanes, b.getF32Type()), memory, at);
  };
  WindowLoops loops(emitter, op, weightShape.take_front(2), op.getStrides(), op.getDilations(),
                    op.getPads());
  loops.run(
      [&](Value channel, int64_t lanes) -> Value {
        if (bias)
          return load(bias, channel, lanes);
        return arith::ConstantOp::create(b, b.getZeroAttr(VectorType::get(lanes, b.getF32Type())));
      },
      [&](Value sum, Value input, Value tap, Value channel, int64_t lanes) -> Value {
        Value at = arith::AddIOp::create(
            b, arith::MulIOp::create(b, tap, arith::ConstantIndexOp::create(b, weightShape[2])),
            channel);
        return vector::FMAOp::create(b, input, load(weight, at, lanes), sum);
      },
      [](Value sum, Value) { return sum; });
  return true;
}

bool pebble::emitPoolNhwc(KernelEmitter &emitter, Operation *operation) {
  auto op = cast<nn::PoolNhwcOp>(operation);
  ImplicitLocOpBuilder &b = emitter.builder();
  bool isMax = op.getKind() == nn::PoolKind::max;
  int64_t area = op.getKernelShape()[0] * op.getKernelShape()[1];
  auto splat = [&](double value, int64_t lanes) -> Value {
    auto type = VectorType::get(lanes, b.getF32Type());
    return arith::ConstantOp::create(b, DenseElementsAttr::get(type, static_cast<float>(value)));
  };
  WindowLoops loops(emitter, op, op.getKernelShape(), op.getStrides(), op.getDilations(),
                    op.getPads());
  loops.run(
      [&](Value, int64_t lanes) {
        return splat(isMax ? -std::numeric_limits<double>::infinity() : 0.0, lanes);
      },
      [&](Value value, Value input, Value, Value, int64_t) -> Value {
        if (isMax)
          return arith::MaximumFOp::create(b, value, input);
        return arith::AddFOp::create(b, value, input);
      },
      [&](Value value, Value count) -> Value {
        if (isMax)
          return value;
        int64_t lanes = cast<VectorType>(value.getType()).getNumElements();
        if (op.getKind() == nn::PoolKind::average_with_pads)
          return arith::DivFOp::create(b, value, splat(area, lanes));
        Value number = arith::SIToFPOp::create(
            b, b.getF32Type(), arith::IndexCastOp::create(b, b.getI64Type(), count));
        return arith::DivFOp::create(b, value,
                                     vector::BroadcastOp::create(b, value.getType(), number));
      });
  return true;
}
