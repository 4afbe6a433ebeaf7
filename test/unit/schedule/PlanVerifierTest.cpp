// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/schedule/verifier/PlanVerifier.h"

#include <gtest/gtest.h>
#include <random>

using namespace pebble::verifier;

namespace {

std::vector<Violation::Kind> kindsOf(const std::vector<PlacedRange> &plan, int64_t capacity) {
  std::vector<Violation::Kind> kinds;
  for (const Violation &violation : verifyPlan(plan, capacity))
    kinds.push_back(violation.kind);
  return kinds;
}

using Kinds = std::vector<Violation::Kind>;

TEST(PlanVerifier, AcceptsWhatTouches) {
  EXPECT_EQ(kindsOf({{0, 2, 0, 8}, {0, 2, 8, 8, 8}, {2, 3, 4, 8}, {1, 3, 16, 0}}, 16), Kinds{});
}

TEST(PlanVerifier, NamesEachFault) {
  EXPECT_EQ(kindsOf({{2, 2, 0, 8}}, 16), Kinds{Violation::emptyLife});
  EXPECT_EQ(kindsOf({{0, 1, -1, 8}}, 16), Kinds{Violation::negative});
  EXPECT_EQ(kindsOf({{0, 1, 1, INT64_MAX}}, 16), Kinds{Violation::badSize});
  EXPECT_EQ(kindsOf({{0, 1, 4, 8, 8}}, 16), Kinds{Violation::misaligned});
  EXPECT_EQ(kindsOf({{0, 1, 9, 8}}, 16), Kinds{Violation::outOfBounds});
  EXPECT_EQ(kindsOf({{0, 2, 0, 8}, {1, 3, 7, 8}}, 16), Kinds{Violation::overlap});
  EXPECT_EQ(kindsOf({{0, 9, 0, 16}, {3, 4, 4, 2}}, 16), Kinds{Violation::overlap});
}

TEST(PlanVerifier, FindsAnOverlapWhereThereIsOne) {
  std::mt19937 random(1);
  auto below = [&](int count) { return static_cast<int64_t>(random() % count); };
  int wrong = 0;
  for (int round = 0; round < 2000; ++round) {
    std::vector<PlacedRange> plan;
    for (int64_t count = 2 + below(5); count > 0; --count) {
      int64_t lower = below(8);
      plan.push_back({lower, lower + 1 + below(4), below(40), 1 + below(9)});
    }
    bool overlaps = false;
    for (size_t i = 0; i < plan.size(); ++i)
      for (size_t j = 0; j < i; ++j)
        overlaps |= plan[i].lower < plan[j].upper && plan[j].lower < plan[i].upper &&
                    plan[i].offset < plan[j].offset + plan[j].size &&
                    plan[j].offset < plan[i].offset + plan[i].size;
    wrong += overlaps;
    ASSERT_EQ(!verifyPlan(plan, 100).empty(), overlaps) << "round " << round;
  }
  EXPECT_GT(wrong, 500);
  EXPECT_LT(wrong, 1500);
}

} // namespace
