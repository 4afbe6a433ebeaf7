// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The offset planner: against trying everything, and on problems with a known answer. Budgets are
// steps, never seconds.
#include "test/unit/schedule/Problems.h"

#include <cstdlib>
#include <filesystem>
#include <gtest/gtest.h>

using namespace pebble::planner;

namespace {

Options within(int64_t capacity, int64_t steps = 300'000'000) {
  Options options;
  options.capacity = capacity;
  options.budget = Budget(steps);
  return options;
}

std::vector<Buffer> randomProblem(uint32_t seed) {
  std::mt19937 random(seed);
  auto below = [&](int count) { return static_cast<int64_t>(random() % count); };
  const bool withAlignment = seed % 3 == 1, withFixed = seed % 5 == 2;
  std::vector<Buffer> buffers(2 + below(6));
  for (Buffer &buffer : buffers) {
    buffer.lower = below(8);
    buffer.upper = buffer.lower + 1 + below(5);
    buffer.size = 1 + below(12);
    if (withAlignment)
      buffer.alignment = int64_t(1) << below(4);
  }
  if (withFixed)
    buffers[0].fixed = buffers[0].alignment * below(5);
  return buffers;
}

TEST(Planner, EqualsBruteForceOnRandomProblems) {
  for (uint32_t seed = 0; seed < 1000; ++seed) {
    std::vector<Buffer> buffers = randomProblem(seed);
    Result result = planBuffers(buffers, Options());
    int64_t height = bruteForce(buffers);
    ASSERT_EQ(result.plan.height, height) << "seed " << seed;
    ASSERT_EQ(result.lowerBound, height) << "seed " << seed;
    ASSERT_EQ(faultsOf(buffers, result.plan, height), "") << "seed " << seed;
  }
}

TEST(Planner, DecidesAsBruteForceDoes) {
  for (uint32_t seed = 0; seed < 1000; ++seed) {
    std::vector<Buffer> buffers = randomProblem(seed);
    int64_t height = bruteForce(buffers);
    ASSERT_EQ(planBuffers(buffers, within(height)).answer, Answer::fits) << "seed " << seed;
    Result tooSmall = planBuffers(buffers, within(height - 1));
    ASSERT_EQ(tooSmall.answer, Answer::doesNotFit) << "seed " << seed;
    // The conflict by itself does not fit, and any one of it less does.
    std::vector<Buffer> conflict;
    for (int index : tooSmall.conflict)
      conflict.push_back(buffers[index]);
    ASSERT_GT(bruteForce(conflict), height - 1) << "seed " << seed;
    ASSERT_TRUE(tooSmall.conflictIsMinimal) << "seed " << seed;
    for (size_t left = 0; left < conflict.size(); ++left) {
      std::vector<Buffer> rest = conflict;
      rest.erase(rest.begin() + left);
      ASSERT_TRUE(rest.empty() || bruteForce(rest) < height) << "seed " << seed;
    }
  }
}

TEST(Planner, PlansRectanglesThatWereCut) {
  // Those of planner-sweep that take little time.
  for (uint32_t seed = 0; seed < 70; seed += 3) {
    CutRectangle problem = cutRectangle(20 + seed * 380 / 99, seed);
    Result result = planBuffers(problem.buffers, within(problem.capacity));
    EXPECT_EQ(result.answer, Answer::fits) << "seed " << seed;
    EXPECT_EQ(faultsOf(problem.buffers, result.plan, problem.capacity), "") << "seed " << seed;
  }
}

TEST(Planner, PlansRectanglesByChance) {
  // No strategy plans these in the order as it is.
  for (uint32_t seed : {88, 93, 98}) {
    CutRectangle problem = cutRectangle(20 + seed * 380 / 99, seed);
    Result result = planBuffers(problem.buffers, within(problem.capacity, 200'000'000));
    EXPECT_EQ(result.answer, Answer::fits) << "seed " << seed;
    EXPECT_EQ(faultsOf(problem.buffers, result.plan, problem.capacity), "") << "seed " << seed;
  }
}

TEST(Planner, DecidesByChanceAsBruteForceDoes) {
  Experience experience;
  for (uint32_t seed = 0; seed < 1000; ++seed) {
    std::vector<Buffer> buffers = randomProblem(seed);
    Plan plan;
    plan.height = bruteForce(buffers);
    for (int64_t less : {0, 1}) {
      Budget budget(1'000'000);
      experience.turns = std::size(kStrategies) + seed % kShakenStrategies;
      experience.weights.clear(); // They are those of the problem before.
      ASSERT_TRUE(turnAt(experience.turns).isShaken);
      ASSERT_EQ(searchFit(buffers, plan.height - less, budget, experience, plan.offsets),
                less ? Answer::doesNotFit : Answer::fits)
          << "seed " << seed;
      ASSERT_EQ(faultsOf(buffers, plan, plan.height), "") << "seed " << seed;
    }
  }
}

TEST(Planner, GoesOnWhereASearchEnded) {
  CutRectangle problem = cutRectangle(20 + 88 * 380 / 99, 88);
  Experience experience;
  Answer answer = Answer::unknown;
  std::vector<int64_t> offsets;
  int parts = 0;
  for (; parts < 200 && answer == Answer::unknown; ++parts) {
    Budget budget(500'000); // Not enough for a turn of each strategy.
    answer = searchFit(problem.buffers, problem.height, budget, experience, offsets);
  }
  EXPECT_EQ(answer, Answer::fits);
  EXPECT_GT(parts, 1);
}

TEST(Planner, GivesAllStrategiesTurnsThatGrow) {
  constexpr int64_t strategies = std::size(kStrategies);
  std::vector<std::vector<int64_t>> lengths(strategies);
  int64_t longSteps = 0, shortSteps = 0;
  for (int64_t number = 0; number < strategies * (4 + 2 * 15); ++number) {
    Turn turn = turnAt(number);
    (turn.isShaken ? shortSteps : longSteps) += turn.length;
    if (!turn.isShaken)
      lengths[turn.strategy].push_back(turn.length);
  }
  for (const std::vector<int64_t> &of : lengths)
    EXPECT_EQ(of, (std::vector<int64_t>{1, 2, 4, 8}));
  EXPECT_EQ(shortSteps, 2 * longSteps);
}

TEST(Planner, PlansTheInstancesOfMiniMalloc) {
  const char *data = std::getenv("PEBBLE_DATA");
  std::filesystem::path folder = std::filesystem::path(data ? data : "") / "minimalloc/challenging";
  if (!data || !std::filesystem::is_directory(folder))
    GTEST_SKIP() << "PEBBLE_DATA has no minimalloc/challenging";
  constexpr int64_t capacity = 1 << 20;
  for (char name = 'A'; name <= 'K'; ++name) {
    auto buffers = readProblem(folder / (std::string(1, name) + ".1048576.csv"));
    ASSERT_FALSE(buffers.empty()) << name;
    Result result = planBuffers(buffers, within(capacity));
    EXPECT_EQ(result.answer, Answer::fits) << name;
    EXPECT_EQ(faultsOf(buffers, result.plan, capacity), "") << name;
  }
}

TEST(Planner, RepeatsItself) {
  CutRectangle problem = cutRectangle(150, 7);
  Options options;
  options.budget = Budget(3'000'000);
  Result first = planBuffers(problem.buffers, options);
  Result second = planBuffers(problem.buffers, options);
  EXPECT_EQ(first.plan.offsets, second.plan.offsets);
  EXPECT_EQ(first.lowerBound, second.lowerBound);
}

TEST(Planner, SaysWhenTheBudgetIsUsedUp) {
  CutRectangle problem = cutRectangle(400, 1);
  Result result = planBuffers(problem.buffers, within(problem.height, 1000));
  EXPECT_EQ(result.answer, Answer::unknown);
  EXPECT_EQ(faultsOf(problem.buffers, result.plan, result.plan.height), "");
}

TEST(Planner, NamesWhatIsAliveTogetherWhenItDoesNotFit) {
  std::vector<Buffer> buffers = {{0, 4, 10}, {1, 3, 20}, {2, 6, 30}, {5, 9, 50}, {2, 3, 1}};
  Result result = planBuffers(buffers, within(55));
  EXPECT_EQ(result.answer, Answer::doesNotFit);
  EXPECT_EQ(result.reason, Reason::aliveTogether);
  EXPECT_EQ(result.conflict, (std::vector<int>{2, 3}));
  EXPECT_EQ(result.lowerBound, 80);
}

TEST(Planner, RefusesFixedOffsetsThatContradict) {
  std::vector<Buffer> buffers = {{0, 4, 10, 1, 0}, {1, 3, 20, 1, 5}};
  Result result = planBuffers(buffers, Options());
  EXPECT_EQ(result.answer, Answer::doesNotFit);
  EXPECT_EQ(result.reason, Reason::fixedOffsets);
  EXPECT_EQ(result.conflict, (std::vector<int>{0, 1}));
}

TEST(Planner, TakesNoBuffersAndEmptyOnes) {
  EXPECT_EQ(planBuffers({}, Options()).plan.height, 0);
  Result result = planBuffers({{0, 9, 0}, {0, 9, 7}, {3, 4, 0}}, within(7));
  EXPECT_EQ(result.answer, Answer::fits);
  EXPECT_EQ(result.plan.height, 7);
  // A fixed offset without bytes is in nobody's way either.
  result = planBuffers({{0, 9, 0, 1, 3}, {0, 9, 7, 1, 0}, {0, 9, 0, 1, 99}}, within(7));
  EXPECT_EQ(result.answer, Answer::fits);
  EXPECT_EQ(result.plan.offsets, (std::vector<int64_t>{3, 0, 99}));
}

TEST(Planner, CountsBytesBeyond32Bits) {
  constexpr int64_t large = (int64_t(1) << 40) + 1;
  Result result = planBuffers({{0, 2, large}, {1, 3, large - 1}, {2, 4, large}}, Options());
  EXPECT_EQ(result.plan.height, 2 * large - 1);
  EXPECT_TRUE(result.isOptimal());
}

TEST(Planner, FindsFaultsOfProblems) {
  EXPECT_TRUE(findFaults({{0, 1, 5}, {-3, 4, 0, 8, 16}}).empty());
  std::vector<Buffer> wrong = {{2, 2, 1},       {0, 1, -1},    {0, 1, 1, 0},
                               {0, 1, 8, 4, 6}, {0, 1, kMost}, {0, 1, kMost}};
  std::vector<size_t> found;
  for (const Fault &fault : findFaults(wrong))
    found.push_back(fault.buffer);
  EXPECT_EQ(found, (std::vector<size_t>{0, 1, 2, 3, 5}));
}

} // namespace
