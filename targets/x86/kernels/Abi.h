// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The binary interface of the x86 int8 microkernels, for the code that calls them.
//
// A symbol is pebble_x86_<op>_<input>_<output>_<level>, or pebble_x86_<op>_<type>_<level> where
// both have one type; Kernels.def lists the ops and types, Levels.def the levels. All levels of a
// symbol give the same bits. Sizes and strides are in elements of the tensor they belong to. No
// pointer needs to be aligned. Nothing is read or written outside the tensors, their tails
// included.
//
// Packed weights
//   int8 [ceil(N/16)][runs][ceil(runLength/4)][16][4]: 16 output channels a panel, four consecutive
//   k an element, padded with zeros. A run is a part of the reduction that is contiguous in the
//   input. packWeights in Packing.h makes them. Unsigned weights are stored less 128.
// Per-channel arrays (bias, scale, weightZero)
//   have ceil(N/16)*16 entries; those past N are read and ignored. With groups, each group has its
//   own ceil(N/16)*16 entries, N being the output channels of one group.
// Bias
//   int32, with the zero point of the input folded in: bias[n] - inputZero * sum_k w[n][k]. Kernels
//   whose input is s8 work on input + 128, so fold inputZero + 128.
// Weight zero point
//   weightZero may be null. Otherwise sum_k input[k] * weightZero[n] is subtracted from the
//   accumulator, `input` being the unsigned value (for s8: value + 128) and padding counted as
//   the zero point that it holds: for u8 weights of zero point z pass z - 128, and fold the bias
//   with w - weightZero in place of w.
// Accumulation
//   is int32 and wraps: the compiler proves that it cannot, or accepts the wrap.
// Requantization (outputs u8 and s8)
//   f = float(acc) * scale[n] in float32, rounded once after each operation;
//   y = roundTiesToEven(clamp(f, lo - zero, hi - zero)) + zero.
//   lo <= hi may be any bounds inside the output's type, so that a fused ReLU is a bound.
//   scale is finite. i32 outputs store acc; f32 outputs store float(acc) * scale[n].
#ifndef PEBBLE_X86_KERNELS_ABI_H
#define PEBBLE_X86_KERNELS_ABI_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// A convolution or a pooling over NHWC tensors. 18 int64 without padding, so that generated code
// can hold it as an array of i64.
typedef struct pebble_x86_window {
  int64_t batch;
  int64_t inHeight, inWidth;
  int64_t inChannels; // of all groups together
  int64_t inStride;   // from a pixel to the next, >= inChannels
  int64_t outHeight, outWidth;
  int64_t outChannels; // of all groups together
  int64_t outStride;   // from a pixel to the next, >= outChannels: a slice of a concatenation
  int64_t kernelHeight, kernelWidth;
  int64_t strideHeight, strideWidth;
  int64_t dilationHeight, dilationWidth;
  int64_t padTop, padLeft; // bottom and right follow from the output size
  // Rows of the input that its memory holds: row y lies where row y % inRows would. 0: all of them.
  // Needs batch = 1, and that rows which are read together are held together.
  int64_t inRows;
} pebble_x86_window;

// How the reduction of a convolution is cut into runs.
enum pebble_x86_runs {
  // A run is the channels of one kernel tap: runs = kernelHeight * kernelWidth, runLength =
  // inChannels / groups.
  PEBBLE_X86_RUN_TAP = 0,
  // A run is a row of the window, (column, channel) in row-major order: runs = kernelHeight,
  // runLength = kernelWidth * inChannels, runs * ceil(runLength/4)*4 <= 2048. For few channels,
  // most
  // of all where the pixels of a row are contiguous. Needs groups = 1.
  PEBBLE_X86_RUN_ROW = 1
};

// pebble_x86_gemm_<u8|s8>_<u8|s8|i32|f32>: c[m][n] = finish(sum_k a[m][k] * w[n][k]).
// Weights are packed with runs = 1, runLength = k. A caller may split m anywhere and n at multiples
// of 16 (a panel is ceil(k/4)*64 bytes).
#define PEBBLE_X86_GEMM_PARAMETERS(C)                                                              \
  const uint8_t *a, int64_t lda, const int8_t *weights, const int32_t *bias, const float *scale,   \
      const int32_t *weightZero, C *c, int64_t ldc, int64_t m, int64_t n, int64_t k, int32_t zero, \
      int32_t lo, int32_t hi

// pebble_x86_gemm4_<u8|s8>_<...>: 4-bit weights, uint8 [ceil(N/16)][ceil(k/8)][16][4]: the low
// nibble of byte [g][n][i] is k = 8g+i, the high one k = 8g+4+i (packWeights4). `codes` gives the
// int8 value of each of the 16 codes, so a per-tensor zero point or a code book costs nothing.
// Nibbles past k may hold any code: they multiply zeros.
#define PEBBLE_X86_GEMM4_PARAMETERS(C)                                                             \
  const uint8_t *a, int64_t lda, const uint8_t *weights, const int8_t *codes, const int32_t *bias, \
      const float *scale, const int32_t *weightZero, C *c, int64_t ldc, int64_t m, int64_t n,      \
      int64_t k, int32_t zero, int32_t lo, int32_t hi

// pebble_x86_conv_<u8|s8>_<u8|s8|i32|f32>: any kernel, stride, dilation, padding and groups.
// `padding` is inChannels / groups bytes of the input's zero point (may be null without padding);
// `runs` is a pebble_x86_runs. Computes the output rows [begin, end) of batch * outHeight, so that
// threads can share the work. Weights of a group follow those of the one before.
#define PEBBLE_X86_CONV_PARAMETERS(C)                                                              \
  const pebble_x86_window *window, int64_t groups, int64_t runs, const uint8_t *input,             \
      const uint8_t *padding, const int8_t *weights, const int32_t *bias, const float *scale,      \
      const int32_t *weightZero, C *output, int32_t zero, int32_t lo, int32_t hi, int64_t begin,   \
      int64_t end

// pebble_x86_conv4_u8_u8: the same with weights of 4 bits as in gemm4, each run filled up to a
// multiple of 8 with codes that stand for 0.
#define PEBBLE_X86_CONV4_PARAMETERS(C)                                                             \
  const pebble_x86_window *window, int64_t groups, int64_t runs, const uint8_t *input,             \
      const uint8_t *padding, const uint8_t *weights, const int8_t *codes, const int32_t *bias,    \
      const float *scale, const int32_t *weightZero, C *output, int32_t zero, int32_t lo,          \
      int32_t hi, int64_t begin, int64_t end

// pebble_x86_depthwise_<u8|s8>_<u8|s8|i32|f32>: outChannels = inChannels. Weights are packed with
// N = channels, runs = kernelWidth, runLength = kernelHeight: columns of the kernel, of which at
// most 64 groups of four (kernelWidth * ceil(kernelHeight/4) <= 64). A convolution along one axis
// is best given as one of height. inputZero is the value of the padding. Rows [begin, end) as
// above.
#define PEBBLE_X86_DEPTHWISE_PARAMETERS(C)                                                         \
  const pebble_x86_window *window, const uint8_t *input, int32_t inputZero, const int8_t *weights, \
      const int32_t *bias, const float *scale, const int32_t *weightZero, C *output, int32_t zero, \
      int32_t lo, int32_t hi, int64_t begin, int64_t end

// pebble_x86_add_<u8|s8>: c = clamp(roundTiesToEven(fma(a, scaleA, fma(b, scaleB, offset)))), as
// ONNX Runtime computes QLinearAdd on AVX2: scaleA = sA / sC, scaleB = sB / sC and
// offset = zC - (scaleA * zA + scaleB * zB), all in float32. The output's zero point is added
// before rounding. |scaleA|, |scaleB| < 2^20 and |offset| < 2^30. A scalar operand is a `lookup`.
#define PEBBLE_X86_ADD_PARAMETERS(T)                                                               \
  const T *a, const T *b, T *c, int64_t count, float scaleA, float scaleB, float offset,           \
      int32_t lo, int32_t hi

// pebble_x86_mul_<u8|s8>: c = clamp(roundTiesToEven(float((a - zeroA) * (b - zeroB)) * scale +
// float(zeroC))), as ONNX Runtime computes QLinearMul: scale = sA * sB / sC in float32, product and
// sum rounded separately, the zero point added before rounding. |scale| < 2^10.
#define PEBBLE_X86_MUL_PARAMETERS(T)                                                               \
  const T *a, const T *b, T *c, int64_t count, int32_t zeroA, int32_t zeroB, int32_t zeroC,        \
      float scale, int32_t lo, int32_t hi

// pebble_x86_maxpool_<u8|s8>: padding is ignored; a window that is all padding gives the least
// value. Then clamped to [lo, hi]. Rows [begin, end) as above.
#define PEBBLE_X86_MAXPOOL_PARAMETERS(T)                                                           \
  const pebble_x86_window *window, const T *input, T *output, int32_t lo, int32_t hi,              \
      int64_t begin, int64_t end

// pebble_x86_avgpool_<u8|s8>: the int32 sum of (x - inputZero) over the taps inside the input,
// times scaleIn / (scaleOut * float(taps)) in float32, requantized as above. `taps` counts those
// inside the input, or all of them with countPadding != 0. A global pool has the whole input as its
// kernel: this is ONNX Runtime's QLinearGlobalAveragePool.
#define PEBBLE_X86_AVGPOOL_PARAMETERS(T)                                                           \
  const pebble_x86_window *window, const T *input, T *output, int32_t inputZero, float scaleIn,    \
      float scaleOut, int64_t countPadding, int32_t zero, int32_t lo, int32_t hi, int64_t begin,   \
      int64_t end

// pebble_x86_lookup_u8: c[i] = table[a[i]], `table` having 256 entries. For s8 inputs, the caller
// orders the table by the bits of the code. In place is allowed.
#define PEBBLE_X86_LOOKUP_PARAMETERS(T) const T *a, const T *table, T *c, int64_t count

// pebble_x86_flip_u8: c[i] = a[i] ^ 0x80, between u8 and s8 of the same scale. In place is allowed.
#define PEBBLE_X86_FLIP_PARAMETERS(T) const T *a, T *c, int64_t count

#ifdef __cplusplus
} // extern "C"
#endif

#endif // PEBBLE_X86_KERNELS_ABI_H
