// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/ExternalData.h"

#include "frontends/onnx/onnx-ml.pb.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringExtras.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#if __has_include(<linux/openat2.h>)
#include <linux/openat2.h>
#endif

namespace pebble::onnx {

static llvm::Error failure(const llvm::Twine &message) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), message);
}

MappedFile::~MappedFile() {
  if (size)
    munmap(const_cast<char *>(data), size);
}

llvm::Expected<std::unique_ptr<MappedFile>> MappedFile::map(int descriptor,
                                                            const llvm::Twine &name) {
  struct stat info = {};
  if (fstat(descriptor, &info) != 0)
    return failure("cannot examine '" + name + "': " + std::strerror(errno));
  if (!S_ISREG(info.st_mode))
    return failure("'" + name + "' is not a regular file");
  size_t size = info.st_size;
  if (size == 0)
    return std::make_unique<MappedFile>(nullptr, 0);
  void *data = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
  if (data == MAP_FAILED)
    return failure("cannot map '" + name + "': " + std::strerror(errno));
  return std::make_unique<MappedFile>(static_cast<const char *>(data), size);
}

/// Opens `location` below the open folder; no component may be a symbolic link. Returns -1 and sets
/// errno on failure.
static int openBeneath(int folder, llvm::StringRef location) {
#if defined(SYS_openat2) && defined(RESOLVE_BENEATH)
  struct open_how how = {};
  // Without O_NONBLOCK, opening a pipe waits for a writer.
  how.flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  long result = syscall(SYS_openat2, folder, location.str().c_str(), &how, sizeof(how));
  // Old kernels lack the call and containers may forbid it.
  if (result >= 0 || (errno != ENOSYS && errno != EPERM))
    return static_cast<int>(result);
#endif
  int current = dup(folder);
  llvm::SmallVector<llvm::StringRef> parts;
  location.split(parts, '/', -1, /*KeepEmpty=*/false);
  for (auto [index, part] : llvm::enumerate(parts)) {
    if (current < 0)
      return -1;
    bool last = index + 1 == parts.size();
    int flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | (last ? 0 : O_DIRECTORY);
    int next = openat(current, part.str().c_str(), flags);
    int error = errno;
    close(current);
    errno = error;
    current = next;
  }
  return current;
}

llvm::Expected<const MappedFile *> ExternalFiles::open(llvm::StringRef location) {
  if (auto known = files.find(location); known != files.end())
    return known->second.get();
  if (folder.empty())
    return failure("the model was not read from a file, so that '" + location +
                   "' has no folder to be in; expected the data inside the model");
  if (location.empty() || location.contains('\0'))
    return failure("the 'location' of external data is missing or not a file name");
  if (location.starts_with("/") || location.contains('\\'))
    return failure("'" + location +
                   "' is not a relative path; expected a file in the model's folder");
  llvm::SmallVector<llvm::StringRef> parts;
  location.split(parts, '/');
  if (llvm::is_contained(parts, ".."))
    return failure("'" + location + "' leaves the model's folder; expected a file inside it");

  int directory = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0)
    return failure("cannot open the model's folder '" + folder + "': " + std::strerror(errno));
  llvm::scope_exit closeDirectory([&] { close(directory); });
  int descriptor = openBeneath(directory, location);
  if (descriptor < 0) {
    if (errno == ELOOP || errno == EXDEV)
      return failure("'" + location +
                     "' is or passes through a symbolic link; expected a plain "
                     "file in the model's folder");
    return failure("cannot open '" + location + "' in '" + folder + "': " + std::strerror(errno));
  }
  llvm::scope_exit closeFile([&] { close(descriptor); });
  struct stat info = {};
  // A second name of a file outside the folder would read what the folder's owner never put there.
  if (fstat(descriptor, &info) == 0 && S_ISREG(info.st_mode) && info.st_nlink > 1)
    return failure("'" + location + "' has several hard links; expected a plain file (copy it)");
  llvm::Expected<std::unique_ptr<MappedFile>> file = MappedFile::map(descriptor, location);
  if (!file)
    return file.takeError();
  return files.try_emplace(location, std::move(*file)).first->second.get();
}

llvm::Expected<llvm::ArrayRef<char>> ExternalFiles::data(const proto::TensorProto &tensor) {
  llvm::StringRef location;
  uint64_t offset = 0;
  std::optional<uint64_t> length;
  for (const proto::StringStringEntryProto &entry : tensor.external_data()) {
    llvm::StringRef value = entry.value();
    uint64_t number = 0;
    bool isNumber = !value.getAsInteger(10, number);
    if (entry.key() == "location") {
      location = value;
    } else if (entry.key() == "offset" || entry.key() == "length") {
      if (!isNumber)
        return failure("the '" + llvm::Twine(entry.key()) + "' of external data is '" + value +
                       "'; expected a non-negative number of bytes");
      if (entry.key() == "offset")
        offset = number;
      else
        length = number;
    }
  }
  llvm::Expected<const MappedFile *> file = open(location);
  if (!file)
    return file.takeError();
  llvm::ArrayRef<char> bytes = (*file)->bytes();
  if (offset > bytes.size() || (length && *length > bytes.size() - offset))
    return failure("bytes " + llvm::Twine(offset) + " + " +
                   llvm::Twine(length ? *length : uint64_t(0)) + " are past the end of '" +
                   location + "', which has " + llvm::Twine(bytes.size()));
  return length ? bytes.slice(offset, *length) : bytes.drop_front(offset);
}

} // namespace pebble::onnx
