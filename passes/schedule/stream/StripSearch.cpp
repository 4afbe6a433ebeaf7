// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/schedule/stream/StripSearch.h"

#include <algorithm>
#include <tuple>

using namespace pebble::stream;

namespace {

constexpr int stripCounts[] = {2, 3, 4, 6, 8};
constexpr int mostLayers = 40; // In strips: more cost more than they save.
constexpr int budgetSteps = 4;

/// The layers whose result is smaller than all before: what strips are joined in.
std::vector<int> narrowLayers(const Program &program) {
  std::vector<int> narrow;
  int64_t smallest = noHeight;
  int count = std::min<int>(mostLayers, static_cast<int>(program.layers.size()));
  for (int layer = 0; layer < count && program.layers[layer].byRows; ++layer) {
    const Tensor &result = program.tensors[program.layers[layer].results.front()];
    if (result.isInArena && result.bytes() < smallest) {
      smallest = result.bytes();
      narrow.push_back(layer);
    }
  }
  return narrow;
}

Schedule scheduleStrips(const Strips &strips, Options options, int64_t limit) {
  // The layers of a strip have to fit into a block.
  options.longestBlock = std::max(options.longestBlock, mostLayers);
  options.limit = limit;
  Schedule schedule = scheduleProgram(strips.program, options);
  if (schedule.height > limit)
    schedule.height = noHeight;
  return schedule;
}

/// Leaves those that no other is better than, the highest first.
void keepBest(std::vector<Point> &points) {
  std::sort(points.begin(), points.end(), [](const Point &a, const Point &b) {
    return std::tuple(a.height, a.extraWork, a.rowSteps) <
           std::tuple(b.height, b.extraWork, b.rowSteps);
  });
  std::vector<Point> best;
  for (const Point &point : points) {
    bool isBetter = std::all_of(best.begin(), best.end(), [&](const Point &lower) {
      return std::tuple(point.extraWork, point.rowSteps) <
             std::tuple(lower.extraWork, lower.rowSteps);
    });
    if (isBetter)
      best.push_back(point);
  }
  points.assign(best.rbegin(), best.rend());
}

} // namespace

Choice pebble::stream::chooseStrips(const Program &program, const Options &options,
                                    std::optional<int64_t> capacity, int64_t mostExtraWork) {
  Choice best{uncut(program), scheduleProgram(program, options)};
  const int64_t bound = best.schedule.lowerBound;
  auto isEnough = [&](const Choice &choice) {
    return capacity && choice.schedule.height <= *capacity;
  };
  if (mostExtraWork <= 0 || isEnough(best))
    return best;
  for (int last : narrowLayers(program))
    for (int count : stripCounts) {
      std::optional<Strips> strips = cutIntoStrips(program, last, count);
      // Once the capacity is reached, only less work is of interest.
      if (!strips || strips->extraWork > mostExtraWork ||
          (isEnough(best) && strips->extraWork >= best.strips.extraWork))
        continue;
      Schedule schedule =
          scheduleStrips(*strips, options, isEnough(best) ? *capacity : best.schedule.height - 1);
      if (schedule.height != noHeight)
        best = {std::move(*strips), std::move(schedule)};
    }
  best.schedule.lowerBound = std::min(bound, best.schedule.height);
  return best;
}

std::vector<Point> pebble::stream::listPoints(const Program &program, Options options) {
  options.budget.reset();
  std::vector<Point> points;
  auto add = [&](const Schedule &schedule, int64_t extraWork) {
    Point point{schedule.height, extraWork, 0};
    for (const Step &step : schedule.trace.steps)
      point.rowSteps += step.row >= 0;
    points.push_back(point);
    return schedule.height;
  };
  const int64_t lowest = add(scheduleProgram(program, options), 0);
  for (int last : narrowLayers(program))
    for (int count : stripCounts)
      if (std::optional<Strips> strips = cutIntoStrips(program, last, count)) {
        Schedule schedule = scheduleStrips(*strips, options, lowest - 1);
        if (schedule.height != noHeight)
          add(schedule, strips->extraWork);
      }
  // Without strips, from all layers at once on.
  options.budget = noHeight / 2;
  const int64_t highest = add(scheduleProgram(program, options), 0);
  for (int step = 1; step < budgetSteps; ++step) {
    options.budget = lowest + (highest - lowest) / budgetSteps * step;
    add(scheduleProgram(program, options), 0);
  }
  keepBest(points);
  return points;
}
