// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Packages and folders for the runtime's tests.
#ifndef PEBBLE_TEST_UNIT_RUNTIME_TESTPACKAGES_H
#define PEBBLE_TEST_UNIT_RUNTIME_TESTPACKAGES_H

#include "runtime/package/Manifest.h"

#include <cstdlib>
#include <filesystem>
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
  manifest.inputs = {{"x", PEBBLE_F32, {4}, {""}}};
  manifest.outputs = {{"y", PEBBLE_F32, {4}, {""}}};
  return manifest;
}

/// A folder that is gone at the end of the test.
class TemporaryDirectory {
public:
  TemporaryDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "pebble-test-XXXXXX").string();
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
