// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The sets of element types that the kernel lists (Structure.def, Compute.def) name. Each set
// applies X(kernel, dtype suffix, C++ type) to its members. BITS serves kernels that only move
// elements: all dtypes, one body for each element size.
#ifndef PEBBLE_KERNELS_KERNELTYPES_H
#define PEBBLE_KERNELS_KERNELTYPES_H

#include "runtime/kernels/Types.h"

#define PEBBLE_TYPES_FLOAT(X, name)                                                                \
  X(name, f32, float)                                                                              \
  X(name, f64, double)                                                                             \
  X(name, f16, ::pebble::kernels::Half) X(name, bf16, ::pebble::kernels::BFloat16)
#define PEBBLE_TYPES_SIGNED(X, name)                                                               \
  X(name, i8, int8_t) X(name, i16, int16_t) X(name, i32, int32_t) X(name, i64, int64_t)
#define PEBBLE_TYPES_UNSIGNED(X, name)                                                             \
  X(name, u8, uint8_t) X(name, u16, uint16_t) X(name, u32, uint32_t) X(name, u64, uint64_t)
#define PEBBLE_TYPES_BOOL(X, name) X(name, bool, ::pebble::kernels::Bool)
#define PEBBLE_TYPES_INDEX(X, name) X(name, i32, int32_t) X(name, i64, int64_t)
#define PEBBLE_TYPES_SHAPE(X, name) X(name, i64, int64_t)
#define PEBBLE_TYPES_BYTE(X, name) X(name, u8, uint8_t)
#define PEBBLE_TYPES_NUMERIC(X, name)                                                              \
  PEBBLE_TYPES_FLOAT(X, name) PEBBLE_TYPES_SIGNED(X, name) PEBBLE_TYPES_UNSIGNED(X, name)
#define PEBBLE_TYPES_ANY(X, name) PEBBLE_TYPES_NUMERIC(X, name) PEBBLE_TYPES_BOOL(X, name)
#define PEBBLE_TYPES_BITS(X, name)                                                                 \
  X(name, f32, uint32_t)                                                                           \
  X(name, f64, uint64_t)                                                                           \
  X(name, f16, uint16_t)                                                                           \
  X(name, bf16, uint16_t)                                                                          \
  X(name, i8, uint8_t)                                                                             \
  X(name, i16, uint16_t)                                                                           \
  X(name, i32, uint32_t)                                                                           \
  X(name, i64, uint64_t)                                                                           \
  X(name, u8, uint8_t)                                                                             \
  X(name, u16, uint16_t) X(name, u32, uint32_t) X(name, u64, uint64_t) X(name, bool, uint8_t)

#endif // PEBBLE_KERNELS_KERNELTYPES_H
