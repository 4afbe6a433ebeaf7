// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PEBBLE_X86_KERNELS_ELEMENTWISE_H
#define PEBBLE_X86_KERNELS_ELEMENTWISE_H

#include "targets/x86/kernels/Abi.h"
#include "targets/x86/kernels/Vector.h"

PEBBLE_X86_BEGIN

// c = body(a, b) by panels, body working on vectors of integers.
template <class Level, typename T, class Body>
PEBBLE_X86_INLINE void binary(const T *a, const T *b, T *c, int64_t count, Body body) {
  constexpr bool isSigned = static_cast<T>(-1) < 0;
  constexpr int64_t vectors = panelWidth / Level::lanes;
  const auto *left = reinterpret_cast<const uint8_t *>(a);
  const auto *right = reinterpret_cast<const uint8_t *>(b);
  auto panel = [&](const uint8_t *p, const uint8_t *q, int64_t at, int64_t width)
                   __attribute__((always_inline)) {
                     typename Level::Panel x, y;
                     Level::template loadPanel<isSigned>(p, x);
                     Level::template loadPanel<isSigned>(q, y);
                     PEBBLE_X86_UNROLL
                     for (int v = 0; v < vectors; ++v)
                       x[v] = body(x[v], y[v]);
                     Level::storePanel(reinterpret_cast<uint8_t *>(c) + at, x, width);
                   };
  int64_t i = 0;
  for (; i + panelWidth <= count; i += panelWidth)
    panel(left + i, right + i, i, panelWidth);
  if (i < count) {
    uint8_t lastLeft[panelWidth] = {}, lastRight[panelWidth] = {};
    copyShort<panelWidth>(lastLeft, left + i, count - i);
    copyShort<panelWidth>(lastRight, right + i, count - i);
    panel(lastLeft, lastRight, i, count - i);
  }
}

template <class Level, typename T> PEBBLE_X86_INLINE void add(PEBBLE_X86_ADD_PARAMETERS(T)) {
  using Ints = typename Level::Ints;
  const auto ratioA = Level::splatFloat(scaleA), ratioB = Level::splatFloat(scaleB);
  const auto fixed = Level::splatFloat(offset);
  binary<Level>(a, b, c, count, [&](Ints x, Ints y) __attribute__((always_inline)) {
    auto sum = Level::fusedMultiplyAdd(Level::toFloats(y), ratioB, fixed);
    sum = Level::fusedMultiplyAdd(Level::toFloats(x), ratioA, sum);
    return Level::round(Level::clamp(sum, float(lo), float(hi)));
  });
}

template <class Level, typename T> PEBBLE_X86_INLINE void mul(PEBBLE_X86_MUL_PARAMETERS(T)) {
  using Ints = typename Level::Ints;
  const Ints left = Level::splatInt(zeroA), right = Level::splatInt(zeroB);
  const auto ratio = Level::splatFloat(scale), zero = Level::splatFloat(float(zeroC));
  binary<Level>(a, b, c, count, [&](Ints x, Ints y) __attribute__((always_inline)) {
    const Ints product = Level::multiply(Level::subtract(x, left), Level::subtract(y, right));
    const auto value = Level::add(Level::multiply(Level::toFloats(product), ratio), zero);
    return Level::round(Level::clamp(value, float(lo), float(hi)));
  });
}

template <class Level, typename T> PEBBLE_X86_INLINE void lookup(PEBBLE_X86_LOOKUP_PARAMETERS(T)) {
  int64_t i = 0;
  if constexpr (Level::hasTables) {
    const auto whole = Level::loadTable(table);
    for (; i + Level::width <= count; i += Level::width)
      Level::storeBytes(c + i, Level::lookup(whole, Level::loadBytes(a + i)));
  }
  for (; i + 8 <= count; i += 8) {
    uint64_t codes, values = 0;
    __builtin_memcpy(&codes, a + i, 8);
    PEBBLE_X86_UNROLL
    for (int byte = 0; byte < 8; ++byte)
      values |= uint64_t(table[codes >> (8 * byte) & 255]) << (8 * byte);
    __builtin_memcpy(c + i, &values, 8);
  }
  for (; i < count; ++i)
    c[i] = table[a[i]];
}

template <class Level, typename T> PEBBLE_X86_INLINE void flip(PEBBLE_X86_FLIP_PARAMETERS(T)) {
  int64_t i = 0;
  for (; i + Level::width <= count; i += Level::width)
    Level::storeBytes(c + i, Level::flip(Level::loadBytes(a + i)));
  for (; i < count; ++i)
    c[i] = a[i] ^ 0x80;
}

PEBBLE_X86_END

#endif // PEBBLE_X86_KERNELS_ELEMENTWISE_H
