// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// libpebble through its C API, on models written by hand.
#include "runtime/host/CpuFeatures.h"
#include "test/unit/runtime/HostHelpers.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <dirent.h>
#include <thread>

using namespace pebble;
using namespace pebble::test;

namespace {

class SmallModel : public ::testing::Test {
protected:
  std::string bytes = test::modelPackage(test::smallManifest());
  PackagePtr package = open(bytes);
  float x[4] = {1, 2, 3, 4};
  const std::vector<float> expected = {2.5, 5.5, 8.5, 11.5};
};

TEST_F(SmallModel, Signature) {
  EXPECT_STREQ(pebble_model_name(package.get()), "small");
  ASSERT_EQ(pebble_input_count(package.get()), 1);
  ASSERT_EQ(pebble_output_count(package.get()), 1);
  pebble_tensor_info info;
  ASSERT_EQ(pebble_input_info(package.get(), 0, &info), PEBBLE_OK);
  EXPECT_STREQ(info.name, "x");
  EXPECT_EQ(info.dtype, PEBBLE_F32);
  ASSERT_EQ(info.rank, 1);
  EXPECT_EQ(info.dims[0], 4);
  EXPECT_STREQ(info.dim_names[0], "");
  EXPECT_EQ(pebble_input_info(package.get(), 1, &info), PEBBLE_ERROR_ARGUMENT);
  EXPECT_TRUE(says("no input 1"));
  EXPECT_EQ(pebble_output_info(package.get(), -1, &info), PEBBLE_ERROR_ARGUMENT);
  EXPECT_EQ(pebble_find_input(package.get(), "x"), 0);
  EXPECT_EQ(pebble_find_input(package.get(), "y"), -1);
  EXPECT_EQ(pebble_find_output(package.get(), "y"), 0);
  EXPECT_EQ(pebble_dtype_size(PEBBLE_BF16), 2u);
  EXPECT_EQ(pebble_dtype_size(99), 0u);
  EXPECT_STREQ(pebble_dtype_name(PEBBLE_I64), "i64");
  EXPECT_EQ(pebble_dtype_size(PEBBLE_U4), 1u);
  EXPECT_STREQ(pebble_dtype_name(PEBBLE_F8E5M2FNUZ), "f8e5m2fnuz");
}

TEST_F(SmallModel, RunsIntoMemoryOfTheSession) {
  SessionPtr session = makeSession(package);
  pebble_tensor y;
  EXPECT_EQ(pebble_output(session.get(), 0, &y), PEBBLE_ERROR_STATE);
  ASSERT_EQ(bind(session, 0, x, {4}), PEBBLE_OK) << pebble_last_error();
  ASSERT_EQ(pebble_run(session.get()), PEBBLE_OK) << pebble_last_error();
  ASSERT_EQ(pebble_output(session.get(), 0, &y), PEBBLE_OK) << pebble_last_error();
  EXPECT_EQ(y.rank, 1);
  EXPECT_EQ(y.dims[0], 4);
  EXPECT_EQ(y.dtype, PEBBLE_F32);
  auto *values = static_cast<float *>(y.data);
  EXPECT_EQ(std::vector<float>(values, values + 4), expected);
}

TEST_F(SmallModel, RunsIntoTheCallersBuffer) {
  SessionPtr session = makeSession(package);
  float result[4] = {};
  ASSERT_EQ(bind(session, 0, x, {4}), PEBBLE_OK);
  ASSERT_EQ(pebble_bind_output(session.get(), 0, result, sizeof(result)), PEBBLE_OK);
  ASSERT_EQ(pebble_run(session.get()), PEBBLE_OK) << pebble_last_error();
  EXPECT_EQ(std::vector<float>(result, result + 4), expected);
  pebble_tensor y;
  ASSERT_EQ(pebble_output(session.get(), 0, &y), PEBBLE_OK);
  EXPECT_EQ(y.data, result);
  // Inputs are read where they are, at every run.
  x[0] = 10;
  ASSERT_EQ(pebble_run(session.get()), PEBBLE_OK);
  EXPECT_EQ(result[0], 20.5f);
  ASSERT_EQ(pebble_bind_output(session.get(), 0, nullptr, 0), PEBBLE_OK);
  ASSERT_EQ(pebble_run(session.get()), PEBBLE_OK);
  ASSERT_EQ(pebble_output(session.get(), 0, &y), PEBBLE_OK);
  EXPECT_NE(y.data, result);
  EXPECT_EQ(static_cast<float *>(y.data)[0], 20.5f);
}

TEST_F(SmallModel, SessionsOutliveTheirPackage) {
  SessionPtr session = makeSession(package);
  package.reset();
  ASSERT_EQ(bind(session, 0, x, {4}), PEBBLE_OK);
  EXPECT_EQ(pebble_run(session.get()), PEBBLE_OK) << pebble_last_error();
}

TEST_F(SmallModel, BindingsAreChecked) {
  SessionPtr session = makeSession(package);
  EXPECT_EQ(pebble_run(session.get()), PEBBLE_ERROR_STATE);
  EXPECT_TRUE(says("input 'x' is not bound"));
  EXPECT_EQ(bind(session, 1, x, {4}), PEBBLE_ERROR_ARGUMENT);
  EXPECT_EQ(bind(session, 0, x, {4}, PEBBLE_I32), PEBBLE_ERROR_ARGUMENT);
  EXPECT_TRUE(says("input 'x' holds f32 elements, not i32"));
  EXPECT_EQ(bind(session, 0, x, {5}), PEBBLE_ERROR_ARGUMENT);
  EXPECT_TRUE(says("input 'x' has shape [4], not [5]"));
  EXPECT_EQ(bind(session, 0, x, {1, 4}), PEBBLE_ERROR_ARGUMENT);
  EXPECT_EQ(bind(session, 0, nullptr, {4}), PEBBLE_ERROR_ARGUMENT);
  EXPECT_TRUE(says("no data"));
  EXPECT_EQ(bind(session, 0, reinterpret_cast<char *>(x) + 1, {4}), PEBBLE_ERROR_ARGUMENT);
  EXPECT_TRUE(says("not aligned"));
  pebble_tensor noDims = {x, nullptr, PEBBLE_F32, 1};
  EXPECT_EQ(pebble_bind_input(session.get(), 0, &noDims), PEBBLE_ERROR_ARGUMENT);
  pebble_tensor negativeRank = {x, nullptr, PEBBLE_F32, -1};
  EXPECT_EQ(pebble_bind_input(session.get(), 0, &negativeRank), PEBBLE_ERROR_ARGUMENT);
  EXPECT_EQ(pebble_bind_output(session.get(), 0, x, 8), PEBBLE_ERROR_ARGUMENT);
  EXPECT_TRUE(says("takes 16 bytes, the buffer has 8"));
}

TEST_F(SmallModel, NullPointersAreErrors) {
  pebble_package *opened = nullptr;
  pebble_session *session = nullptr;
  EXPECT_EQ(pebble_open(nullptr, &opened), PEBBLE_ERROR_ARGUMENT);
  EXPECT_EQ(pebble_open_memory(nullptr, 0, &opened), PEBBLE_ERROR_ARGUMENT);
  EXPECT_EQ(pebble_session_create(nullptr, nullptr, &session), PEBBLE_ERROR_ARGUMENT);
  EXPECT_EQ(pebble_run(nullptr), PEBBLE_ERROR_ARGUMENT);
  pebble_close(nullptr);
  pebble_session_destroy(nullptr);
}

TEST_F(SmallModel, OptionsAreChecked) {
  pebble_session *session = nullptr;
  pebble_session_options options = optionsWithThreads(-1);
  EXPECT_EQ(pebble_session_create(package.get(), &options, &session), PEBBLE_ERROR_ARGUMENT);
  EXPECT_TRUE(says("-1"));
  options = {};
  EXPECT_EQ(pebble_session_create(package.get(), &options, &session), PEBBLE_ERROR_ARGUMENT);
  EXPECT_TRUE(says("sizeof"));
  options = optionsWithThreads(1);
  options.release = [](void *, void *) {};
  EXPECT_EQ(pebble_session_create(package.get(), &options, &session), PEBBLE_ERROR_ARGUMENT);
  EXPECT_TRUE(says("both or neither"));

  // A caller with a newer header: fine while the part that is unknown here is zero.
  struct {
    pebble_session_options known;
    size_t unknown;
  } newer = {optionsWithThreads(1), 0};
  newer.known.size = sizeof(newer);
  EXPECT_EQ(pebble_session_create(package.get(), &newer.known, &session), PEBBLE_OK);
  pebble_session_destroy(session);
  newer.unknown = 1;
  EXPECT_EQ(pebble_session_create(package.get(), &newer.known, &session), PEBBLE_ERROR_ARGUMENT);

  // A caller with an older header, which ended before the callbacks.
  options = optionsWithThreads(1);
  options.size = offsetof(pebble_session_options, user);
  options.parallel_for = [](void *, int64_t, void (*)(void *, int64_t, int64_t), void *) {
    ADD_FAILURE() << "lies beyond the size";
  };
  EXPECT_EQ(pebble_session_create(package.get(), &options, &session), PEBBLE_OK);
  pebble_session_destroy(session);
}

TEST_F(SmallModel, SessionsRunAtTheSameTime) {
  std::vector<std::thread> users;
  std::atomic<int> wrong{0};
  for (int user = 0; user < 4; ++user)
    users.emplace_back([&, user] {
      SessionPtr session = makeSession(package, 1 + user % 2);
      float mine[4] = {float(user), float(user), float(user), float(user)};
      bind(session, 0, mine, {4});
      for (int run = 0; run < 500; ++run) {
        pebble_tensor y = {};
        if (pebble_run(session.get()) != PEBBLE_OK ||
            pebble_output(session.get(), 0, &y) != PEBBLE_OK ||
            static_cast<float *>(y.data)[3] != 2.0f * user + 3.5f)
          ++wrong;
      }
    });
  for (std::thread &user : users)
    user.join();
  EXPECT_EQ(wrong, 0);
}

TEST_F(SmallModel, NoDescriptorStaysOpen) {
  auto count = [] {
    int found = 0;
    DIR *directory = opendir("/proc/self/fd");
    while (readdir(directory))
      ++found;
    closedir(directory);
    return found;
  };
  int before = count();
  for (int round = 0; round < 10; ++round) {
    // Two packages with different code at the same time must not be taken for one.
    std::string other = test::modelPackage(test::dynamicManifest());
    PackagePtr first = open(bytes), second = open(other);
    SessionPtr one = makeSession(first), two = makeSession(second);
    ASSERT_EQ(bind(one, 0, x, {4}), PEBBLE_OK);
    ASSERT_EQ(pebble_run(one.get()), PEBBLE_OK) << pebble_last_error();
  }
  EXPECT_EQ(count(), before);
}

TEST(Regions, EachHasMemoryOfItsOwn) {
  std::string bytes = test::modelPackage(test::regionsManifest());
  PackagePtr package = open(bytes);
  SessionPtr session = makeSession(package);
  float x[4] = {1, 2, 3, 4};
  ASSERT_EQ(bind(session, 0, x, {4}), PEBBLE_OK) << pebble_last_error();
  ASSERT_EQ(pebble_run(session.get()), PEBBLE_OK) << pebble_last_error();
  pebble_tensor y;
  ASSERT_EQ(pebble_output(session.get(), 0, &y), PEBBLE_OK) << pebble_last_error();
  EXPECT_EQ(std::memcmp(y.data, std::vector<float>{2.5, 5.5, 8.5, 11.5}.data(), 16), 0);
}

TEST(Refusal, AnotherProcessor) {
  package::Manifest manifest = test::smallManifest();
  manifest.cpu = "future";
  manifest.cpuFeatures = {"sse2", "avx9000"};
  std::string bytes = test::modelPackage(manifest);
  PackagePtr package = open(bytes);
  pebble_session *session = nullptr;
  EXPECT_EQ(pebble_session_create(package.get(), nullptr, &session), PEBBLE_ERROR_HOST);
  EXPECT_TRUE(says("(future) with instructions that this one lacks: avx9000;"));
  EXPECT_EQ(session, nullptr);
}

TEST(Refusal, AnotherArchitectureTargetOrInterface) {
  pebble_session *session = nullptr;
  package::Manifest manifest = test::smallManifest();
  manifest.triple = "aarch64-unknown-linux-gnu";
  std::string bytes = test::modelPackage(manifest);
  PackagePtr package = open(bytes);
  EXPECT_EQ(pebble_session_create(package.get(), nullptr, &session), PEBBLE_ERROR_HOST);
  EXPECT_TRUE(says("aarch64"));

  manifest = test::smallManifest();
  manifest.abiVersion = PEBBLE_ABI_VERSION + 1;
  bytes = test::modelPackage(manifest);
  package = open(bytes);
  EXPECT_EQ(pebble_session_create(package.get(), nullptr, &session), PEBBLE_ERROR_VERSION);
  EXPECT_TRUE(says("compile the model again"));

  manifest = test::smallManifest();
  manifest.target = "cortexm4f";
  std::string error;
  ASSERT_TRUE(package::buildPackage(bytes, manifest, {}, error)) << error;
  package = open(bytes);
  EXPECT_EQ(pebble_session_create(package.get(), nullptr, &session), PEBBLE_ERROR_HOST);
  EXPECT_TRUE(says("the target 'cortexm4f'"));
}

TEST(Refusal, CodeThatIsNoSharedObject) {
  pebble_session *session = nullptr;
  std::string bytes, error;
  package::Manifest manifest = test::smallManifest();
  ASSERT_TRUE(package::buildPackage(
      bytes, manifest, {package::SectionContents::of(package::kCodeSection, "no code", 7)}, error));
  PackagePtr package = open(bytes);
  EXPECT_EQ(pebble_session_create(package.get(), nullptr, &session), PEBBLE_ERROR_PACKAGE);
  EXPECT_TRUE(says("cannot link the code"));

  manifest.entry = "missing_main";
  bytes = test::modelPackage(manifest);
  package = open(bytes);
  EXPECT_EQ(pebble_session_create(package.get(), nullptr, &session), PEBBLE_ERROR_PACKAGE);
  EXPECT_TRUE(says("'missing_main'"));

  manifest = test::smallManifest();
  bytes = test::modelPackage(manifest);
  size_t elf = bytes.find("\x7f"
                          "ELF");
  bytes[elf + 100] ^= 1;
  package = open(bytes);
  EXPECT_EQ(pebble_session_create(package.get(), nullptr, &session), PEBBLE_ERROR_PACKAGE);
  EXPECT_TRUE(says("checksum of section 'code'"));
}

TEST(Failure, TheModelsStatusIsReported) {
  package::Manifest manifest = test::smallManifest();
  manifest.entry = "failing_main";
  std::string bytes = test::modelPackage(manifest);
  PackagePtr package = open(bytes);
  SessionPtr session = makeSession(package);
  float x[4] = {PEBBLE_ERROR_INDEX};
  ASSERT_EQ(bind(session, 0, x, {4}), PEBBLE_OK);
  EXPECT_EQ(pebble_run(session.get()), PEBBLE_ERROR_INDEX);
  EXPECT_TRUE(says("an index in the data is out of range (PEBBLE_ERROR_INDEX)"));
  x[0] = 1000;
  EXPECT_EQ(pebble_run(session.get()), PEBBLE_ERROR_UNSUPPORTED);
  EXPECT_TRUE(says("1000"));
  x[0] = PEBBLE_OK;
  EXPECT_EQ(pebble_run(session.get()), PEBBLE_ERROR_UNSUPPORTED);
  EXPECT_TRUE(says("did not write output 'y'"));
  pebble_tensor y;
  EXPECT_EQ(pebble_output(session.get(), 0, &y), PEBBLE_ERROR_STATE);
}

TEST(Failure, AnOutputOfAnotherShapeIsRefused) {
  package::Manifest manifest = test::smallManifest();
  manifest.entry = "misshapen_main";
  std::string bytes = test::modelPackage(manifest);
  PackagePtr package = open(bytes);
  SessionPtr session = makeSession(package);
  float x[4] = {};
  ASSERT_EQ(bind(session, 0, x, {4}), PEBBLE_OK);
  EXPECT_EQ(pebble_run(session.get()), PEBBLE_ERROR_SHAPE);
  EXPECT_TRUE(says("output 0 of shape [5] does not fit"));
}

TEST(Open, FilesAndDamage) {
  test::TemporaryDirectory directory;
  pebble_package *package = nullptr;
  EXPECT_EQ(pebble_open(directory.path("none.pbl").c_str(), &package), PEBBLE_ERROR_PACKAGE);
  EXPECT_TRUE(says("none.pbl"));
  EXPECT_EQ(package, nullptr);
  std::string bytes = test::modelPackage(test::smallManifest());
  std::string path = directory.path("small.pbl");
  std::ofstream(path, std::ios::binary) << bytes;
  ASSERT_EQ(pebble_open(path.c_str(), &package), PEBBLE_OK) << pebble_last_error();
  pebble_close(package);
  // Memory at any address will do.
  std::string shifted = "x" + bytes;
  ASSERT_EQ(pebble_open_memory(shifted.data() + 1, bytes.size(), &package), PEBBLE_OK);
  pebble_close(package);
}

TEST(CpuFeatures, KnowsThisMachine) {
  EXPECT_STREQ(host::architecture(), "x86_64");
  EXPECT_TRUE(host::hasCpuFeature("sse2"));
  EXPECT_EQ(host::hasCpuFeature("avx2"), __builtin_cpu_supports("avx2") != 0);
  EXPECT_EQ(host::hasCpuFeature("avx512f"), __builtin_cpu_supports("avx512f") != 0);
  EXPECT_EQ(host::hasCpuFeature("fma"), __builtin_cpu_supports("fma") != 0);
  EXPECT_FALSE(host::hasCpuFeature("avx9000"));
}

} // namespace
