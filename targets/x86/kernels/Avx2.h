// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The operations of a level on 256-bit vectors.
#ifndef PEBBLE_X86_KERNELS_AVX2_H
#define PEBBLE_X86_KERNELS_AVX2_H

#include "targets/x86/kernels/Vector.h"

#include <immintrin.h>

PEBBLE_X86_BEGIN

struct Vectors256 {
  static constexpr int64_t width = 32;
  static constexpr int64_t lanes = width / 4;
  using Ints = __m256i;
  using Floats = __m256;
  using Bytes = __m256i;
  using Codes = __m256i;

  PEBBLE_X86_INLINE static Ints loadInts(const int32_t *p) { return loadBytes(p); }
  PEBBLE_X86_INLINE static void storeInts(int32_t *p, Ints v) { storeBytes(p, v); }
  PEBBLE_X86_INLINE static Floats loadFloats(const float *p) { return _mm256_loadu_ps(p); }
  PEBBLE_X86_INLINE static void storeFloats(float *p, Floats v) { _mm256_storeu_ps(p, v); }
  PEBBLE_X86_INLINE static Floats splatFloat(float value) { return _mm256_set1_ps(value); }
  PEBBLE_X86_INLINE static Ints splatInt(int32_t value) { return _mm256_set1_epi32(value); }
  PEBBLE_X86_INLINE static Floats toFloats(Ints v) { return _mm256_cvtepi32_ps(v); }
  PEBBLE_X86_INLINE static Floats multiply(Floats a, Floats b) { return _mm256_mul_ps(a, b); }
  PEBBLE_X86_INLINE static Floats add(Floats a, Floats b) { return _mm256_add_ps(a, b); }
  PEBBLE_X86_INLINE static Floats fusedMultiplyAdd(Floats a, Floats b, Floats c) {
    return _mm256_fmadd_ps(a, b, c);
  }
  PEBBLE_X86_INLINE static Floats clamp(Floats v, float lo, float hi) {
    return _mm256_min_ps(_mm256_max_ps(v, _mm256_set1_ps(lo)), _mm256_set1_ps(hi));
  }
  PEBBLE_X86_INLINE static Ints round(Floats v) { return _mm256_cvtps_epi32(v); }
  PEBBLE_X86_INLINE static Ints add(Ints a, Ints b) { return _mm256_add_epi32(a, b); }
  PEBBLE_X86_INLINE static Ints subtract(Ints a, Ints b) { return _mm256_sub_epi32(a, b); }
  PEBBLE_X86_INLINE static Ints multiply(Ints a, Ints b) { return _mm256_mullo_epi32(a, b); }

  PEBBLE_X86_INLINE static Bytes loadBytes(const void *p) {
    return _mm256_loadu_si256(static_cast<const __m256i *>(p));
  }
  PEBBLE_X86_INLINE static void storeBytes(void *p, Bytes v) {
    _mm256_storeu_si256(static_cast<__m256i *>(p), v);
  }
  PEBBLE_X86_INLINE static Bytes flip(Bytes v) {
    return _mm256_xor_si256(v, _mm256_set1_epi32(int32_t(signBits)));
  }
  template <bool Signed> PEBBLE_X86_INLINE static Bytes broadcastBytes(const uint8_t *p) {
    __m256i quads = _mm256_set1_epi32(int32_t(loadQuad(p)));
    return Signed ? flip(quads) : quads;
  }

  PEBBLE_X86_INLINE static Codes loadCodes(const int8_t *codes) {
    return _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i *>(codes)));
  }
  PEBBLE_X86_INLINE static void decodeBytes(const uint8_t *p, Codes codes, Bytes &low,
                                            Bytes &high) {
    __m256i mask = _mm256_set1_epi8(15), packed = loadBytes(p);
    low = _mm256_shuffle_epi8(codes, _mm256_and_si256(packed, mask));
    high = _mm256_shuffle_epi8(codes, _mm256_and_si256(_mm256_srli_epi16(packed, 4), mask));
  }

  PEBBLE_X86_INLINE static void interleaveBytes(const Bytes (&x)[4], Bytes (&quads)[4]) {
    __m256i low01 = _mm256_unpacklo_epi8(x[0], x[1]), high01 = _mm256_unpackhi_epi8(x[0], x[1]);
    __m256i low23 = _mm256_unpacklo_epi8(x[2], x[3]), high23 = _mm256_unpackhi_epi8(x[2], x[3]);
    quads[0] = _mm256_unpacklo_epi16(low01, low23);
    quads[1] = _mm256_unpackhi_epi16(low01, low23);
    quads[2] = _mm256_unpacklo_epi16(high01, high23);
    quads[3] = _mm256_unpackhi_epi16(high01, high23);
  }
  // Only the upper bound is needed before rounding: what is too small to convert becomes the least
  // integer, and the packs saturate.
  template <bool SignedOut>
  PEBBLE_X86_INLINE static Bytes requantize(const Ints (&sums)[4], const Floats (&scales)[4],
                                            const Bounds &bounds) {
    __m256i v[4];
    PEBBLE_X86_UNROLL
    for (int j = 0; j < 4; ++j)
      v[j] = _mm256_cvtps_epi32(
          _mm256_min_ps(multiply(toFloats(sums[j]), scales[j]), _mm256_set1_ps(bounds.above)));
    __m256i zero = _mm256_set1_epi16(int16_t(bounds.zero));
    __m256i a = _mm256_adds_epi16(_mm256_packs_epi32(v[0], v[1]), zero);
    __m256i b = _mm256_adds_epi16(_mm256_packs_epi32(v[2], v[3]), zero);
    __m256i lo = _mm256_set1_epi8(int8_t(bounds.lo));
    return SignedOut ? _mm256_max_epi8(_mm256_packs_epi16(a, b), lo)
                     : _mm256_max_epu8(_mm256_packus_epi16(a, b), lo);
  }

  static constexpr bool hasTables = false;

  using Panel = Ints[panelWidth / lanes];
  PEBBLE_X86_INLINE static void storePanel(uint8_t *p, const Panel &v, int64_t count) {
    __m256i low = _mm256_set1_epi32(255);
    __m256i words = _mm256_packs_epi32(_mm256_and_si256(v[0], low), _mm256_and_si256(v[1], low));
    words = _mm256_permute4x64_epi64(words, 0xd8);
    __m128i bytes =
        _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
    if (count == panelWidth) {
      _mm_storeu_si128(reinterpret_cast<__m128i *>(p), bytes);
      return;
    }
    alignas(16) uint8_t all[panelWidth];
    _mm_store_si128(reinterpret_cast<__m128i *>(all), bytes);
    copyShort<panelWidth>(p, all, count);
  }
  template <bool Signed> PEBBLE_X86_INLINE static void loadPanel(const uint8_t *p, Panel &v) {
    PEBBLE_X86_UNROLL
    for (int64_t i = 0; i < 2; ++i) {
      __m128i half = _mm_loadl_epi64(reinterpret_cast<const __m128i *>(p + 8 * i));
      v[i] = Signed ? _mm256_cvtepi8_epi32(half) : _mm256_cvtepu8_epi32(half);
    }
  }
};

// Without dot product instructions: words multiply exactly, where vpmaddubsw would saturate. Even
// and odd bytes are apart, so that widening takes a mask and a shift.
struct Avx2Operations : Vectors256 {
  static constexpr int rows = 4, panels = 1;
  static constexpr int neighbours = 1;
  using Narrow = Avx2Operations;
  struct Quads {
    __m256i even, odd;
  };
  using Weights = Quads;

  PEBBLE_X86_INLINE static Quads widen(__m256i v) {
    return {_mm256_and_si256(v, _mm256_set1_epi16(255)), _mm256_srli_epi16(v, 8)};
  }
  PEBBLE_X86_INLINE static Weights widenSigned(__m256i v) {
    return {_mm256_srai_epi16(_mm256_slli_epi16(v, 8), 8), _mm256_srai_epi16(v, 8)};
  }
  PEBBLE_X86_INLINE static Quads splatQuad(uint32_t quad) {
    return widen(_mm256_set1_epi32(int32_t(quad)));
  }
  template <bool Signed> PEBBLE_X86_INLINE static Quads broadcastQuad(const uint8_t *p) {
    return widen(broadcastBytes<Signed>(p));
  }
  PEBBLE_X86_INLINE static Weights loadWeights(const int8_t *p) {
    return widenSigned(loadBytes(p));
  }
  PEBBLE_X86_INLINE static Weights ones() { return widenSigned(_mm256_set1_epi8(1)); }
  PEBBLE_X86_INLINE static Ints dot(Ints sum, const Quads &a, const Weights &w) {
    sum = _mm256_add_epi32(sum, _mm256_madd_epi16(a.even, w.even));
    return _mm256_add_epi32(sum, _mm256_madd_epi16(a.odd, w.odd));
  }
  PEBBLE_X86_INLINE static void decode(const uint8_t *p, Codes codes, Weights &low, Weights &high) {
    __m256i l, h;
    decodeBytes(p, codes, l, h);
    low = widenSigned(l);
    high = widenSigned(h);
  }
  PEBBLE_X86_INLINE static void interleave(const Bytes (&x)[4], Quads (&quads)[4]) {
    __m256i bytes[4];
    interleaveBytes(x, bytes);
    PEBBLE_X86_UNROLL
    for (int j = 0; j < 4; ++j)
      quads[j] = widen(bytes[j]);
  }
};

#if defined(__AVXVNNI__) || (defined(__AVX512VNNI__) && defined(__AVX512VL__))
// With 256-bit dot products. AVX-VNNI and AVX-512-VNNI encode them differently; to LLVM they are
// the same operation, so a processor that has either can run and test this.
struct AvxVnniOperations : Vectors256 {
  static constexpr int rows = 6, panels = 1;
  static constexpr int neighbours = 2;
  using Narrow = AvxVnniOperations;
  using Quads = __m256i;
  using Weights = __m256i;

  PEBBLE_X86_INLINE static Quads splatQuad(uint32_t quad) {
    return _mm256_set1_epi32(int32_t(quad));
  }
  template <bool Signed> PEBBLE_X86_INLINE static Quads broadcastQuad(const uint8_t *p) {
    return broadcastBytes<Signed>(p);
  }
  PEBBLE_X86_INLINE static Weights loadWeights(const int8_t *p) { return loadBytes(p); }
  PEBBLE_X86_INLINE static Weights ones() { return _mm256_set1_epi8(1); }
  PEBBLE_X86_INLINE static Ints dot(Ints sum, Quads a, Weights w) {
#ifdef __AVXVNNI__
    return _mm256_dpbusd_avx_epi32(sum, a, w);
#else
    return _mm256_dpbusd_epi32(sum, a, w);
#endif
  }
  PEBBLE_X86_INLINE static void decode(const uint8_t *p, Codes codes, Weights &low, Weights &high) {
    decodeBytes(p, codes, low, high);
  }
  PEBBLE_X86_INLINE static void interleave(const Bytes (&x)[4], Quads (&quads)[4]) {
    interleaveBytes(x, quads);
  }
};
#endif

PEBBLE_X86_END

#endif // PEBBLE_X86_KERNELS_AVX2_H
