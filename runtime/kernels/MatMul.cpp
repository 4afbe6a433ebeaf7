// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// numpy.matmul. The order of a sum depends on the shape: a single column is a dot product with
// partial sums, anything else adds in ascending order.

#include "runtime/kernels/Tensor.h"
#include "runtime/kernels/TileProduct.h"

namespace pebble::kernels {
namespace {

// The operands as batches of matrices: lhs is rows x depth, rhs depth x columns.
struct MatMulShape {
  int64_t rows, depth, columns, batches;
  Odometer<2> batch; // offsets of the matrices of lhs and rhs, in elements
};

// Strides of the batch dims of a tensor in the result's batch index space; false when they do not
// broadcast.
bool broadcastBatch(const pebble_tensor &tensor, int64_t matrix, Odometer<2> &batch, int which) {
  int own = tensor.rank > 2 ? tensor.rank - 2 : 0;
  int64_t stride = matrix;
  for (int i = batch.rank - 1; i >= 0; --i) {
    int dim = i - (batch.rank - own);
    int64_t size = dim >= 0 ? tensor.dims[dim] : 1;
    if (size != 1 && size != batch.dims[i])
      return false;
    batch.strides[which][i] = size == 1 ? 0 : stride;
    stride *= size;
  }
  return true;
}

int32_t resolveMatMul(MatMulShape &shape, const pebble_tensor &lhs, const pebble_tensor &rhs,
                      const pebble_tensor &result) {
  if (lhs.rank < 1 || rhs.rank < 1 || lhs.rank > maxRank || rhs.rank > maxRank)
    return PEBBLE_ERROR_SHAPE;
  if (lhs.dtype != rhs.dtype)
    return PEBBLE_ERROR_UNSUPPORTED;
  shape.rows = lhs.rank > 1 ? lhs.dims[lhs.rank - 2] : 1;
  shape.depth = lhs.dims[lhs.rank - 1];
  shape.columns = rhs.rank > 1 ? rhs.dims[rhs.rank - 1] : 1;
  int64_t rhsDepth = rhs.rank > 1 ? rhs.dims[rhs.rank - 2] : rhs.dims[0];
  int vectors = (lhs.rank == 1) + (rhs.rank == 1);
  int rank = lhs.rank > rhs.rank ? lhs.rank : rhs.rank;
  shape.batch.rank = rank > 2 ? rank - 2 : 0;
  if (rhsDepth != shape.depth || result.rank != shape.batch.rank + 2 - vectors)
    return PEBBLE_ERROR_SHAPE;
  int matrixDim = shape.batch.rank;
  if (lhs.rank > 1 && result.dims[matrixDim++] != shape.rows)
    return PEBBLE_ERROR_SHAPE;
  if (rhs.rank > 1 && result.dims[matrixDim] != shape.columns)
    return PEBBLE_ERROR_SHAPE;
  for (int i = 0; i < shape.batch.rank; ++i)
    shape.batch.dims[i] = result.dims[i];
  if (!broadcastBatch(lhs, shape.rows * shape.depth, shape.batch, 0) ||
      !broadcastBatch(rhs, shape.depth * shape.columns, shape.batch, 1))
    return PEBBLE_ERROR_SHAPE;
  shape.batches = product(result.dims, 0, shape.batch.rank);
  shape.batch.reset();
  // One rhs for all batches: the rows of all lhs matrices are those of one tall matrix.
  bool shared = true;
  for (int i = 0; i < shape.batch.rank; ++i)
    shared &= shape.batch.strides[1][i] == 0 || shape.batch.dims[i] == 1;
  bool whole = numel(lhs) == shape.batches * shape.rows * shape.depth;
  if (shared && whole && shape.batches > 0) {
    shape.rows *= shape.batches;
    shape.batches = 1;
  }
  return PEBBLE_OK;
}

// Columns [first, first + width) of rhs as panels.
template <typename T> struct MatrixColumns {
  using A = Acc<T>;
  const T *matrix;
  int64_t stride;
  int64_t width;
  bool inPlace; // reading rows where they are beats copying when few rows of lhs share them

  PEBBLE_INLINE void operator()(Panel<A> &panel, int64_t first, int64_t count) const {
    const T *from = matrix + first * stride;
    if constexpr (isSame<T, A>) {
      if (inPlace && width == panelWidth<A>) {
        for (int64_t k = 0; k < count; ++k)
          panel.rows[k] = from + k * stride;
        return;
      }
    }
    for (int64_t k = 0; k < count; ++k) {
      A *to = panel.storage[k];
      panel.rows[k] = to;
      if (width == panelWidth<A>)
        for (int64_t j = 0; j < panelWidth<A>; ++j)
          to[j] = widen(from[k * stride + j]);
      else
        for (int64_t j = 0; j < panelWidth<A>; ++j)
          to[j] = j < width ? widen(from[k * stride + j]) : A(0);
    }
  }
};

template <typename T>
PEBBLE_INLINE void multiplyMatrices(const T *lhs, const T *rhs, Sum<T> *result, int64_t rows,
                                    int64_t depth, int64_t columns) {
  constexpr int64_t width = panelWidth<Acc<T>>;
  for (int64_t column = 0; column < columns; column += width) {
    int64_t rest = columns - column < width ? columns - column : width;
    MatrixColumns<T> panel{rhs + column, columns, rest, rows < 16};
    multiplyPanel(
        lhs, depth, rows, depth, rest, result + column, columns, [](int64_t) { return Acc<T>(0); },
        panel);
  }
}

// A few rows: streams rhs row by row, once, instead of column by column.
template <typename T>
PEBBLE_INLINE void multiplyRow(const T *lhs, const T *rhs, Sum<T> *result, int64_t depth,
                               int64_t columns) {
  using A = Acc<T>;
  constexpr int64_t block = 2048 / sizeof(A);
  for (int64_t column = 0; column < columns; column += block) {
    int64_t width = columns - column < block ? columns - column : block;
    A sums[block];
    for (int64_t j = 0; j < width; ++j)
      sums[j] = A(0);
    int64_t k = 0;
    for (; k + 4 <= depth; k += 4) {
      const T *row = rhs + k * columns + column;
      A a = widen(lhs[k]), b = widen(lhs[k + 1]), c = widen(lhs[k + 2]), d = widen(lhs[k + 3]);
      for (int64_t j = 0; j < width; ++j) {
        A sum = sums[j] + a * widen(row[j]);
        sum += b * widen(row[columns + j]);
        sum += c * widen(row[2 * columns + j]);
        sum += d * widen(row[3 * columns + j]);
        sums[j] = sum;
      }
    }
    for (; k < depth; ++k) {
      A factor = widen(lhs[k]);
      for (int64_t j = 0; j < width; ++j)
        sums[j] += factor * widen(rhs[k * columns + column + j]);
    }
    for (int64_t j = 0; j < width; ++j)
      result[column + j] = static_cast<Sum<T>>(sums[j]);
  }
}

template <typename T>
PEBBLE_INLINE void multiplyVector(const T *lhs, const T *rhs, Sum<T> *result, int64_t rows,
                                  int64_t depth) {
  forRowBlocks(rows, [&](int64_t row, auto number) PEBBLE_INLINE_LAMBDA {
    constexpr int count = decltype(number)::value;
    Partial<Acc<T>> sums[count] = {};
    addProducts<count>(sums, lhs + row * depth, depth, rhs, depth);
    for (int r = 0; r < count; ++r)
      result[row + r] = static_cast<Sum<T>>(sumPartial<Acc<T>>(sums[r]));
  });
}

} // namespace

template <typename T>
int32_t matmul(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  MatMulShape shape;
  if (int32_t status = resolveMatMul(shape, tensors[0], tensors[1], tensors[2]))
    return status;
  Sum<T> *result = data<Sum<T>>(tensors[2]);
  for (int64_t i = 0; i < shape.batches; ++i) {
    const T *lhs = data<const T>(tensors[0]) + shape.batch.offset[0];
    const T *rhs = data<const T>(tensors[1]) + shape.batch.offset[1];
    if (shape.columns == 1)
      multiplyVector(lhs, rhs, result, shape.rows, shape.depth);
    else if (shape.rows < 4)
      for (int64_t row = 0; row < shape.rows; ++row)
        multiplyRow(lhs + row * shape.depth, rhs, result + row * shape.columns, shape.depth,
                    shape.columns);
    else
      multiplyMatrices(lhs, rhs, result, shape.rows, shape.depth, shape.columns);
    result += shape.rows * shape.columns;
    shape.batch.next();
  }
  return PEBBLE_OK;
}

} // namespace pebble::kernels

#define PEBBLE_HERE_matmul 1
#include "runtime/kernels/Instantiate.h"
