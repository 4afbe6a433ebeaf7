// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/kernels/Table.h"
#include "runtime/kernels/KernelTypes.h"

#include <cstring>

#define PEBBLE_DECLARE(name, dt, Type)                                                             \
  extern "C" int32_t pebble_kernel_##name##_##dt(const pebble_tensor *, const int64_t *,           \
                                                 const double *);
#define PEBBLE_KERNEL(name, types) PEBBLE_TYPES_##types(PEBBLE_DECLARE, name)
#include "runtime/kernels/Kernels.def"
#undef PEBBLE_KERNEL
#undef PEBBLE_DECLARE

namespace pebble::kernels {
namespace {

// Suffixes of kernel symbols, by dtype.
constexpr int dtype_f32 = PEBBLE_F32, dtype_f64 = PEBBLE_F64, dtype_f16 = PEBBLE_F16,
              dtype_bf16 = PEBBLE_BF16, dtype_i8 = PEBBLE_I8, dtype_i16 = PEBBLE_I16,
              dtype_i32 = PEBBLE_I32, dtype_i64 = PEBBLE_I64, dtype_u8 = PEBBLE_U8,
              dtype_u16 = PEBBLE_U16, dtype_u32 = PEBBLE_U32, dtype_u64 = PEBBLE_U64,
              dtype_bool = PEBBLE_BOOL;

struct Row {
  const char *mnemonic;
  int dtype;
  pebble_kernel_fn kernel;
};

constexpr Row rows[] = {
#define PEBBLE_ROW(name, dt, Type) {#name, dtype_##dt, pebble_kernel_##name##_##dt},
#define PEBBLE_KERNEL(name, types) PEBBLE_TYPES_##types(PEBBLE_ROW, name)
#include "runtime/kernels/Kernels.def"
#undef PEBBLE_KERNEL
#undef PEBBLE_ROW
};

} // namespace

pebble_kernel_fn findKernel(const char *mnemonic, int dtype) {
  for (const Row &row : rows)
    if (row.dtype == dtype && std::strcmp(row.mnemonic, mnemonic) == 0)
      return row.kernel;
  return nullptr;
}

} // namespace pebble::kernels
