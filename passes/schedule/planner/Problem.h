// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the offset planner works on and what it answers.
#ifndef PEBBLE_PASSES_SCHEDULE_PLANNER_PROBLEM_H
#define PEBBLE_PASSES_SCHEDULE_PLANNER_PROBLEM_H

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

namespace pebble::planner {

/// A range of memory that is needed for a range of time.
struct Buffer {
  int64_t lower = 0; ///< The first moment of its life.
  int64_t upper = 0; ///< The first moment after its life; greater than `lower`.
  int64_t size = 0;  ///< Bytes, at least 1.
  int64_t alignment = 1;
  std::optional<int64_t> fixed = std::nullopt; ///< The only offset it may have; none: any.
  /// A buffer with which it has one place: the same offset, in the same region. The place is as
  /// large as the largest of those that share it, and theirs from the first moment of one to the
  /// last of another, so that what one wrote is there for the next.
  std::optional<int> sharesWith = std::nullopt;
  uint64_t regions = ~uint64_t(0); ///< A set bit for each region that it may lie in.
  int64_t traffic = 0;             ///< Bytes that are read and written there, in all.
};

/// The largest end, alignment, moment and sum of sizes that problems may have, so that no sum in
/// the planner overflows.
constexpr int64_t kMost = std::numeric_limits<int64_t>::max() / 64;

/// Bounds the work. Steps are counted the same on every machine, the deadline is not: leave it out
/// where the result has to be the same in every run.
class Budget {
public:
  using Clock = std::chrono::steady_clock;

  explicit Budget(int64_t steps, std::optional<Clock::time_point> deadline = std::nullopt)
      : left(steps), first(steps), deadline(deadline) {}

  /// Takes `steps`; false when the budget is used up.
  bool spend(int64_t steps) {
    left -= steps;
    sinceLook += steps;
    if (deadline && sinceLook > kStepsBetweenLooks) {
      sinceLook = 0;
      if (Clock::now() >= *deadline)
        left = 0;
    }
    return left > 0;
  }
  bool empty() const { return left <= 0; }
  int64_t remaining() const { return left; }
  int64_t spent() const { return first - left; }

  /// A part of this budget; what it has `spent` is taken from this one by `spend`.
  Budget part(int64_t steps) const { return Budget(steps < left ? steps : left, deadline); }

private:
  /// Looking at the clock costs about as much as this many steps.
  static constexpr int64_t kStepsBetweenLooks = 20'000;
  int64_t left, first;
  int64_t sinceLook = 0;
  std::optional<Clock::time_point> deadline;
};

/// Offsets in the order of the buffers, and where the last buffer ends.
struct Plan {
  std::vector<int64_t> offsets;
  int64_t height = 0;
};

} // namespace pebble::planner

#endif // PEBBLE_PASSES_SCHEDULE_PLANNER_PROBLEM_H
