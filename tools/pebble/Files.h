// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Whole files in memory. Everything here throws Failure with the file's name.
#ifndef PEBBLE_TOOLS_PEBBLE_FILES_H
#define PEBBLE_TOOLS_PEBBLE_FILES_H

#include <string>

namespace pebble::cli {

std::string readFile(const std::string &path);
void writeFile(const std::string &path, const std::string &bytes);
/// Makes the folder and those above it.
void makeFolder(const std::string &path);

/// A folder in the system's place for temporary files, gone with this object.
class TemporaryFolder {
public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder &) = delete;
  TemporaryFolder &operator=(const TemporaryFolder &) = delete;

  std::string file(const std::string &name) const { return root + "/" + name; }

private:
  std::string root;
};

} // namespace pebble::cli

#endif // PEBBLE_TOOLS_PEBBLE_FILES_H
