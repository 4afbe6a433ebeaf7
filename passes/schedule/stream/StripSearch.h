// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Whether the first layers are computed in strips, how many of them, and in how many strips.
#ifndef PEBBLE_PASSES_SCHEDULE_STREAM_STRIPSEARCH_H
#define PEBBLE_PASSES_SCHEDULE_STREAM_STRIPSEARCH_H

#include "passes/schedule/stream/Scheduler.h"
#include "passes/schedule/stream/Strips.h"

namespace pebble::stream {

/// A schedule and what it computes more than once.
struct Choice {
  Strips strips;
  Schedule schedule;
};

/// What a schedule needs.
struct Point {
  int64_t height = 0;    ///< Bytes.
  int64_t extraWork = 0; ///< Products that are computed again.
  int64_t rowSteps = 0;  ///< Rows that are computed by themselves.
};

/// Of the schedules that need at most `capacity` and compute at most `mostExtraWork` again, the one
/// that computes the least again; without a capacity, or where none has it, the lowest.
Choice chooseStrips(const Program &program, const Options &options, std::optional<int64_t> capacity,
                    int64_t mostExtraWork);

/// What the schedules need than which no other is better, the highest first.
std::vector<Point> listPoints(const Program &program, Options options);

} // namespace pebble::stream

#endif // PEBBLE_PASSES_SCHEDULE_STREAM_STRIPSEARCH_H
