// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Replaces the C library's allocation functions to count them. For one source of a program; a
// sanitizer replaces them for its own ends, so no such program is built then.
#ifndef PEBBLE_TEST_UNIT_RUNTIME_COUNTALLOCATIONS_H
#define PEBBLE_TEST_UNIT_RUNTIME_COUNTALLOCATIONS_H

#include <atomic>
#include <cerrno>
#include <cstddef>

static std::atomic<long> allocations{0};

extern "C" {
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

void *malloc(size_t size) {
  ++allocations;
  return __libc_malloc(size);
}
void *calloc(size_t count, size_t size) {
  ++allocations;
  return __libc_calloc(count, size);
}
void *realloc(void *memory, size_t size) {
  ++allocations;
  return __libc_realloc(memory, size);
}
void *memalign(size_t alignment, size_t size) {
  ++allocations;
  return __libc_memalign(alignment, size);
}
void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }
int posix_memalign(void **memory, size_t alignment, size_t size) {
  *memory = memalign(alignment, size);
  return *memory ? 0 : ENOMEM;
}
}

#endif // PEBBLE_TEST_UNIT_RUNTIME_COUNTALLOCATIONS_H
