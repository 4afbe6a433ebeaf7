// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/lower/emitters/Tile.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace pebble;

namespace {

Value add(ImplicitLocOpBuilder &b, Value base, Value offset) {
  return arith::AddIOp::create(b, base, offset);
}

Value addConstant(ImplicitLocOpBuilder &b, Value base, int64_t offset) {
  return offset == 0 ? base : add(b, base, arith::ConstantIndexOp::create(b, offset));
}

class TileEmitter {
public:
  TileEmitter(ImplicitLocOpBuilder &b, const Tile &tile) : b(b), tile(tile) {}

  SmallVector<Value> run() {
    SmallVector<Value> sums;
    for (int64_t part = 0; part < tile.split; ++part)
      for (int64_t row = 0; row < tile.rows; ++row)
        for (int64_t vector = 0; vector < tile.vectors; ++vector)
          sums.push_back(part == 0 && !tile.start.empty() ? tile.start[vector] : zero(vector));
    sums = nest(0, tile.inputBase, tile.weightBase, sums);
    int64_t count = tile.rows * tile.vectors;
    for (int64_t distance = tile.split / 2; distance >= 1; distance /= 2)
      for (int64_t index = 0; index < distance * count; ++index)
        sums[index] = arith::AddFOp::create(b, sums[index], sums[index + distance * count]);
    sums.resize(count);
    return sums;
  }

private:
  Value zero(int64_t vector) {
    auto type = VectorType::get(tile.lanesOf(vector), b.getF32Type());
    return arith::ConstantOp::create(b, b.getZeroAttr(type));
  }

  SmallVector<Value> nest(size_t depth, Value input, Value weight, ArrayRef<Value> sums) {
    if (depth == tile.loops.size())
      return step(input, weight, sums, 0);
    const ReductionLoop &loop = tile.loops[depth];
    bool innermost = depth + 1 == tile.loops.size();
    int64_t unroll = innermost ? tile.split : 1;
    Value count = toValue(b, loop.count);
    Value main = count;
    if (unroll > 1) {
      Value width = arith::ConstantIndexOp::create(b, unroll);
      main = arith::MulIOp::create(b, arith::DivUIOp::create(b, count, width), width);
    }
    auto emit = [&](Value begin, Value end, int64_t steps, ArrayRef<Value> carried) {
      auto scf =
          scf::ForOp::create(b, begin, end, arith::ConstantIndexOp::create(b, steps), carried);
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(scf.getBody());
      SmallVector<Value> next(scf.getRegionIterArgs().begin(), scf.getRegionIterArgs().end());
      for (int64_t part = 0; part < steps; ++part) {
        Value k = addConstant(b, scf.getInductionVar(), part);
        Value inputAt = add(b, input, toValue(b, multiply(b, k, loop.inputStep)));
        Value weightAt = add(b, weight, toValue(b, multiply(b, k, loop.weightStep)));
        next = innermost ? step(inputAt, weightAt, next, part)
                         : nest(depth + 1, inputAt, weightAt, next);
      }
      scf::YieldOp::create(b, next);
      return SmallVector<Value>(scf.getResults().begin(), scf.getResults().end());
    };
    Value zeroIndex = arith::ConstantIndexOp::create(b, 0);
    SmallVector<Value> result = emit(zeroIndex, main, unroll, sums);
    if (unroll > 1)
      result = emit(main, count, 1, result);
    return result;
  }

  /// One multiply-add of every sum of partial sum `part`.
  SmallVector<Value> step(Value input, Value weight, ArrayRef<Value> sums, int64_t part) {
    SmallVector<Value> next(sums.begin(), sums.end());
    SmallVector<Value> weights;
    for (int64_t vector = 0; vector < tile.vectors; ++vector)
      weights.push_back(
          vector::LoadOp::create(b, VectorType::get(tile.lanesOf(vector), b.getF32Type()),
                                 tile.weight, addConstant(b, weight, vector * tile.lanes)));
    for (int64_t row = 0; row < tile.rows; ++row) {
      OpFoldResult offset = multiply(b, b.getIndexAttr(row), tile.rowStride);
      Value at = constantOf(offset) ? addConstant(b, input, *constantOf(offset))
                                    : add(b, input, toValue(b, offset));
      Value scalar = memref::LoadOp::create(b, tile.input, at);
      for (int64_t vector = 0; vector < tile.vectors; ++vector) {
        Value &sum = next[(part * tile.rows + row) * tile.vectors + vector];
        Value wide = vector::BroadcastOp::create(b, weights[vector].getType(), scalar);
        sum = vector::FMAOp::create(b, wide, weights[vector], sum);
      }
    }
    return next;
  }

  ImplicitLocOpBuilder &b;
  const Tile &tile;
};

} // namespace

SmallVector<Value> pebble::emitTile(ImplicitLocOpBuilder &builder, const Tile &tile) {
  return TileEmitter(builder, tile).run();
}

int64_t pebble::evenRows(int64_t extent, int64_t most) {
  int64_t tiles = llvm::divideCeil(extent, most);
  return llvm::divideCeil(extent, tiles);
}

EpilogueStore::EpilogueStore(KernelEmitter &emitter, Operation *rootOp)
    : emitter(emitter), root(rootOp->getResult(0)), targets(emitter.yieldedFrom(rootOp)) {
  auto lookup = [&](Value value) -> const KernelTensor * {
    return llvm::is_contained(targets, value) ? nullptr : emitter.tensor(value);
  };
  const KernelTensor *first = emitter.tensor(targets.front());
  elements = std::make_unique<ElementEmitter>(emitter.builder(), targets, first->dims, root, lookup,
                                              /*merge=*/false);
  direct = elements->vectorizable();
}

void EpilogueStore::storeAll(Value at, int64_t lanes) {
  ImplicitLocOpBuilder &b = emitter.builder();
  for (Value value : targets) {
    const KernelTensor *target = emitter.tensor(value);
    Value stored = toStorage(b, elements->get(value), target->type.getElementType());
    if (lanes > 1)
      vector::StoreOp::create(b, stored, target->memory, at);
    else
      memref::StoreOp::create(b, stored, target->memory, at);
  }
}

void EpilogueStore::store(ArrayRef<Value> coordinates, Value value) {
  ImplicitLocOpBuilder &b = emitter.builder();
  int64_t lanes = 1;
  if (auto vector = dyn_cast<VectorType>(value.getType())) {
    lanes = vector.getNumElements();
    if (lanes == 1)
      value = vector::ExtractOp::create(b, value, 0);
  }
  elements->moveTo(coordinates, lanes);
  elements->set(root, value);
  Value at = elements->rootPosition();
  if (direct)
    return storeAll(at, lanes);
  Value memory = emitter.tensor(targets.front())->memory;
  if (lanes > 1)
    vector::StoreOp::create(b, value, memory, at);
  else
    memref::StoreOp::create(b, value, memory, at);
}

void EpilogueStore::finish(ArrayRef<Value> outer, OpFoldResult begin, OpFoldResult end) {
  if (direct)
    return;
  ImplicitLocOpBuilder &b = emitter.builder();
  emitter.loop(begin, end, 1, [&](Value last) {
    SmallVector<Value> coordinates(outer);
    coordinates.push_back(last);
    elements->moveTo(coordinates);
    Value at = elements->rootPosition();
    elements->set(root, memref::LoadOp::create(b, emitter.tensor(targets.front())->memory, at));
    storeAll(at, 1);
  });
}
