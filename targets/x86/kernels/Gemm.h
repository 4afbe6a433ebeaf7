// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PEBBLE_X86_KERNELS_GEMM_H
#define PEBBLE_X86_KERNELS_GEMM_H

#include "targets/x86/kernels/Abi.h"
#include "targets/x86/kernels/Product.h"

PEBBLE_X86_BEGIN

// The rows of a matrix.
struct MatrixSource {
  const uint8_t *data;
  int64_t stride;
  int64_t runLength;
  int64_t readLength = runLength;
  int64_t runs = 1;
  int64_t blockRows = maxBlockRows;

  PEBBLE_X86_INLINE void fill(const uint8_t **pointers, int64_t, int64_t, int64_t, int64_t first,
                              int64_t rows) const {
    for (int64_t r = 0; r < rows; ++r)
      pointers[r] = data + (first + r) * stride;
  }
};

template <class Level, bool Signed, typename Out>
PEBBLE_X86_INLINE void gemm(PEBBLE_X86_GEMM_PARAMETERS(Out)) {
  using Weights = Int8Weights<Level>;
  using Stored = typename StoredType<Out>::Type;
  MatrixSource source{a, lda, k};
  const Product<Level, Weights, Stored> product{
      {weights, Weights::runBytes(k)}, bias, scale, weightZero, Bounds(zero, lo, hi), Signed,
      reinterpret_cast<Stored *>(c),   ldc,  m,     n};
  multiplyRows(source, product);
}

template <class Level, bool Signed, typename Out>
PEBBLE_X86_INLINE void gemm4(PEBBLE_X86_GEMM4_PARAMETERS(Out)) {
  using Weights = Int4Weights<Level>;
  using Stored = typename StoredType<Out>::Type;
  MatrixSource source{a, lda, k};
  const Product<Level, Weights, Stored> product{
      {reinterpret_cast<const int8_t *>(weights), Weights::runBytes(k), Level::loadCodes(codes)},
      bias,
      scale,
      weightZero,
      Bounds(zero, lo, hi),
      Signed,
      reinterpret_cast<Stored *>(c),
      ldc,
      m,
      n};
  multiplyRows(source, product);
}

PEBBLE_X86_END

#endif // PEBBLE_X86_KERNELS_GEMM_H
