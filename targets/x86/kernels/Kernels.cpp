// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The microkernels of one level. Compiled once for each, with PEBBLE_X86_LEVEL_NAME defined to its
// name and PEBBLE_X86_OPERATIONS to its struct.

#include "targets/x86/kernels/Conv.h"
#include "targets/x86/kernels/Depthwise.h"
#include "targets/x86/kernels/Elementwise.h"
#include "targets/x86/kernels/Gemm.h"
#include "targets/x86/kernels/Pool.h"
#include "targets/x86/kernels/Portable.h"
#if defined(__AVX512BW__)
#include "targets/x86/kernels/Avx512.h"
#elif defined(__AVX2__)
#include "targets/x86/kernels/Avx2.h"
#endif

using namespace pebble::x86;

namespace {

using Level = PEBBLE_X86_OPERATIONS;
using u8 = uint8_t;
using s8 = int8_t;
using i32 = int32_t;
using f32 = float;

template <typename T> constexpr bool isSigned = static_cast<T>(-1) < 0;

} // namespace

#define PEBBLE_X86_GEMM_ARGUMENTS                                                                  \
  a, lda, weights, bias, scale, weightZero, c, ldc, m, n, k, zero, lo, hi
#define PEBBLE_X86_GEMM4_ARGUMENTS                                                                 \
  a, lda, weights, codes, bias, scale, weightZero, c, ldc, m, n, k, zero, lo, hi
#define PEBBLE_X86_CONV_ARGUMENTS                                                                  \
  window, groups, runs, input, padding, weights, bias, scale, weightZero, output, zero, lo, hi,    \
      begin, end
#define PEBBLE_X86_CONV4_ARGUMENTS                                                                 \
  window, groups, runs, input, padding, weights, codes, bias, scale, weightZero, output, zero, lo, \
      hi, begin, end
#define PEBBLE_X86_DEPTHWISE_ARGUMENTS                                                             \
  window, input, inputZero, weights, bias, scale, weightZero, output, zero, lo, hi, begin, end
#define PEBBLE_X86_ADD_ARGUMENTS a, b, c, count, scaleA, scaleB, offset, lo, hi
#define PEBBLE_X86_MUL_ARGUMENTS a, b, c, count, zeroA, zeroB, zeroC, scale, lo, hi
#define PEBBLE_X86_MAXPOOL_ARGUMENTS window, input, output, lo, hi, begin, end
#define PEBBLE_X86_AVGPOOL_ARGUMENTS                                                               \
  window, input, output, inputZero, scaleIn, scaleOut, countPadding, zero, lo, hi, begin, end
#define PEBBLE_X86_LOOKUP_ARGUMENTS a, table, c, count
#define PEBBLE_X86_FLIP_ARGUMENTS a, c, count

#define PEBBLE_X86_JOIN3(op, types, level) pebble_x86_##op##_##types##_##level
#define PEBBLE_X86_JOIN(op, types, level) PEBBLE_X86_JOIN3(op, types, level)

#define PEBBLE_X86_PRODUCT(op, OP, input, output)                                                  \
  extern "C" void PEBBLE_X86_JOIN(op, input##_##output,                                            \
                                  PEBBLE_X86_LEVEL_NAME)(PEBBLE_X86_##OP##_PARAMETERS(output)) {   \
    op<Level, isSigned<input>, output>(PEBBLE_X86_##OP##_ARGUMENTS);                               \
  }
#define PEBBLE_X86_ELEMENTWISE(op, OP, type)                                                       \
  extern "C" void PEBBLE_X86_JOIN(op, type,                                                        \
                                  PEBBLE_X86_LEVEL_NAME)(PEBBLE_X86_##OP##_PARAMETERS(type)) {     \
    op<Level, type>(PEBBLE_X86_##OP##_ARGUMENTS);                                                  \
  }
#include "targets/x86/kernels/Kernels.def"
