// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reads packages. Nothing in a file is used before it has been checked.
#ifndef PEBBLE_RUNTIME_PACKAGE_LOADER_H
#define PEBBLE_RUNTIME_PACKAGE_LOADER_H

#include "runtime/package/Manifest.h"

#include <memory>
#include <string>
#include <vector>

namespace pebble::package {

/// A section of an open package.
struct SectionView {
  std::string name;
  const uint8_t *data = nullptr; ///< Page-aligned in a mapped file.
  uint64_t offset = 0;
  uint64_t size = 0;
  uint64_t checksum = 0;
};

/// An open package; owns the mapping that its sections point into.
class Package {
public:
  /// Maps the file. Null with a reason in `error` for anything but an intact package.
  static std::unique_ptr<Package> open(const std::string &path, std::string &error);
  /// Reads a package from memory that the caller keeps; it is copied only when its address is not
  /// a multiple of 64.
  static std::unique_ptr<Package> fromMemory(const void *data, uint64_t size, std::string &error);

  ~Package();
  Package(const Package &) = delete;
  Package &operator=(const Package &) = delete;

  const Manifest &manifest() const { return contents; }
  uint8_t formatVersion() const { return version; }
  uint64_t fileBytes() const { return size; }
  uint64_t manifestBytes() const { return bytesOfManifest; }
  const SectionView &constants() const { return sectionViews[0]; }
  const SectionView &code() const { return sectionViews[1]; }
  /// Constants, code, then the sections of the target's choice.
  const std::vector<SectionView> &sections() const { return sectionViews; }
  const SectionView *findSection(const std::string &name) const;
  /// Compares a section's bytes with its checksum; this reads all of it.
  static bool verify(const SectionView &section, std::string &error);

private:
  Package() = default;
  bool parse(std::string &error);

  Manifest contents;
  std::vector<SectionView> sectionViews;
  const uint8_t *base = nullptr;
  uint64_t size = 0;
  uint64_t bytesOfManifest = 0;
  uint8_t version = 0;
  bool mapped = false;
  bool owned = false;
};

} // namespace pebble::package

#endif // PEBBLE_RUNTIME_PACKAGE_LOADER_H
