// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/host/Memory.h"

#include <algorithm>
#include <cstdlib>
#include <new>

using namespace pebble::host;

namespace {

constexpr uint64_t kMaxBytes = uint64_t(1) << 46;

uint64_t alignUp(uint64_t bytes) {
  return std::max<uint64_t>(bytes + kTensorAlignment - 1, kTensorAlignment) / kTensorAlignment *
         kTensorAlignment;
}

/// The size of a class: 64, 80, 96, 112, 128, 160, 192, ...
uint64_t classBytes(int index) {
  uint64_t octave = kTensorAlignment << (index / 4);
  return octave + octave / 4 * (index % 4);
}

/// The smallest class that holds `bytes`, which is at least 1 and at most kMaxBytes.
int classOf(uint64_t bytes) {
  if (bytes <= kTensorAlignment)
    return 0;
  int octave = 63 - __builtin_clzll(bytes - 1) - 6;
  uint64_t base = kTensorAlignment << octave;
  uint64_t quarter = base / 4;
  return octave * 4 + static_cast<int>((bytes - base + quarter - 1) / quarter);
}

void *heapAllocate(void *, size_t alignment, size_t bytes) {
  return std::aligned_alloc(alignment, bytes);
}

void heapRelease(void *, void *memory) { std::free(memory); }

} // namespace

Allocator Allocator::heap() { return {nullptr, heapAllocate, heapRelease}; }

void *Allocator::allocateTensor(uint64_t bytes) const {
  return bytes > kMaxBytes ? nullptr : allocate(user, kTensorAlignment, alignUp(bytes));
}

void Allocator::releaseTensor(void *memory) const {
  if (memory)
    release(user, memory);
}

/// Stands before the memory that it describes and fills one aligned unit.
struct alignas(kTensorAlignment) BlockPool::Block {
  Block *next;     ///< In the list of all blocks.
  Block *nextFree; ///< In the free list of its class.
  int classIndex;
  bool isFree;

  void *memory() { return this + 1; }
  static Block *of(void *memory) { return static_cast<Block *>(memory) - 1; }
};

BlockPool::~BlockPool() {
  while (blocks) {
    Block *block = blocks;
    blocks = block->next;
    allocator.releaseTensor(block);
  }
}

void *BlockPool::allocate(uint64_t bytes) {
  if (bytes > kMaxBytes)
    return nullptr;
  int index = classOf(bytes);
  if (index >= kClasses)
    return nullptr;
  std::lock_guard<std::mutex> lock(mutex);
  if (Block *block = free[index]) {
    free[index] = block->nextFree;
    block->isFree = false;
    return block->memory();
  }
  void *memory = allocator.allocateTensor(sizeof(Block) + classBytes(index));
  if (!memory)
    return nullptr;
  blocks = new (memory) Block{blocks, nullptr, index, false};
  return blocks->memory();
}

void BlockPool::release(void *memory) {
  if (!memory)
    return;
  std::lock_guard<std::mutex> lock(mutex);
  Block *block = Block::of(memory);
  block->isFree = true;
  block->nextFree = free[block->classIndex];
  free[block->classIndex] = block;
}

void BlockPool::releaseAll() {
  std::lock_guard<std::mutex> lock(mutex);
  for (Block *block = blocks; block; block = block->next) {
    if (block->isFree)
      continue;
    block->isFree = true;
    block->nextFree = free[block->classIndex];
    free[block->classIndex] = block;
  }
}
