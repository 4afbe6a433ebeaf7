// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/lower/emitters/Tile.h"

#include "llvm/Support/MathExtras.h"
#include "llvm/Support/SaveAndRestore.h"

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
  TileEmitter(ImplicitLocOpBuilder &b, const Tile &tile) : b(b), tile(tile), active{0, tile.rows} {}

  SmallVector<Value> run() {
    if (tile.valid)
      mask =
          vector::CreateMaskOp::create(b, VectorType::get(tile.lanes, b.getI1Type()), tile.valid);
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
    if (!loop.rows.empty())
      return unrolled(depth, input, weight, sums);
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
        Value inputAt = add(
            b, input, loop.inputAt ? loop.inputAt(k) : toValue(b, multiply(b, k, loop.inputStep)));
        Value weightAt = add(b, weight, toValue(b, multiply(b, k, loop.weightStep)));
        next = innermost ? step(inputAt, weightAt, next, part)
                         : nest(depth + 1, inputAt, weightAt, next);
      }
      scf::YieldOp::create(b, next);
      return SmallVector<Value>(scf.getResults().begin(), scf.getResults().end());
    };
    Value begin = loop.begin ? toValue(b, loop.begin) : arith::ConstantIndexOp::create(b, 0);
    SmallVector<Value> result = emit(begin, main, unroll, sums);
    if (unroll > 1)
      result = emit(main, count, 1, result);
    return result;
  }

  SmallVector<Value> unrolled(size_t depth, Value input, Value weight, ArrayRef<Value> sums) {
    const ReductionLoop &loop = tile.loops[depth];
    SmallVector<Value> next(sums.begin(), sums.end());
    for (auto [k, rows] : llvm::enumerate(loop.rows)) {
      if (rows.begin >= rows.end)
        continue;
      llvm::SaveAndRestore restricted(active, rows);
      Value at = arith::ConstantIndexOp::create(b, k);
      next = nest(depth + 1, add(b, input, toValue(b, multiply(b, at, loop.inputStep))),
                  add(b, weight, toValue(b, multiply(b, at, loop.weightStep))), next);
    }
    return next;
  }

  /// One multiply-add of every sum of partial sum `part` in the active rows.
  SmallVector<Value> step(Value input, Value weight, ArrayRef<Value> sums, int64_t part) {
    SmallVector<Value> next(sums.begin(), sums.end());
    SmallVector<Value> weights;
    for (int64_t vector = 0; vector < tile.vectors; ++vector) {
      auto type = VectorType::get(tile.lanesOf(vector), b.getF32Type());
      Value at = addConstant(b, weight, vector * tile.lanes);
      weights.push_back(
          tile.valid ? vector::MaskedLoadOp::create(b, type, tile.weight, at, mask, zero(vector))
                           .getResult()
                     : vector::LoadOp::create(b, type, tile.weight, at).getResult());
    }
    for (int64_t row = active.begin; row < active.end; ++row) {
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
  TileRows active; // Those that take part in the loops around.
  Value mask;      // Of the lanes that exist, where not all do.
};

} // namespace

SmallVector<Value> pebble::emitTile(ImplicitLocOpBuilder &builder, const Tile &tile) {
  return TileEmitter(builder, tile).run();
}

int64_t pebble::evenRows(int64_t extent, int64_t most) {
  int64_t tiles = llvm::divideCeil(extent, most);
  return tiles == 0 ? most : llvm::divideCeil(extent, tiles);
}

void pebble::forRowTiles(KernelEmitter &emitter, OpFoldResult begin, OpFoldResult end, int64_t most,
                         llvm::function_ref<void(Value, int64_t)> emit) {
  ImplicitLocOpBuilder &b = emitter.builder();
  auto index = [&](int64_t value) { return arith::ConstantIndexOp::create(b, value).getResult(); };
  std::optional<int64_t> first = constantOf(begin), last = constantOf(end);
  if (first && last) {
    int64_t rows = evenRows(*last - *first, most), full = (*last - *first) / rows * rows;
    emitter.loop(begin, b.getIndexAttr(*first + full), rows, [&](Value row) { emit(row, rows); });
    if (*first + full < *last)
      emit(index(*first + full), *last - *first - full);
    return;
  }

  // Whole tiles of the largest size, then one size for what is left: the smallest that holds it, or
  // the largest below that has room without leaving the range.
  SmallVector<int64_t> sizes{1};
  for (int64_t size : {int64_t(4), int64_t(8), most})
    if (size > sizes.back() && size <= most)
      sizes.push_back(size);
  Value from = toValue(b, begin), limit = toValue(b, end);
  Value count = arith::SubIOp::create(b, limit, from);
  Value whole =
      arith::MulIOp::create(b, arith::DivUIOp::create(b, count, index(most)), index(most));
  Value rest = arith::SubIOp::create(b, count, whole), chosen = index(1);
  for (auto [below, size] : llvm::zip(sizes, ArrayRef(sizes).drop_front())) {
    Value isLeft = arith::CmpIOp::create(b, arith::CmpIPredicate::sgt, rest, index(below));
    Value hasRoom = arith::CmpIOp::create(b, arith::CmpIPredicate::sge, count, index(size));
    Value fits = arith::AndIOp::create(b, isLeft, hasRoom);
    chosen = arith::SelectOp::create(b, fits, index(size), chosen);
  }
  Value start = arith::AddIOp::create(b, from, whole);
  for (int64_t size : llvm::reverse(sizes)) {
    Value isChosen = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, chosen, index(size));
    Value stop = arith::SelectOp::create(b, isChosen, limit, start);
    Value latest = arith::SubIOp::create(b, limit, index(size));
    // The largest tiles for what is left follow the whole ones in one loop.
    emitter.loop(size == most ? from : start, stop, size, [&](Value row) {
      emit(size == 1 ? row : arith::MinSIOp::create(b, row, latest).getResult(), size);
    });
  }
}

void pebble::forImageRows(KernelEmitter &emitter, OpFoldResult images, OpFoldResult rows,
                          llvm::function_ref<void(Value, Value)> body, int64_t cost) {
  if (Value row = emitter.row())
    return body(arith::ConstantIndexOp::create(emitter.builder(), 0), row);
  if (constantOf(images))
    return emitter.parallelLoops(
        {images, rows}, [&](ArrayRef<Value> at) { body(at[0], at[1]); }, cost);
  // A batch that only the run knows is often 1, and threads share the outermost loop alone: one
  // loop over all rows.
  ImplicitLocOpBuilder &b = emitter.builder();
  Value perImage = toValue(b, rows);
  emitter.parallelLoops(
      {multiply(b, images, rows)},
      [&](ArrayRef<Value> at) {
        body(arith::DivUIOp::create(b, at[0], perImage),
             arith::RemUIOp::create(b, at[0], perImage));
      },
      cost);
}

EpilogueStore::EpilogueStore(KernelEmitter &emitter, Operation *rootOp)
    : emitter(emitter), root(rootOp->getResult(0)), targets(emitter.yieldedFrom(rootOp)) {
  auto lookup = [&](Value value) -> const KernelTensor * {
    return llvm::is_contained(targets, value) ? nullptr : emitter.tensor(value);
  };
  SmallVector<const KernelTensor *> memory;
  for (Value value : targets)
    memory.push_back(emitter.tensor(value));
  elements = std::make_unique<ElementEmitter>(emitter.builder(), targets, memory, root, lookup,
                                              /*merge=*/false);
  direct = elements->vectorizable();
  Type rootElement = getElementTypeOrSelf(root);
  if (!direct)
    for (auto [index, value] : llvm::enumerate(targets))
      if (!staging && memory[index]->type.getElementType() == rootElement &&
          !emitter.isWrittenOver(value)) {
        staging = memory[index]->memory;
        stagingIndex = index;
      }
}

void EpilogueStore::storeAll(int64_t lanes) {
  ImplicitLocOpBuilder &b = emitter.builder();
  // All operands are read before the first result is stored, which may be in the place of one.
  for (Value value : targets)
    elements->get(value);
  for (auto [index, value] : llvm::enumerate(targets)) {
    const KernelTensor *target = emitter.tensor(value);
    Value stored = toStorage(b, elements->get(value), target->type.getElementType());
    Value at = elements->rootPosition(index);
    if (lanes > 1)
      vector::StoreOp::create(b, stored, target->memory, at);
    else
      memref::StoreOp::create(b, stored, target->memory, at);
  }
}

SmallVector<Value> EpilogueStore::held(ArrayRef<Value> coordinates) const {
  SmallVector<Value> places(coordinates);
  if (emitter.row())
    places[1] = arith::ConstantIndexOp::create(emitter.builder(), 0);
  return places;
}

void EpilogueStore::store(ArrayRef<Value> coordinates, Value value) {
  ImplicitLocOpBuilder &b = emitter.builder();
  int64_t lanes = 1;
  if (auto vector = dyn_cast<VectorType>(value.getType())) {
    lanes = vector.getNumElements();
    if (lanes == 1)
      value = vector::ExtractOp::create(b, value, 0);
  }
  if (!direct && !staging && lanes > 1) {
    SmallVector<Value> lane(coordinates);
    for (int64_t index = 0; index < lanes; ++index) {
      lane.back() = addConstant(b, coordinates.back(), index);
      store(lane, vector::ExtractOp::create(b, value, index));
    }
    return;
  }
  elements->moveTo(held(coordinates), lanes);
  elements->set(root, value);
  if (!staging)
    return storeAll(lanes);
  Value at = elements->rootPosition(stagingIndex);
  if (lanes > 1)
    vector::StoreOp::create(b, value, staging, at);
  else
    memref::StoreOp::create(b, value, staging, at);
}

void EpilogueStore::finish(ArrayRef<Value> outer, OpFoldResult begin, OpFoldResult end) {
  if (!staging)
    return;
  ImplicitLocOpBuilder &b = emitter.builder();
  emitter.loop(begin, end, 1, [&](Value last) {
    SmallVector<Value> coordinates(outer);
    coordinates.push_back(last);
    elements->moveTo(held(coordinates));
    elements->set(root, memref::LoadOp::create(b, staging, elements->rootPosition(stagingIndex)));
    storeAll(1);
  });
}
