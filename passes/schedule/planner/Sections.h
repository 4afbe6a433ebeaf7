// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Time cut into sections in which the set of live buffers does not change.
#ifndef PEBBLE_PASSES_SCHEDULE_PLANNER_SECTIONS_H
#define PEBBLE_PASSES_SCHEDULE_PLANNER_SECTIONS_H

#include "passes/schedule/planner/Problem.h"

#include <algorithm>

namespace pebble::planner {

/// The sections [first, last) of a buffer.
struct Span {
  int first, last;
};

struct Sections {
  std::vector<int64_t> starts; ///< Where each section starts, and at the end where the last ends.
  std::vector<int64_t> liveBytes; ///< The sum of the sizes of what lives in each section.
  std::vector<Span> spans;        ///< Of each buffer.
  int64_t lowerBound = 0;         ///< No plan is lower.
  int busiest = 0;                ///< A section with the most live bytes.

  int count() const { return static_cast<int>(liveBytes.size()); }
};

/// Sorts indices; those that compare equal ascend.
template <typename Less> void sortIndices(std::vector<int> &indices, Less less) {
  std::sort(indices.begin(), indices.end(),
            [&](int a, int b) { return less(a, b) || (!less(b, a) && a < b); });
}

Sections cutSections(const std::vector<Buffer> &buffers);

/// Groups of buffers that are alive at no common time with those of another group, by first moment.
std::vector<std::vector<int>> independentGroups(const std::vector<Buffer> &buffers);

} // namespace pebble::planner

#endif // PEBBLE_PASSES_SCHEDULE_PLANNER_SECTIONS_H
