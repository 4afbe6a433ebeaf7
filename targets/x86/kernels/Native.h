// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The microkernels as native functions, for tests and benchmarks.
#ifndef PEBBLE_X86_KERNELS_NATIVE_H
#define PEBBLE_X86_KERNELS_NATIVE_H

#include "targets/x86/kernels/Abi.h"

#include <tuple>
#include <vector>

namespace pebble::x86 {

template <typename In, typename Out> struct Products {
  void (*gemm)(PEBBLE_X86_GEMM_PARAMETERS(Out));
  void (*gemm4)(PEBBLE_X86_GEMM4_PARAMETERS(Out));
  void (*conv)(PEBBLE_X86_CONV_PARAMETERS(Out));
  void (*depthwise)(PEBBLE_X86_DEPTHWISE_PARAMETERS(Out));
};

template <typename T> struct Pointwise {
  void (*add)(PEBBLE_X86_ADD_PARAMETERS(T));
  void (*mul)(PEBBLE_X86_MUL_PARAMETERS(T));
  void (*maxpool)(PEBBLE_X86_MAXPOOL_PARAMETERS(T));
  void (*avgpool)(PEBBLE_X86_AVGPOOL_PARAMETERS(T));
};

struct NativeLevel {
  const char *name;
  std::tuple<Products<uint8_t, uint8_t>, Products<uint8_t, int8_t>, Products<uint8_t, int32_t>,
             Products<uint8_t, float>, Products<int8_t, uint8_t>, Products<int8_t, int8_t>,
             Products<int8_t, int32_t>, Products<int8_t, float>>
      products;
  std::tuple<Pointwise<uint8_t>, Pointwise<int8_t>> pointwise;
  void (*conv4)(PEBBLE_X86_CONV4_PARAMETERS(uint8_t));
  void (*lookup)(PEBBLE_X86_LOOKUP_PARAMETERS(uint8_t));
  void (*flip)(PEBBLE_X86_FLIP_PARAMETERS(uint8_t));
};

/// The levels that this processor runs, best first; the last is the portable one.
std::vector<NativeLevel> nativeLevels();

} // namespace pebble::x86

#endif // PEBBLE_X86_KERNELS_NATIVE_H
