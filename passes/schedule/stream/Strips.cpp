// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/schedule/stream/Strips.h"

#include <algorithm>

using namespace pebble::stream;

namespace {

class Cutter {
public:
  Cutter(const Program &program, int last)
      : program(program), last(last), isInside(program.tensors.size(), 0) {
    for (int layer = 0; layer < last; ++layer)
      for (int result : program.layers[layer].results)
        isInside[result] = 1;
  }

  bool canCut() const {
    for (int layer = 0; layer <= last; ++layer) {
      const Layer &it = program.layers[layer];
      // What is read as a whole has to be there before.
      bool canRead = std::all_of(it.reads.begin(), it.reads.end(), [&](const Read &read) {
        return !isInside[read.tensor] || (read.window && read.across);
      });
      if (!it.byRows || !it.hasColumns || !canRead)
        return false;
    }
    for (size_t t = 0; t < program.tensors.size(); ++t)
      if (isInside[t] && program.tensors[t].isKept)
        return false;
    for (size_t layer = last + 1; layer < program.layers.size(); ++layer)
      for (const Read &read : program.layers[layer].reads)
        if (isInside[read.tensor])
          return false;
    return true;
  }

  std::optional<Strips> run(int count) {
    int64_t columns = program.tensors[program.layers[last].results.front()].columns;
    if (count > columns)
      return std::nullopt;
    for (size_t t = 0; t < program.tensors.size(); ++t)
      if (!isInside[t])
        addTensor(static_cast<int>(t), 0, program.tensors[t].columns, wholes);
    for (int strip = 0; strip < count; ++strip)
      if (!addStrip(columns * strip / count, columns * (strip + 1) / count))
        return std::nullopt;
    for (size_t layer = last + 1; layer < program.layers.size(); ++layer) {
      int64_t all = 0;
      for (int result : program.layers[layer].results)
        all = program.tensors[result].columns;
      addLayer(static_cast<int>(layer), {0, all}, wholes);
    }
    return std::move(strips);
  }

private:
  struct Range {
    int64_t begin = 0, end = 0;
  };
  using Numbers = std::vector<int>;

  void addTensor(int tensor, int64_t begin, int64_t end, Numbers &numbers) {
    numbers.resize(program.tensors.size(), -1);
    numbers[tensor] = static_cast<int>(strips.program.tensors.size());
    Tensor part = program.tensors[tensor];
    part.rowBytes = part.rowBytes / part.columns * (end - begin);
    part.columns = end - begin;
    strips.program.tensors.push_back(part);
    strips.tensors.push_back({tensor, begin, end});
  }

  void addLayer(int layer, Range range, const Numbers &numbers) {
    Layer part = program.layers[layer];
    for (Read &read : part.reads)
      read.tensor = numbers[read.tensor];
    for (int &result : part.results)
      result = numbers[result];
    strips.program.layers.push_back(part);
    strips.layers.push_back({layer, range.begin, range.end});
  }

  bool addStrip(int64_t begin, int64_t end) {
    // From the last layer back: which columns of its operands a layer needs.
    std::vector<Range> needed(program.tensors.size());
    needed[program.layers[last].results.front()] = {begin, end};
    for (int layer = last; layer >= 0; --layer) {
      Range own = needed[program.layers[layer].results.front()];
      if (own.begin >= own.end)
        return false;
      for (const Read &read : program.layers[layer].reads) {
        if (!isInside[read.tensor])
          continue;
        Range &range = needed[read.tensor];
        Range more{read.across->begin(own.begin),
                   read.across->end(own.end - 1, program.tensors[read.tensor].columns)};
        range = range.begin == range.end
                    ? more
                    : Range{std::min(range.begin, more.begin), std::max(range.end, more.end)};
      }
    }
    Numbers numbers = wholes;
    for (int layer = 0; layer <= last; ++layer) {
      int result = program.layers[layer].results.front();
      Range range = needed[result];
      if (layer < last)
        addTensor(result, range.begin, range.end, numbers);
      addLayer(layer, range, numbers);
      int64_t columns = program.tensors[result].columns;
      int64_t work = program.layers[layer].work / columns * (range.end - range.begin);
      strips.program.layers.back().work = work;
      strips.program.layers.back().onlyByRows = true;
    }
    return true;
  }

  const Program &program;
  int last;
  std::vector<char> isInside;
  Numbers wholes;
  Strips strips;
};

} // namespace

Strips pebble::stream::uncut(const Program &program) {
  Strips strips;
  strips.program = program;
  for (size_t t = 0; t < program.tensors.size(); ++t)
    strips.tensors.push_back({static_cast<int>(t), 0, program.tensors[t].columns});
  for (size_t layer = 0; layer < program.layers.size(); ++layer) {
    int64_t columns = 0;
    for (int result : program.layers[layer].results)
      columns = program.tensors[result].columns;
    strips.layers.push_back({static_cast<int>(layer), 0, columns});
  }
  return strips;
}

std::optional<Strips> pebble::stream::cutIntoStrips(const Program &program, int last, int count) {
  Cutter cutter(program, last);
  if (!cutter.canCut())
    return std::nullopt;
  std::optional<Strips> strips = cutter.run(count);
  if (strips) {
    strips->extraWork = 0;
    for (const Layer &layer : strips->program.layers)
      strips->extraWork += layer.work;
    for (const Layer &layer : program.layers)
      strips->extraWork -= layer.work;
  }
  return strips;
}
