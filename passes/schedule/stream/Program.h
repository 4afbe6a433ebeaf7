// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the streaming scheduler works on: layers in the order in which they run, and the rows that
// they read and write.
#ifndef PEBBLE_PASSES_SCHEDULE_STREAM_PROGRAM_H
#define PEBBLE_PASSES_SCHEDULE_STREAM_PROGRAM_H

#include <cstdint>
#include <optional>
#include <vector>

namespace pebble::stream {

/// A tensor as rows that follow each other in memory.
struct Tensor {
  int64_t rows = 1;
  int64_t rowBytes = 0;
  int64_t columns = 1;   ///< Equal parts of a row.
  bool isInArena = true; ///< Otherwise its memory is somebody else's.
  bool isGiven = false;  ///< There before the first layer.
  bool isKept = false;   ///< Needed after the last layer.

  int64_t bytes() const { return rows * rowBytes; }
};

/// Row, or column, y of a result needs those in [y * stride - pad, y * stride - pad + extent) that
/// exist.
struct Window {
  int64_t extent = 1, stride = 1, pad = 0;

  /// The first row that row `y` reads, and the first that it does not.
  int64_t begin(int64_t y) const { return y * stride > pad ? y * stride - pad : 0; }
  int64_t end(int64_t y, int64_t rows) const {
    int64_t last = y * stride - pad + extent;
    return last < 0 ? 0 : last < rows ? last : rows;
  }
};

struct Read {
  int tensor = 0;
  std::optional<Window> window = std::nullopt; ///< Without one, every row reads the whole tensor.
  std::optional<Window> across = std::nullopt; ///< Of columns; without one, all of them.
};

struct Layer {
  std::vector<Read> reads;
  std::vector<int> results;
  int64_t scratch = 0;     ///< Bytes that it needs while it runs.
  bool byRows = false;     ///< Can compute row by row; it has one result then.
  bool onlyByRows = false; ///< Cannot compute all rows at once.
  bool hasColumns = false; ///< Can compute some columns of a row.
  int64_t work = 0;        ///< Products, in all.
};

struct Program {
  std::vector<Tensor> tensors;
  std::vector<Layer> layers;
};

/// The layers [first, last], run together: the last asks for the rows that it needs next, row by
/// row, and so do those before it. Alone and not `byRows`, a layer runs at once.
struct Block {
  int first = 0, last = 0;
  bool byRows = false;
};

} // namespace pebble::stream

#endif // PEBBLE_PASSES_SCHEDULE_STREAM_PROGRAM_H
