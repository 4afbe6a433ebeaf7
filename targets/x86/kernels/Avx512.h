// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The operations of a level on 512-bit vectors.
#ifndef PEBBLE_X86_KERNELS_AVX512_H
#define PEBBLE_X86_KERNELS_AVX512_H

#include "targets/x86/kernels/Avx2.h"

PEBBLE_X86_BEGIN

struct Vectors512 {
  static constexpr int64_t width = 64;
  static constexpr int64_t lanes = width / 4;
  using Ints = __m512i;
  using Floats = __m512;
  using Bytes = __m512i;
  using Codes = __m512i;

  PEBBLE_X86_INLINE static Ints loadInts(const int32_t *p) { return _mm512_loadu_si512(p); }
  PEBBLE_X86_INLINE static void storeInts(int32_t *p, Ints v) { _mm512_storeu_si512(p, v); }
  PEBBLE_X86_INLINE static Floats loadFloats(const float *p) { return _mm512_loadu_ps(p); }
  PEBBLE_X86_INLINE static void storeFloats(float *p, Floats v) { _mm512_storeu_ps(p, v); }
  PEBBLE_X86_INLINE static Floats splatFloat(float value) { return _mm512_set1_ps(value); }
  PEBBLE_X86_INLINE static Ints splatInt(int32_t value) { return _mm512_set1_epi32(value); }
  PEBBLE_X86_INLINE static Floats toFloats(Ints v) { return _mm512_cvtepi32_ps(v); }
  PEBBLE_X86_INLINE static Floats multiply(Floats a, Floats b) { return _mm512_mul_ps(a, b); }
  PEBBLE_X86_INLINE static Floats add(Floats a, Floats b) { return _mm512_add_ps(a, b); }
  PEBBLE_X86_INLINE static Floats fusedMultiplyAdd(Floats a, Floats b, Floats c) {
    return _mm512_fmadd_ps(a, b, c);
  }
  PEBBLE_X86_INLINE static Floats clamp(Floats v, float lo, float hi) {
    return _mm512_min_ps(_mm512_max_ps(v, _mm512_set1_ps(lo)), _mm512_set1_ps(hi));
  }
  PEBBLE_X86_INLINE static Ints round(Floats v) { return _mm512_cvtps_epi32(v); }
  PEBBLE_X86_INLINE static Ints add(Ints a, Ints b) { return _mm512_add_epi32(a, b); }
  PEBBLE_X86_INLINE static Ints subtract(Ints a, Ints b) { return _mm512_sub_epi32(a, b); }
  PEBBLE_X86_INLINE static Ints multiply(Ints a, Ints b) { return _mm512_mullo_epi32(a, b); }

  PEBBLE_X86_INLINE static Bytes loadBytes(const void *p) { return _mm512_loadu_si512(p); }
  PEBBLE_X86_INLINE static void storeBytes(void *p, Bytes v) { _mm512_storeu_si512(p, v); }
  PEBBLE_X86_INLINE static Bytes flip(Bytes v) {
    return _mm512_xor_si512(v, _mm512_set1_epi32(int32_t(signBits)));
  }
  template <bool Signed> PEBBLE_X86_INLINE static Bytes broadcastBytes(const uint8_t *p) {
    __m512i quads = _mm512_set1_epi32(int32_t(loadQuad(p)));
    return Signed ? flip(quads) : quads;
  }

  PEBBLE_X86_INLINE static Codes loadCodes(const int8_t *codes) {
    return _mm512_broadcast_i32x4(_mm_loadu_si128(reinterpret_cast<const __m128i *>(codes)));
  }
  PEBBLE_X86_INLINE static void decodeBytes(const uint8_t *p, Codes codes, Bytes &low,
                                            Bytes &high) {
    __m512i mask = _mm512_set1_epi8(15), packed = loadBytes(p);
    low = _mm512_shuffle_epi8(codes, _mm512_and_si512(packed, mask));
    high = _mm512_shuffle_epi8(codes, _mm512_and_si512(_mm512_srli_epi16(packed, 4), mask));
  }

  PEBBLE_X86_INLINE static void interleaveBytes(const Bytes (&x)[4], Bytes (&quads)[4]) {
    __m512i low01 = _mm512_unpacklo_epi8(x[0], x[1]), high01 = _mm512_unpackhi_epi8(x[0], x[1]);
    __m512i low23 = _mm512_unpacklo_epi8(x[2], x[3]), high23 = _mm512_unpackhi_epi8(x[2], x[3]);
    quads[0] = _mm512_unpacklo_epi16(low01, low23);
    quads[1] = _mm512_unpackhi_epi16(low01, low23);
    quads[2] = _mm512_unpacklo_epi16(high01, high23);
    quads[3] = _mm512_unpackhi_epi16(high01, high23);
  }
  // Only the upper bound is needed before rounding: what is too small to convert becomes the least
  // integer, and the packs saturate.
  template <bool SignedOut>
  PEBBLE_X86_INLINE static Bytes requantize(const Ints (&sums)[4], const Floats (&scales)[4],
                                            const Bounds &bounds) {
    __m512i v[4];
    PEBBLE_X86_UNROLL
    for (int j = 0; j < 4; ++j)
      v[j] = _mm512_cvtps_epi32(
          _mm512_min_ps(multiply(toFloats(sums[j]), scales[j]), _mm512_set1_ps(bounds.above)));
    __m512i zero = _mm512_set1_epi16(int16_t(bounds.zero));
    __m512i a = _mm512_adds_epi16(_mm512_packs_epi32(v[0], v[1]), zero);
    __m512i b = _mm512_adds_epi16(_mm512_packs_epi32(v[2], v[3]), zero);
    __m512i lo = _mm512_set1_epi8(int8_t(bounds.lo));
    return SignedOut ? _mm512_max_epi8(_mm512_packs_epi16(a, b), lo)
                     : _mm512_max_epu8(_mm512_packus_epi16(a, b), lo);
  }

  // Tables of 256 bytes are 128 words, of which two permutations see 64 each.
  static constexpr bool hasTables = true;
  struct Table {
    __m512i words[4];
  };
  PEBBLE_X86_INLINE static Table loadTable(const uint8_t *p) {
    return {{loadBytes(p), loadBytes(p + 64), loadBytes(p + 128), loadBytes(p + 192)}};
  }
  PEBBLE_X86_INLINE static __m512i lookupWords(const Table &table, __m512i codes) {
    const __m512i index = _mm512_srli_epi16(codes, 1);
    const __m512i low = _mm512_permutex2var_epi16(table.words[0], index, table.words[1]);
    const __m512i high = _mm512_permutex2var_epi16(table.words[2], index, table.words[3]);
    const __mmask32 isHigh = _mm512_test_epi16_mask(codes, _mm512_set1_epi16(128));
    const __m512i shift = _mm512_slli_epi16(_mm512_and_si512(codes, _mm512_set1_epi16(1)), 3);
    return _mm512_and_si512(_mm512_srlv_epi16(_mm512_mask_blend_epi16(isHigh, low, high), shift),
                            _mm512_set1_epi16(255));
  }
  PEBBLE_X86_INLINE static Bytes lookup(const Table &table, Bytes codes) {
    const __m512i even = lookupWords(table, _mm512_and_si512(codes, _mm512_set1_epi16(255)));
    const __m512i odd = lookupWords(table, _mm512_srli_epi16(codes, 8));
    return _mm512_or_si512(even, _mm512_slli_epi16(odd, 8));
  }

  using Panel = Ints[panelWidth / lanes];
  PEBBLE_X86_INLINE static void storePanel(uint8_t *p, const Panel &v, int64_t count) {
    __m128i bytes = _mm512_cvtepi32_epi8(v[0]);
    if (count == panelWidth)
      _mm_storeu_si128(reinterpret_cast<__m128i *>(p), bytes);
    else
      _mm_mask_storeu_epi8(p, __mmask16((1u << count) - 1), bytes);
  }
  template <bool Signed> PEBBLE_X86_INLINE static void loadPanel(const uint8_t *p, Panel &v) {
    __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i *>(p));
    v[0] = Signed ? _mm512_cvtepi8_epi32(bytes) : _mm512_cvtepu8_epi32(bytes);
  }
};

// Without dot product instructions; see Avx2Operations.
struct Avx512Operations : Vectors512 {
  static constexpr int rows = 6, panels = 2;
  static constexpr int neighbours = 2;
  using Narrow = Avx2Operations;
  struct Quads {
    __m512i even, odd;
  };
  using Weights = Quads;

  PEBBLE_X86_INLINE static Quads widen(__m512i v) {
    return {_mm512_and_si512(v, _mm512_set1_epi16(255)), _mm512_srli_epi16(v, 8)};
  }
  PEBBLE_X86_INLINE static Weights widenSigned(__m512i v) {
    return {_mm512_srai_epi16(_mm512_slli_epi16(v, 8), 8), _mm512_srai_epi16(v, 8)};
  }
  PEBBLE_X86_INLINE static Quads splatQuad(uint32_t quad) {
    return widen(_mm512_set1_epi32(int32_t(quad)));
  }
  template <bool Signed> PEBBLE_X86_INLINE static Quads broadcastQuad(const uint8_t *p) {
    return widen(broadcastBytes<Signed>(p));
  }
  PEBBLE_X86_INLINE static Weights loadWeights(const int8_t *p) {
    return widenSigned(loadBytes(p));
  }
  PEBBLE_X86_INLINE static Weights ones() { return widenSigned(_mm512_set1_epi8(1)); }
  PEBBLE_X86_INLINE static Ints dot(Ints sum, const Quads &a, const Weights &w) {
    sum = _mm512_add_epi32(sum, _mm512_madd_epi16(a.even, w.even));
    return _mm512_add_epi32(sum, _mm512_madd_epi16(a.odd, w.odd));
  }
  PEBBLE_X86_INLINE static void decode(const uint8_t *p, Codes codes, Weights &low, Weights &high) {
    __m512i l, h;
    decodeBytes(p, codes, l, h);
    low = widenSigned(l);
    high = widenSigned(h);
  }
  PEBBLE_X86_INLINE static void interleave(const Bytes (&x)[4], Quads (&quads)[4]) {
    __m512i bytes[4];
    interleaveBytes(x, bytes);
    PEBBLE_X86_UNROLL
    for (int j = 0; j < 4; ++j)
      quads[j] = widen(bytes[j]);
  }
};

#ifdef __AVX512VNNI__
struct Avx512VnniOperations : Vectors512 {
  static constexpr int rows = 8, panels = 2;
  static constexpr int neighbours = 4;
  using Narrow = AvxVnniOperations;
  using Quads = __m512i;
  using Weights = __m512i;

  PEBBLE_X86_INLINE static Quads splatQuad(uint32_t quad) {
    return _mm512_set1_epi32(int32_t(quad));
  }
  template <bool Signed> PEBBLE_X86_INLINE static Quads broadcastQuad(const uint8_t *p) {
    return broadcastBytes<Signed>(p);
  }
  PEBBLE_X86_INLINE static Weights loadWeights(const int8_t *p) { return loadBytes(p); }
  PEBBLE_X86_INLINE static Weights ones() { return _mm512_set1_epi8(1); }
  PEBBLE_X86_INLINE static Ints dot(Ints sum, Quads a, Weights w) {
    return _mm512_dpbusd_epi32(sum, a, w);
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

#endif // PEBBLE_X86_KERNELS_AVX512_H
