// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The binary interface between compiled models, the kernel library and whatever runs them.
// C11, freestanding, no allocation: the same header serves x86, CUDA host code and Cortex-M.
#ifndef PEBBLE_ABI_H
#define PEBBLE_ABI_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Raised whenever a struct below or the meaning of a field changes; a package built for a later
// version than the host's is refused. 1: the first. 2: plan functions. 3: pebble_env.trace.
// 4: pebble_env.regions.
#define PEBBLE_ABI_VERSION 4

// The most dims of a tensor that a library kernel takes.
#define PEBBLE_MAX_RANK 16

// Element types carry ONNX's TensorProto.DataType numbers, so no table translates between them.
enum pebble_dtype {
  PEBBLE_NONE = 0,
  PEBBLE_F32 = 1,
  PEBBLE_U8 = 2,
  PEBBLE_I8 = 3,
  PEBBLE_U16 = 4,
  PEBBLE_I16 = 5,
  PEBBLE_I32 = 6,
  PEBBLE_I64 = 7,
  PEBBLE_BOOL = 9, // one byte, 0 or 1
  PEBBLE_F16 = 10,
  PEBBLE_F64 = 11,
  PEBBLE_U32 = 12,
  PEBBLE_U64 = 13,
  PEBBLE_BF16 = 16,
  // Types of inputs and outputs only: kernels see their codes as u8, or as i8 those of i4 and i2.
  // An element takes a byte; bits of it beyond the type's are ignored in inputs, and in outputs
  // they are zeros, or copies of the sign of i4 and i2.
  PEBBLE_F8E4M3FN = 17,
  PEBBLE_F8E4M3FNUZ = 18,
  PEBBLE_F8E5M2 = 19,
  PEBBLE_F8E5M2FNUZ = 20,
  PEBBLE_U4 = 21,
  PEBBLE_I4 = 22,
  PEBBLE_F4E2M1 = 23,
  PEBBLE_F8E8M0 = 24,
  PEBBLE_U2 = 25,
  PEBBLE_I2 = 26
};

// A dense row-major tensor. `dims` has `rank` entries, each >= 0. An absent optional operand has
// dtype PEBBLE_NONE, null data and rank 0.
typedef struct pebble_tensor {
  void *data;
  const int64_t *dims;
  int32_t dtype;
  int32_t rank;
} pebble_tensor;

// Status codes of compiled code and kernels. Zero is success.
enum pebble_status {
  PEBBLE_OK = 0,
  PEBBLE_ERROR_SHAPE = 1,  // operand shapes do not fit together at run time
  PEBBLE_ERROR_INDEX = 2,  // an index value is out of range
  PEBBLE_ERROR_MEMORY = 3, // the environment could not provide memory
  PEBBLE_ERROR_VALUE = 4,  // an operand's value is outside its domain
  PEBBLE_ERROR_UNSUPPORTED = 5
};

// What a compiled model asks of its host. All pointers outlive the call.
typedef struct pebble_env {
  void *self;               // passed back to every callback
  const uint8_t *constants; // the constant section, 64-byte aligned
  uint8_t *arena;           // the planned arena and in it the plan, if any; 64-byte aligned
  // Memory whose size only the run knows; 64-byte aligned, null when there is none.
  void *(*allocate)(void *self, uint64_t bytes);
  void (*release)(void *self, void *memory);
  // The buffer that output `index` with these dims is to be written to; null refuses.
  void *(*output)(void *self, int32_t index, const int64_t *dims, int32_t rank);
  // Calls body(closure, begin, end) over disjoint ranges that cover [0, count) and waits.
  void (*parallel_for)(void *self, int64_t count,
                       void (*body)(void *closure, int64_t begin, int64_t end), void *closure);
  // Hears of each kernel before it runs, by its index in the manifest; null where nobody listens.
  void (*trace)(void *self, int32_t kernel);
  // The memory regions by number, each 64-byte aligned; the first is the arena. Read only by models
  // that were compiled for more than one.
  uint8_t *const *regions;
} pebble_env;

// The entry of a compiled model, <prefix>_main, or its plan function. Returns a pebble_status.
typedef int32_t (*pebble_main_fn)(const pebble_env *env, const pebble_tensor *inputs);

// A library kernel, `pebble_kernel_<op>_<dtype of its first operand or, without operands, of its
// first result>`. `tensors` lists the operands, then the results, in the op's declared order;
// `ints` and `floats` hold the op's attributes in declared order (an array attribute is its length
// followed by its elements). The `ints` of an op with a variadic operand list start with the number
// of its operands. Results are allocated by the caller and overlap no operand.
typedef int32_t (*pebble_kernel_fn)(const pebble_tensor *tensors, const int64_t *ints,
                                    const double *floats);

// A shape function, `pebble_shape_<op>`: writes the dims of each result. `operands` carry dims;
// their data may be read only for the operands that the op marks as shape operands.
typedef int32_t (*pebble_shape_fn)(const pebble_tensor *operands, const int64_t *ints,
                                   const double *floats, int64_t *const *result_dims);

#ifdef __cplusplus
}
#endif
#endif // PEBBLE_ABI_H
