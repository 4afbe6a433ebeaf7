// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/host/Code.h"

#include <cerrno>
#include <cstring>
#include <dlfcn.h>
#include <sys/mman.h>
#include <unistd.h>

using namespace pebble::host;

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

/// Kernels with vm.memfd_noexec want to be told that the file will be executed; kernels before 6.3
/// do not know the flag.
static int createMemoryFile() {
  int fd = memfd_create("pebble-code", MFD_CLOEXEC | MFD_EXEC);
  return fd >= 0 || errno != EINVAL ? fd : memfd_create("pebble-code", MFD_CLOEXEC);
}

static bool writeAll(int fd, const uint8_t *data, uint64_t size) {
  while (size != 0) {
    ssize_t written = write(fd, data, size);
    if (written < 0 && errno == EINTR)
      continue;
    if (written <= 0)
      return false;
    data += written;
    size -= static_cast<uint64_t>(written);
  }
  return true;
}

std::unique_ptr<Code> Code::load(const package::Package &package, std::string &error) {
  std::unique_ptr<Code> code(new Code);
  const package::SectionView &section = package.code();
  // The dynamic linker trusts what it maps, so damage has to be found before.
  if (!package::Package::verify(section, error))
    return nullptr;
  code->fd = createMemoryFile();
  if (code->fd < 0 || !writeAll(code->fd, section.data, section.size)) {
    error = std::string("cannot make a memory file for the code: ") + std::strerror(errno);
    return nullptr;
  }
  // The dynamic linker takes an equal path for the same library, so the descriptor, and with it
  // the path, stays taken for as long as the library is loaded.
  std::string path = "/proc/self/fd/" + std::to_string(code->fd);
  code->library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!code->library) {
    error = std::string("cannot link the code: ") + dlerror();
    return nullptr;
  }
  const package::Manifest &manifest = package.manifest();
  const struct {
    const std::string &symbol;
    pebble_main_fn &function;
    const char *what;
  } wanted[] = {{manifest.entry, code->main, "entry"}, {manifest.plan, code->planFunction, "plan"}};
  for (const auto &[symbol, function, what] : wanted) {
    if (&function == &code->planFunction && symbol.empty())
      continue;
    function = reinterpret_cast<pebble_main_fn>(dlsym(code->library, symbol.c_str()));
    if (!function) {
      error = std::string("the code does not define its ") + what + " symbol '" + symbol + "'";
      return nullptr;
    }
  }
  return code;
}

Code::~Code() {
  if (library)
    dlclose(library);
  if (fd >= 0)
    close(fd);
}
