// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Writes packages. The bytes depend on the arguments alone.
#ifndef PEBBLE_RUNTIME_PACKAGE_WRITER_H
#define PEBBLE_RUNTIME_PACKAGE_WRITER_H

#include "runtime/package/Manifest.h"

#include <string>
#include <vector>

namespace pebble::package {

/// A piece of a section that lies somewhere in memory.
struct Chunk {
  const void *data = nullptr;
  uint64_t size = 0;
  uint64_t offset = 0; ///< In the section.
};

/// A section's contents. Chunks are streamed to the file, never joined in memory; they are sorted
/// by offset, do not overlap, and the gaps between them are zeros.
struct SectionContents {
  std::string name; ///< kConstantsSection, kCodeSection, or a name of the target's choice.
  uint64_t size = 0;
  std::vector<Chunk> chunks;

  static SectionContents of(std::string name, const void *data, uint64_t size) {
    return {std::move(name), size, {{data, size, 0}}};
  }
};

/// Writes a package to `path`, which holds either the whole package or what it held before.
/// Sections keep their order. False with a reason in `error` when it cannot be written or when the
/// loader would refuse it.
bool writePackage(const std::string &path, const Manifest &manifest,
                  const std::vector<SectionContents> &sections, std::string &error);

/// The same package as bytes in memory.
bool buildPackage(std::string &bytes, const Manifest &manifest,
                  const std::vector<SectionContents> &sections, std::string &error);

} // namespace pebble::package

#endif // PEBBLE_RUNTIME_PACKAGE_WRITER_H
