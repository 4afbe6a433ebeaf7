// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "targets/cortexm/EmulatorRunner.h"

#include "targets/ExitCode.h"
#include "targets/codegen/Embed.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"

using namespace pebble;

namespace {

/// An emulated microcontroller is some hundred times slower than the host.
constexpr unsigned secondsToWait = 600;

/// Gone with this object, whatever happened.
class Folder {
public:
  Folder() { error = llvm::sys::fs::createUniqueDirectory("pebble-run", path); }
  ~Folder() {
    if (!error)
      llvm::sys::fs::remove_directories(path);
  }
  std::string name() const { return path.str().str(); }
  std::string file(const std::string &name) const { return this->name() + "/" + name; }
  std::error_code error;

private:
  llvm::SmallString<128> path;
};

bool write(const std::string &path, const void *data, uint64_t bytes, std::string &error) {
  std::error_code code;
  llvm::raw_fd_ostream file(path, code);
  if (!code) {
    file.write(static_cast<const char *>(data), bytes);
    file.close();
    code = file.error();
    file.clear_error();
  }
  if (code)
    error = "cannot write " + path + ": " + code.message();
  return !code;
}

std::string textOf(const std::string &path) {
  auto file = llvm::MemoryBuffer::getFile(path);
  return file ? (*file)->getBuffer().trim().str() : "";
}

/// In QEMU's option syntax a comma ends a value unless it is doubled.
std::string quoted(llvm::StringRef value) {
  std::string text;
  for (char c : value)
    text += c == ',' ? std::string(",,") : std::string(1, c);
  return text;
}

} // namespace

int EmulatorRunner::run(const package::Package &package, const std::vector<const void *> &inputs,
                        std::vector<std::vector<char>> &outputs, std::string &error) {
  const package::Manifest &manifest = package.manifest();
  const package::SectionView *firmware = package.findSection(section);
  if (!firmware) {
    error = "the package has no section '" + section + "'";
    return ExitRejected;
  }
  if (manifest.cpu != board.cpu) {
    error =
        "the package is for " + manifest.cpu + ", but board " + board.name + " has a " + board.cpu;
    return ExitUnsupported;
  }
  Folder folder;
  if (folder.error) {
    error = "cannot make a temporary folder: " + folder.error.message();
    return ExitInternal;
  }
  if (!write(folder.file("firmware.elf"), firmware->data, firmware->size, error))
    return ExitInternal;
  for (size_t index = 0; index < inputs.size(); ++index)
    if (!write(folder.file("input_" + std::to_string(index) + ".bin"), inputs[index],
               bytesOf(manifest.inputs[index]), error))
      return ExitInternal;
  if (int code = execute(folder.name(), error))
    return code;
  for (size_t index = 0; index < outputs.size(); ++index) {
    auto file = llvm::MemoryBuffer::getFile(folder.file("output_" + std::to_string(index) + ".bin"),
                                            /*IsText=*/false,
                                            /*RequiresNullTerminator=*/false);
    if (!file || (*file)->getBufferSize() != outputs[index].size()) {
      error = "the firmware left no whole output " + std::to_string(index);
      return ExitInternal;
    }
    llvm::copy((*file)->getBuffer(), outputs[index].begin());
  }
  return ExitOk;
}

int EmulatorRunner::execute(const std::string &folder, std::string &error) const {
  if (board.emulator.empty()) {
    error = "board " + board.name + " names no emulator: flash its firmware (--emit elf) instead";
    return ExitUnsupported;
  }
  auto program = llvm::sys::findProgramByName(board.emulator);
  if (!program) {
    error = "board " + board.name + " runs under " + board.emulator +
            ", which is not on the PATH: install it (Debian: qemu-system-arm)";
    return ExitUnsupported;
  }
  std::string elf = folder + "/firmware.elf", log = folder + "/log";
  std::string semihosting = "enable=on,target=native,arg=firmware,arg=" + quoted(folder);
  llvm::StringRef arguments[] = {
      *program,  "-machine", board.machine,         "-nographic", "-monitor", "none",
      "-serial", "none",     "-semihosting-config", semihosting,  "-kernel",  elf};
  std::optional<llvm::StringRef> redirects[] = {llvm::StringRef(""), llvm::StringRef(log),
                                                llvm::StringRef(log)};
  std::string problem;
  int status = llvm::sys::ExecuteAndWait(*program, arguments, std::nullopt, redirects,
                                         secondsToWait, /*MemoryLimit=*/0, &problem);
  if (status == 0)
    return ExitOk;
  error = "the firmware ended with status " + std::to_string(status);
  for (const std::string &text : {problem, textOf(log)})
    if (!text.empty())
      error += ": " + text;
  // The codes of pebble_status besides "memory" come from the values of the inputs.
  return status > 0 && status < 6 ? (status == PEBBLE_ERROR_MEMORY ? ExitDoesNotFit : ExitUsage)
                                  : ExitInternal;
}
