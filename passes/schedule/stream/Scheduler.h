// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which layers run together row by row, and where all tensors lie. See docs/memory.md.
#ifndef PEBBLE_PASSES_SCHEDULE_STREAM_SCHEDULER_H
#define PEBBLE_PASSES_SCHEDULE_STREAM_SCHEDULER_H

#include "passes/schedule/stream/Placement.h"
#include "passes/schedule/stream/Trace.h"

#include <limits>

namespace pebble::stream {

struct Options {
  /// Whether tensors may lie over dead rows of others; else each has its bytes from its first row
  /// to the death of its last.
  bool inPlace = true;
  int longestBlock = 24; ///< Layers; 1 computes layer by layer.
  int64_t alignment = 1; ///< Of every offset.
  /// Enough: of the schedules that need no more, the one with the fewest rows computed by
  /// themselves. Without it, the lowest is looked for.
  std::optional<int64_t> budget = std::nullopt;
  /// Schedules that need more are not looked at.
  std::optional<int64_t> limit = std::nullopt;
};

/// What lies in a memory.
struct RegionUse {
  int64_t height = 0; ///< Where the highest buffer ends.
  int64_t alive = 0;  ///< No placement of these buffers is lower.
};

struct Schedule {
  std::vector<Block> blocks;
  Trace trace;
  std::vector<int64_t> offsets;        ///< Of each tensor; -1 where it is not in the arena.
  std::vector<int64_t> scratchOffsets; ///< Of each layer; -1 where it needs none.
  /// Of each tensor and of each layer's scratch, the memory in which the offset counts; empty where
  /// there is one.
  std::vector<int> regions, scratchRegions;
  std::vector<RegionUse> uses; ///< Of each memory; empty where there is one.
  int64_t height = 0;          ///< Bytes of the arena.
  int64_t alive = 0;           ///< No placement of these blocks is lower.
  /// No cut of these layers into blocks, in this order and without computing a row twice, is lower.
  int64_t lowerBound = 0;
};

constexpr int64_t noHeight = std::numeric_limits<int64_t>::max();

/// The best schedule found. Without a limit every program whose layers can run at once has one: all
/// of them one after the other. Else its height is `noHeight`.
Schedule scheduleProgram(const Program &program, const Options &options);

/// What of a program lies in the arena: `tensors`, then the scratch of `layers`.
struct ArenaBuffers {
  std::vector<RowBuffer> buffers;
  std::vector<int> tensors, layers;
};
ArenaBuffers arenaBuffers(const Program &program, const Trace &trace, const Options &options);

/// Changes of a placement that are tried for a whole program.
constexpr int programTries = 3000;

/// Places the tensors of a program that runs as `trace` says; `tries` as for placeRows.
Schedule placeTrace(const Program &program, Trace trace, const Options &options, int tries);

} // namespace pebble::stream

#endif // PEBBLE_PASSES_SCHEDULE_STREAM_SCHEDULER_H
