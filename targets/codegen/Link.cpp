// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "targets/codegen/Codegen.h"

#include "lld/Common/Driver.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

LLD_HAS_DRIVER(elf)

namespace {

/// A private folder that goes when the link is over, however it ends.
class ScratchFolder {
public:
  ScratchFolder() { error = llvm::sys::fs::createUniqueDirectory("pebble-link", path); }
  ~ScratchFolder() {
    if (!error)
      llvm::sys::fs::remove_directories(path);
  }
  std::string file(llvm::StringRef name) const {
    llvm::SmallString<128> full(path);
    llvm::sys::path::append(full, name);
    return full.str().str();
  }
  std::error_code error;

private:
  llvm::SmallString<128> path;
};

} // namespace

bool pebble::linkSharedObject(llvm::StringRef object, std::string &shared, std::string &error) {
  ScratchFolder folder;
  std::error_code code = folder.error;
  std::string input = folder.file("model.o"), output = folder.file("model.so");
  if (!code) {
    llvm::raw_fd_ostream file(input, code);
    file << object;
    file.close();
    if (file.has_error()) {
      code = file.error();
      file.clear_error();
    }
  }
  if (code) {
    error = "cannot write a temporary file: " + code.message();
    return false;
  }
  // No build id and no timestamps: the same object gives the same bytes.
  const char *arguments[] = {"ld.lld", "-shared", "--build-id=none", "-z", "noexecstack",
                             "--hash-style=gnu", "--gc-sections", "-soname=model.so", "-O2",
                             input.c_str(), "-o", output.c_str()};
  std::string messages;
  llvm::raw_string_ostream stream(messages);
  lld::Result result = lld::lldMain(arguments, llvm::nulls(), stream, {{lld::Gnu, &lld::elf::link}});
  if (result.retCode != 0) {
    error = "linking failed: " + messages;
    return false;
  }
  auto buffer = llvm::MemoryBuffer::getFile(output, /*IsText=*/false,
                                            /*RequiresNullTerminator=*/false);
  if (!buffer) {
    error = "cannot read the linked object: " + buffer.getError().message();
    return false;
  }
  shared = (*buffer)->getBuffer().str();
  return true;
}
