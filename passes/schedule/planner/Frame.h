// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A node of the search's state.
#ifndef PEBBLE_PASSES_SCHEDULE_PLANNER_FRAME_H
#define PEBBLE_PASSES_SCHEDULE_PLANNER_FRAME_H

#include <cstddef>
#include <cstdint>
#include <vector>

namespace pebble::planner {

/// What is left to place in a range of sections. Columns, so that loops over them vectorize.
template <typename T> struct Frame {
  std::vector<T> offset;  ///< No plan below this frame has it lower.
  std::vector<T> support; ///< The highest end of what is placed in its sections.
  std::vector<T> size;
  std::vector<int32_t> first, last; ///< Sections.
  std::vector<int32_t> rank;        ///< Ascending.
  std::vector<int32_t> sorted;      ///< By falling offset.
  int32_t count = 0;
  int32_t begin = 0, end = 0; ///< The range of sections.

  void reset(size_t most, int32_t newBegin, int32_t newEnd) {
    count = 0;
    begin = newBegin;
    end = newEnd;
    if (offset.size() >= most)
      return;
    for (std::vector<T> *column : {&offset, &support, &size})
      column->resize(most);
    for (std::vector<int32_t> *column : {&first, &last, &rank, &sorted})
      column->resize(most);
  }
  void push(const Frame &from, int32_t i) {
    offset[count] = from.offset[i];
    support[count] = from.support[i];
    size[count] = from.size[i];
    first[count] = from.first[i];
    last[count] = from.last[i];
    rank[count] = from.rank[i];
    sorted[count] = count;
    ++count;
  }
};

} // namespace pebble::planner

#endif // PEBBLE_PASSES_SCHEDULE_PLANNER_FRAME_H
