// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "targets/x86/kernels/Native.h"

#include <string_view>

using namespace pebble::x86;

namespace {

using u8 = uint8_t;
using s8 = int8_t;
using i32 = int32_t;
using f32 = float;

bool hasFeature(std::string_view name) {
  const struct {
    std::string_view name;
    bool present;
  } features[] = {
      {"avx2", bool(__builtin_cpu_supports("avx2"))},
      {"fma", bool(__builtin_cpu_supports("fma"))},
      {"avx512f", bool(__builtin_cpu_supports("avx512f"))},
      {"avx512bw", bool(__builtin_cpu_supports("avx512bw"))},
      {"avx512dq", bool(__builtin_cpu_supports("avx512dq"))},
      {"avx512vl", bool(__builtin_cpu_supports("avx512vl"))},
      {"avx512vnni", bool(__builtin_cpu_supports("avx512vnni"))},
      // Native code of this level has the instructions in AVX-512's encoding.
      {"avxvnni", __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512vl")},
  };
  for (const auto &feature : features)
    if (feature.name == name)
      return feature.present;
  return false;
}

bool hasFeatures(std::string_view list) {
  while (!list.empty()) {
    size_t end = list.find(',');
    if (!hasFeature(list.substr(0, end)))
      return false;
    list = end == list.npos ? "" : list.substr(end + 1);
  }
  return true;
}

} // namespace

#define PEBBLE_X86_DECLARE(level)                                                                  \
  PEBBLE_X86_DECLARE_PRODUCTS(u8, u8, level)                                                       \
  PEBBLE_X86_DECLARE_PRODUCTS(u8, s8, level)                                                       \
  PEBBLE_X86_DECLARE_PRODUCTS(u8, i32, level)                                                      \
  PEBBLE_X86_DECLARE_PRODUCTS(u8, f32, level)                                                      \
  PEBBLE_X86_DECLARE_PRODUCTS(s8, u8, level)                                                       \
  PEBBLE_X86_DECLARE_PRODUCTS(s8, s8, level)                                                       \
  PEBBLE_X86_DECLARE_PRODUCTS(s8, i32, level)                                                      \
  PEBBLE_X86_DECLARE_PRODUCTS(s8, f32, level)                                                      \
  PEBBLE_X86_DECLARE_POINTWISE(u8, level)                                                          \
  PEBBLE_X86_DECLARE_POINTWISE(s8, level)                                                          \
  void pebble_x86_conv4_u8_u8_##level(PEBBLE_X86_CONV4_PARAMETERS(u8));                            \
  void pebble_x86_lookup_u8_##level(PEBBLE_X86_LOOKUP_PARAMETERS(u8));                             \
  void pebble_x86_flip_u8_##level(PEBBLE_X86_FLIP_PARAMETERS(u8));
#define PEBBLE_X86_DECLARE_PRODUCTS(input, output, level)                                          \
  void pebble_x86_gemm_##input##_##output##_##level(PEBBLE_X86_GEMM_PARAMETERS(output));           \
  void pebble_x86_gemm4_##input##_##output##_##level(PEBBLE_X86_GEMM4_PARAMETERS(output));         \
  void pebble_x86_conv_##input##_##output##_##level(PEBBLE_X86_CONV_PARAMETERS(output));           \
  void pebble_x86_depthwise_##input##_##output##_##level(PEBBLE_X86_DEPTHWISE_PARAMETERS(output));
#define PEBBLE_X86_DECLARE_POINTWISE(type, level)                                                  \
  void pebble_x86_add_##type##_##level(PEBBLE_X86_ADD_PARAMETERS(type));                           \
  void pebble_x86_mul_##type##_##level(PEBBLE_X86_MUL_PARAMETERS(type));                           \
  void pebble_x86_maxpool_##type##_##level(PEBBLE_X86_MAXPOOL_PARAMETERS(type));                   \
  void pebble_x86_avgpool_##type##_##level(PEBBLE_X86_AVGPOOL_PARAMETERS(type));

extern "C" {
#define PEBBLE_X86_LEVEL(name, features) PEBBLE_X86_DECLARE(name)
#include "targets/x86/kernels/Levels.def"
#undef PEBBLE_X86_LEVEL
}

#define PEBBLE_X86_PRODUCTS(input, output, level)                                                  \
  Products<input, output> {                                                                        \
    pebble_x86_gemm_##input##_##output##_##level, pebble_x86_gemm4_##input##_##output##_##level,   \
        pebble_x86_conv_##input##_##output##_##level,                                              \
        pebble_x86_depthwise_##input##_##output##_##level                                          \
  }
#define PEBBLE_X86_POINTWISE(type, level)                                                          \
  Pointwise<type> {                                                                                \
    pebble_x86_add_##type##_##level, pebble_x86_mul_##type##_##level,                              \
        pebble_x86_maxpool_##type##_##level, pebble_x86_avgpool_##type##_##level                   \
  }

std::vector<NativeLevel> pebble::x86::nativeLevels() {
  std::vector<NativeLevel> levels;
#define PEBBLE_X86_LEVEL(level, features)                                                          \
  if (hasFeatures(features))                                                                       \
    levels.push_back({#level,                                                                      \
                      {PEBBLE_X86_PRODUCTS(u8, u8, level), PEBBLE_X86_PRODUCTS(u8, s8, level),     \
                       PEBBLE_X86_PRODUCTS(u8, i32, level), PEBBLE_X86_PRODUCTS(u8, f32, level),   \
                       PEBBLE_X86_PRODUCTS(s8, u8, level), PEBBLE_X86_PRODUCTS(s8, s8, level),     \
                       PEBBLE_X86_PRODUCTS(s8, i32, level), PEBBLE_X86_PRODUCTS(s8, f32, level)},  \
                      {PEBBLE_X86_POINTWISE(u8, level), PEBBLE_X86_POINTWISE(s8, level)},          \
                      pebble_x86_conv4_u8_u8_##level,                                              \
                      pebble_x86_lookup_u8_##level,                                                \
                      pebble_x86_flip_u8_##level});
#include "targets/x86/kernels/Levels.def"
#undef PEBBLE_X86_LEVEL
  return levels;
}
