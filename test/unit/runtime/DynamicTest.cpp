// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// libpebble on a model whose shapes only the run knows.
#include "test/unit/runtime/HostHelpers.h"

#include <atomic>

using namespace pebble;
using namespace pebble::test;

namespace {

class DynamicModel : public ::testing::TestWithParam<int> {
protected:
  std::string bytes = test::modelPackage(test::dynamicManifest());
  PackagePtr package = open(bytes);

  void runAndCheck(const SessionPtr &session, int64_t batch, int64_t n) {
    std::vector<float> a(batch * n), b(batch);
    for (int64_t index = 0; index < batch * n; ++index)
      a[index] = static_cast<float>(index % 7);
    for (int64_t row = 0; row < batch; ++row)
      b[row] = static_cast<float>(row);
    ASSERT_EQ(bind(session, 0, a.data(), {batch, n}), PEBBLE_OK) << pebble_last_error();
    ASSERT_EQ(bind(session, 1, b.data(), {batch}), PEBBLE_OK) << pebble_last_error();
    ASSERT_EQ(pebble_run(session.get()), PEBBLE_OK) << pebble_last_error();
    pebble_tensor sum;
    ASSERT_EQ(pebble_output(session.get(), 0, &sum), PEBBLE_OK);
    ASSERT_EQ(sum.rank, 1);
    ASSERT_EQ(sum.dims[0], batch);
    for (int64_t row = 0; row < batch; ++row) {
      float expected = b[row];
      for (int64_t column = 0; column < n; ++column)
        expected += a[row * n + column];
      ASSERT_EQ(static_cast<float *>(sum.data)[row], expected) << row;
    }
  }
};

TEST_P(DynamicModel, FollowsTheShapes) {
  SessionPtr session = makeSession(package, GetParam());
  for (int64_t batch : {3, 1000, 1, 0, 257, 2})
    for (int64_t n : {5, 0, 64})
      runAndCheck(session, batch, n);
}

INSTANTIATE_TEST_SUITE_P(Threads, DynamicModel, ::testing::Values(0, 1, 2, 5));

TEST_F(DynamicModel, DimsOfOneNameAreEqual) {
  SessionPtr session = makeSession(package);
  float data[8] = {};
  ASSERT_EQ(bind(session, 0, data, {2, 3}), PEBBLE_OK);
  ASSERT_EQ(bind(session, 1, data, {4}), PEBBLE_OK);
  EXPECT_EQ(pebble_run(session.get()), PEBBLE_ERROR_SHAPE);
  EXPECT_TRUE(says("dim 0 of input 'b' is 4, but 'batch' is 2"));
  EXPECT_EQ(bind(session, 0, data, {2}), PEBBLE_ERROR_ARGUMENT);
  EXPECT_TRUE(says("input 'a' has shape [batch, n], not [2]"));
  EXPECT_EQ(bind(session, 0, data, {-1, 3}), PEBBLE_ERROR_ARGUMENT);
  int64_t huge = int64_t(1) << 40;
  EXPECT_EQ(bind(session, 0, data, {huge, huge}), PEBBLE_ERROR_ARGUMENT);
  EXPECT_TRUE(says("larger than the address space"));
}

TEST_F(DynamicModel, ABoundOutputIsUsedWhereItIsLargeEnough) {
  SessionPtr session = makeSession(package);
  float result[4] = {};
  ASSERT_EQ(pebble_bind_output(session.get(), 0, result, sizeof(result)), PEBBLE_OK);
  runAndCheck(session, 4, 2);
  pebble_tensor sum;
  ASSERT_EQ(pebble_output(session.get(), 0, &sum), PEBBLE_OK);
  EXPECT_EQ(sum.data, result);
  runAndCheck(session, 5, 2);
  ASSERT_EQ(pebble_output(session.get(), 0, &sum), PEBBLE_OK);
  EXPECT_NE(sum.data, result);
}

class PlannedModel : public DynamicModel {
protected:
  std::string plannedBytes = test::modelPackage(test::plannedManifest());
  PackagePtr planned = open(plannedBytes);
};

TEST_F(PlannedModel, FollowsTheShapes) {
  SessionPtr session = makeSession(planned);
  for (int64_t batch : {3, 1000, 1000, 1, 0, 257})
    for (int64_t n : {5, 0, 5})
      runAndCheck(session, batch, n);
  EXPECT_EQ(pebble_arena_bytes(session.get()), 4064u) << "the largest batch decides";
}

TEST_F(PlannedModel, APlanThatFailsIsMadeAgain) {
  SessionPtr session = makeSession(planned);
  runAndCheck(session, 3, 5);
  float data[13 * 2] = {};
  ASSERT_EQ(bind(session, 0, data, {13, 2}), PEBBLE_OK);
  ASSERT_EQ(bind(session, 1, data, {13}), PEBBLE_OK);
  EXPECT_EQ(pebble_run(session.get()), PEBBLE_ERROR_SHAPE);
  EXPECT_EQ(pebble_run(session.get()), PEBBLE_ERROR_SHAPE);
  runAndCheck(session, 3, 5);
}

TEST_F(PlannedModel, ASymbolThatIsMissingIsSaid) {
  package::Manifest manifest = test::plannedManifest();
  manifest.plan = "nothing";
  std::string bytes = test::modelPackage(manifest);
  PackagePtr package = open(bytes);
  pebble_session *session = nullptr;
  EXPECT_EQ(pebble_session_create(package.get(), nullptr, &session), PEBBLE_ERROR_PACKAGE);
  EXPECT_TRUE(says("does not define its plan symbol 'nothing'"));
}

struct Counts {
  std::atomic<int> allocated{0}, released{0}, loops{0};
  bool refuse = false;
};

pebble_session_options countingOptions(Counts &counts) {
  pebble_session_options options = optionsWithThreads(1);
  options.user = &counts;
  options.allocate = [](void *user, size_t alignment, size_t bytes) -> void * {
    auto *counts = static_cast<Counts *>(user);
    if (counts->refuse)
      return nullptr;
    ++counts->allocated;
    return std::aligned_alloc(alignment, bytes);
  };
  options.release = [](void *user, void *memory) {
    ++static_cast<Counts *>(user)->released;
    std::free(memory);
  };
  options.parallel_for = [](void *user, int64_t count, void (*body)(void *, int64_t, int64_t),
                            void *closure) {
    ++static_cast<Counts *>(user)->loops;
    body(closure, count / 2, count);
    body(closure, 0, count / 2);
  };
  return options;
}

TEST_F(DynamicModel, TheCallersAllocatorAndThreadsAreUsed) {
  Counts counts;
  pebble_session_options options = countingOptions(counts);
  pebble_session *made = nullptr;
  ASSERT_EQ(pebble_session_create(package.get(), &options, &made), PEBBLE_OK);
  SessionPtr session(made);
  runAndCheck(session, 100, 3);
  EXPECT_EQ(counts.loops, 1);
  int steady = counts.allocated;
  EXPECT_GT(steady, 0);
  for (int run = 0; run < 10; ++run)
    runAndCheck(session, 100, 3);
  EXPECT_EQ(counts.allocated, steady) << "a repeated shape allocates again";
  session.reset();
  EXPECT_EQ(counts.allocated, counts.released);
}

TEST_F(DynamicModel, MissingMemoryIsAnErrorAndNotTheEnd) {
  Counts counts;
  pebble_session_options options = countingOptions(counts);
  pebble_session *made = nullptr;
  counts.refuse = true;
  EXPECT_EQ(pebble_session_create(package.get(), &options, &made), PEBBLE_ERROR_MEMORY);
  counts.refuse = false;
  ASSERT_EQ(pebble_session_create(package.get(), &options, &made), PEBBLE_OK);
  SessionPtr session(made);
  runAndCheck(session, 10, 3);
  counts.refuse = true;
  std::vector<float> data(1 << 20);
  ASSERT_EQ(bind(session, 0, data.data(), {1 << 18, 2}), PEBBLE_OK);
  ASSERT_EQ(bind(session, 1, data.data(), {1 << 18}), PEBBLE_OK);
  EXPECT_EQ(pebble_run(session.get()), PEBBLE_ERROR_MEMORY);
  counts.refuse = false;
  runAndCheck(session, 10, 3);
  session.reset();
  EXPECT_EQ(counts.allocated, counts.released);
}

} // namespace
