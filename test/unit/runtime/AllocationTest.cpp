// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs of a model with static shapes, or with the shapes of the run before, allocate nothing.
#include "runtime/host/pebble.h"
#include "test/unit/runtime/CountAllocations.h"
#include "test/unit/runtime/TestPackages.h"

#include <gtest/gtest.h>

namespace {

using namespace pebble;

class Allocation : public ::testing::TestWithParam<int> {
protected:
  void open(const package::Manifest &manifest) {
    bytes = test::modelPackage(manifest);
    pebble_session_options options = {};
    options.size = sizeof(options);
    options.threads = GetParam();
    ASSERT_EQ(pebble_open_memory(bytes.data(), bytes.size(), &package), PEBBLE_OK);
    ASSERT_EQ(pebble_session_create(package, &options, &session), PEBBLE_OK);
  }
  void TearDown() override {
    pebble_session_destroy(session);
    pebble_close(package);
  }
  void bind(int32_t index, void *data, const int64_t *dims, int32_t rank) {
    pebble_tensor tensor = {data, dims, PEBBLE_F32, rank};
    ASSERT_EQ(pebble_bind_input(session, index, &tensor), PEBBLE_OK);
  }
  long allocationsOfRuns() {
    long before = allocations;
    for (int run = 0; run < 100; ++run)
      if (pebble_run(session) != PEBBLE_OK)
        return -1;
    return allocations - before;
  }

  /// The model of TestPackages.h with symbolic dims.
  void runRepeatedly() {
    std::vector<float> data(1000 * 3);
    int64_t dims[] = {1000, 3};
    bind(0, data.data(), dims, 2);
    bind(1, data.data(), dims, 1);
    ASSERT_EQ(pebble_run(session), PEBBLE_OK);
    EXPECT_EQ(allocationsOfRuns(), 0);
  }

  std::string bytes;
  pebble_package *package = nullptr;
  pebble_session *session = nullptr;
};

TEST_P(Allocation, TheCounterCounts) {
  long before = allocations;
  void *volatile memory = std::malloc(1);
  long after = allocations;
  std::free(memory);
  EXPECT_GT(after, before);
}

TEST_P(Allocation, StaticShapesNeverAllocate) {
  open(test::smallManifest());
  float x[4] = {};
  int64_t dims[] = {4};
  bind(0, x, dims, 1);
  EXPECT_EQ(allocationsOfRuns(), 0);
}

TEST_P(Allocation, RegionsAreMadeWithTheSession) {
  open(test::regionsManifest());
  float x[4] = {};
  int64_t dims[] = {4};
  bind(0, x, dims, 1);
  EXPECT_EQ(allocationsOfRuns(), 0);
  EXPECT_EQ(pebble_arena_bytes(session), 32u);
}

TEST_P(Allocation, RepeatedDynamicShapesStopAllocating) {
  open(test::dynamicManifest());
  runRepeatedly();
}

TEST_P(Allocation, RepeatedPlannedShapesNeverAllocate) {
  open(test::plannedManifest());
  runRepeatedly();
  EXPECT_EQ(pebble_arena_bytes(session), 4064u);
}

INSTANTIATE_TEST_SUITE_P(Threads, Allocation, ::testing::Values(1, 2));

} // namespace
