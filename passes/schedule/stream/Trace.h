// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// In which order the rows of a program cut into blocks are computed, and how long each lives.
#ifndef PEBBLE_PASSES_SCHEDULE_STREAM_TRACE_H
#define PEBBLE_PASSES_SCHEDULE_STREAM_TRACE_H

#include "passes/schedule/stream/Program.h"

namespace pebble::stream {

/// A moment: one row of a layer, or all of it at once.
struct Step {
  int layer = 0;
  int64_t row = -1; ///< -1: all rows.
};

/// How long the rows of a tensor live: from the step that writes a row to the last that reads it,
/// both included. No row dies before the one above it.
struct Lives {
  std::vector<int64_t> birth, death;
  /// Rows that are needed at one time when row y is held in slot y % depth; all of them where the
  /// tensor outlives its block.
  int64_t depth = 0;
  bool isRing = false; ///< Lives only inside of one block.
};

struct Trace {
  std::vector<Step> steps;
  std::vector<Lives> lives; ///< Of each tensor.
  /// Of each layer: the layer whose rows ask for its rows, -1 for the last of a block.
  std::vector<int> askers;
};

/// Runs the blocks one after the other. Nothing when a block cannot run row by row: a layer that
/// cannot, two layers that ask for rows of a third in turns, rows that are needed later but were
/// not asked for.
std::optional<Trace> traceBlocks(const Program &program, const std::vector<Block> &blocks);

} // namespace pebble::stream

#endif // PEBBLE_PASSES_SCHEDULE_STREAM_TRACE_H
