// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/package/Loader.h"

#include "runtime/package/Package_generated.h"
#include "runtime/package/Validate.h"
#include "runtime/support/Checksum.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace pebble::package;

namespace {

constexpr uint64_t kAlignment = 64;
/// The least that one table, string or vector takes in a manifest.
constexpr uint64_t kMinEntryBytes = 8;

template <typename T> using Offsets = flatbuffers::Vector<flatbuffers::Offset<T>>;

/// Copies a verified manifest out of its bytes. The verifier lets many offsets share one target, by
/// which a small file could ask for terabytes; the writer never shares, so a decoder that is about
/// to copy more than the manifest holds stops.
class Decoder {
public:
  explicit Decoder(uint64_t manifestBytes) : budget(manifestBytes) {}

  bool decode(const fb::Manifest &from, Manifest &to, std::vector<SectionView> &sections) {
    if (from.model_sha256()->size() != to.modelSha256.size())
      return false;
    std::memcpy(to.modelSha256.data(), from.model_sha256()->data(), to.modelSha256.size());
    to.abiVersion = from.abi_version();
    to.arenaBytes = from.arena_bytes();
    to.planBytes = from.plan_bytes();
    to.arenaLowerBound = from.arena_lower_bound();
    to.macs = from.macs();
    to.extraMacs = from.extra_macs();
    sections.resize(2);
    return copy(from.tool_version(), to.toolVersion) && copy(from.model_name(), to.modelName) &&
           copy(from.target(), to.target) && copy(from.triple(), to.triple) &&
           copy(from.cpu(), to.cpu) && copy(from.entry(), to.entry) &&
           copy(from.flags(), to.flags) && copy(from.cpu_features(), to.cpuFeatures) &&
           copy(from.inputs(), to.inputs) && copy(from.outputs(), to.outputs) &&
           copy(from.kernels(), to.kernels) && (!from.plan() || copy(from.plan(), to.plan)) &&
           (!from.steps() || copy(from.steps(), to.steps)) &&
           (!from.slots() || copy(from.slots(), to.slots)) &&
           (!from.regions() || copy(from.regions(), to.regions)) &&
           copy(from.constants(), sections[0]) && copy(from.code(), sections[1]) &&
           copy(from.sections(), sections);
  }

private:
  bool charge(uint64_t bytes) {
    if (bytes > budget)
      return false;
    budget -= bytes;
    return true;
  }

  bool copy(const flatbuffers::String *from, std::string &to) {
    if (!from || !charge(kMinEntryBytes + from->size()))
      return false;
    to = from->str();
    return true;
  }

  bool copy(const flatbuffers::Vector<int64_t> *from, std::vector<int64_t> &to) {
    if (!charge(kMinEntryBytes + uint64_t(from->size()) * sizeof(int64_t)))
      return false;
    // The verifier does not ask for a vector's elements to be aligned, so they are not read in
    // place.
    to.resize(from->size());
    if (!to.empty())
      std::memcpy(to.data(), from->Data(), to.size() * sizeof(int64_t));
    return true;
  }

  template <typename From, typename To> bool copy(const Offsets<From> *from, std::vector<To> &to) {
    if (!charge(kMinEntryBytes))
      return false;
    for (const From *element : *from) {
      to.emplace_back();
      if (!element || !copy(element, to.back()))
        return false;
    }
    return true;
  }

  bool copy(const fb::Tensor *from, TensorSpec &to) {
    to.dtype = from->dtype();
    return charge(kMinEntryBytes) && copy(from->name(), to.name) && copy(from->dims(), to.dims) &&
           copy(from->dim_names(), to.dimNames);
  }

  bool copy(const fb::Kernel *from, KernelSpec &to) {
    to.scratchBytes = from->scratch_bytes();
    to.bytesRead = from->bytes_read();
    to.bytesWritten = from->bytes_written();
    to.macs = from->macs();
    return charge(kMinEntryBytes) && copy(from->symbol(), to.symbol) &&
           copy(from->nodes(), to.nodes) && (!from->reads() || copy(from->reads(), to.reads)) &&
           (!from->writes() || copy(from->writes(), to.writes));
  }

  bool copy(const fb::Step *from, StepSpec &to) {
    to.kernel = from->kernel();
    return charge(kMinEntryBytes) && copy(from->name(), to.name);
  }

  bool copy(const fb::Slot *from, SlotSpec &to) {
    to.offset = from->offset();
    to.bytes = from->size();
    to.first = from->first();
    to.last = from->last();
    to.rows = from->rows();
    to.region = from->region();
    return charge(kMinEntryBytes) && copy(from->name(), to.name);
  }

  bool copy(const fb::Region *from, RegionSpec &to) {
    to.capacity = from->capacity();
    to.bytes = from->bytes();
    to.lowerBound = from->lower_bound();
    return charge(kMinEntryBytes) && copy(from->name(), to.name);
  }

  bool copy(const fb::Traffic *from, Traffic &to) {
    to.bytes = from->bytes();
    return charge(kMinEntryBytes) && copy(from->expression(), to.expression);
  }

  bool copy(const fb::Section *from, SectionView &to) {
    to.offset = from->offset();
    to.size = from->size();
    to.checksum = from->checksum();
    return charge(kMinEntryBytes) && copy(from->name(), to.name);
  }

  uint64_t budget;
};

} // namespace

std::unique_ptr<Package> Package::open(const std::string &path, std::string &error) {
  auto fail = [&](const std::string &reason) {
    error = "cannot open package '" + path + "': " + reason;
    return nullptr;
  };
  // Opening a pipe would wait for its writer.
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0)
    return fail(std::strerror(errno));
  struct stat status;
  if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
    close(fd);
    return fail("it is not a regular file");
  }
  auto bytes = static_cast<uint64_t>(status.st_size);
  if (bytes < sizeof(Header)) {
    close(fd);
    return fail("it has " + std::to_string(bytes) + " bytes, too few for a Pebble package");
  }
  void *mapping = mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE, fd, 0);
  int mapError = errno;
  close(fd);
  if (mapping == MAP_FAILED)
    return fail(std::strerror(mapError));
  std::unique_ptr<Package> package(new Package);
  package->base = static_cast<const uint8_t *>(mapping);
  package->size = bytes;
  package->mapped = true;
  std::string reason;
  if (!package->parse(reason))
    return fail(reason);
  return package;
}

std::unique_ptr<Package> Package::fromMemory(const void *data, uint64_t size, std::string &error) {
  std::unique_ptr<Package> package(new Package);
  package->base = static_cast<const uint8_t *>(data);
  package->size = size;
  if (size >= sizeof(Header) && reinterpret_cast<uintptr_t>(data) % kAlignment != 0) {
    void *copy = nullptr;
    if (posix_memalign(&copy, kAlignment, size) != 0) {
      error = "cannot open package in memory: no memory for an aligned copy of " +
              std::to_string(size) + " bytes";
      return nullptr;
    }
    std::memcpy(copy, data, size);
    package->base = static_cast<const uint8_t *>(copy);
    package->owned = true;
  }
  std::string reason;
  if (!package->parse(reason)) {
    error = "cannot open package in memory: " + reason;
    return nullptr;
  }
  return package;
}

Package::~Package() {
  if (mapped)
    munmap(const_cast<uint8_t *>(base), size);
  if (owned)
    free(const_cast<uint8_t *>(base));
}

bool Package::parse(std::string &error) {
  Header header;
  if (size < sizeof(header)) {
    error = "it has " + std::to_string(size) + " bytes, too few for a Pebble package";
    return false;
  }
  std::memcpy(&header, base, sizeof(header));
  if (std::memcmp(header.magic, kMagic, sizeof(kMagic)) != 0) {
    error = "it is not a Pebble package (a package starts with PEBBLE)";
    return false;
  }
  version = header.version;
  if (version != kFormatVersion) {
    error = "its format version is " + std::to_string(version) + ", this program reads version " +
            std::to_string(kFormatVersion) +
            ": compile the model again with this version of pebble";
    return false;
  }
  if (header.fileBytes != size) {
    error = "it has " + std::to_string(size) + " bytes where its header says " +
            std::to_string(header.fileBytes) + ": it is damaged or was copied in part";
    return false;
  }
  if (header.manifestOffset < sizeof(header) || header.manifestOffset % kAlignment != 0 ||
      header.manifestOffset > size || header.manifestBytes > size - header.manifestOffset ||
      header.manifestBytes > kMaxManifestBytes) {
    error = "its manifest (" + std::to_string(header.manifestBytes) + " bytes at " +
            std::to_string(header.manifestOffset) + ") does not lie inside the file";
    return false;
  }
  const uint8_t *manifestData = base + header.manifestOffset;
  bytesOfManifest = header.manifestBytes;
  uint64_t expected = header.checksum;
  header.checksum = 0;
  support::Checksum checksum;
  checksum.update(&header, sizeof(header));
  checksum.update(manifestData, bytesOfManifest);
  if (checksum.digest() != expected) {
    error = "the checksum of its manifest does not match: it is damaged";
    return false;
  }

  // A matching checksum says that the bytes are as written, not that a sound program wrote them.
  flatbuffers::Verifier verifier(manifestData, bytesOfManifest, /*max_depth=*/16,
                                 /*max_tables=*/bytesOfManifest / kMinEntryBytes + 1);
  if (bytesOfManifest < 2 * kMinEntryBytes || !fb::VerifyManifestBuffer(verifier) ||
      !Decoder(bytesOfManifest).decode(*fb::GetManifest(manifestData), contents, sectionViews)) {
    error = "its manifest is malformed";
    return false;
  }
  if (!validate(contents, error))
    return false;
  if (!validate(sectionViews, header.manifestOffset + bytesOfManifest, size, error))
    return false;
  for (SectionView &section : sectionViews)
    section.data = base + section.offset;
  return true;
}

const SectionView *Package::findSection(const std::string &name) const {
  for (const SectionView &section : sectionViews)
    if (section.name == name)
      return &section;
  return nullptr;
}

bool Package::verify(const SectionView &section, std::string &error) {
  if (support::Checksum::of(section.data, section.size) == section.checksum)
    return true;
  error = "the checksum of section '" + section.name + "' does not match: the file is damaged";
  return false;
}
