// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/schedule/verifier/PlanVerifier.h"

#include <gtest/gtest.h>
#include <random>

using namespace pebble::verifier;

namespace {

using Kinds = std::vector<Violation::Kind>;

Kinds kindsOf(const std::vector<PlacedRange> &plan, int64_t capacity) {
  Kinds kinds;
  for (const Violation &violation : verifyPlan(plan, capacity))
    kinds.push_back(violation.kind);
  return kinds;
}

TEST(PlanVerifier, AcceptsWhatTouches) {
  EXPECT_EQ(kindsOf({{0, 2, 0, 8}, {0, 2, 8, 8, 8}, {2, 3, 4, 8}, {1, 3, 16, 0}}, 16), Kinds{});
  // What has no bytes ends nowhere.
  EXPECT_EQ(kindsOf({{0, 2, 0, 8}, {0, 2, 4, 0}, {0, 2, 99, 0}}, 16), Kinds{});
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

PlacedRange ranged(int64_t lower, int64_t upper, int64_t offset, int64_t size, int region,
                   uint64_t regions = ~uint64_t(0), std::optional<size_t> sharesWith = {}) {
  return {lower, upper, offset, size, 1, region, regions, sharesWith};
}

Kinds kindsIn(const std::vector<PlacedRange> &plan, const std::vector<Memory> &regions) {
  Kinds kinds;
  for (const Violation &violation : verifyPlan(plan, regions))
    kinds.push_back(violation.kind);
  return kinds;
}

TEST(PlanVerifier, LooksAtEachRegionByItself) {
  const std::vector<Memory> regions = {{"x", 8}, {"y", 16}, {"z", std::nullopt}};
  // The same bytes of two regions are two.
  EXPECT_EQ(
      kindsIn({ranged(0, 2, 0, 8, 0), ranged(0, 2, 0, 8, 1), ranged(0, 2, 900, 8, 2)}, regions),
      Kinds{});
  EXPECT_EQ(kindsIn({ranged(0, 2, 0, 8, 1), ranged(1, 3, 7, 8, 1)}, regions),
            Kinds{Violation::overlap});
  EXPECT_EQ(kindsIn({ranged(0, 2, 4, 8, 0)}, regions), Kinds{Violation::outOfBounds});
  EXPECT_EQ(kindsIn({ranged(0, 2, 4, 8, 1)}, regions), Kinds{});
  EXPECT_EQ(kindsIn({ranged(0, 2, 0, 8, 3)}, regions), Kinds{Violation::wrongRegion});
  EXPECT_EQ(kindsIn({ranged(0, 2, 0, 8, -1)}, regions), Kinds{Violation::wrongRegion});
  EXPECT_EQ(kindsIn({ranged(0, 2, 0, 8, 1, 0b101)}, regions), Kinds{Violation::wrongRegion});
}

TEST(PlanVerifier, TakesWhatSharesAPlaceForOne) {
  const std::vector<Memory> regions = {{"x", 16}, {"y", 16}};
  const uint64_t any = ~uint64_t(0);
  EXPECT_EQ(kindsIn({ranged(0, 3, 4, 8, 0), ranged(2, 5, 4, 8, 0, any, 0)}, regions), Kinds{});
  EXPECT_EQ(kindsIn({ranged(0, 3, 4, 8, 0), ranged(2, 5, 5, 8, 0, any, 0)}, regions),
            (Kinds{Violation::notShared, Violation::overlap}));
  EXPECT_EQ(kindsIn({ranged(0, 3, 4, 8, 0), ranged(2, 5, 4, 8, 1, any, 0)}, regions),
            Kinds{Violation::notShared});
  // In a circle, or with nobody.
  EXPECT_EQ(kindsIn({ranged(0, 3, 4, 8, 0, any, 1), ranged(4, 5, 4, 8, 0, any, 0)}, regions),
            (Kinds{Violation::notShared, Violation::notShared}));
  EXPECT_EQ(kindsIn({ranged(0, 3, 4, 8, 0, any, 7)}, regions), Kinds{Violation::notShared});
  // The place belongs to both between their lives too, and is as large as the largest.
  EXPECT_EQ(kindsIn({ranged(0, 1, 0, 8, 0), ranged(4, 5, 0, 4, 0, any, 0), ranged(2, 3, 4, 4, 0)},
                    regions),
            Kinds{Violation::overlap});
  EXPECT_EQ(kindsIn({ranged(0, 1, 0, 4, 0), ranged(4, 5, 0, 4, 0, any, 0), ranged(2, 3, 4, 4, 0)},
                    regions),
            Kinds{});
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
