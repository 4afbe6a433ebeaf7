// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Exports a source file's kernels for every element type that the kernel lists give them. A source
// file defines `template <typename T> int32_t <name>(tensors, ints, floats)` in pebble::kernels,
// then, at its end:
//
//   #define PEBBLE_HERE_<name> 1
//   #include "runtime/kernels/Instantiate.h"
//
// The list stays the one place that says which kernels and types exist: it feeds the table too.

#include "runtime/kernels/KernelTypes.h"

// PEBBLE_IS_1(m) is 1 when macro m is defined as 1, else 0: pasting gives "0," in front of the 1.
#define PEBBLE_PLACE_1 0,
#define PEBBLE_SECOND(a, b, ...) b
#define PEBBLE_IS_1(m) PEBBLE_IS_1_PASTE(m)
#define PEBBLE_IS_1_PASTE(m) PEBBLE_IS_1_PICK(PEBBLE_PLACE_##m)
#define PEBBLE_IS_1_PICK(place) PEBBLE_SECOND(place 1, 0, 0)
#define PEBBLE_WHEN_0(...)
#define PEBBLE_WHEN_1(...) __VA_ARGS__
#define PEBBLE_WHEN(condition) PEBBLE_WHEN_PASTE(condition)
#define PEBBLE_WHEN_PASTE(condition) PEBBLE_WHEN_##condition

#define PEBBLE_EXPORT(name, dt, Type)                                                              \
  extern "C" int32_t pebble_kernel_##name##_##dt(const pebble_tensor *tensors,                     \
                                                 const int64_t *ints, const double *floats) {      \
    return ::pebble::kernels::name<Type>(tensors, ints, floats);                                   \
  }
#define PEBBLE_KERNEL(name, types)                                                                 \
  PEBBLE_WHEN(PEBBLE_IS_1(PEBBLE_HERE_##name))(PEBBLE_TYPES_##types(PEBBLE_EXPORT, name))
#include "runtime/kernels/Kernels.def"
#undef PEBBLE_KERNEL
#undef PEBBLE_EXPORT
