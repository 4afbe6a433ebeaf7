// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/kernels/Table.h"

#include <cstring>

#define PEBBLE_KERNEL(name, types)                                                                 \
  extern "C" int32_t pebble_shape_##name(const pebble_tensor *, const int64_t *, const double *,   \
                                         int64_t *const *);
#include "runtime/kernels/Kernels.def"
#undef PEBBLE_KERNEL

namespace pebble::kernels {
namespace {

struct Row {
  const char *mnemonic;
  pebble_shape_fn shape;
};

constexpr Row rows[] = {
#define PEBBLE_KERNEL(name, types) {#name, pebble_shape_##name},
#include "runtime/kernels/Kernels.def"
#undef PEBBLE_KERNEL
};

} // namespace

pebble_shape_fn findShape(const char *mnemonic) {
  for (const Row &row : rows)
    if (std::strcmp(row.mnemonic, mnemonic) == 0)
      return row.shape;
  return nullptr;
}

} // namespace pebble::kernels
