// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The operations of a level in plain C++: the reference that the others are tested against.
#ifndef PEBBLE_X86_KERNELS_PORTABLE_H
#define PEBBLE_X86_KERNELS_PORTABLE_H

#include "targets/x86/kernels/Vector.h"

PEBBLE_X86_BEGIN

struct PortableOperations {
  static constexpr int rows = 2, panels = 1;
  static constexpr int neighbours = 1;
  using Narrow = PortableOperations;
  static constexpr int64_t width = 16;
  static constexpr int64_t lanes = width / 4;
  struct Ints {
    int32_t lane[lanes];
  };
  struct Floats {
    float lane[lanes];
  };
  struct Bytes {
    uint8_t byte[width];
  };
  using Quads = Bytes;
  using Weights = Bytes;
  using Codes = const int8_t *;

  static Ints loadInts(const int32_t *p) {
    Ints r;
    for (int i = 0; i < lanes; ++i)
      r.lane[i] = p[i];
    return r;
  }
  static void storeInts(int32_t *p, Ints v) {
    for (int i = 0; i < lanes; ++i)
      p[i] = v.lane[i];
  }
  static Floats loadFloats(const float *p) {
    Floats r;
    for (int i = 0; i < lanes; ++i)
      r.lane[i] = p[i];
    return r;
  }
  static void storeFloats(float *p, Floats v) {
    for (int i = 0; i < lanes; ++i)
      p[i] = v.lane[i];
  }
  static Floats splatFloat(float value) {
    Floats r;
    for (float &lane : r.lane)
      lane = value;
    return r;
  }
  static Ints splatInt(int32_t value) {
    Ints r;
    for (int32_t &lane : r.lane)
      lane = value;
    return r;
  }
  static Floats toFloats(Ints v) {
    Floats r;
    for (int i = 0; i < lanes; ++i)
      r.lane[i] = float(v.lane[i]);
    return r;
  }
  static Floats multiply(Floats a, Floats b) {
    Floats r;
    for (int i = 0; i < lanes; ++i)
      r.lane[i] = a.lane[i] * b.lane[i];
    return r;
  }
  static Floats add(Floats a, Floats b) {
    Floats r;
    for (int i = 0; i < lanes; ++i)
      r.lane[i] = a.lane[i] + b.lane[i];
    return r;
  }
  static Floats fusedMultiplyAdd(Floats a, Floats b, Floats c) {
    Floats r;
    for (int i = 0; i < lanes; ++i)
      r.lane[i] = __builtin_fmaf(a.lane[i], b.lane[i], c.lane[i]);
    return r;
  }
  static Floats clamp(Floats v, float lo, float hi) {
    for (float &lane : v.lane)
      lane = least(greatest(lane, lo), hi);
    return v;
  }
  // Of |v| < 2^22: adding and taking away 1.5 * 2^23 leaves the nearest integer, ties to even.
  static Ints round(Floats v) {
    constexpr float magic = 12582912.0f;
    Ints r;
    for (int i = 0; i < lanes; ++i)
      r.lane[i] = int32_t((v.lane[i] + magic) - magic);
    return r;
  }
  static Ints add(Ints a, Ints b) {
    for (int i = 0; i < lanes; ++i)
      a.lane[i] = int32_t(uint32_t(a.lane[i]) + uint32_t(b.lane[i]));
    return a;
  }
  static Ints multiply(Ints a, Ints b) {
    for (int i = 0; i < lanes; ++i)
      a.lane[i] = int32_t(uint32_t(a.lane[i]) * uint32_t(b.lane[i]));
    return a;
  }
  static Ints subtract(Ints a, Ints b) {
    for (int i = 0; i < lanes; ++i)
      a.lane[i] = int32_t(uint32_t(a.lane[i]) - uint32_t(b.lane[i]));
    return a;
  }

  static Bytes loadBytes(const void *p) {
    Bytes r;
    __builtin_memcpy(&r, p, sizeof r);
    return r;
  }
  static void storeBytes(void *p, Bytes v) { __builtin_memcpy(p, &v, sizeof v); }
  static Bytes flip(Bytes v) {
    for (uint8_t &byte : v.byte)
      byte ^= 0x80;
    return v;
  }

  static Quads splatQuad(uint32_t quad) {
    Quads r;
    for (int64_t i = 0; i < lanes; ++i)
      __builtin_memcpy(r.byte + 4 * i, &quad, sizeof quad);
    return r;
  }
  template <bool Signed> static Quads broadcastQuad(const uint8_t *p) {
    return splatQuad(loadQuad(p) ^ (Signed ? signBits : 0));
  }
  static Weights loadWeights(const int8_t *p) { return loadBytes(p); }
  static Weights ones() {
    Weights r;
    for (uint8_t &byte : r.byte)
      byte = 1;
    return r;
  }
  static Ints dot(Ints sum, const Quads &a, const Weights &w) {
    for (int i = 0; i < lanes; ++i)
      for (int j = 4 * i; j < 4 * i + 4; ++j)
        sum.lane[i] = int32_t(uint32_t(sum.lane[i]) +
                              uint32_t(int32_t(a.byte[j]) * int32_t(int8_t(w.byte[j]))));
    return sum;
  }

  static Codes loadCodes(const int8_t *codes) { return codes; }
  // The weights of the low and the high nibbles.
  static void decode(const uint8_t *p, Codes codes, Weights &low, Weights &high) {
    for (int i = 0; i < width; ++i) {
      low.byte[i] = uint8_t(codes[p[i] & 15]);
      high.byte[i] = uint8_t(codes[p[i] >> 4]);
    }
  }

  // Groups the bytes of four vectors: lane l of quads[j] holds the bytes of channel
  // 16 * (l / 4) + 4 * j + l % 4 of x[0] to x[3].
  static void interleave(const Bytes (&x)[4], Quads (&quads)[4]) {
    for (int j = 0; j < 4; ++j)
      for (int l = 0; l < lanes; ++l)
        for (int t = 0; t < 4; ++t)
          quads[j].byte[4 * l + t] = x[t].byte[16 * (l / 4) + 4 * j + l % 4];
  }
  // Requantizes sums in the order of `interleave` to bytes in the order of channels.
  template <bool SignedOut>
  static Bytes requantize(const Ints (&sums)[4], const Floats (&scales)[4], const Bounds &bounds) {
    Bytes r;
    for (int j = 0; j < 4; ++j) {
      Ints v = round(clamp(multiply(toFloats(sums[j]), scales[j]), bounds.below, bounds.above));
      for (int l = 0; l < lanes; ++l)
        r.byte[16 * (l / 4) + 4 * j + l % 4] = uint8_t(v.lane[l] + bounds.zero);
    }
    return r;
  }

  static constexpr bool hasTables = false;

  using Panel = Ints[panelWidth / lanes];
  // The low bytes of the first `count` lanes.
  static void storePanel(uint8_t *p, const Panel &v, int64_t count) {
    for (int64_t i = 0; i < count; ++i)
      p[i] = uint8_t(v[i / lanes].lane[i % lanes]);
  }
  // Widens 16 bytes to a panel.
  template <bool Signed> static void loadPanel(const uint8_t *p, Panel &v) {
    for (int i = 0; i < panelWidth; ++i)
      v[i / lanes].lane[i % lanes] = Signed ? int32_t(int8_t(p[i])) : int32_t(p[i]);
  }
};

PEBBLE_X86_END

#endif // PEBBLE_X86_KERNELS_PORTABLE_H
