// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Packages that earlier versions wrote stay readable: golden/format-N.pbl is one of format N, made
// by make-test-packages when N was new.
#include "test/unit/runtime/HostHelpers.h"

#include "runtime/package/Loader.h"

using namespace pebble;
using namespace pebble::test;

static const std::string kFormat1 = PEBBLE_GOLDEN_FOLDER "/format-1.pbl";

TEST(Golden, Format1IsRead) {
  std::string error;
  std::unique_ptr<package::Package> package = package::Package::open(kFormat1, error);
  ASSERT_TRUE(package) << error;
  EXPECT_EQ(package->formatVersion(), 1);
  const package::Manifest &manifest = package->manifest();
  EXPECT_EQ(manifest.toolVersion, "0.1.0");
  EXPECT_EQ(manifest.abiVersion, 1u);
  EXPECT_EQ(manifest.modelName, "golden");
  EXPECT_EQ(manifest.modelSha256[0], 0xab);
  EXPECT_EQ(manifest.flags, std::vector<std::string>{"--fast-math"});
  EXPECT_EQ(manifest.cpuFeatures, std::vector<std::string>{"sse2"});
  EXPECT_EQ(manifest.entry, "dynamic_main");
  EXPECT_EQ(manifest.arenaBytes, 16u);
  ASSERT_EQ(manifest.kernels.size(), 1u);
  EXPECT_EQ(manifest.kernels[0].nodes, (std::vector<std::string>{"ReduceSum_0", "Add_1"}));
  EXPECT_EQ(manifest.kernels[0].bytesWritten, 16u);
  for (const package::SectionView &section : package->sections())
    EXPECT_TRUE(package::Package::verify(section, error)) << error;
}

TEST(Golden, Format1Runs) {
  pebble_package *opened = nullptr;
  ASSERT_EQ(pebble_open(kFormat1.c_str(), &opened), PEBBLE_OK) << pebble_last_error();
  PackagePtr package(opened);
  SessionPtr session = makeSession(package);
  float a[4] = {1, 2, 3, 4}, b[2] = {10, 20};
  ASSERT_EQ(bind(session, 0, a, {2, 2}), PEBBLE_OK) << pebble_last_error();
  ASSERT_EQ(bind(session, 1, b, {2}), PEBBLE_OK) << pebble_last_error();
  ASSERT_EQ(pebble_run(session.get()), PEBBLE_OK) << pebble_last_error();
  pebble_tensor sum;
  ASSERT_EQ(pebble_output(session.get(), 0, &sum), PEBBLE_OK);
  EXPECT_EQ(static_cast<float *>(sum.data)[0], 13.0f);
  EXPECT_EQ(static_cast<float *>(sum.data)[1], 27.0f);
}
