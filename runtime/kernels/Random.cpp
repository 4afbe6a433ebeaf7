// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Random numbers as a function of the seed and the element's position.

#include "runtime/kernels/Tensor.h"
#include "runtime/kernels/math.h"

namespace pebble::kernels {
namespace {

enum Distribution { uniform, normal };

// The finalizer of SplitMix64.
uint64_t scramble(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

// In [0, 1), a multiple of 2^-53.
double fraction(int64_t seed, int64_t counter) {
  constexpr uint64_t golden = 0x9e3779b97f4a7c15u;
  uint64_t key = scramble(static_cast<uint64_t>(seed) + golden);
  uint64_t bits = scramble(key + (static_cast<uint64_t>(counter) + 1) * golden);
  return static_cast<double>(bits >> 11) * 0x1p-53;
}

template <typename R>
void fillRandom(const pebble_tensor &result, int64_t distribution, int64_t seed, double a,
                double b) {
  int64_t count = numel(result);
  for (int64_t i = 0; i < count; ++i) {
    double u = fraction(seed, 2 * i), value;
    if (distribution == uniform) {
      value = a + (b - a) * u;
    } else {
      // Box and Muller; 1 - u is never zero.
      constexpr double twoPi = 6.28318530717958647693;
      double radius = math::sqrt(-2.0 * math::log(1.0 - u));
      value = a + b * radius * math::cos(twoPi * fraction(seed, 2 * i + 1));
    }
    data<R>(result)[i] = static_cast<R>(value);
  }
}

} // namespace

template <typename T>
int32_t random(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  const pebble_tensor &shape = tensors[0], &result = tensors[1];
  Attributes attributes(ints, floats);
  int64_t to = attributes.integer(), distribution = attributes.integer();
  int64_t seed = attributes.integer();
  double a = attributes.real(), b = attributes.real();
  if (shape.rank != 1 || shape.dims[0] != result.rank)
    return PEBBLE_ERROR_SHAPE;
  for (int i = 0; i < result.rank; ++i)
    if (data<const T>(shape)[i] != result.dims[i])
      return PEBBLE_ERROR_SHAPE;
  if (to != result.dtype || distribution < uniform || distribution > normal)
    return PEBBLE_ERROR_VALUE;
  switch (result.dtype) {
  case PEBBLE_F32:
    fillRandom<float>(result, distribution, seed, a, b);
    return PEBBLE_OK;
  case PEBBLE_F64:
    fillRandom<double>(result, distribution, seed, a, b);
    return PEBBLE_OK;
  case PEBBLE_F16:
    fillRandom<Half>(result, distribution, seed, a, b);
    return PEBBLE_OK;
  case PEBBLE_BF16:
    fillRandom<BFloat16>(result, distribution, seed, a, b);
    return PEBBLE_OK;
  default:
    return PEBBLE_ERROR_UNSUPPORTED;
  }
}

} // namespace pebble::kernels

#define PEBBLE_HERE_random 1
#include "runtime/kernels/Instantiate.h"
