// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Packages and folders for the runtime's tests.
#ifndef PEBBLE_TEST_UNIT_RUNTIME_TESTPACKAGES_H
#define PEBBLE_TEST_UNIT_RUNTIME_TESTPACKAGES_H

#include "runtime/package/Writer.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace pebble::test {

/// One f32[4] input `x`, one f32[4] output `y`.
inline package::Manifest smallManifest() {
  package::Manifest manifest;
  manifest.toolVersion = "0.1.0";
  manifest.modelName = "small";
  manifest.target = "x86";
  manifest.triple = "x86_64-unknown-linux-gnu";
  manifest.cpu = "x86-64";
  manifest.entry = "small_main";
  manifest.arenaBytes = 16;
  manifest.inputs = {{"x", PEBBLE_F32, {4}, {""}}};
  manifest.outputs = {{"y", PEBBLE_F32, {4}, {""}}};
  return manifest;
}

/// The same computed by way of two memory regions.
inline package::Manifest regionsManifest() {
  package::Manifest manifest = smallManifest();
  manifest.modelName = "regions";
  manifest.entry = "regions_main";
  manifest.arenaBytes = 32;
  manifest.regions = {{"dtcm", 16, 16, 16}, {"sram", package::kDynamic, 16, 16}};
  return manifest;
}

/// The symbolic dims of the model `dynamic_main`: a f32[batch, n], b f32[batch] -> sum f32[batch].
inline package::Manifest dynamicManifest() {
  package::Manifest manifest = smallManifest();
  manifest.modelName = "dynamic";
  manifest.entry = "dynamic_main";
  manifest.inputs = {{"a", PEBBLE_F32, {-1, -1}, {"batch", "n"}},
                     {"b", PEBBLE_F32, {-1}, {"batch"}}};
  manifest.outputs = {{"sum", PEBBLE_F32, {-1}, {"batch"}}};
  manifest.kernels = {{"sum_rows",
                       {"ReduceSum_0", "Add_1"},
                       0,
                       8,
                       0,
                       {{package::kDynamic, "4 * in0[0] * in0[1]"}, {8, ""}},
                       {{package::kDynamic, "4 * in0[0]"}},
                       12}};
  manifest.macs = 24;
  return manifest;
}

/// The same model with its memory planned from the dims.
inline package::Manifest plannedManifest() {
  package::Manifest manifest = dynamicManifest();
  manifest.modelName = "planned";
  manifest.entry = "planned_main";
  manifest.plan = "planned_plan";
  manifest.arenaBytes = manifest.planBytes = 64;
  return manifest;
}

/// The bytes of a package around the models of small_model.c.
inline std::string modelPackage(const package::Manifest &manifest) {
  std::ifstream file(PEBBLE_SMALL_MODEL, std::ios::binary);
  std::string code((std::istreambuf_iterator<char>(file)), {});
  static const float bias[] = {0.5f, 1.5f, 2.5f, 3.5f};
  std::string bytes, error;
  package::buildPackage(
      bytes, manifest,
      {package::SectionContents::of(package::kCodeSection, code.data(), code.size()),
       package::SectionContents::of(package::kConstantsSection, bias, sizeof(bias))},
      error);
  return bytes;
}

/// A folder that is gone at the end of the test.
class TemporaryDirectory {
public:
  TemporaryDirectory() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / ("pebble-test-" + std::string(6, 'X'))).string();
    root = mkdtemp(pattern.data());
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(root, ignored);
  }
  std::string path() const { return root; }
  std::string path(const std::string &name) const { return root + "/" + name; }

private:
  std::string root;
};

} // namespace pebble::test

#endif // PEBBLE_TEST_UNIT_RUNTIME_TESTPACKAGES_H
