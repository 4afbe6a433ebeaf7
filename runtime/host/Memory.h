// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where a session's tensors live: the caller's allocator, and a pool that keeps released blocks so
// that a model with dynamic shapes stops allocating once it has seen its shapes.
#ifndef PEBBLE_RUNTIME_HOST_MEMORY_H
#define PEBBLE_RUNTIME_HOST_MEMORY_H

#include <cstddef>
#include <cstdint>
#include <mutex>

namespace pebble::host {

inline constexpr size_t kTensorAlignment = 64;

struct Allocator {
  void *user = nullptr;
  void *(*allocate)(void *user, size_t alignment, size_t bytes) = nullptr;
  void (*release)(void *user, void *memory) = nullptr;

  /// Null when there is no memory. The size may be 0.
  void *allocateTensor(uint64_t bytes) const;
  void releaseTensor(void *memory) const;
  /// The C library's heap.
  static Allocator heap();
};

class BlockPool {
public:
  explicit BlockPool(const Allocator &allocator) : allocator(allocator) {}
  ~BlockPool();
  BlockPool(const BlockPool &) = delete;
  BlockPool &operator=(const BlockPool &) = delete;

  /// Null when there is no memory.
  void *allocate(uint64_t bytes);
  void release(void *memory);
  /// Takes back every block: a run that stopped early may have kept some.
  void releaseAll();

private:
  struct Block;
  /// Four classes for every power of two up to 2^46 bytes.
  static constexpr int kClasses = 46 * 4;

  Allocator allocator;
  std::mutex mutex;
  Block *blocks = nullptr; ///< All blocks that exist.
  Block *free[kClasses] = {};
};

} // namespace pebble::host

#endif // PEBBLE_RUNTIME_HOST_MEMORY_H
