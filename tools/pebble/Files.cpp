// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/pebble/Files.h"

#include "tools/pebble/Verb.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

using namespace pebble::cli;

std::string pebble::cli::readFile(const std::string &path) {
  std::error_code failure;
  bool isFolder = std::filesystem::is_directory(path, failure);
  std::ifstream file(path, std::ios::binary);
  if (!file || isFolder)
    throw Failure(kUsage, "cannot read '" + path +
                              "': " + (isFolder ? "it is a folder" : std::strerror(errno)));
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return std::move(bytes).str();
}

void pebble::cli::writeFile(const std::string &path, const std::string &bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (!file)
    throw Failure(kUsage, "cannot write '" + path + "': " + std::strerror(errno));
}

void pebble::cli::makeFolder(const std::string &path) {
  std::error_code failure;
  std::filesystem::create_directories(path, failure);
  if (!std::filesystem::is_directory(path))
    throw Failure(kUsage, "cannot make the folder '" + path + "': " + failure.message());
}

TemporaryFolder::TemporaryFolder() {
  std::string pattern =
      (std::filesystem::temp_directory_path() / ("pebble-" + std::string(6, 'X'))).string();
  if (!mkdtemp(pattern.data()))
    throw Failure(kInternal, "cannot make a temporary folder: " + std::string(strerror(errno)));
  root = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(root, ignored);
}
