// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The rules that a manifest's values obey, for the writer and the loader alike.
#ifndef PEBBLE_RUNTIME_PACKAGE_VALIDATE_H
#define PEBBLE_RUNTIME_PACKAGE_VALIDATE_H

#include "runtime/package/Loader.h"

namespace pebble::package {

/// Checks everything in the manifest that does not depend on the file around it.
bool validate(const Manifest &manifest, std::string &error);

/// Checks that the sections are aligned, inside the file, after `firstFree`, disjoint, and named
/// uniquely.
bool validate(const std::vector<SectionView> &sections, uint64_t firstFree, uint64_t fileBytes,
              std::string &error);

} // namespace pebble::package

#endif // PEBBLE_RUNTIME_PACKAGE_VALIDATE_H
