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

/// Runs the linker on files made of `contents`; each is named in `arguments` as "@0", "@1", ...
bool link(llvm::ArrayRef<llvm::StringRef> contents, llvm::ArrayRef<llvm::StringRef> arguments,
          std::string &linked, std::string &error) {
  ScratchFolder folder;
  std::error_code code = folder.error;
  auto inputFile = [&](size_t index) { return folder.file("input" + std::to_string(index)); };
  for (size_t index = 0; index < contents.size() && !code; ++index) {
    llvm::raw_fd_ostream file(inputFile(index), code);
    file << contents[index];
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
  std::string output = folder.file("output");
  std::vector<std::string> words{"ld.lld", "--build-id=none", "--gc-sections", "-O2", "-o", output};
  for (llvm::StringRef argument : arguments) {
    size_t index;
    bool isInput = argument.consume_front("@") && !argument.getAsInteger(10, index);
    words.push_back(isInput ? inputFile(index) : argument.str());
  }
  std::vector<const char *> pointers;
  for (const std::string &word : words)
    pointers.push_back(word.c_str());
  std::string messages;
  llvm::raw_string_ostream stream(messages);
  lld::Result result = lld::lldMain(pointers, llvm::nulls(), stream, {{lld::Gnu, &lld::elf::link}});
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
  linked = (*buffer)->getBuffer().str();
  return true;
}

} // namespace

bool pebble::linkSharedObject(llvm::StringRef object, std::string &shared, std::string &error) {
  return link({object}, {"-shared", "-z", "noexecstack", "--hash-style=gnu", "@0"}, shared, error);
}

bool pebble::linkExecutable(llvm::ArrayRef<llvm::StringRef> objects, llvm::StringRef script,
                            std::string &executable, std::string &error) {
  std::vector<llvm::StringRef> contents{script};
  llvm::append_range(contents, objects);
  std::vector<std::string> inputs;
  for (size_t index = 1; index < contents.size(); ++index)
    inputs.push_back("@" + std::to_string(index));
  std::vector<llvm::StringRef> arguments{"-static", "-T", "@0"};
  llvm::append_range(arguments, inputs);
  return link(contents, arguments, executable, error);
}
