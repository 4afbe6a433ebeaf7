// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Checks a memory plan. Shares no code with what makes plans, so that one mistake is not made
// twice.
#ifndef PEBBLE_PASSES_SCHEDULE_VERIFIER_PLANVERIFIER_H
#define PEBBLE_PASSES_SCHEDULE_VERIFIER_PLANVERIFIER_H

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace pebble::verifier {

/// Bytes [offset, offset + size) that belong to one owner in the moments [lower, upper).
struct PlacedRange {
  int64_t lower, upper;
  int64_t offset, size;
  int64_t alignment = 1;
};

struct Violation {
  enum Kind {
    emptyLife,   ///< `upper` is not after `lower`.
    badSize,     ///< The size is negative, or the range ends beyond what can be counted.
    negative,    ///< The offset is below 0.
    misaligned,  ///< The offset is no multiple of the alignment.
    outOfBounds, ///< The range ends beyond the capacity.
    overlap      ///< `first` and `second` own the same byte at the same time.
  };
  Kind kind;
  size_t first;
  size_t second; ///< The same as `first`, but for overlaps.
};

/// Everything wrong with single ranges, and at least one overlap where there are any.
std::vector<Violation> verifyPlan(const std::vector<PlacedRange> &plan, int64_t capacity);

/// A sentence; `names` has the name of each range.
std::string describe(const Violation &violation, const std::vector<PlacedRange> &plan,
                     const std::vector<std::string> &names, int64_t capacity);

} // namespace pebble::verifier

#endif // PEBBLE_PASSES_SCHEDULE_VERIFIER_PLANVERIFIER_H
