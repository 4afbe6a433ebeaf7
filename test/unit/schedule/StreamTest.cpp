// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/schedule/stream/OrderSearch.h"
#include "passes/schedule/stream/RegionPlacement.h"
#include "test/unit/schedule/StreamPrograms.h"

#include <algorithm>
#include <gtest/gtest.h>

using namespace pebble::stream;

namespace {

constexpr int64_t kib = 1024;

Schedule schedule(const Program &program, int longestBlock, bool inPlace,
                  std::optional<int64_t> budget = std::nullopt) {
  Options options;
  options.alignment = 4;
  options.longestBlock = longestBlock;
  options.inPlace = inPlace;
  options.budget = budget;
  return scheduleProgram(program, options);
}

/// Whether each layer follows those that make what it reads.
bool canRun(const Program &program) {
  std::vector<bool> isThere;
  for (const Tensor &tensor : program.tensors)
    isThere.push_back(tensor.isGiven);
  for (const Layer &layer : program.layers) {
    for (const Read &read : layer.reads)
      if (!isThere[read.tensor])
        return false;
    for (int result : layer.results)
      isThere[result] = true;
  }
  return true;
}

int64_t rowSteps(const Schedule &schedule) {
  int64_t count = 0;
  for (const Step &step : schedule.trace.steps)
    count += step.row >= 0;
  return count;
}

TEST(Stream, ReachesTheFiguresOfMcunet) {
  Program image = mobileNetwork(176, mcunet320(), /*imageInArena=*/true);
  EXPECT_EQ(schedule(image, 1, false).height, 340'736);
  EXPECT_LE(schedule(image, 1, true).height, 242 * kib);
  EXPECT_LE(schedule(image, 24, false).height, 160 * kib);
  Schedule lowest = schedule(image, 24, true);
  EXPECT_LE(lowest.height, 105 * kib);
  EXPECT_EQ(lowest.height, lowest.lowerBound);
  EXPECT_TRUE(isAccepted(image, lowest));

  Program rows = mobileNetwork(176, mcunet320(), /*imageInArena=*/false);
  Schedule streamed = schedule(rows, 24, true);
  EXPECT_LE(streamed.height, 60 * kib);
  EXPECT_EQ(streamed.height, streamed.lowerBound);
  EXPECT_TRUE(isAccepted(rows, streamed));
}

TEST(Stream, ReachesTheFigureOfMobilenet) {
  Program image = mobileNetwork(144, mobilenetV2(), /*imageInArena=*/true);
  EXPECT_LE(schedule(image, 24, true).height, 70 * kib);
}

TEST(Stream, ComputesFewRowsAloneWhereTheBudgetAllows) {
  Program program = mobileNetwork(176, mcunet320(), /*imageInArena=*/true);
  Schedule lowest = schedule(program, 24, true);
  Schedule cheap = schedule(program, 24, true, 256 * kib);
  EXPECT_LE(cheap.height, 256 * kib);
  EXPECT_LT(rowSteps(cheap), rowSteps(lowest));
  EXPECT_EQ(rowSteps(schedule(program, 24, true, 400 * kib)), 0);
}

TEST(Stream, StripsHoldTheColumnsThatTheyNeed) {
  Program program = mobileNetwork(176, mcunet320(), /*imageInArena=*/false);
  for (auto [last, count] : {std::pair(3, 2), std::pair(6, 3), std::pair(21, 8)}) {
    std::optional<Strips> strips = cutIntoStrips(program, last, count);
    ASSERT_TRUE(strips);
    EXPECT_GT(strips->extraWork, 0);
    std::vector<char> made(program.tensors[program.layers[last].results[0]].columns, 0);
    for (size_t layer = 0; layer < strips->layers.size(); ++layer) {
      const Part &part = strips->layers[layer];
      const Layer &whole = program.layers[part.whole];
      for (int64_t column = part.begin; part.whole == last && column < part.end; ++column)
        ++made[column];
      for (size_t i = 0; part.whole <= last && i < whole.reads.size(); ++i) {
        const std::optional<Window> &window = whole.reads[i].across;
        const Part &operand = strips->tensors[strips->program.layers[layer].reads[i].tensor];
        for (int64_t column = part.begin; window && column < part.end; ++column)
          for (int64_t tap = 0; tap < window->extent; ++tap) {
            int64_t x = column * window->stride - window->pad + tap;
            bool exists = x >= 0 && x < program.tensors[operand.whole].columns;
            ASSERT_TRUE(!exists || (x >= operand.begin && x < operand.end));
          }
      }
    }
    EXPECT_EQ(std::count(made.begin(), made.end(), 1), static_cast<int64_t>(made.size()));
  }
}

TEST(Stream, StripsKeepABudget) {
  Program program = mobileNetwork(176, mcunet320(), /*imageInArena=*/false);
  int64_t work = 0;
  for (const Layer &layer : program.layers)
    work += layer.work;
  Options options;
  options.alignment = 8;
  Choice none = chooseStrips(program, options, 52 * kib, 0);
  EXPECT_EQ(none.strips.extraWork, 0);
  EXPECT_GT(none.schedule.height, 52 * kib);
  Choice choice = chooseStrips(program, options, 52 * kib, work);
  EXPECT_LE(choice.schedule.height, 52 * kib);
  EXPECT_GT(choice.strips.extraWork, 0);
  EXPECT_TRUE(isAccepted(choice.strips.program, choice.schedule));
}

TEST(Stream, ExcludesExactDistances) {
  // Two rows of 4 bytes; the second outlives the first. What is written at moment 1 may lie over
  // the first row, not over the second.
  RowBuffer a{4, {-1, -1}, {0, 1}}, b{4, {1}, {2}};
  std::vector<Interval> excluded = excludedDistances(a, b);
  ASSERT_EQ(excluded.size(), 1u);
  EXPECT_EQ(excluded[0].low, 0);
  EXPECT_EQ(excluded[0].high, 8);
}

TEST(Stream, RefusesWhatCannotRunByRows) {
  Program program;
  program.tensors.resize(3, Tensor{4, 1});
  program.tensors[0].isGiven = program.tensors[2].isKept = true;
  program.layers = {{{{0, Window{}}}, {1}, 0, true}, {{{1, Window{}}}, {2}, 0, false}};
  EXPECT_FALSE(traceBlocks(program, {{0, 1, true}}));
  program.layers[1].byRows = true;
  EXPECT_TRUE(traceBlocks(program, {{0, 1, true}}));
}

TEST(Stream, ComputesTheSameAsWithoutAPlan) {
  std::mt19937 random(7);
  int64_t streamed = 0, saved = 0, others = 0;
  for (int round = 0; round < 400; ++round) {
    Program program = randomProgram(random, /*hasBranches=*/round % 2 == 0);
    const std::vector<std::vector<int>> orders = candidateOrders(program);
    ASSERT_TRUE(std::is_sorted(orders.front().begin(), orders.front().end()));
    others += orders.size() > 1;
    program = reordered(program, orders[round / 2 % orders.size()]);
    ASSERT_TRUE(canRun(program)) << "round " << round;
    Options options;
    options.alignment = 1 << random() % 3;
    options.inPlace = random() % 4 > 0;
    options.longestBlock = 1 + static_cast<int>(random() % 8);
    Schedule found = scheduleProgram(program, options);
    Outcome outcome = runSchedule(program, found);
    ASSERT_TRUE(outcome.isRight) << "round " << round;
    ASSERT_TRUE(outcome.isAccepted) << "round " << round;
    ASSERT_LE(found.lowerBound, found.height);
    ASSERT_LE(found.alive, found.height);
    streamed += rowSteps(found) > 0;
    options.longestBlock = 1;
    options.inPlace = false;
    saved += found.height < scheduleProgram(program, options).height;
  }
  EXPECT_GT(streamed, 150);
  EXPECT_GT(saved, 150);
  EXPECT_GT(others, 100);
}

TEST(Stream, TheVerifierTellsWrongSchedulesFromRightOnes) {
  std::mt19937 random(11);
  const auto [wrong, rejected, alarms] = judgeMutants(600, random);
  EXPECT_GT(wrong, 150);
  EXPECT_LT(wrong, 550);
  EXPECT_EQ(rejected, wrong);
  EXPECT_EQ(alarms, 0);
}

/// The same with the memories one behind the other.
Schedule inOneMemory(Schedule schedule) {
  std::vector<int64_t> bases{0};
  for (const RegionUse &use : schedule.uses)
    bases.push_back(bases.back() + use.height);
  for (size_t t = 0; t < schedule.offsets.size(); ++t)
    if (schedule.offsets[t] >= 0)
      schedule.offsets[t] += bases[schedule.regions[t]];
  for (size_t layer = 0; layer < schedule.scratchOffsets.size(); ++layer)
    if (schedule.scratchOffsets[layer] >= 0)
      schedule.scratchOffsets[layer] += bases[schedule.scratchRegions[layer]];
  schedule.height = bases.back();
  return schedule;
}

TEST(StreamRegions, RandomProgramsComputeTheSame) {
  std::mt19937 random(7);
  int fitting = 0, shared = 0;
  for (int round = 0; round < 150; ++round) {
    Program program = randomProgram(random);
    Options options;
    options.inPlace = round % 3 != 0;
    Schedule whole = scheduleProgram(program, options);
    auto part = [&](int64_t percent) { return std::optional(whole.height * percent / 100); };
    const Capacities cases[] = {
        {part(30), std::nullopt}, {part(50), part(80)}, {part(20), part(30), part(100)}};
    const Capacities &capacities = cases[round % 3];
    Schedule split = whole;
    const bool fits = placeInRegions(program, split, options, capacities);
    ASSERT_EQ(split.uses.size(), capacities.size());
    for (size_t region = 0; region < capacities.size(); ++region) {
      const RegionUse &use = split.uses[region];
      ASSERT_LE(use.alive, use.height);
      if (capacities[region] && (fits || region + 1 < capacities.size())) {
        ASSERT_LE(use.height, *capacities[region]) << "round " << round;
      }
    }
    fitting += fits;
    shared += split.uses[0].height > 0 && split.uses[1].height > 0;
    Outcome outcome = runSchedule(program, inOneMemory(split));
    ASSERT_TRUE(outcome.isRight) << "round " << round;
    ASSERT_TRUE(outcome.isAccepted) << "round " << round;
  }
  EXPECT_GT(fitting, 100);
  EXPECT_GT(shared, 100);
}

TEST(StreamRegions, TheFirstHoldsAllWhereItCan) {
  Program program = mobileNetwork(176, mcunet320(), /*imageInArena=*/false);
  Schedule split = schedule(program, 24, true);
  const int64_t height = split.height;
  ASSERT_TRUE(placeInRegions(program, split, {.alignment = 4}, {height, kib}));
  EXPECT_EQ(split.uses[0].height, height);
  EXPECT_EQ(split.uses[1].height, 0);
}

TEST(StreamRegions, FitsOneByOneWhatFitsTogether) {
  Program program = mobileNetwork(176, mcunet320(), /*imageInArena=*/false);
  Options options;
  options.alignment = 4;
  options.budget = 96 * kib;
  Choice choice = chooseForRegions(program, options, {32 * kib, 64 * kib}, 0);
  EXPECT_LE(choice.schedule.uses[0].height, 32 * kib);
  EXPECT_LE(choice.schedule.uses[1].height, 64 * kib);
  EXPECT_TRUE(isAccepted(program, inOneMemory(choice.schedule)));
}

} // namespace
