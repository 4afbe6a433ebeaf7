// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Copies between two strided index spaces: the core of transpose, broadcast, tile and slice.
#ifndef PEBBLE_KERNELS_STRIDEDCOPY_H
#define PEBBLE_KERNELS_STRIDEDCOPY_H

#include "runtime/kernels/Tensor.h"

namespace pebble::kernels {

// A loop nest, outermost first; strides in elements, of any sign. tile needs two loops a dim.
struct CopyLoops {
  static constexpr int capacity = 2 * maxRank;
  int count = 0;
  int64_t dims[capacity], to[capacity], from[capacity];

  void add(int64_t dim, int64_t toStride, int64_t fromStride) {
    dims[count] = dim;
    to[count] = toStride;
    from[count] = fromStride;
    ++count;
  }

  // Drops loops of one step and joins neighbours that walk evenly through both sides.
  void simplify() {
    int kept = 0;
    for (int i = 0; i < count; ++i) {
      if (dims[i] == 1)
        continue;
      if (kept > 0 && to[kept - 1] == to[i] * dims[i] && from[kept - 1] == from[i] * dims[i]) {
        dims[kept - 1] *= dims[i];
        to[kept - 1] = to[i];
        from[kept - 1] = from[i];
        continue;
      }
      dims[kept] = dims[i];
      to[kept] = to[i];
      from[kept] = from[i];
      ++kept;
    }
    count = kept;
  }

  // Takes loop `i` out of the nest.
  void remove(int i) {
    for (--count; i < count; ++i) {
      dims[i] = dims[i + 1];
      to[i] = to[i + 1];
      from[i] = from[i + 1];
    }
  }
};

#if defined(__x86_64__) || defined(__aarch64__)
inline constexpr bool hasVectors = true;
#else
inline constexpr bool hasVectors = false;
#endif

// Transposes 8 x 8 elements in registers: three perfect shuffles of eight rows.
template <typename T>
inline void transposeBlock(T *to, const T *from, int64_t toStride, int64_t fromStride) {
  typedef T Row __attribute__((vector_size(8 * sizeof(T))));
  Row rows[8], shuffled[8];
  for (int i = 0; i < 8; ++i)
    __builtin_memcpy(&rows[i], from + i * fromStride, sizeof(Row));
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 4; ++i) {
      shuffled[2 * i] = __builtin_shufflevector(rows[i], rows[i + 4], 0, 8, 1, 9, 2, 10, 3, 11);
      shuffled[2 * i + 1] =
          __builtin_shufflevector(rows[i], rows[i + 4], 4, 12, 5, 13, 6, 14, 7, 15);
    }
    for (int i = 0; i < 8; ++i)
      rows[i] = shuffled[i];
  }
  for (int i = 0; i < 8; ++i)
    __builtin_memcpy(to + i * toStride, &rows[i], sizeof(Row));
}

// The planes of images with few channels: N planes become one of N-tuples, or the reverse.
template <int N, typename T>
inline void interleave(T *__restrict to, const T *__restrict from, int64_t count,
                       int64_t fromStride) {
  for (int64_t i = 0; i < count; ++i)
    for (int n = 0; n < N; ++n)
      to[i * N + n] = from[i + n * fromStride];
}

template <int N, typename T>
inline void deinterleave(T *__restrict to, const T *__restrict from, int64_t count,
                         int64_t toStride) {
  // A stretch of tuples stays in cache while each of its planes is written.
  constexpr int64_t stretch = 512;
  for (int64_t i0 = 0; i0 < count; i0 += stretch) {
    int64_t end = i0 + stretch < count ? i0 + stretch : count;
    for (int n = 0; n < N; ++n)
      for (int64_t i = i0; i < end; ++i)
        to[i + n * toStride] = from[i * N + n];
  }
}

// to[j + i * toStride] = from[i + j * fromStride] in square tiles, so that lines of both sides stay
// in cache while they are used.
template <typename T>
inline void transposePlane(T *to, const T *from, int64_t rows, int64_t columns, int64_t toStride,
                           int64_t fromStride) {
  if (columns == 3 && toStride == 3)
    return interleave<3>(to, from, rows, fromStride);
  if (rows == 3 && fromStride == 3)
    return deinterleave<3>(to, from, columns, toStride);
  constexpr int64_t tile = 16;
  for (int64_t i0 = 0; i0 < rows; i0 += tile) {
    int64_t iEnd = i0 + tile < rows ? i0 + tile : rows;
    for (int64_t j0 = 0; j0 < columns; j0 += tile) {
      int64_t jEnd = j0 + tile < columns ? j0 + tile : columns;
      // What blocks of 8 x 8 leave is an edge of whole rows and one of columns.
      int64_t iBlocks = hasVectors ? i0 + (iEnd - i0) / 8 * 8 : i0;
      int64_t jBlocks = hasVectors ? j0 + (jEnd - j0) / 8 * 8 : j0;
      for (int64_t i = i0; i < iBlocks; i += 8)
        for (int64_t j = j0; j < jBlocks; j += 8)
          transposeBlock(to + j + i * toStride, from + i + j * fromStride, toStride, fromStride);
      for (int64_t i = i0; i < iEnd; ++i)
        for (int64_t j = i < iBlocks ? jBlocks : j0; j < jEnd; ++j)
          to[j + i * toStride] = from[i + j * fromStride];
    }
  }
}

template <typename T>
inline void copyRun(T *to, const T *from, int64_t count, int64_t toStride, int64_t fromStride) {
  if (toStride == 1 && fromStride == 1)
    copyElements(to, from, count);
  else if (toStride == 1 && fromStride == 0)
    fillElements(to, *from, count);
  else
    for (int64_t i = 0; i < count; ++i)
      to[i * toStride] = from[i * fromStride];
}

template <typename T> inline void stridedCopy(T *to, const T *from, CopyLoops loops) {
  for (int i = 0; i < loops.count; ++i)
    if (loops.dims[i] == 0)
      return;
  loops.simplify();
  if (loops.count == 0) {
    *to = *from;
    return;
  }
  int last = loops.count - 1;
  int64_t columns = loops.dims[last], toColumn = loops.to[last], fromColumn = loops.from[last];
  loops.remove(last);
  // A second loop that is contiguous on the source side makes a plane to transpose.
  int plane = -1;
  if (toColumn == 1 && fromColumn != 1 && fromColumn != 0)
    for (int i = 0; i < loops.count; ++i)
      if (loops.from[i] == 1)
        plane = i;
  int64_t rows = 0, toRow = 0;
  if (plane >= 0) {
    rows = loops.dims[plane];
    toRow = loops.to[plane];
    loops.remove(plane);
  }
  int64_t position[CopyLoops::capacity] = {};
  for (;;) {
    if (plane >= 0)
      transposePlane(to, from, rows, columns, toRow, fromColumn);
    else
      copyRun(to, from, columns, toColumn, fromColumn);
    int i = loops.count - 1;
    for (; i >= 0; --i) {
      to += loops.to[i];
      from += loops.from[i];
      if (++position[i] < loops.dims[i])
        break;
      to -= loops.to[i] * loops.dims[i];
      from -= loops.from[i] * loops.dims[i];
      position[i] = 0;
    }
    if (i < 0)
      return;
  }
}

} // namespace pebble::kernels
#endif // PEBBLE_KERNELS_STRIDEDCOPY_H
