// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sorting in place, without recursion: positions 0..count-1 are compared and exchanged through
// callables, so that parallel arrays of any stride can be sorted as one.
#ifndef PEBBLE_KERNELS_HEAP_H
#define PEBBLE_KERNELS_HEAP_H

#include <stdint.h>

namespace pebble::kernels {

// Restores the heap below `root`; the root of a heap is the position that comes last in the order
// `before(i, j)`.
template <typename Before, typename Swap>
inline void siftDown(int64_t root, int64_t count, const Before &before, const Swap &swap) {
  for (int64_t child; (child = 2 * root + 1) < count; root = child) {
    if (child + 1 < count && before(child, child + 1))
      ++child;
    if (!before(root, child))
      return;
    swap(root, child);
  }
}

template <typename Before, typename Swap>
inline void makeHeap(int64_t count, const Before &before, const Swap &swap) {
  for (int64_t root = count / 2 - 1; root >= 0; --root)
    siftDown(root, count, before, swap);
}

// Puts a heap in order.
template <typename Before, typename Swap>
inline void sortHeap(int64_t count, const Before &before, const Swap &swap) {
  for (int64_t last = count - 1; last > 0; --last) {
    swap(0, last);
    siftDown(0, last, before, swap);
  }
}

} // namespace pebble::kernels
#endif // PEBBLE_KERNELS_HEAP_H
