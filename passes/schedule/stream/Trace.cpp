// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/schedule/stream/Trace.h"

#include <algorithm>

using namespace pebble::stream;

namespace {

class Tracer {
public:
  explicit Tracer(const Program &program)
      : program(program), producer(program.tensors.size(), -1), done(program.layers.size(), 0) {
    trace.lives.resize(program.tensors.size());
    trace.askers.assign(program.layers.size(), -1);
    for (size_t t = 0; t < program.tensors.size(); ++t) {
      // Unread rows die when they are written.
      trace.lives[t].birth.assign(program.tensors[t].rows, 0);
      trace.lives[t].death.assign(program.tensors[t].rows, -1);
    }
    for (size_t layer = 0; layer < program.layers.size(); ++layer)
      for (int result : program.layers[layer].results)
        producer[result] = static_cast<int>(layer);
  }

  std::optional<Trace> run(const std::vector<Block> &blocks) {
    for (const Block &block : blocks) {
      first = block.first;
      last = block.last;
      if (!block.byRows)
        runWhole(block.first);
      else if (!runByRows())
        return std::nullopt;
    }
    settle(blocks);
    return std::move(trace);
  }

private:
  int64_t now() const { return static_cast<int64_t>(trace.steps.size()); }

  void touch(int tensor, int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row)
      trace.lives[tensor].death[row] = now();
  }

  void write(int tensor, int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      Lives &lives = trace.lives[tensor];
      // Columns of a row can be written by several layers.
      if (lives.death[row] < 0)
        lives.birth[row] = now();
      lives.death[row] = now();
    }
  }

  void runWhole(int layer) {
    for (const Read &read : program.layers[layer].reads)
      touch(read.tensor, 0, program.tensors[read.tensor].rows);
    for (int result : program.layers[layer].results)
      write(result, 0, program.tensors[result].rows);
    trace.steps.push_back({layer, -1});
  }

  int64_t endOf(const Read &read, int64_t row) const {
    int64_t rows = program.tensors[read.tensor].rows;
    return read.window ? read.window->end(row, rows) : rows;
  }

  /// Computes the rows of `layer` below `end` that are not there yet, for `asker`.
  bool ask(int layer, int64_t end, int asker) {
    if (done[layer] >= end)
      return true;
    if (trace.askers[layer] != -1 && trace.askers[layer] != asker)
      return false;
    trace.askers[layer] = asker;
    while (done[layer] < end)
      if (!computeRow(layer))
        return false;
    return true;
  }

  bool computeRow(int layer) {
    const Layer &it = program.layers[layer];
    int64_t row = done[layer];
    // Of a layer's operands, the one with the longer way behind it asks first: a shortcut then
    // finds its rows computed.
    std::vector<const Read *> order;
    for (const Read &read : it.reads)
      if (isInside(producer[read.tensor]))
        order.push_back(&read);
    std::sort(order.begin(), order.end(), [&](const Read *a, const Read *b) {
      return std::pair(producer[a->tensor], b) > std::pair(producer[b->tensor], a);
    });
    for (const Read *read : order)
      if (!ask(producer[read->tensor], endOf(*read, row), layer))
        return false;
    for (const Read &read : it.reads)
      touch(read.tensor, read.window ? read.window->begin(row) : 0, endOf(read, row));
    write(it.results.front(), row, row + 1);
    trace.steps.push_back({layer, row});
    ++done[layer];
    return true;
  }

  bool isInside(int layer) const { return layer >= first && layer <= last; }

  bool runByRows() {
    for (int layer = first; layer <= last; ++layer)
      if (!program.layers[layer].byRows)
        return false;
    int result = program.layers[last].results.front();
    while (done[last] < program.tensors[result].rows)
      if (!computeRow(last))
        return false;
    for (int layer = first; layer < last; ++layer) {
      int made = program.layers[layer].results.front();
      if (trace.askers[layer] == -1 ||
          (isUsedAfter(made) && done[layer] < program.tensors[made].rows))
        return false;
    }
    return true;
  }

  bool isUsedAfter(int tensor) const {
    if (program.tensors[tensor].isKept)
      return true;
    for (size_t layer = last + 1; layer < program.layers.size(); ++layer)
      for (const Read &read : program.layers[layer].reads)
        if (read.tensor == tensor)
          return true;
    return false;
  }

  /// What follows from all steps: given and kept tensors, orderly deaths, depths.
  void settle(const std::vector<Block> &blocks) {
    std::vector<char> isRing(program.tensors.size(), 0);
    for (const Block &block : blocks) {
      last = block.last;
      for (int layer = block.first; layer < block.last; ++layer)
        isRing[program.layers[layer].results.front()] =
            !isUsedAfter(program.layers[layer].results.front());
    }
    for (size_t t = 0; t < program.tensors.size(); ++t) {
      const Tensor &tensor = program.tensors[t];
      Lives &lives = trace.lives[t];
      int64_t latest = -1;
      for (int64_t row = 0; row < tensor.rows; ++row) {
        if (tensor.isGiven)
          lives.birth[row] = -1;
        latest = lives.death[row] = std::max(tensor.isKept ? now() : lives.death[row], latest);
      }
      lives.isRing = isRing[t];
      lives.depth = lives.isRing ? depthOf(lives, tensor.rows) : tensor.rows;
    }
  }

  static int64_t depthOf(const Lives &lives, int64_t rows) {
    int64_t depth = 1, oldest = 0;
    for (int64_t row = 0; row < rows; ++row) {
      // Rows that nobody asked for were never written.
      if (lives.death[row] < 0 || (row > 0 && lives.birth[row] <= lives.birth[row - 1]))
        break;
      while (oldest < row && lives.death[oldest] < lives.birth[row])
        ++oldest;
      depth = std::max(depth, row - oldest + 1);
    }
    return depth;
  }

  const Program &program;
  std::vector<int> producer;
  std::vector<int64_t> done; // Rows of each layer.
  int first = 0, last = 0;   // Of the present block.
  Trace trace;
};

} // namespace

std::optional<Trace> pebble::stream::traceBlocks(const Program &program,
                                                 const std::vector<Block> &blocks) {
  return Tracer(program).run(blocks);
}
