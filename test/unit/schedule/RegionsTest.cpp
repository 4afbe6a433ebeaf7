// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Regions and shared places: against trying everything, and on problems with a known answer.
#include "passes/schedule/planner/Regions.h"
#include "passes/schedule/verifier/PlanVerifier.h"
#include "test/unit/schedule/Problems.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <map>
#include <set>

using namespace pebble;
using namespace pebble::planner;

namespace {
struct RegionCase {
  std::vector<Buffer> buffers;
  std::vector<Region> regions;
};

RegionCase randomCase(uint32_t seed) {
  std::mt19937 random(seed);
  auto below = [&](int count) { return static_cast<int64_t>(random() % count); };
  RegionCase problem;
  const int regions = 2 + below(2);
  for (int r = 0; r < regions; ++r)
    problem.regions.push_back({"r" + std::to_string(r), 4 + below(22)});
  if (seed % 4 == 0)
    problem.regions.back().capacity.reset();
  problem.buffers.resize(2 + below(6));
  for (size_t i = 0; i < problem.buffers.size(); ++i) {
    Buffer &buffer = problem.buffers[i];
    buffer.lower = below(6);
    buffer.upper = buffer.lower + 1 + below(5);
    buffer.size = 1 + below(12);
    buffer.traffic = below(10) * buffer.size;
    if (seed % 3 == 1)
      buffer.alignment = int64_t(1) << below(4);
    if (below(3) == 0)
      buffer.regions = 1 + below((1 << regions) - 1);
  }
  if (seed % 5 == 2)
    problem.buffers[0].fixed = problem.buffers[0].alignment * below(4);
  if (seed % 2 == 0)
    for (size_t i = 1; i < problem.buffers.size(); ++i)
      if (below(3) == 0)
        problem.buffers[i].sharesWith = below(i);
  return problem;
}

/// Those that share a place as one, by the rules of the header, joined one pair after the other.
std::vector<Buffer> joinByHand(const std::vector<Buffer> &buffers) {
  std::vector<int> root(buffers.size());
  std::map<int, Buffer> joined;
  for (size_t i = 0; i < buffers.size(); ++i) {
    int at = i;
    while (buffers[at].sharesWith)
      at = *buffers[at].sharesWith;
    auto [place, isNew] = joined.try_emplace(at, buffers[i]);
    if (isNew)
      continue;
    Buffer &all = place->second;
    all.lower = std::min(all.lower, buffers[i].lower);
    all.upper = std::max(all.upper, buffers[i].upper);
    all.size = std::max(all.size, buffers[i].size);
    all.alignment = std::max(all.alignment, buffers[i].alignment); // Powers of two.
    all.regions &= buffers[i].regions;
    all.traffic += buffers[i].traffic;
    if (buffers[i].fixed)
      all.fixed = buffers[i].fixed;
  }
  std::vector<Buffer> places;
  for (auto &[at, place] : joined)
    places.push_back(place);
  return places;
}

/// The least cost of all assignments that fit; none when none does.
std::optional<int64_t> leastCost(const RegionCase &problem) {
  const std::vector<Buffer> places = joinByHand(problem.buffers);
  const size_t regions = problem.regions.size();
  std::vector<int64_t> heights(size_t(1) << places.size(), -1);
  auto heightOf = [&](size_t set) {
    if (heights[set] < 0) {
      std::vector<Buffer> chosen;
      for (size_t i = 0; i < places.size(); ++i)
        if (set >> i & 1)
          chosen.push_back(places[i]);
      heights[set] = chosen.empty() ? 0 : bruteForce(chosen);
    }
    return heights[set];
  };
  std::optional<int64_t> best;
  std::vector<size_t> region(places.size(), 0);
  while (true) {
    int64_t cost = 0;
    std::vector<size_t> sets(regions, 0);
    bool fits = true;
    for (size_t i = 0; i < places.size(); ++i) {
      cost += places[i].traffic * static_cast<int64_t>(region[i]);
      sets[region[i]] |= size_t(1) << i;
      fits &= places[i].regions >> region[i] & 1;
    }
    for (size_t r = 0; r < regions && fits && (!best || cost < *best); ++r)
      fits = !problem.regions[r].capacity || heightOf(sets[r]) <= *problem.regions[r].capacity;
    if (fits && (!best || cost < *best))
      best = cost;
    size_t digit = 0;
    while (digit < region.size() && ++region[digit] == regions)
      region[digit++] = 0;
    if (digit == region.size())
      return best;
  }
}

std::vector<verifier::PlacedRange> rangesOf(const RegionCase &problem,
                                            const RegionsResult &result) {
  std::vector<verifier::PlacedRange> ranges;
  for (size_t i = 0; i < problem.buffers.size(); ++i) {
    const Buffer &buffer = problem.buffers[i];
    ranges.push_back({buffer.lower, buffer.upper, result.offsets[i], buffer.size, buffer.alignment,
                      result.region[i], buffer.regions, std::nullopt});
    if (buffer.sharesWith)
      ranges.back().sharesWith = *buffer.sharesWith;
  }
  return ranges;
}

std::vector<verifier::Memory> memoriesOf(const RegionCase &problem) {
  std::vector<verifier::Memory> memories;
  for (const Region &region : problem.regions)
    memories.push_back({region.name, region.capacity});
  return memories;
}

std::string faultsOf(const RegionCase &problem, const RegionsResult &result) {
  const auto ranges = rangesOf(problem, result);
  const auto memories = memoriesOf(problem);
  std::vector<std::string> names;
  std::string faults;
  int64_t cost = 0;
  std::vector<int64_t> heights(memories.size(), 0);
  for (size_t i = 0; i < ranges.size(); ++i) {
    names.push_back(std::to_string(i));
    cost += problem.buffers[i].traffic * result.region[i];
    int64_t &height = heights[result.region[i]];
    height = std::max(height, ranges[i].offset + ranges[i].size);
    if (problem.buffers[i].fixed && *problem.buffers[i].fixed != result.offsets[i])
      faults += names[i] + " is not at its offset\n";
  }
  for (const auto &violation : verifier::verifyPlan(ranges, memories))
    faults += verifier::describe(violation, ranges, names, memories) + "\n";
  for (size_t r = 0; r < heights.size(); ++r)
    if (heights[r] != result.uses[r].height || result.uses[r].lowerBound > heights[r])
      faults += "the use of region " + std::to_string(r) + " is wrong\n";
  return faults + (cost == result.cost ? "" : "the cost is wrong\n");
}

TEST(Regions, EqualBruteForceOnRandomProblems) {
  int fitting = 0, refused = 0;
  for (uint32_t seed = 0; seed < 1200; ++seed) {
    RegionCase problem = randomCase(seed);
    if (!findFaults(problem.buffers, problem.regions.size()).empty())
      continue; // Those that share a place may lie in no region together.
    std::optional<int64_t> cost = leastCost(problem);
    RegionsResult result = planRegions(problem.buffers, problem.regions, Options());
    ASSERT_EQ(result.answer, cost ? Answer::fits : Answer::doesNotFit) << "seed " << seed;
    ++(cost ? fitting : refused);
    if (cost) {
      ASSERT_EQ(result.cost, *cost) << "seed " << seed;
      ASSERT_TRUE(result.isOptimal()) << "seed " << seed;
      ASSERT_EQ(faultsOf(problem, result), "") << "seed " << seed;
    }
  }
  EXPECT_GT(fitting, 700);
  EXPECT_GT(refused, 200);
}

TEST(Regions, AreRightWithFewSteps) {
  int unknown = 0;
  for (uint32_t seed = 0; seed < 600; ++seed) {
    RegionCase problem = randomCase(seed);
    if (!findFaults(problem.buffers, problem.regions.size()).empty())
      continue;
    std::optional<int64_t> cost = leastCost(problem);
    for (int64_t steps : {1, 30, 300, 3000}) {
      Options options;
      options.budget = Budget(steps);
      RegionsResult result = planRegions(problem.buffers, problem.regions, options);
      unknown += result.answer == Answer::unknown;
      if (result.answer == Answer::doesNotFit) {
        ASSERT_FALSE(cost) << "seed " << seed << ", steps " << steps;
      }
      if (result.answer == Answer::fits) {
        ASSERT_EQ(faultsOf(problem, result), "") << "seed " << seed << ", steps " << steps;
        ASSERT_LE(result.costBound, *cost) << "seed " << seed << ", steps " << steps;
      }
    }
  }
  EXPECT_GT(unknown, 500);
}

/// Whether two owners of bytes meet, by comparing each with each; those that share are one.
bool isWrong(const std::vector<verifier::PlacedRange> &ranges,
             const std::vector<verifier::Memory> &memories) {
  auto rootOf = [&](size_t i) {
    while (ranges[i].sharesWith)
      i = *ranges[i].sharesWith;
    return i;
  };
  std::map<size_t, verifier::PlacedRange> owners;
  for (size_t i = 0; i < ranges.size(); ++i) {
    const verifier::PlacedRange &range = ranges[i], &root = ranges[rootOf(i)];
    const auto &capacity = memories[range.region].capacity;
    if (range.offset < 0 || range.offset % range.alignment != 0 ||
        !(range.regions >> range.region & 1) || range.region != root.region ||
        range.offset != root.offset || (capacity && range.offset + range.size > *capacity))
      return true;
    verifier::PlacedRange &owner = owners.try_emplace(rootOf(i), range).first->second;
    owner.lower = std::min(owner.lower, range.lower);
    owner.upper = std::max(owner.upper, range.upper);
    owner.size = std::max(owner.size, range.size);
  }
  for (auto &[i, a] : owners)
    for (auto &[j, b] : owners)
      if (i < j && a.region == b.region && a.lower < b.upper && b.lower < a.upper &&
          a.offset < b.offset + b.size && b.offset < a.offset + a.size)
        return true;
  return false;
}

TEST(Regions, MutatedPlansAreRejectedWhereTheyAreWrong) {
  int wrong = 0, harmless = 0;
  for (uint32_t seed = 0; seed < 600; ++seed) {
    RegionCase problem = randomCase(seed);
    if (!findFaults(problem.buffers, problem.regions.size()).empty())
      continue;
    RegionsResult result = planRegions(problem.buffers, problem.regions, Options());
    if (result.answer != Answer::fits)
      continue;
    const auto memories = memoriesOf(problem);
    std::mt19937 random(seed);
    auto below = [&](int count) { return static_cast<int64_t>(random() % count); };
    for (int mutant = 0; mutant < 12; ++mutant) {
      auto ranges = rangesOf(problem, result);
      verifier::PlacedRange &changed = ranges[below(ranges.size())];
      switch (mutant % 4) {
      case 0:
        changed.offset += below(9) - 4;
        break;
      case 1:
        changed.region = below(memories.size());
        break;
      case 2:
        changed.upper += 1 + below(4);
        break;
      case 3:
        std::swap(changed.offset, ranges[below(ranges.size())].offset);
        break;
      }
      const bool expected = isWrong(ranges, memories);
      ++(expected ? wrong : harmless);
      ASSERT_EQ(!verifier::verifyPlan(ranges, memories).empty(), expected)
          << "seed " << seed << ", mutant " << mutant;
    }
  }
  EXPECT_GT(wrong, 1500);
  EXPECT_GT(harmless, 1500);
}

TEST(Regions, ConflictsDoNotFitByThemselves) {
  int exhausted = 0;
  for (uint32_t seed = 0; seed < 600; ++seed) {
    RegionCase problem = randomCase(seed);
    if (!findFaults(problem.buffers, problem.regions.size()).empty())
      continue;
    RegionsResult result = planRegions(problem.buffers, problem.regions, Options());
    if (result.answer != Answer::doesNotFit)
      continue;
    exhausted += result.reason == Reason::exhausted;
    ASSERT_FALSE(result.conflict.empty()) << "seed " << seed;
    RegionCase conflict{{}, problem.regions};
    std::map<int, int> numbers;
    for (int index : result.conflict)
      numbers.emplace(index, numbers.size());
    for (int index : result.conflict) {
      Buffer buffer = problem.buffers[index];
      if (buffer.sharesWith)
        buffer.sharesWith = numbers.at(*buffer.sharesWith);
      conflict.buffers.push_back(buffer);
    }
    ASSERT_FALSE(leastCost(conflict)) << "seed " << seed;
    if (!result.conflictIsMinimal)
      continue;
    conflict.buffers = joinByHand(conflict.buffers);
    for (Buffer &buffer : conflict.buffers)
      buffer.sharesWith.reset();
    for (size_t left = 0; left < conflict.buffers.size(); ++left) {
      RegionCase rest = conflict;
      rest.buffers.erase(rest.buffers.begin() + left);
      ASSERT_TRUE(rest.buffers.empty() || leastCost(rest)) << "seed " << seed;
    }
  }
  EXPECT_GT(exhausted, 10);
}

TEST(Regions, OneRegionIsAPlan) {
  for (uint32_t seed = 0; seed < 100; ++seed) {
    std::vector<Buffer> buffers = cutRectangle(30, seed).buffers;
    Options options;
    options.capacity = 1 << 20;
    options.budget = Budget(5'000'000);
    Result plan = planBuffers(buffers, options);
    RegionsResult result = planRegions(buffers, {{"all", 1 << 20}}, options);
    ASSERT_EQ(result.answer, plan.answer);
    ASSERT_EQ(result.offsets, plan.plan.offsets);
    ASSERT_EQ(result.uses.front().lowerBound, plan.lowerBound);
  }
}

TEST(Regions, KeepTheTrafficNear) {
  // The four that are used most, of eight alike, and the bound says so.
  RegionCase problem{{}, {{"near", 40}, {"far", std::nullopt}}};
  for (int i = 0; i < 8; ++i) {
    problem.buffers.push_back({0, 5, 10});
    problem.buffers.back().traffic = 1 + i * 3 % 8;
  }
  RegionsResult result = planRegions(problem.buffers, problem.regions, Options());
  EXPECT_EQ(result.answer, Answer::fits);
  EXPECT_EQ(result.cost, 1 + 2 + 3 + 4);
  EXPECT_EQ(result.preferredTraffic, 5 + 6 + 7 + 8);
  EXPECT_TRUE(result.isOptimal());
  EXPECT_EQ(faultsOf(problem, result), "");
}

TEST(Regions, KnapsacksAreProven) {
  // All alive at once, so that what fits by bytes fits; by value of a byte alone few are solved.
  for (uint32_t seed = 0; seed < 200; ++seed) {
    std::mt19937 random(seed);
    auto below = [&](int count) { return static_cast<int64_t>(random() % count); };
    const int64_t capacity = 60 + below(60);
    RegionCase problem{{}, {{"near", capacity}, {"far", std::nullopt}}};
    std::vector<int64_t> most(capacity + 1, 0); // Traffic in so many bytes.
    int64_t total = 0;
    for (int i = 0; i < 16; ++i) {
      Buffer &buffer = problem.buffers.emplace_back();
      buffer.upper = 1;
      buffer.size = 5 + below(4) * 7;
      buffer.traffic = buffer.size + 5 + below(6);
      total += buffer.traffic;
      for (int64_t bytes = capacity; bytes >= buffer.size; --bytes)
        most[bytes] = std::max(most[bytes], most[bytes - buffer.size] + buffer.traffic);
    }
    RegionsResult result = planRegions(problem.buffers, problem.regions, Options());
    ASSERT_EQ(result.cost, total - most[capacity]) << "seed " << seed;
    ASSERT_TRUE(result.isOptimal()) << "seed " << seed;
  }
}

TEST(Regions, AreFilledByRectanglesThatWereCut) {
  // Two, of the same height, that fill a region each; the pieces of the first have more traffic.
  for (uint32_t seed = 0; seed < 5; ++seed) {
    RegionCase problem;
    int64_t known = 0;
    for (int64_t r = 0; r < 2; ++r) {
      CutRectangle cut = cutRectangle(30, 2 * seed + r);
      problem.regions.push_back({r == 0 ? "near" : "far", cut.height});
      for (Buffer buffer : cut.buffers) {
        buffer.traffic = buffer.size * (3 - 2 * r);
        known += buffer.traffic * r;
        problem.buffers.push_back(buffer);
      }
    }
    RegionsResult result = planRegions(problem.buffers, problem.regions, Options());
    ASSERT_EQ(result.answer, Answer::fits) << "seed " << seed;
    EXPECT_TRUE(result.isOptimal()) << "seed " << seed;
    EXPECT_LE(result.cost, known) << "seed " << seed;
    EXPECT_EQ(faultsOf(problem, result), "") << "seed " << seed;
  }
}

TEST(Regions, LargeProblemsRepeatThemselvesWithABound) {
  CutRectangle cut = cutRectangle(200, 3);
  RegionCase problem{cut.buffers, {{"a", 1 << 18}, {"b", 1 << 19}, {"c", std::nullopt}}};
  for (size_t i = 0; i < problem.buffers.size(); ++i)
    problem.buffers[i].traffic = problem.buffers[i].size * (1 + i % 7);
  Options options;
  options.budget = Budget(10'000'000);
  RegionsResult first = planRegions(problem.buffers, problem.regions, options);
  RegionsResult second = planRegions(problem.buffers, problem.regions, options);
  EXPECT_EQ(first.answer, Answer::fits);
  EXPECT_EQ(first.region, second.region);
  EXPECT_EQ(first.offsets, second.offsets);
  EXPECT_EQ(faultsOf(problem, first), "");
  EXPECT_GT(first.costBound, 0);
  EXPECT_LE(first.costBound, first.cost);
}

TEST(Regions, SayWhenTheBudgetIsUsedUp) {
  CutRectangle cut = cutRectangle(400, 1);
  Options options;
  options.budget = Budget(1000);
  std::vector<Region> regions = {{"a", 0}, {"b", cut.height}};
  EXPECT_EQ(planRegions(cut.buffers, regions, options).answer, Answer::unknown);
}

TEST(Regions, TakeNoBuffersAndEmptyOnes) {
  const std::vector<Region> regions = {{"a", 4}, {"b", 8}};
  EXPECT_EQ(planRegions({}, regions, Options()).answer, Answer::fits);
  EXPECT_EQ(planRegions({}, {}, Options()).answer, Answer::fits);
  RegionCase problem{{{0, 9, 0, 1, 100}, {0, 9, 7}, {3, 4, 0}}, regions};
  problem.buffers[2].regions = 0b10;
  RegionsResult result = planRegions(problem.buffers, regions, Options());
  EXPECT_EQ(result.answer, Answer::fits);
  EXPECT_EQ(result.region, (std::vector<int>{0, 1, 1}));
  EXPECT_EQ(result.offsets.front(), 100);
}

TEST(SharedPlaces, EqualBruteForce) {
  int shared = 0;
  for (uint32_t seed = 0; seed < 1000; ++seed) {
    std::vector<Buffer> buffers = randomCase(seed).buffers;
    for (Buffer &buffer : buffers)
      buffer.regions = ~uint64_t(0);
    ASSERT_TRUE(findFaults(buffers).empty() || buffers[0].fixed) << "seed " << seed;
    if (!findFaults(buffers).empty())
      continue;
    const std::vector<Buffer> places = joinByHand(buffers);
    shared += places.size() < buffers.size();
    Result result = planBuffers(buffers, Options());
    ASSERT_EQ(result.plan.height, bruteForce(places)) << "seed " << seed;
    ASSERT_TRUE(result.isOptimal()) << "seed " << seed;
    for (size_t i = 0; i < buffers.size(); ++i)
      if (buffers[i].sharesWith) {
        ASSERT_EQ(result.plan.offsets[i], result.plan.offsets[*buffers[i].sharesWith]);
      }
  }
  EXPECT_GT(shared, 300);
}

TEST(SharedPlaces, MayBeNamedInAnyOrder) {
  std::vector<Buffer> buffers = {{4, 6, 10}, {2, 5, 30}, {0, 3, 20}, {0, 6, 1}};
  buffers[0].sharesWith = 1;
  buffers[1].sharesWith = 2;
  Options options;
  options.capacity = 31;
  Result result = planBuffers(buffers, options);
  EXPECT_EQ(result.answer, Answer::fits);
  EXPECT_EQ(result.plan.offsets[0], result.plan.offsets[2]);
  EXPECT_EQ(result.plan.offsets[1], result.plan.offsets[2]);
  options.capacity = 30;
  result = planBuffers(buffers, options);
  EXPECT_EQ(result.answer, Answer::doesNotFit);
  EXPECT_EQ(result.conflict, (std::vector<int>{0, 1, 2, 3}));
}

TEST(SharedPlaces, HaveFaults) {
  auto shares = [](Buffer buffer, int with) {
    buffer.sharesWith = with;
    return buffer;
  };
  auto within = [](Buffer buffer, uint64_t regions) {
    buffer.regions = regions;
    return buffer;
  };
  auto used = [](Buffer buffer, int64_t traffic) {
    buffer.traffic = traffic;
    return buffer;
  };
  struct Case {
    std::vector<Buffer> buffers;
    std::vector<std::pair<size_t, Fault::Field>> faults;
  };
  const Buffer plain = {0, 1, 8}, at4 = {0, 1, 8, 4, 4}, at8 = {0, 1, 8, 4, 8};
  const Case cases[] = {
      {{shares(plain, 1), plain, shares(at4, 1), shares(at4, 0)}, {}},
      {{shares(plain, 1)}, {{0, Fault::sharesWith}}},
      {{shares(plain, -1)}, {{0, Fault::sharesWith}}},
      {{shares(plain, 0)}, {{0, Fault::sharesWith}}},
      {{shares(plain, 1), shares(plain, 2), shares(plain, 1)}, {{1, Fault::sharesWith}}},
      {{at4, shares(at8, 0)}, {{1, Fault::offset}}},
      {{at4, shares({0, 1, 8, 8}, 0)}, {{0, Fault::offset}}},
      {{{0, 1, 1, (int64_t(1) << 56) - 1}, shares({0, 1, 1, int64_t(1) << 56}, 0)},
       {{0, Fault::alignment}}},
      {{within(plain, 0b100)}, {{0, Fault::regions}}},
      {{within(plain, 0b01), shares(within(plain, 0b10), 0)}, {{1, Fault::regions}}},
      {{used(plain, -1)}, {{0, Fault::traffic}}},
      {{used(plain, kMost / 2), used(plain, 1)}, {{1, Fault::traffic}}},
  };
  for (const Case &each : cases) {
    std::vector<std::pair<size_t, Fault::Field>> found;
    for (const Fault &fault : findFaults(each.buffers, 2))
      found.push_back({fault.buffer, fault.field});
    EXPECT_EQ(found, each.faults) << "case " << (&each - cases);
  }
}

} // namespace
