// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/unit/schedule/StreamPrograms.h"

#include <algorithm>

using namespace pebble::stream;

namespace {

class Builder {
public:
  int tensor(int64_t rows, int64_t rowBytes, bool isInArena = true) {
    Tensor tensor;
    tensor.rows = rows;
    tensor.rowBytes = rowBytes;
    tensor.isInArena = isInArena;
    program.tensors.push_back(tensor);
    return static_cast<int>(program.tensors.size()) - 1;
  }

  int layer(std::vector<Read> reads, int64_t rows, int64_t rowBytes, bool byRows = true) {
    Layer layer;
    layer.reads = std::move(reads);
    layer.results = {tensor(rows, rowBytes)};
    layer.byRows = byRows;
    program.layers.push_back(layer);
    return program.layers.back().results.front();
  }

  /// An image as wide as high, whose layers can compute some columns.
  int image(std::vector<Read> reads, int64_t size, int64_t channels, int64_t products) {
    for (Read &read : reads)
      read.across = read.window;
    int result = layer(std::move(reads), size, size * channels);
    program.tensors[result].columns = size;
    program.layers.back().hasColumns = true;
    program.layers.back().work = size * size * channels * products;
    return result;
  }

  /// "Same" padding, more of it at the end.
  int conv(int input, int64_t channels, int64_t kernel, int64_t stride) {
    int64_t size = program.tensors[input].rows, rows = (size + stride - 1) / stride;
    int64_t pads = std::max<int64_t>(0, (rows - 1) * stride + kernel - size);
    return image({{input, Window{kernel, stride, pads / 2}}}, rows, channels, kernel * kernel);
  }

  Program program;
};

} // namespace

Program pebble::stream::mobileNetwork(int64_t size, const std::vector<Bottleneck> &blocks,
                                      bool imageInArena) {
  Builder builder;
  int outside = builder.tensor(size, size * 3, /*isInArena=*/false);
  builder.program.tensors[outside].isGiven = true;
  int value = builder.image({{outside}}, size, 3, 0);
  builder.program.layers.back().byRows = !imageInArena;
  value = builder.conv(value, blocks.front().inputs, 3, 2);
  for (const Bottleneck &block : blocks) {
    int start = value;
    int64_t wide = block.inputs * block.expansion;
    if (block.expansion != 1)
      value = builder.conv(value, wide, 1, 1);
    value = builder.conv(value, wide, block.kernel, block.stride);
    value = builder.conv(value, block.outputs, 1, 1);
    Tensor made = builder.program.tensors[value];
    if (block.stride == 1 && block.inputs == block.outputs && block.expansion != 1)
      value = builder.image({{value, Window{}}, {start, Window{}}}, made.rows, block.outputs, 0);
  }
  int mean = builder.layer({{value}}, 1, blocks.back().outputs, /*byRows=*/false);
  int result = builder.layer({{mean}}, 1, 1000, /*byRows=*/false);
  builder.program.tensors[result].isKept = true;
  return builder.program;
}

std::vector<Bottleneck> pebble::stream::mcunet320() {
  return {{16, 8, 3, 1, 1},  {8, 16, 7, 3, 2},  {16, 16, 3, 5, 1}, {16, 16, 7, 5, 1},
          {16, 16, 5, 4, 1}, {16, 24, 5, 5, 2}, {24, 24, 5, 5, 1}, {24, 24, 5, 5, 1},
          {24, 40, 3, 5, 2}, {40, 40, 7, 6, 1}, {40, 40, 5, 4, 1}, {40, 48, 5, 5, 1},
          {48, 48, 7, 5, 1}, {48, 48, 3, 5, 1}, {48, 96, 3, 6, 2}, {96, 96, 7, 5, 1},
          {96, 96, 3, 4, 1}, {96, 160, 7, 5, 1}};
}

std::vector<Bottleneck> pebble::stream::mobilenetV2() {
  return {{16, 8, 3, 1, 1},  {8, 8, 3, 6, 2},   {8, 8, 3, 6, 1},   {8, 16, 3, 6, 2},
          {16, 16, 3, 6, 1}, {16, 16, 3, 6, 1}, {16, 24, 3, 6, 2}, {24, 24, 3, 6, 1},
          {24, 24, 3, 6, 1}, {24, 24, 3, 6, 1}, {24, 32, 3, 6, 1}, {32, 32, 3, 6, 1},
          {32, 32, 3, 6, 1}, {32, 56, 3, 6, 2}, {56, 56, 3, 6, 1}, {56, 56, 3, 6, 1},
          {56, 112, 3, 6, 1}};
}

Program pebble::stream::randomProgram(std::mt19937 &random, bool hasBranches) {
  auto below = [&](int64_t count) { return static_cast<int64_t>(random() % count); };
  Builder builder;
  std::vector<Tensor> &tensors = builder.program.tensors;
  int value = builder.tensor(4 + below(14), 1 + below(9), below(3) > 0);
  tensors[value].isGiven = true;
  std::vector<int> all{value};
  for (int64_t count = 2 + below(7); count > 0; --count) {
    if (hasBranches && below(2) == 0)
      value = all[below(all.size())];
    Tensor input = tensors[value];
    int64_t kind = below(8);
    int other = all[below(all.size())];
    if (kind == 0) {
      value = builder.layer({{value}}, 1 + below(3), 1 + below(9), /*byRows=*/below(2) == 0);
    } else if (kind <= 2 && tensors[other].rows == input.rows) {
      value = builder.layer({{other, Window{}}, {value, Window{}}}, input.rows, 1 + below(9));
    } else {
      Window window;
      window.extent = 1 + below(std::min<int64_t>(5, input.rows));
      window.stride = 1 + below(2);
      window.pad = below(window.extent);
      int64_t pads = window.pad + below(window.extent);
      value = builder.layer({{value, window}},
                            (input.rows + pads - window.extent) / window.stride + 1, 1 + below(9));
    }
    builder.program.layers.back().scratch = below(4) == 0 ? 1 + below(6) : 0;
    tensors[value].isKept = below(6) == 0;
    all.push_back(value);
  }
  tensors[value].isKept = true;
  // The ends of branches.
  for (int made : all)
    tensors[made].isKept |= std::none_of(
        builder.program.layers.begin(), builder.program.layers.end(), [&](const Layer &layer) {
          return std::any_of(layer.reads.begin(), layer.reads.end(),
                             [&](const Read &read) { return read.tensor == made; });
        });
  return builder.program;
}

Schedule pebble::stream::mutate(const Program &program, const Schedule &schedule,
                                const Options &options, std::mt19937 &random) {
  Schedule wrong = schedule;
  auto pick = [&](auto isGood) {
    std::vector<int> good;
    for (size_t t = 0; t < program.tensors.size(); ++t)
      if (isGood(t))
        good.push_back(static_cast<int>(t));
    return good.empty() ? -1 : good[random() % good.size()];
  };
  switch (random() % 4) {
  case 0:
    if (int t = pick([&](size_t t) { return wrong.offsets[t] >= 0; }); t >= 0) {
      int64_t shift = 1 + static_cast<int64_t>(random() % 12);
      wrong.offsets[t] = std::max<int64_t>(0, wrong.offsets[t] + (random() % 2 ? shift : -shift));
    }
    break;
  case 1:
    if (int t = pick([&](size_t t) { return wrong.trace.lives[t].isRing; }); t >= 0)
      wrong.trace.lives[t].depth = std::max<int64_t>(1, wrong.trace.lives[t].depth - 1);
    break;
  case 2:
    if (int t = pick([&](size_t t) { return wrong.offsets[t] >= 0; }); t >= 0) {
      Lives &lives = wrong.trace.lives[t];
      for (size_t row = 0; row < lives.death.size(); ++row)
        lives.death[row] =
            std::max(lives.birth[row], lives.death[row] - 1 - static_cast<int64_t>(random() % 2));
      for (size_t row = 1; row < lives.death.size(); ++row)
        lives.death[row] = std::max(lives.death[row], lives.death[row - 1]);
      wrong = placeTrace(program, wrong.trace, options, 60);
    }
    break;
  default:
    if (wrong.trace.steps.size() > 1) {
      size_t at = random() % (wrong.trace.steps.size() - 1);
      std::swap(wrong.trace.steps[at], wrong.trace.steps[at + 1]);
    }
  }
  return wrong;
}

Mutants pebble::stream::judgeMutants(int count, std::mt19937 &random) {
  Mutants found;
  for (int round = 0; round < count; ++round) {
    Program program = randomProgram(random);
    Options options;
    Schedule mutant = mutate(program, scheduleProgram(program, options), options, random);
    Outcome outcome = runSchedule(program, mutant);
    found.wrong += !outcome.isRight;
    found.rejected += !outcome.isRight && !outcome.isAccepted;
    found.alarms += outcome.isRight && !outcome.isAccepted;
  }
  return found;
}
