// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/kernels/PoolLoops.h"
#include "runtime/kernels/math.h"

namespace pebble::kernels {

template <typename T>
int32_t lp_pool(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  PoolWindows pool;
  Attributes attributes(ints, floats);
  if (int32_t status = resolvePool(pool, tensors[0], tensors[1], attributes))
    return status;
  int64_t p = attributes.integer();
  if (p < 1)
    return PEBBLE_ERROR_VALUE;
  using A = Acc<T>;
  auto run = [&](auto power, auto root) {
    runPool(
        pool, data<const T>(tensors[0]), data<T>(tensors[1]), A(0),
        [&](A value, T in) { return value + power(widen(in) < 0 ? -widen(in) : widen(in)); },
        [&](const A *values, T *out, const int64_t *, int64_t, int64_t width) {
          for (int64_t j = 0; j < width; ++j)
            out[j] = static_cast<T>(root(values[j]));
        });
  };
  if (p == 1)
    run([](A x) { return x; }, [](A x) { return x; });
  else if (p == 2)
    run([](A x) { return x * x; }, [](A x) { return math::sqrt(x); });
  else
    run([&](A x) { return math::pow(x, A(p)); }, [&](A x) { return math::pow(x, A(1) / A(p)); });
  return PEBBLE_OK;
}

} // namespace pebble::kernels

#define PEBBLE_HERE_lp_pool 1
#include "runtime/kernels/Instantiate.h"
