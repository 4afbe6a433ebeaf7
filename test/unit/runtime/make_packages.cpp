// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// make-test-packages DIR: writes packages around the models of small_model.c, for the tests of the
// command line.
#include "runtime/support/DType.h"
#include "test/unit/runtime/TestPackages.h"

#include <cstdio>

using namespace pebble;

static bool write(const std::string &folder, const package::Manifest &manifest) {
  std::ofstream file(folder + "/" + manifest.modelName + ".pbl", std::ios::binary);
  file << test::modelPackage(manifest);
  return file.good();
}

int main(int argc, char **argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: make-test-packages DIR\n");
    return 1;
  }
  std::string folder = argv[1];
  bool ok = write(folder, test::smallManifest()) && write(folder, test::dynamicManifest());

  package::Manifest failing = test::smallManifest();
  failing.modelName = "failing";
  failing.entry = "failing_main";
  ok = ok && write(folder, failing);

  package::Manifest future = test::smallManifest();
  future.modelName = "future";
  future.cpuFeatures = {"avx9000"};
  ok = ok && write(folder, future);

  package::Manifest golden = test::dynamicManifest();
  golden.modelName = "golden";
  golden.flags = {"--fast-math"};
  golden.cpuFeatures = {"sse2"};
  golden.modelSha256[0] = 0xab;
  golden.kernels = {{"sum_rows", {"ReduceSum_0", "Add_1"}, 4, 8, 16, {}, {}}};
  golden.macs = package::kDynamic;
  ok = ok && write(folder, golden);

  for (int32_t dtype = 1; dtype <= PEBBLE_I2; ++dtype) {
    const support::DTypeInfo *type = support::findDType(dtype);
    if (!type)
      continue;
    package::Manifest echo = test::smallManifest();
    echo.modelName = std::string("echo_") + type->name;
    echo.entry = "echo_main";
    echo.inputs = {{"a=b", dtype, {-1, -1, 2}, {"n", "", ""}}};
    echo.outputs = {{"out", dtype, {-1, -1, 2}, {"n", "", ""}}};
    ok = ok && write(folder, echo);
  }
  return ok ? 0 : 1;
}
