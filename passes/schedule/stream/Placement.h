// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Places for buffers that are written and die row by row. Two of them exclude some distances
// between their offsets; a buffer may lie over rows of another that are dead.
#ifndef PEBBLE_PASSES_SCHEDULE_STREAM_PLACEMENT_H
#define PEBBLE_PASSES_SCHEDULE_STREAM_PLACEMENT_H

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

namespace pebble::stream {

/// Rows that follow each other; row i is alive in the moments [birth[i], death[i]]. Neither birth
/// nor death falls from one row to the next. A buffer that lives and dies as one has one row.
struct RowBuffer {
  int64_t rowBytes = 0;
  std::vector<int64_t> birth, death;
  int64_t alignment = 1;

  int64_t bytes() const { return rowBytes * static_cast<int64_t>(birth.size()); }
};

/// An open interval (low, high).
struct Interval {
  int64_t low, high;
};

/// The values of offset(b) - offset(a) with which a byte belongs to both at one moment; sorted, and
/// no two overlap.
std::vector<Interval> excludedDistances(const RowBuffer &a, const RowBuffer &b);

/// The numbers below `count`, those with the greatest key first.
template <typename Key> std::vector<int> sortedByKey(size_t count, Key key) {
  std::vector<int> order(count);
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(),
            [&](int a, int b) { return std::pair(key(b), a) < std::pair(key(a), b); });
  return order;
}

struct PlacedRows {
  std::vector<int64_t> offsets;
  int64_t height = 0;
};

/// The most bytes alive at one moment: no placement is lower.
int64_t mostAlive(const std::vector<RowBuffer> &buffers);

/// A placement, as low as greedy orders and `tries` changes of the best one get.
PlacedRows placeRows(const std::vector<RowBuffer> &buffers, int tries);

} // namespace pebble::stream

#endif // PEBBLE_PASSES_SCHEDULE_STREAM_PLACEMENT_H
