// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reductions over any set of dims. Neighbouring dims that are all kept or all reduced act as one,
// so that nearly every reduction is one of two loops: along contiguous elements with partial sums,
// or down the columns of a block of contiguous results.

#include "runtime/kernels/Extreme.h"
#include "runtime/kernels/ReduceAxes.h"

namespace pebble::kernels {
namespace {

// The reduced and the kept dims as two index spaces over the input, without the contiguous
// innermost run of `run` elements.
struct Reduction {
  Odometer<1> kept, reduced;
  int64_t keptCount = 1, reducedCount = 1, run = 1;
  bool runIsReduced = false;
};

int32_t resolveReduction(Reduction &r, const pebble_tensor &input, const pebble_tensor &axes,
                         const pebble_tensor &result, bool keepDims) {
  bool isReduced[maxRank];
  if (int32_t status = markReducedAxes(input, axes, isReduced))
    return status;
  int at = 0;
  for (int i = 0; i < input.rank; ++i) {
    if (isReduced[i] && !keepDims)
      continue;
    if (at >= result.rank || result.dims[at++] != (isReduced[i] ? 1 : input.dims[i]))
      return PEBBLE_ERROR_SHAPE;
  }
  if (at != result.rank)
    return PEBBLE_ERROR_SHAPE;

  // Groups of neighbours, innermost first.
  int64_t stride = 1;
  bool haveRun = false;
  int64_t keptDims[maxRank], keptStrides[maxRank], reducedDims[maxRank], reducedStrides[maxRank];
  int keptRank = 0, reducedRank = 0;
  for (int i = input.rank - 1; i >= 0;) {
    if (input.dims[i] == 1) {
      --i;
      continue;
    }
    bool reduced = isReduced[i];
    int64_t size = 1;
    for (; i >= 0 && (isReduced[i] == reduced || input.dims[i] == 1); --i)
      size *= input.dims[i];
    if (!haveRun) {
      haveRun = true;
      r.run = size;
      r.runIsReduced = reduced;
    } else if (reduced) {
      reducedDims[reducedRank] = size;
      reducedStrides[reducedRank++] = stride;
    } else {
      keptDims[keptRank] = size;
      keptStrides[keptRank++] = stride;
    }
    stride *= size;
  }
  auto fill = [](Odometer<1> &space, int rank, const int64_t *dims, const int64_t *strides) {
    space.rank = rank;
    int64_t count = 1;
    for (int i = 0; i < rank; ++i) {
      space.dims[i] = dims[rank - 1 - i];
      space.strides[0][i] = strides[rank - 1 - i];
      count *= space.dims[i];
    }
    space.reset();
    return count;
  };
  r.keptCount = fill(r.kept, keptRank, keptDims, keptStrides);
  r.reducedCount = fill(r.reduced, reducedRank, reducedDims, reducedStrides);
  return PEBBLE_OK;
}

// Columns whose running values are on the stack at once.
inline constexpr int64_t columnBlock = 256;
// Rows that are summed by themselves: the rounding errors of a long sum grow with its length.
inline constexpr int64_t rowBlock = 32;

// Op gives V identity(), V load(T), V combine(V, V), on vectors too, and T finish(V).
template <typename T, typename Op>
PEBBLE_INLINE void reduceRuns(Reduction &r, const T *input, T *result, Op op) {
  using V = typename Op::Value;
  for (int64_t k = 0; k < r.keptCount; ++k) {
    Partial<V> partial = splat<V, partialSums>(op.identity());
    for (int64_t i = 0; i < r.reducedCount; ++i) {
      const T *from = input + r.kept.offset[0] + r.reduced.offset[0];
      int64_t j = 0;
      for (; j + partialSums <= r.run; j += partialSums)
        partial = op.combine(partial, op.loadAll(from + j));
      if (j < r.run)
        partial = op.combine(partial, op.loadSome(from + j, r.run - j));
      r.reduced.next();
    }
    result[k] = op.finish(combinePartial<V>(partial, [&](V a, V b) { return op.combine(a, b); }));
    r.kept.next();
  }
}

template <typename T, typename Op>
PEBBLE_INLINE void reduceColumns(Reduction &r, const T *input, T *result, Op op) {
  using V = typename Op::Value;
  for (int64_t k = 0; k < r.keptCount; ++k) {
    for (int64_t first = 0; first < r.run; first += columnBlock) {
      int64_t width = r.run - first < columnBlock ? r.run - first : columnBlock;
      V totals[columnBlock], values[columnBlock];
      for (int64_t j = 0; j < width; ++j)
        totals[j] = op.identity();
      for (int64_t begin = 0; begin < r.reducedCount; begin += rowBlock) {
        int64_t end = begin + rowBlock < r.reducedCount ? begin + rowBlock : r.reducedCount;
        for (int64_t j = 0; j < width; ++j)
          values[j] = op.identity();
        for (int64_t i = begin; i < end; ++i) {
          const T *from = input + r.kept.offset[0] + r.reduced.offset[0] + first;
          for (int64_t j = 0; j < width; ++j)
            values[j] = op.combine(values[j], op.load(from[j]));
          r.reduced.next();
        }
        for (int64_t j = 0; j < width; ++j)
          totals[j] = op.combine(totals[j], values[j]);
      }
      for (int64_t j = 0; j < width; ++j)
        result[k * r.run + first + j] = op.finish(totals[j]);
    }
    r.kept.next();
  }
}

template <typename T, typename Op>
PEBBLE_INLINE int32_t reduce(const pebble_tensor *tensors, const int64_t *ints, Op op) {
  Reduction r;
  Attributes attributes(ints, nullptr);
  if (int32_t status = resolveReduction(r, tensors[0], tensors[1], tensors[2], attributes.flag()))
    return status;
  op.count = r.reducedCount * (r.runIsReduced ? r.run : 1);
  if (r.runIsReduced)
    reduceRuns(r, data<const T>(tensors[0]), data<T>(tensors[2]), op);
  else
    reduceColumns(r, data<const T>(tensors[0]), data<T>(tensors[2]), op);
  return PEBBLE_OK;
}

// Sums and products, in the accumulator's type.
template <typename T> struct Arithmetic {
  using Value = Acc<T>;
  int64_t count = 0;
  PEBBLE_INLINE static Value load(T x) { return widen(x); }
  PEBBLE_INLINE static Partial<Value> loadAll(const T *x) { return loadPartial(x); }
  PEBBLE_INLINE T finish(Value x) const { return static_cast<T>(x); }
};

template <typename T> struct SumOf : Arithmetic<T> {
  using Value = Acc<T>;
  PEBBLE_INLINE static Value identity() { return Value(0); }
  PEBBLE_INLINE static Partial<Value> loadSome(const T *x, int64_t count) {
    return loadPartial(x, count, Value(0));
  }
  template <typename V> PEBBLE_INLINE static V combine(const V &a, const V &b) { return a + b; }
};

template <typename T> struct MeanOf : SumOf<T> {
  using Value = Acc<T>;
  PEBBLE_INLINE T finish(Value sum) const {
    if constexpr (isFloat<T>) {
      return static_cast<T>(sum / static_cast<Value>(this->count));
    } else {
      // Towards zero, in T's own signedness.
      if (this->count == 0)
        return T(0);
      using Wide = AccumulatorOf<T>;
      if constexpr (TypeTraits<T>::isSigned)
        return static_cast<T>(static_cast<int64_t>(static_cast<Wide>(sum)) / this->count);
      else
        return static_cast<T>(static_cast<uint64_t>(sum) / static_cast<uint64_t>(this->count));
    }
  }
};

template <typename T> struct ProductOf : Arithmetic<T> {
  using Value = Acc<T>;
  PEBBLE_INLINE static Value identity() { return Value(1); }
  PEBBLE_INLINE static Partial<Value> loadSome(const T *x, int64_t count) {
    return loadPartial(x, count, Value(1));
  }
  template <typename V> PEBBLE_INLINE static V combine(const V &a, const V &b) { return a * b; }
};

} // namespace

template <typename T>
int32_t reduce_sum(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  return reduce<T>(tensors, ints, SumOf<T>());
}

template <typename T>
int32_t reduce_prod(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  return reduce<T>(tensors, ints, ProductOf<T>());
}

template <typename T>
int32_t reduce_mean(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  return reduce<T>(tensors, ints, MeanOf<T>());
}

template <typename T>
int32_t reduce_max(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  return reduce<T>(tensors, ints, ExtremeOf<T, true>());
}

template <typename T>
int32_t reduce_min(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  return reduce<T>(tensors, ints, ExtremeOf<T, false>());
}

} // namespace pebble::kernels

#define PEBBLE_HERE_reduce_sum 1
#define PEBBLE_HERE_reduce_prod 1
#define PEBBLE_HERE_reduce_mean 1
#define PEBBLE_HERE_reduce_max 1
#define PEBBLE_HERE_reduce_min 1
#include "runtime/kernels/Instantiate.h"
