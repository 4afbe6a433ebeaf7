// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/lower/emitters/Emitters.h"
#include "passes/lower/emitters/Tile.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace pebble;

namespace {

/// Rows of the left operand that stay in the second-level cache while the right one passes by.
constexpr int64_t rowBytes = 256 * 1024;
/// Vectors in a block of columns.
constexpr int64_t blockVectors = 2;

/// One product of [rows, depth] and [depth, columns], the right operand in blocks of columns.
struct Product {
  Value left, right; // Memory.
  OpFoldResult rows;
  int64_t depth, columns;
  int64_t block;       // Columns in a block.
  int64_t blockStride; // Elements from one block of the right operand to the next.
  int64_t depthStride; // Elements from one row of the right operand to the next.
  Value bias;          // Memory, or null.
};

class ProductEmitter {
public:
  /// Maps a row number and a column to coordinates of the result.
  using Locate = llvm::function_ref<SmallVector<Value>(Value row, Value column)>;

  ProductEmitter(KernelEmitter &emitter, EpilogueStore &epilogue, const Product &product)
      : emitter(emitter), b(emitter.builder()), epilogue(epilogue), product(product),
        lanes(emitter.options().vectorBytes / 4) {}

  /// `leftBase` and `rightBase` are where the two matrices start.
  void run(Value leftBase, Value rightBase, Locate locate) {
    int64_t chunk = std::max<int64_t>(rowBytes / (4 * std::max<int64_t>(product.depth, 1)), 48);
    std::optional<int64_t> rows = constantOf(product.rows);
    if (rows && *rows <= chunk)
      return emitRows(leftBase, rightBase, index(0), product.rows, locate);
    Value end = toValue(b, product.rows);
    OpFoldResult chunks =
        rows ? OpFoldResult(b.getIndexAttr(llvm::divideCeil(*rows, chunk)))
             : arith::DivUIOp::create(b, plus(end, index(chunk - 1)), index(chunk)).getResult();
    emitter.parallelLoops(
        {chunks},
        [&](ArrayRef<Value> number) {
          Value begin = times(number[0], chunk);
          Value limit = arith::MinSIOp::create(b, plus(begin, index(chunk)), end);
          emitRows(leftBase, rightBase, begin, limit, locate);
        },
        chunk * product.depth * product.columns);
  }

private:
  Value index(int64_t value) { return arith::ConstantIndexOp::create(b, value); }
  Value plus(Value a, Value c) { return arith::AddIOp::create(b, a, c); }
  Value times(Value a, int64_t factor) {
    return factor == 1 ? a : arith::MulIOp::create(b, a, index(factor)).getResult();
  }

  void emitRows(Value leftBase, Value rightBase, Value begin, OpFoldResult end, Locate locate) {
    int64_t full = product.columns / product.block, rest = product.columns % product.block;
    auto block = [&](Value number, int64_t columns) {
      Value column = times(number, product.block);
      Value right = plus(rightBase, times(number, product.blockStride));
      emitBlock(leftBase, right, begin, end, column, columns, locate);
    };
    if (full > 0)
      emitter.parallelLoops(
          {b.getIndexAttr(full)}, [&](ArrayRef<Value> number) { block(number[0], product.block); },
          constantOf(product.rows).value_or(1) * product.depth * product.block);
    if (rest > 0)
      block(index(full), rest);
  }

  void emitBlock(Value leftBase, Value right, Value begin, OpFoldResult end, Value column,
                 int64_t columns, Locate locate) {
    Tile tile;
    tile.input = product.left;
    tile.weight = product.right;
    tile.weightBase = right;
    tile.rowStride = b.getIndexAttr(product.depth);
    tile.lanes = lanes;
    tile.vectors = llvm::divideCeil(columns, lanes);
    tile.lastLanes = columns - (tile.vectors - 1) * lanes;
    tile.loops.push_back(
        {b.getIndexAttr(product.depth), b.getIndexAttr(1), b.getIndexAttr(product.depthStride)});
    if (product.bias)
      for (int64_t vector = 0; vector < tile.vectors; ++vector)
        tile.start.push_back(
            vector::LoadOp::create(b, VectorType::get(tile.lanesOf(vector), b.getF32Type()),
                                   product.bias, plus(column, index(vector * lanes))));
    auto emit = [&](Value row, int64_t rows) {
      Tile here = tile;
      here.rows = rows;
      here.inputBase = plus(leftBase, times(row, product.depth));
      if (constantOf(product.rows) == 1)
        here.split = 4;
      SmallVector<Value> sums = emitTile(b, here);
      for (int64_t r = 0; r < rows; ++r)
        for (int64_t vector = 0; vector < tile.vectors; ++vector)
          epilogue.store(locate(plus(row, index(r)), plus(column, index(vector * lanes))),
                         sums[r * tile.vectors + vector]);
    };
    int64_t most = mostRows(emitter.options(), tile.vectors);
    std::optional<int64_t> rows = constantOf(product.rows);
    int64_t height = rows ? evenRows(*rows, most) : most;
    // Whole tiles, then single rows: which rows go where depends on the number of rows alone.
    Value limit = toValue(b, end);
    Value count = arith::SubIOp::create(b, limit, begin);
    Value whole = plus(begin, times(arith::DivUIOp::create(b, count, index(height)), height));
    emitter.loop(begin, whole, height, [&](Value row) { emit(row, height); });
    if (height > 1 && !(rows && *rows % height == 0))
      emitter.loop(whole, limit, 1, [&](Value row) { emit(row, 1); });
    if (epilogue.needsFinish())
      emitter.loop(begin, limit, 1, [&](Value row) {
        SmallVector<Value> outer = locate(row, column);
        outer.pop_back();
        epilogue.finish(outer, column, plus(column, index(columns)));
      });
  }

  KernelEmitter &emitter;
  ImplicitLocOpBuilder &b;
  EpilogueStore &epilogue;
  const Product &product;
  int64_t lanes;
};

/// Coordinates along `dims` of a linear position in row-major order.
SmallVector<Value> delinearize(ImplicitLocOpBuilder &b, Value position,
                               ArrayRef<OpFoldResult> dims) {
  SmallVector<Value> coordinates(dims.size());
  for (int64_t dim = static_cast<int64_t>(dims.size()) - 1; dim > 0; --dim) {
    Value size = toValue(b, dims[dim]);
    coordinates[dim] = arith::RemUIOp::create(b, position, size);
    position = arith::DivUIOp::create(b, position, size);
  }
  if (!dims.empty())
    coordinates[0] = position;
  return coordinates;
}

} // namespace

bool pebble::emitMatMulPacked(KernelEmitter &emitter, Operation *operation) {
  auto op = cast<nn::MatMulPackedOp>(operation);
  ImplicitLocOpBuilder &b = emitter.builder();
  const KernelTensor *input = emitter.tensor(op.getInput());
  ArrayRef<int64_t> weight = cast<RankedTensorType>(op.getWeight().getType()).getShape();
  ArrayRef<OpFoldResult> outer = ArrayRef(input->dims).drop_back();
  Product product;
  product.left = input->memory;
  product.right = emitter.tensor(op.getWeight())->memory;
  product.rows = b.getIndexAttr(1);
  for (OpFoldResult dim : outer)
    product.rows = multiply(b, product.rows, dim);
  product.depth = weight[1];
  product.columns = cast<RankedTensorType>(op.getType()).getShape().back();
  product.block = weight[2];
  product.blockStride = weight[1] * weight[2];
  product.depthStride = weight[2];
  product.bias = op.getBias() ? emitter.tensor(op.getBias())->memory : Value();
  EpilogueStore epilogue(emitter, op);
  Value zero = arith::ConstantIndexOp::create(b, 0);
  ProductEmitter(emitter, epilogue, product).run(zero, zero, [&](Value row, Value column) {
    SmallVector<Value> at = delinearize(b, row, outer);
    at.push_back(column);
    return at;
  });
  return true;
}

bool pebble::emitMatMul(KernelEmitter &emitter, Operation *operation) {
  auto op = cast<nn::MatMulOp>(operation);
  auto leftType = cast<RankedTensorType>(op.getLhs().getType());
  auto rightType = cast<RankedTensorType>(op.getRhs().getType());
  auto resultType = cast<RankedTensorType>(op.getType());
  if (emitter.options().vectorBytes == 0 || !leftType.getElementType().isF32() ||
      leftType.getRank() < 2 || rightType.getRank() < 2)
    return false;
  int64_t depth = leftType.getShape().back(), columns = rightType.getShape().back();
  if (ShapedType::isDynamic(depth) || ShapedType::isDynamic(columns))
    return false;
  // Batch dims must be told apart now: a dynamic one may be 1 for one operand and not the other.
  int64_t batchRank = resultType.getRank() - 2;
  ArrayRef<int64_t> leftBatch = leftType.getShape().drop_back(2);
  ArrayRef<int64_t> rightBatch = rightType.getShape().drop_back(2);
  bool shared = rightBatch.empty();
  if (!shared && (llvm::is_contained(leftBatch, ShapedType::kDynamic) ||
                  llvm::is_contained(rightBatch, ShapedType::kDynamic)))
    return false;

  ImplicitLocOpBuilder &b = emitter.builder();
  const KernelTensor *left = emitter.tensor(op.getLhs()), *right = emitter.tensor(op.getRhs());
  Product product;
  product.left = left->memory;
  product.right = right->memory;
  product.depth = depth;
  product.columns = columns;
  product.block = blockVectors * emitter.options().vectorBytes / 4;
  product.blockStride = product.block;
  product.depthStride = columns;
  EpilogueStore epilogue(emitter, op);
  Value zero = arith::ConstantIndexOp::create(b, 0);
  if (shared) {
    ArrayRef<OpFoldResult> outer = ArrayRef(left->dims).drop_back();
    product.rows = b.getIndexAttr(1);
    for (OpFoldResult dim : outer)
      product.rows = multiply(b, product.rows, dim);
    ProductEmitter(emitter, epilogue, product).run(zero, zero, [&](Value row, Value column) {
      SmallVector<Value> at = delinearize(b, row, outer);
      at.push_back(column);
      return at;
    });
    return true;
  }

  product.rows = left->dims[leftBatch.size()];
  SmallVector<OpFoldResult> batches;
  for (int64_t size : resultType.getShape().drop_back(2))
    batches.push_back(b.getIndexAttr(size));
  // Where the matrix for a batch starts, broadcasting dims of size 1.
  auto base = [&](ArrayRef<int64_t> sizes, OpFoldResult matrix, ArrayRef<Value> at) {
    Value position = zero;
    OpFoldResult stride = matrix;
    for (int64_t dim = sizes.size() - 1; dim >= 0; --dim) {
      if (sizes[dim] != 1)
        position = arith::AddIOp::create(
            b, position, toValue(b, multiply(b, at[batchRank - sizes.size() + dim], stride)));
      stride = multiply(b, stride, b.getIndexAttr(sizes[dim]));
    }
    return position;
  };
  int64_t cost = constantOf(product.rows).value_or(1) * depth * columns;
  auto multiplyBatch = [&](ArrayRef<Value> at) {
    Value leftBase = base(leftBatch, multiply(b, product.rows, b.getIndexAttr(depth)), at);
    Value rightBase = base(rightBatch, b.getIndexAttr(depth * columns), at);
    SmallVector<Value> batch(at);
    ProductEmitter(emitter, epilogue, product)
        .run(leftBase, rightBase, [&](Value row, Value column) {
          SmallVector<Value> place(batch);
          place.push_back(row);
          place.push_back(column);
          return place;
        });
  };
  emitter.parallelLoops(batches, multiplyBatch, cost);
  return true;
}
