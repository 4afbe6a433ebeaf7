// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Samples images at the points of a grid, in two or three dims.

#include "runtime/kernels/Accumulate.h"
#include "runtime/kernels/Sampling.h"
#include "runtime/kernels/Tensor.h"

namespace pebble::kernels {
namespace {

enum Mode { nearest, linear, cubic };
enum Padding { zeros, border, reflection };

// The elements of one dim that a sample mixes; a negative position stands for a zero.
template <typename A> struct Taps {
  int count;
  int64_t position[4];
  A weight[4];
};

template <typename A> PEBBLE_INLINE void cubicWeights(A t, A *weights) {
  constexpr A alpha = A(-0.75);
  auto outer = [=](A x) {
    return ((alpha * x - A(5) * alpha) * x + A(8) * alpha) * x - A(4) * alpha;
  };
  auto inner = [=](A x) { return ((alpha + A(2)) * x - (alpha + A(3))) * x * x + A(1); };
  weights[0] = outer(t + A(1));
  weights[1] = inner(t);
  weights[2] = inner(A(1) - t);
  weights[3] = outer(A(2) - t);
}

struct SampleMode {
  int64_t mode, padding;
  bool alignCorners;
};

// `normalized` runs from -1 to 1 over a dim of `size` elements.
template <typename A>
PEBBLE_INLINE void findTaps(Taps<A> &taps, A normalized, int64_t size, SampleMode m) {
  A extent = static_cast<A>(size);
  A x = m.alignCorners ? (normalized + A(1)) / A(2) * (extent - A(1))
                       : ((normalized + A(1)) * extent - A(1)) / A(2);
  A low = m.alignCorners ? A(0) : A(-0.5);
  A high = m.alignCorners ? extent - A(1) : extent - A(0.5);
  x = clampCoordinate(x, A(-coordinateLimit), A(coordinateLimit));
  if (m.mode == nearest)
    x = static_cast<A>(roundToInteger(x));
  if (x < low || x > high) {
    // Cubic weights depend on the place between elements that lie outside too.
    if (m.padding == border && m.mode != cubic)
      x = clampCoordinate(x, A(0), extent - A(1));
    else if (m.padding == reflection)
      x = reflectCoordinate(x, low, high);
  }
  int64_t first = floorToInteger(x);
  A t = x - static_cast<A>(first);
  taps.count = m.mode == nearest ? 1 : m.mode == linear ? 2 : 4;
  taps.weight[0] = A(1);
  if (m.mode == linear) {
    taps.weight[0] = A(1) - t;
    taps.weight[1] = t;
  } else if (m.mode == cubic) {
    cubicWeights(t, taps.weight);
    --first;
  }
  for (int i = 0; i < taps.count; ++i) {
    int64_t position = first + i;
    if (position < 0 || position >= size) {
      if (m.padding == zeros)
        position = -1;
      else if (m.padding == border)
        position = position < 0 ? 0 : size - 1;
      else
        position = static_cast<int64_t>(clampCoordinate(
            reflectCoordinate(static_cast<A>(position), low, high), A(0), extent - A(1)));
    }
    taps.position[i] = position;
  }
}

template <int Rank, typename T>
PEBBLE_INLINE Acc<T> mix(const T *channel, const int64_t *dims, const Taps<Acc<T>> *taps) {
  using A = Acc<T>;
  A planes = A(0);
  for (int z = 0; z < (Rank == 3 ? taps[0].count : 1); ++z) {
    int64_t plane = Rank == 3 ? taps[0].position[z] : 0;
    A rows = A(0);
    for (int y = 0; y < taps[Rank - 2].count; ++y) {
      int64_t row = taps[Rank - 2].position[y];
      A columns = A(0);
      for (int x = 0; x < taps[Rank - 1].count; ++x) {
        int64_t column = taps[Rank - 1].position[x];
        bool inside = plane >= 0 && row >= 0 && column >= 0;
        int64_t offset = (plane * dims[Rank - 2] + row) * dims[Rank - 1] + column;
        columns += taps[Rank - 1].weight[x] * (inside ? widen(channel[offset]) : A(0));
      }
      rows += taps[Rank - 2].weight[y] * columns;
    }
    planes += Rank == 3 ? taps[0].weight[z] * rows : rows;
  }
  return planes;
}

template <int Rank, typename T>
PEBBLE_INLINE void sampleGrid(const pebble_tensor *tensors, SampleMode mode) {
  using A = Acc<T>;
  const pebble_tensor &input = tensors[0], &grid = tensors[1], &result = tensors[2];
  const int64_t *dims = input.dims + 2;
  int64_t channels = input.dims[1], channelSize = product(dims, 0, Rank);
  int64_t points = product(grid.dims, 1, Rank + 1);
  for (int64_t n = 0; n < input.dims[0]; ++n) {
    const T *image = data<const T>(input) + n * channels * channelSize;
    T *out = data<T>(result) + n * channels * points;
    for (int64_t point = 0; point < points; ++point) {
      const T *at = data<const T>(grid) + (n * points + point) * Rank;
      Taps<A> taps[Rank];
      // A grid point lists x, y, z: the dims from the last one on.
      for (int d = 0; d < Rank; ++d)
        findTaps(taps[d], widen(at[Rank - 1 - d]), dims[d], mode);
      for (int64_t c = 0; c < channels; ++c)
        out[c * points + point] = static_cast<T>(mix<Rank>(image + c * channelSize, dims, taps));
    }
  }
}

} // namespace

template <typename T>
int32_t grid_sample(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  const pebble_tensor &input = tensors[0], &grid = tensors[1], &result = tensors[2];
  Attributes attributes(ints, floats);
  SampleMode mode;
  mode.mode = attributes.integer();
  mode.padding = attributes.integer();
  mode.alignCorners = attributes.flag();
  if (mode.mode < nearest || mode.mode > cubic || mode.padding < zeros || mode.padding > reflection)
    return PEBBLE_ERROR_VALUE;
  int rank = input.rank - 2;
  if (rank != 2 && rank != 3)
    return PEBBLE_ERROR_UNSUPPORTED;
  if (grid.rank != input.rank || result.rank != input.rank || grid.dims[0] != input.dims[0] ||
      grid.dims[rank + 1] != rank || result.dims[0] != input.dims[0] ||
      result.dims[1] != input.dims[1] || grid.dtype != input.dtype)
    return PEBBLE_ERROR_SHAPE;
  for (int d = 0; d < rank; ++d)
    if (result.dims[d + 2] != grid.dims[d + 1])
      return PEBBLE_ERROR_SHAPE;
  // Nothing can be sampled from an image without elements.
  if (product(input.dims, 2, input.rank) == 0)
    return numel(result) == 0 ? PEBBLE_OK : PEBBLE_ERROR_SHAPE;
  if (rank == 2)
    sampleGrid<2, T>(tensors, mode);
  else
    sampleGrid<3, T>(tensors, mode);
  return PEBBLE_OK;
}

template <typename T>
int32_t affine_grid(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  using A = Acc<T>;
  const pebble_tensor &theta = tensors[0], &size = tensors[1], &result = tensors[2];
  bool alignCorners = ints[0] != 0;
  int rank = result.rank - 2;
  if ((rank != 2 && rank != 3) || theta.rank != 3 || size.rank != 1 || size.dims[0] != rank + 2 ||
      theta.dims[0] != result.dims[0] || theta.dims[1] != rank || theta.dims[2] != rank + 1 ||
      result.dims[rank + 1] != rank)
    return PEBBLE_ERROR_SHAPE;
  for (int d = 0; d < rank; ++d)
    if (indexAt(size, d + 2) != result.dims[d + 1])
      return PEBBLE_ERROR_SHAPE;
  const int64_t *dims = result.dims + 1;
  int64_t points = product(dims, 0, rank);
  for (int64_t n = 0; n < theta.dims[0]; ++n) {
    const T *matrix = data<const T>(theta) + n * rank * (rank + 1);
    T *out = data<T>(result) + n * points * rank;
    for (int64_t point = 0; point < points; ++point) {
      A at[3] = {};
      int64_t rest = point;
      // x is the last dim's coordinate and comes first.
      for (int i = 0; i < rank; ++i) {
        int64_t count = dims[rank - 1 - i], index = rest % count;
        rest /= count;
        if (alignCorners)
          // ONNX Runtime puts the only point of a dim at the end; the specification leaves it open.
          at[i] = count > 1 ? A(2 * index) / static_cast<A>(count - 1) - A(1) : A(1);
        else
          at[i] = static_cast<A>(2 * index + 1) / static_cast<A>(count) - A(1);
      }
      for (int row = 0; row < rank; ++row) {
        const T *weights = matrix + row * (rank + 1);
        A sum = widen(weights[rank]);
        for (int i = 0; i < rank; ++i)
          sum += widen(weights[i]) * at[i];
        out[point * rank + row] = static_cast<T>(sum);
      }
    }
  }
  return PEBBLE_OK;
}

} // namespace pebble::kernels

#define PEBBLE_HERE_grid_sample 1
#define PEBBLE_HERE_affine_grid 1
#include "runtime/kernels/Instantiate.h"
