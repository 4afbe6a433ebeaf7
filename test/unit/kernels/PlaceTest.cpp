// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// pebble_place_buffers: the places of buffers whose sizes only the run knows.
#include "runtime/abi/pebble_abi.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

extern "C" int32_t pebble_place_buffers(const int64_t *dims, const int64_t *table, int64_t count,
                                        int64_t base, int64_t *plan);

namespace {

struct Buffer {
  std::vector<int64_t> dims;
  int64_t elementBytes, first, last;
};

struct Plan {
  int32_t status;
  std::vector<int64_t> offsets;
  int64_t end = -1;

  Plan(const std::vector<Buffer> &buffers, int64_t base) {
    std::vector<int64_t> dims, table;
    for (const Buffer &buffer : buffers) {
      dims.insert(dims.end(), buffer.dims.begin(), buffer.dims.end());
      table.insert(table.end(), {static_cast<int64_t>(buffer.dims.size()), buffer.elementBytes,
                                 buffer.first, buffer.last});
    }
    std::vector<int64_t> words(1 + 3 * buffers.size());
    status = pebble_place_buffers(dims.data(), table.data(), static_cast<int64_t>(buffers.size()),
                                  base, words.data());
    end = words[0];
    offsets.assign(words.begin() + 1, words.end());
  }
};

int64_t bytesOf(const Buffer &buffer) {
  int64_t bytes = buffer.elementBytes;
  for (int64_t dim : buffer.dims)
    bytes *= dim;
  return bytes;
}

TEST(Place, ADeadBuffersPlaceIsUsedAgain) {
  Plan plan({{{10, 16}, 4, 0, 1}, {{10, 8}, 4, 1, 2}, {{10, 8}, 4, 2, 3}}, 128);
  ASSERT_EQ(plan.status, PEBBLE_OK);
  EXPECT_EQ(plan.offsets[0], 128);
  EXPECT_EQ(plan.offsets[1], 128 + 640);
  EXPECT_EQ(plan.offsets[2], 128);
  EXPECT_EQ(plan.end, 128 + 640 + 320);
}

TEST(Place, NothingAndEmptyBuffersArePlaced) {
  Plan none({}, 64);
  EXPECT_EQ(none.status, PEBBLE_OK);
  EXPECT_EQ(none.end, 64);
  Plan empty({{{0, 5}, 4, 0, 1}, {{}, 4, 0, 1}}, 0);
  EXPECT_EQ(empty.status, PEBBLE_OK);
  EXPECT_EQ(empty.end, 128);
}

TEST(Place, SizesBeyondTheAddressSpaceAreRefused) {
  int64_t huge = int64_t(1) << 40;
  EXPECT_EQ(Plan({{{huge, huge}, 4, 0, 1}}, 0).status, PEBBLE_ERROR_MEMORY);
  EXPECT_EQ(Plan({{{huge, 16}, 4, 0, 1}, {{huge, 16}, 4, 0, 1}}, 0).status, PEBBLE_ERROR_MEMORY);
  EXPECT_EQ(Plan({{{-1, 4}, 4, 0, 1}}, 0).status, PEBBLE_ERROR_MEMORY);
}

TEST(Place, NoTwoLivingBuffersOverlap) {
  std::mt19937 random(0);
  auto number = [&](int64_t most) { return static_cast<int64_t>(random() % most); };
  for (int round = 0; round < 50; ++round) {
    std::vector<Buffer> buffers;
    for (int64_t count = number(60); count > 0; --count) {
      int64_t first = number(40);
      buffers.push_back({{number(5), number(300)}, 1 << number(4), first, first + number(8)});
    }
    Plan plan(buffers, 192);
    ASSERT_EQ(plan.status, PEBBLE_OK);
    for (size_t i = 0; i < buffers.size(); ++i) {
      ASSERT_EQ(plan.offsets[i] % 64, 0);
      ASSERT_GE(plan.offsets[i], 192);
      ASSERT_LE(plan.offsets[i] + bytesOf(buffers[i]), plan.end);
      for (size_t j = 0; j < i; ++j) {
        bool together = buffers[i].first <= buffers[j].last && buffers[j].first <= buffers[i].last;
        bool apart = plan.offsets[i] + bytesOf(buffers[i]) <= plan.offsets[j] ||
                     plan.offsets[j] + bytesOf(buffers[j]) <= plan.offsets[i];
        ASSERT_TRUE(!together || apart) << "round " << round << ": " << i << " and " << j;
      }
    }
  }
}

} // namespace
