/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Runs compiled models. C11; link with libpebble. See docs/c-api.md.
 *
 * A package is a compiled model on disk or in memory. A session holds what one run needs: memory,
 * bindings, threads. Any number of sessions may run on one package at the same time; one session
 * is used by one thread at a time.
 *
 * Packages hold machine code and are trusted like a program: open only what you would execute.
 */
#ifndef PEBBLE_H
#define PEBBLE_H

#include "runtime/abi/pebble_abi.h"

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Every function that can fail returns PEBBLE_OK (0), another pebble_status where the model itself
 * stopped, or one of these. pebble_last_error() then says what happened and what to do. */
enum pebble_host_status {
  PEBBLE_ERROR_ARGUMENT = 16, /* a call does not fit the model's signature or this header */
  PEBBLE_ERROR_PACKAGE = 17,  /* no readable, intact package */
  PEBBLE_ERROR_VERSION = 18,  /* a package for another version of the runtime */
  PEBBLE_ERROR_HOST = 19,     /* this machine cannot run the package */
  PEBBLE_ERROR_STATE = 20     /* a call out of order: an input is unbound, nothing has run yet */
};

typedef struct pebble_package pebble_package;
typedef struct pebble_session pebble_session;

/* The reason of this thread's last failure; valid until its next call of this library. Never
 * null. */
const char *pebble_last_error(void);

/* "0.1.0" */
const char *pebble_version(void);

/* ---- Packages ---- */

/* Maps a package file. The file must stay unchanged while the package is open. */
int pebble_open(const char *path, pebble_package **package);

/* Opens a package in memory, which must outlive it. Memory whose address is not a multiple of 64
 * is copied. */
int pebble_open_memory(const void *data, size_t size, pebble_package **package);

/* Sessions keep their package alive, so they may be destroyed after this. Null is fine. */
void pebble_close(pebble_package *package);

/* What the model calls one of its inputs or outputs. Everything pointed at lives as long as the
 * package. */
typedef struct pebble_tensor_info {
  const char *name;
  int32_t dtype;
  int32_t rank;
  const int64_t *dims;          /* -1 where only the run knows */
  const char *const *dim_names; /* "" for a dim without a name; equal names have equal values */
} pebble_tensor_info;

const char *pebble_model_name(const pebble_package *package);
int32_t pebble_input_count(const pebble_package *package);
int32_t pebble_output_count(const pebble_package *package);
int pebble_input_info(const pebble_package *package, int32_t index, pebble_tensor_info *info);
int pebble_output_info(const pebble_package *package, int32_t index, pebble_tensor_info *info);

/* The index of an input or output by name, -1 when there is none. */
int32_t pebble_find_input(const pebble_package *package, const char *name);
int32_t pebble_find_output(const pebble_package *package, const char *name);

/* Kernels compute one or more nodes of the model each; equal layers share one. The name is its
 * symbol in the machine code, null for an index without a kernel. */
int32_t pebble_kernel_count(const pebble_package *package);
const char *pebble_kernel_name(const pebble_package *package, int32_t index);

/* Size of an element of this type in bytes, 0 for an unknown type. */
size_t pebble_dtype_size(int32_t dtype);
/* "f32"; null for an unknown type. */
const char *pebble_dtype_name(int32_t dtype);

/* ---- Sessions ---- */

/* Zero a pebble_session_options, set `size` to its sizeof, then what you want to change. */
typedef struct pebble_session_options {
  size_t size;
  /* Threads that work on one run, the caller's included; 0 is one for each CPU. The result does
   * not depend on it. */
  int32_t threads;
  /* Passed to the callbacks below. */
  void *user;
  /* Memory for tensors; both or neither. `alignment` is a power of two. Called when a session is
   * made and, by models with dynamic shapes, from runs, then perhaps on several threads. */
  void *(*allocate)(void *user, size_t alignment, size_t bytes);
  void (*release)(void *user, void *memory);
  /* The caller's thread pool: calls body over disjoint ranges that cover [0, count) and returns
   * when all are done. The session then makes no threads and ignores `threads`. */
  void (*parallel_for)(void *user, int64_t count,
                       void (*body)(void *closure, int64_t begin, int64_t end), void *closure);
  /* Called before each kernel of a run with its index, on the thread of pebble_run: the time until
   * the next call, or until the run returns, is the kernel's. */
  void (*trace)(void *user, int32_t kernel);
} pebble_session_options;

/* Checks that this machine can run the package and makes what runs need; null options mean the
 * defaults. Runs of a model with static shapes allocate nothing afterwards, and those of a dynamic
 * one nothing while its shapes stay. */
int pebble_session_create(pebble_package *package, const pebble_session_options *options,
                          pebble_session **session);

/* Null is fine. */
void pebble_session_destroy(pebble_session *session);

/* Makes runs read input `index` from `tensor->data`, which is not copied: it must stay until it is
 * bound anew or the session is destroyed, aligned for its element type. The dims are copied. */
int pebble_bind_input(pebble_session *session, int32_t index, const pebble_tensor *tensor);

/* Makes runs write output `index` to `data` when it fits into `bytes` bytes; an output of dynamic
 * shape that does not fit, and every output that is not bound, goes to memory of the session.
 * `data` is aligned for its element type and overlaps no input. Null data unbinds. */
int pebble_bind_output(pebble_session *session, int32_t index, void *data, size_t bytes);

/* Runs the model. All inputs must be bound. */
int pebble_run(pebble_session *session);

/* Bytes of the session's arena, all regions of it, where a run keeps what lies between inputs and
 * outputs: of the largest shapes so far. Memory whose size depends on data is not in it. */
size_t pebble_arena_bytes(const pebble_session *session);

/* Where the last successful run left output `index`, and its shape. Valid until the next run. */
int pebble_output(const pebble_session *session, int32_t index, pebble_tensor *output);

#ifdef __cplusplus
}
#endif
#endif /* PEBBLE_H */
