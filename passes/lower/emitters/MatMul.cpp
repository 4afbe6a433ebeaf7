// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/lower/emitters/Emitters.h"
#include "passes/lower/emitters/Tile.h"
#include "runtime/abi/pebble_abi.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace pebble;

namespace {

/// Rows of the left operand that stay in the second-level cache while the right one passes by.
constexpr int64_t rowBytes = 256 * 1024;
/// Vectors in a block of columns.
constexpr int64_t blockVectors = 2;
/// What is assumed of a matrix's side that only the run knows, where only speed depends on it.
constexpr int64_t likelyExtent = 256;

int64_t likely(OpFoldResult size) { return constantOf(size).value_or(likelyExtent); }

/// One product of [rows, depth] and [depth, columns], the right operand in blocks of columns.
struct Product {
  Value left, right; // Memory.
  OpFoldResult rows, depth, columns;
  int64_t block;            // Columns in a block.
  OpFoldResult blockStride; // Elements from one block of the right operand to the next.
  OpFoldResult depthStride; // Elements from one row of the right operand to the next.
  Value bias;               // Memory, or null.
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
    int64_t depth = likely(product.depth);
    int64_t chunk = std::max<int64_t>(rowBytes / (4 * std::max<int64_t>(depth, 1)), 48);
    std::optional<int64_t> rows = constantOf(product.rows);
    if (rows && *rows <= chunk)
      return emitRows(leftBase, rightBase, b.getIndexAttr(0), product.rows, locate);
    Value end = toValue(b, product.rows);
    OpFoldResult chunks =
        rows ? OpFoldResult(b.getIndexAttr(llvm::divideCeil(*rows, chunk)))
             : arith::DivUIOp::create(b, plus(end, index(chunk - 1)), index(chunk)).getResult();
    emitter.parallelLoops(
        {chunks},
        [&](ArrayRef<Value> number) {
          Value begin = times(number[0], b.getIndexAttr(chunk));
          Value limit = arith::MinSIOp::create(b, plus(begin, index(chunk)), end);
          emitRows(leftBase, rightBase, begin, limit, locate);
        },
        chunk * depth * likely(product.columns));
  }

private:
  Value index(int64_t value) { return arith::ConstantIndexOp::create(b, value); }
  Value plus(Value a, Value c) { return arith::AddIOp::create(b, a, c); }
  Value times(Value a, OpFoldResult factor) { return toValue(b, multiply(b, a, factor)); }

  void emitRows(Value leftBase, Value rightBase, OpFoldResult begin, OpFoldResult end,
                Locate locate) {
    auto block = [&](Value number, int64_t columns) {
      Value right = plus(rightBase, times(number, product.blockStride));
      emitBlock(leftBase, right, begin, end, times(number, b.getIndexAttr(product.block)), columns,
                locate);
    };
    int64_t cost = constantOf(product.rows).value_or(1) * likely(product.depth) * product.block;
    auto blocks = [&](OpFoldResult count) {
      emitter.parallelLoops(
          {count}, [&](ArrayRef<Value> number) { block(number[0], product.block); }, cost);
    };
    if (std::optional<int64_t> columns = constantOf(product.columns)) {
      int64_t full = *columns / product.block, rest = *columns % product.block;
      if (full > 0)
        blocks(b.getIndexAttr(full));
      if (rest > 0)
        block(index(full), rest);
      return;
    }
    Value columns = toValue(b, product.columns);
    Value full = arith::DivUIOp::create(b, columns, index(product.block));
    blocks(full);
    // What is left vector by vector, the last one in part.
    Value first = times(full, b.getIndexAttr(product.block));
    emitter.loop(first, columns, lanes, [&](Value column) {
      Value left =
          arith::MinSIOp::create(b, arith::SubIOp::create(b, columns, column), index(lanes));
      emitBlock(leftBase, plus(rightBase, column), begin, end, column, lanes, locate, left);
    });
  }

  /// `valid`, where there is one, is the number of columns that exist.
  void emitBlock(Value leftBase, Value right, OpFoldResult begin, OpFoldResult end, Value column,
                 int64_t columns, Locate locate, Value valid = {}) {
    Tile tile;
    tile.input = product.left;
    tile.weight = product.right;
    tile.weightBase = right;
    tile.rowStride = product.depth;
    tile.lanes = lanes;
    tile.vectors = llvm::divideCeil(columns, lanes);
    tile.lastLanes = columns - (tile.vectors - 1) * lanes;
    tile.valid = valid;
    tile.loops.push_back({product.depth, b.getIndexAttr(1), product.depthStride});
    if (product.bias)
      for (int64_t vector = 0; vector < tile.vectors; ++vector)
        tile.start.push_back(
            vector::LoadOp::create(b, VectorType::get(tile.lanesOf(vector), b.getF32Type()),
                                   product.bias, plus(column, index(vector * lanes))));
    auto emitSums = [&](Value row, int64_t rows, int64_t split) {
      Tile here = tile;
      here.rows = rows;
      here.inputBase = plus(leftBase, times(row, product.depth));
      here.split = split;
      SmallVector<Value> sums = emitTile(b, here);
      for (int64_t r = 0; r < rows; ++r)
        for (int64_t vector = 0; vector < tile.vectors; ++vector)
          store(plus(row, index(r)), plus(column, index(vector * lanes)),
                sums[r * tile.vectors + vector], valid, locate);
    };
    forRowTiles(emitter, begin, end, mostRows(emitter.options(), tile.vectors),
                [&](Value row, int64_t rows) {
                  std::optional<int64_t> all = constantOf(product.rows);
                  if (all || rows > 1)
                    return emitSums(row, rows, all == 1 ? loneRowSplit : 1);
                  // The order of a sum must be that of a known single row.
                  Value isLone = arith::CmpIOp::create(b, arith::CmpIPredicate::eq,
                                                       toValue(b, product.rows), index(1));
                  auto branch = scf::IfOp::create(b, isLone, /*withElseRegion=*/true);
                  OpBuilder::InsertionGuard guard(b);
                  b.setInsertionPointToStart(branch.thenBlock());
                  emitSums(row, 1, loneRowSplit);
                  b.setInsertionPointToStart(branch.elseBlock());
                  emitSums(row, 1, 1);
                });
    if (epilogue.needsFinish())
      emitter.loop(begin, end, 1, [&](Value row) {
        SmallVector<Value> outer = locate(row, column);
        outer.pop_back();
        epilogue.finish(outer, column, plus(column, valid ? valid : index(columns)));
      });
  }

  /// Stores a vector, or the `valid` elements of it.
  void store(Value row, Value column, Value sums, Value valid, Locate locate) {
    if (!valid)
      return epilogue.store(locate(row, column), sums);
    emitter.loop(b.getIndexAttr(0), valid, 1, [&](Value lane) {
      Value sum = vector::ExtractOp::create(b, sums, OpFoldResult(lane));
      epilogue.store(locate(row, plus(column, lane)), sum);
    });
  }

  KernelEmitter &emitter;
  ImplicitLocOpBuilder &b;
  EpilogueStore &epilogue;
  const Product &product;
  int64_t lanes;
  /// Interleaved sums where there is a single row, whose tiles would wait for each addition.
  static constexpr int64_t loneRowSplit = 4;
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

/// Depths that only the run knows may differ, which no shape function sees where the result's dims
/// are known: then the kernel fails and adds nothing. Nothing when both are known.
std::optional<OpFoldResult> fitDepths(KernelEmitter &emitter, OpFoldResult left,
                                      OpFoldResult right) {
  if (constantOf(left) && constantOf(right))
    return std::nullopt;
  ImplicitLocOpBuilder &b = emitter.builder();
  Value depth = toValue(b, left);
  Value fits = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, depth, toValue(b, right));
  Value ok = arith::ConstantIntOp::create(b, PEBBLE_OK, 32);
  Value failed = arith::ConstantIntOp::create(b, PEBBLE_ERROR_SHAPE, 32);
  emitter.addStatus(arith::SelectOp::create(b, fits, ok, failed));
  Value none = arith::ConstantIndexOp::create(b, 0);
  return arith::SelectOp::create(b, fits, depth, none).getResult();
}

/// Where the matrix for a batch starts, broadcasting dims of size 1.
class MatrixPlaces {
public:
  MatrixPlaces(ImplicitLocOpBuilder &b, ArrayRef<OpFoldResult> dims, OpFoldResult matrix) : b(b) {
    strides.resize(dims.size());
    OpFoldResult stride = matrix;
    Value zero = arith::ConstantIndexOp::create(b, 0), one = arith::ConstantIndexOp::create(b, 1);
    for (int64_t dim = dims.size() - 1; dim >= 0; --dim) {
      std::optional<int64_t> size = constantOf(dims[dim]);
      if (size) {
        strides[dim] = *size == 1 ? OpFoldResult(b.getIndexAttr(0)) : stride;
      } else {
        Value isOne =
            arith::CmpIOp::create(b, arith::CmpIPredicate::eq, toValue(b, dims[dim]), one);
        strides[dim] = arith::SelectOp::create(b, isOne, zero, toValue(b, stride)).getResult();
      }
      stride = multiply(b, stride, dims[dim]);
    }
  }

  /// For the batch `at`, which may have more dims in front.
  Value of(ArrayRef<Value> at) const {
    Value position = arith::ConstantIndexOp::create(b, 0);
    for (auto [coordinate, stride] : llvm::zip(at.take_back(strides.size()), strides))
      if (constantOf(stride) != 0)
        position = arith::AddIOp::create(b, position, toValue(b, multiply(b, coordinate, stride)));
    return position;
  }

private:
  ImplicitLocOpBuilder &b;
  SmallVector<OpFoldResult> strides;
};

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
  product.depth = b.getIndexAttr(weight[1]);
  product.columns = b.getIndexAttr(cast<RankedTensorType>(op.getType()).getShape().back());
  product.block = weight[2];
  product.blockStride = b.getIndexAttr(weight[1] * weight[2]);
  product.depthStride = b.getIndexAttr(weight[2]);
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
  if (emitter.options().vectorBytes == 0 || !leftType.getElementType().isF32() ||
      leftType.getRank() < 2 || rightType.getRank() < 2)
    return false;
  ImplicitLocOpBuilder &b = emitter.builder();
  const KernelTensor *left = emitter.tensor(op.getLhs()), *right = emitter.tensor(op.getRhs());
  ArrayRef<OpFoldResult> result = emitter.tensor(op.getResult())->dims;
  ArrayRef<OpFoldResult> leftBatch = ArrayRef(left->dims).drop_back(2);
  ArrayRef<OpFoldResult> rightBatch = ArrayRef(right->dims).drop_back(2);
  Product product;
  product.left = left->memory;
  product.right = right->memory;
  product.depth = left->dims.back();
  if (auto fitting = fitDepths(emitter, left->dims.back(), right->dims[rightBatch.size()]))
    product.depth = *fitting;
  product.columns = right->dims.back();
  product.block = blockVectors * emitter.options().vectorBytes / 4;
  product.blockStride = b.getIndexAttr(product.block);
  product.depthStride = product.columns;
  EpilogueStore epilogue(emitter, op);
  Value zero = arith::ConstantIndexOp::create(b, 0);
  if (rightBatch.empty()) {
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
  ArrayRef<OpFoldResult> batches = result.drop_back(2);
  MatrixPlaces leftPlaces(b, leftBatch, multiply(b, product.rows, product.depth));
  MatrixPlaces rightPlaces(b, rightBatch, multiply(b, product.depth, product.columns));
  int64_t cost =
      constantOf(product.rows).value_or(1) * likely(product.depth) * likely(product.columns);
  emitter.parallelLoops(
      batches,
      [&](ArrayRef<Value> at) {
        Value leftBase = leftPlaces.of(at), rightBase = rightPlaces.of(at);
        SmallVector<Value> batch(at);
        ProductEmitter(emitter, epilogue, product)
            .run(leftBase, rightBase, [&](Value row, Value column) {
              SmallVector<Value> place(batch);
              place.push_back(row);
              place.push_back(column);
              return place;
            });
      },
      cost);
  return true;
}
