// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Checks a memory plan. Shares no code with what makes plans, so that one mistake is not made
// twice.
#ifndef PEBBLE_PASSES_SCHEDULE_VERIFIER_PLANVERIFIER_H
#define PEBBLE_PASSES_SCHEDULE_VERIFIER_PLANVERIFIER_H

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pebble::verifier {

/// Bytes [offset, offset + size) that belong to one owner in the moments [lower, upper).
struct PlacedRange {
  int64_t lower, upper;
  int64_t offset, size;
  int64_t alignment = 1;
  int region = 0;
  uint64_t regions = ~uint64_t(0); ///< A set bit for each region that it may lie in.
  /// A range whose place it has: the same offset in the same region, which belongs to all of them
  /// from the first moment of one to the last of another, with as many bytes as the largest has.
  std::optional<size_t> sharesWith = std::nullopt;
};

struct Memory {
  std::string name;
  std::optional<int64_t> capacity; ///< None: it has no end.
};

struct Violation {
  enum Kind {
    emptyLife,   ///< `upper` is not after `lower`.
    badSize,     ///< The size is negative, or the range ends beyond what can be counted.
    negative,    ///< The offset is below 0.
    misaligned,  ///< The offset is no multiple of the alignment.
    outOfBounds, ///< The range ends beyond the capacity.
    wrongRegion, ///< There is no such region, or the range may not lie in it.
    notShared,   ///< `first` is not in the place of `second`, which it shares.
    overlap      ///< `first` and `second` own the same byte at the same time.
  };
  Kind kind;
  size_t first;
  size_t second; ///< The same as `first`, but where there are two.
};

/// Everything wrong with single ranges and with places that are shared, and at least one overlap
/// where there are any.
std::vector<Violation> verifyPlan(const std::vector<PlacedRange> &plan,
                                  const std::vector<Memory> &regions);
std::vector<Violation> verifyPlan(const std::vector<PlacedRange> &plan, int64_t capacity);

/// A sentence; `names` has the name of each range.
std::string describe(const Violation &violation, const std::vector<PlacedRange> &plan,
                     const std::vector<std::string> &names, const std::vector<Memory> &regions);
std::string describe(const Violation &violation, const std::vector<PlacedRange> &plan,
                     const std::vector<std::string> &names, int64_t capacity);

} // namespace pebble::verifier

#endif // PEBBLE_PASSES_SCHEDULE_VERIFIER_PLANVERIFIER_H
