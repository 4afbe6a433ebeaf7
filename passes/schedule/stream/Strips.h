// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Computes the first layers of a program in strips of columns, one strip after the other: what lies
// between the layers gets narrower, but columns at the seams are computed more than once.
#ifndef PEBBLE_PASSES_SCHEDULE_STREAM_STRIPS_H
#define PEBBLE_PASSES_SCHEDULE_STREAM_STRIPS_H

#include "passes/schedule/stream/Program.h"

namespace pebble::stream {

/// A range of columns of what was one layer or tensor before.
struct Part {
  int whole = 0; ///< Its number there.
  int64_t begin = 0, end = 0;
};

struct Strips {
  Program program;
  std::vector<Part> layers;  ///< Of each layer, the columns of its result.
  std::vector<Part> tensors; ///< Of each tensor.
  int64_t extraWork = 0;     ///< Products that are computed again.
};

/// The program as it is.
Strips uncut(const Program &program);

/// Cuts the layers [0, last] into `count` strips of the result of `last`. Nothing when a layer
/// cannot compute some of its columns, or when something in between is used elsewhere.
std::optional<Strips> cutIntoStrips(const Program &program, int last, int count);

} // namespace pebble::stream

#endif // PEBBLE_PASSES_SCHEDULE_STREAM_STRIPS_H
