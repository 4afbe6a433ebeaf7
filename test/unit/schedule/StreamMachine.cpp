// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The machine that runs schedules: rows are computed by a toy arithmetic in which every byte of
// every row counts, and each byte of memory carries the tensor and row that wrote it.
#include "test/unit/schedule/StreamPrograms.h"

#include <algorithm>

using namespace pebble;
using namespace pebble::stream;

namespace {

constexpr int64_t nobody = -1, scratchTag = -2;

int64_t tagOf(int tensor, int64_t row) { return tensor * 100'000 + row; }

struct RowOf {
  int tensor;
  int64_t row;
};

/// The rows that a step reads and writes.
struct Work {
  std::vector<RowOf> reads, writes;
};

Work workOf(const Program &program, const Step &step) {
  const Layer &layer = program.layers[step.layer];
  int64_t outputs = program.tensors[layer.results.front()].rows;
  Work work;
  for (const Read &read : layer.reads) {
    int64_t rows = program.tensors[read.tensor].rows;
    std::vector<char> isRead(rows, 0);
    for (int64_t y = step.row < 0 ? 0 : step.row; y < (step.row < 0 ? outputs : step.row + 1); ++y)
      for (int64_t tap = 0; tap < (read.window ? read.window->extent : rows); ++tap) {
        int64_t row = read.window ? y * read.window->stride - read.window->pad + tap : tap;
        if (row >= 0 && row < rows)
          isRead[row] = 1;
      }
    for (int64_t row = 0; row < rows; ++row)
      // A layer that runs at once may read all of its operands.
      if (isRead[row] || step.row < 0)
        work.reads.push_back({read.tensor, row});
  }
  for (int result : layer.results)
    for (int64_t row = 0; row < program.tensors[result].rows; ++row)
      if (step.row < 0 || row == step.row)
        work.writes.push_back({result, row});
  return work;
}

/// Byte `i` of row `row` of the layer's result, from all bytes that the row depends on.
template <typename Load>
uint8_t compute(const Program &program, int layer, int64_t row, int64_t i, Load load) {
  uint32_t sum = 2166136261u + layer * 977 + static_cast<uint32_t>(row * 31 + i);
  for (const Read &read : program.layers[layer].reads) {
    const Tensor &tensor = program.tensors[read.tensor];
    for (int64_t tap = 0; tap < (read.window ? read.window->extent : tensor.rows); ++tap) {
      int64_t y = read.window ? row * read.window->stride - read.window->pad + tap : tap;
      for (int64_t b = 0; y >= 0 && y < tensor.rows && b < tensor.rowBytes; ++b)
        sum = (sum ^ load(read.tensor, y, b)) * 16777619u + static_cast<uint32_t>(b);
    }
  }
  return static_cast<uint8_t>(sum >> 13);
}

uint8_t given(int tensor, int64_t row, int64_t i) {
  return static_cast<uint8_t>(tensor * 7 + row * 13 + i * 29);
}

/// All tensors, each with memory of its own.
std::vector<std::vector<uint8_t>> runPlainly(const Program &program) {
  std::vector<std::vector<uint8_t>> memory;
  for (size_t t = 0; t < program.tensors.size(); ++t) {
    memory.emplace_back(program.tensors[t].bytes());
    for (int64_t i = 0; i < program.tensors[t].bytes(); ++i)
      memory[t][i] = given(static_cast<int>(t), i / program.tensors[t].rowBytes,
                           i % program.tensors[t].rowBytes);
  }
  for (size_t layer = 0; layer < program.layers.size(); ++layer) {
    int result = program.layers[layer].results.front();
    int64_t width = program.tensors[result].rowBytes;
    for (int64_t i = 0; i < program.tensors[result].bytes(); ++i)
      memory[result][i] =
          compute(program, static_cast<int>(layer), i / width, i % width,
                  [&](int tensor, int64_t row, int64_t b) {
                    return memory[tensor][row * program.tensors[tensor].rowBytes + b];
                  });
  }
  return memory;
}

class Machine {
public:
  Machine(const Program &program, const Schedule &schedule)
      : program(program), schedule(schedule), bytes(schedule.height + 4096, 0xAA),
        tags(schedule.height + 4096, nobody), outside(runPlainly(program)) {
    for (size_t t = 0; t < program.tensors.size(); ++t)
      if (program.tensors[t].isGiven && program.tensors[t].isInArena)
        for (int64_t row = 0; row < program.tensors[t].rows; ++row)
          for (int64_t i = 0; i < program.tensors[t].rowBytes; ++i) {
            int64_t at = addressOf({static_cast<int>(t), row}) + i;
            bytes[at] = given(static_cast<int>(t), row, i);
            tags[at] = tagOf(static_cast<int>(t), row);
          }
    for (size_t t = 0; t < program.tensors.size(); ++t)
      for (int64_t row = 0; program.tensors[t].isGiven && row < program.tensors[t].rows; ++row)
        isRight &= holds({static_cast<int>(t), row});
  }

  bool run() {
    for (const Step &step : schedule.trace.steps) {
      Work work = workOf(program, step);
      for (const RowOf &read : work.reads)
        isRight &= holds(read);
      // A kernel reads while it writes, in an order of its own: it must not touch what it reads.
      int64_t scratch = schedule.scratchOffsets[step.layer];
      int64_t scratchEnd = scratch + program.layers[step.layer].scratch;
      if (scratch >= 0)
        std::fill(tags.begin() + scratch, tags.begin() + scratchEnd, scratchTag);
      for (const RowOf &row : work.writes)
        if (program.tensors[row.tensor].isInArena)
          std::fill_n(tags.begin() + addressOf(row), program.tensors[row.tensor].rowBytes,
                      tagOf(row.tensor, row.row));
      for (const RowOf &row : work.reads)
        isRight &= holds(row);
      for (const RowOf &row : work.writes)
        isRight &= holds(row);
      if (scratch >= 0)
        isRight &= std::count(tags.begin() + scratch, tags.begin() + scratchEnd, scratchTag) ==
                   scratchEnd - scratch;
      store(step, work);
    }
    for (size_t t = 0; t < program.tensors.size(); ++t)
      for (int64_t row = 0; program.tensors[t].isKept && row < program.tensors[t].rows; ++row) {
        isRight &= holds({static_cast<int>(t), row});
        for (int64_t i = 0; i < program.tensors[t].rowBytes; ++i)
          isRight &= load(static_cast<int>(t), row, i) ==
                     outside[t][row * program.tensors[t].rowBytes + i];
      }
    return isRight;
  }

private:
  int64_t addressOf(const RowOf &row) const {
    return schedule.offsets[row.tensor] +
           row.row % schedule.trace.lives[row.tensor].depth * program.tensors[row.tensor].rowBytes;
  }
  bool holds(const RowOf &row) const {
    if (!program.tensors[row.tensor].isInArena)
      return true;
    int64_t at = addressOf(row), size = program.tensors[row.tensor].rowBytes;
    return at + size <= schedule.height &&
           std::all_of(tags.begin() + at, tags.begin() + at + size,
                       [&](int64_t tag) { return tag == tagOf(row.tensor, row.row); });
  }
  uint8_t load(int tensor, int64_t row, int64_t i) const {
    return program.tensors[tensor].isInArena
               ? bytes[addressOf({tensor, row}) + i]
               : outside[tensor][row * program.tensors[tensor].rowBytes + i];
  }
  void store(const Step &step, const Work &work) {
    std::vector<std::vector<uint8_t>> made;
    for (const RowOf &row : work.writes) {
      made.emplace_back();
      for (int64_t i = 0; i < program.tensors[row.tensor].rowBytes; ++i)
        made.back().push_back(compute(program, step.layer, row.row, i,
                                      [&](int t, int64_t y, int64_t b) { return load(t, y, b); }));
    }
    for (size_t i = 0; i < work.writes.size(); ++i)
      if (program.tensors[work.writes[i].tensor].isInArena)
        std::copy(made[i].begin(), made[i].end(), bytes.begin() + addressOf(work.writes[i]));
  }

  const Program &program;
  const Schedule &schedule;
  std::vector<uint8_t> bytes;
  std::vector<int64_t> tags;
  std::vector<std::vector<uint8_t>> outside;
  bool isRight = true;
};

} // namespace

bool pebble::stream::isAccepted(const Program &program, const Schedule &schedule) {
  verifier::MemoryContents memory(schedule.height);
  auto regions = [&](const std::vector<RowOf> &rows) {
    std::vector<verifier::Region> list;
    for (const RowOf &row : rows)
      if (program.tensors[row.tensor].isInArena) {
        int64_t size = program.tensors[row.tensor].rowBytes;
        int64_t slot = row.row % schedule.trace.lives[row.tensor].depth;
        list.push_back(
            {schedule.offsets[row.tensor] + slot * size, size, tagOf(row.tensor, row.row)});
      }
    return list;
  };
  std::vector<RowOf> first, last;
  for (size_t t = 0; t < program.tensors.size(); ++t)
    for (int64_t row = 0; row < program.tensors[t].rows; ++row) {
      if (program.tensors[t].isGiven)
        first.push_back({static_cast<int>(t), row});
      if (program.tensors[t].isKept)
        last.push_back({static_cast<int>(t), row});
    }
  if (memory.run({}, regions(first)))
    return false;
  for (const Step &step : schedule.trace.steps) {
    Work work = workOf(program, step);
    std::vector<verifier::Region> scratch;
    if (int64_t offset = schedule.scratchOffsets[step.layer]; offset >= 0)
      scratch.push_back({offset, program.layers[step.layer].scratch, nobody});
    if (memory.run(regions(work.reads), regions(work.writes), scratch))
      return false;
  }
  return !memory.run(regions(last), {});
}

Outcome pebble::stream::runSchedule(const Program &program, const Schedule &schedule) {
  Outcome outcome;
  outcome.isRight = Machine(program, schedule).run();
  outcome.isAccepted = isAccepted(program, schedule);
  return outcome;
}
