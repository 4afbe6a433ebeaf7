// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/package/Writer.h"

#include "runtime/package/Package_generated.h"
#include "runtime/package/Validate.h"
#include "runtime/support/Checksum.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <functional>
#include <sys/stat.h>
#include <unistd.h>

using namespace pebble::package;

namespace {

using Sink = std::function<bool(const void *data, uint64_t size)>;

constexpr char kZeros[kPageSize] = {};

bool writeZeros(const Sink &sink, uint64_t count) {
  for (; count != 0; count -= std::min<uint64_t>(count, sizeof(kZeros)))
    if (!sink(kZeros, std::min<uint64_t>(count, sizeof(kZeros))))
      return false;
  return true;
}

bool streamSection(const SectionContents &section, const Sink &sink) {
  uint64_t position = 0;
  for (const Chunk &chunk : section.chunks) {
    if (!writeZeros(sink, chunk.offset - position) || !sink(chunk.data, chunk.size))
      return false;
    position = chunk.offset + chunk.size;
  }
  return writeZeros(sink, section.size - position);
}

bool checkChunks(const SectionContents &section, std::string &error) {
  uint64_t position = 0;
  for (const Chunk &chunk : section.chunks) {
    if (chunk.offset < position || chunk.offset > section.size ||
        chunk.size > section.size - chunk.offset) {
      error = "section '" + section.name + "': the chunk of " + std::to_string(chunk.size) +
              " bytes at " + std::to_string(chunk.offset) +
              " is out of order or outside the section of " + std::to_string(section.size) +
              " bytes";
      return false;
    }
    position = chunk.offset + chunk.size;
  }
  return true;
}

using Strings = flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<flatbuffers::String>>>;

class Encoder {
public:
  Encoder() {
    // Zeros are stored too, so that the manifest's size does not depend on the offsets in it.
    builder.ForceDefaults(true);
  }

  std::string encode(const Manifest &manifest, const std::vector<SectionView> &views) {
    std::vector<flatbuffers::Offset<fb::Section>> extras;
    for (size_t index = 2; index < views.size(); ++index)
      extras.push_back(section(views[index]));
    std::vector<flatbuffers::Offset<fb::Kernel>> kernels;
    for (const KernelSpec &kernel : manifest.kernels) {
      auto symbol = builder.CreateString(kernel.symbol);
      auto nodes = strings(kernel.nodes);
      auto reads = traffic(kernel.reads);
      auto writes = traffic(kernel.writes);
      kernels.push_back(fb::CreateKernel(builder, symbol, nodes, kernel.scratchBytes,
                                         kernel.bytesRead, kernel.bytesWritten, reads, writes,
                                         kernel.macs));
    }
    // The order of evaluation of a call's arguments is unspecified, and with it the layout of the
    // bytes: every part is made in a statement of its own.
    auto toolVersion = builder.CreateString(manifest.toolVersion);
    auto flags = strings(manifest.flags);
    auto modelName = builder.CreateString(manifest.modelName);
    auto sha256 = builder.CreateVector(manifest.modelSha256.data(), manifest.modelSha256.size());
    auto target = builder.CreateString(manifest.target);
    auto triple = builder.CreateString(manifest.triple);
    auto cpu = builder.CreateString(manifest.cpu);
    auto cpuFeatures = strings(manifest.cpuFeatures);
    auto entry = builder.CreateString(manifest.entry);
    auto constants = section(views[0]);
    auto code = section(views[1]);
    auto sections = builder.CreateVector(extras);
    auto inputs = tensors(manifest.inputs);
    auto outputs = tensors(manifest.outputs);
    auto kernelTable = builder.CreateVector(kernels);
    auto plan = builder.CreateString(manifest.plan);
    auto steps = builder.CreateVector(stepTables(manifest.steps));
    auto slots = builder.CreateVector(slotTables(manifest.slots));
    auto regions = builder.CreateVector(regionTables(manifest.regions));
    auto root = fb::CreateManifest(
        builder, toolVersion, manifest.abiVersion, flags, modelName, sha256, target, triple, cpu,
        cpuFeatures, entry, manifest.arenaBytes, constants, code, sections, inputs, outputs,
        kernelTable, plan, manifest.planBytes, steps, slots, manifest.arenaLowerBound,
        manifest.macs, manifest.extraMacs, regions);
    fb::FinishManifestBuffer(builder, root);
    return {reinterpret_cast<const char *>(builder.GetBufferPointer()), builder.GetSize()};
  }

private:
  Strings strings(const std::vector<std::string> &texts) {
    return builder.CreateVectorOfStrings(texts);
  }

  flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<fb::Traffic>>>
  traffic(const std::vector<Traffic> &moved) {
    std::vector<flatbuffers::Offset<fb::Traffic>> result;
    for (const Traffic &one : moved) {
      auto expression = builder.CreateString(one.expression);
      result.push_back(fb::CreateTraffic(builder, one.bytes, expression));
    }
    return builder.CreateVector(result);
  }

  std::vector<flatbuffers::Offset<fb::Step>> stepTables(const std::vector<StepSpec> &steps) {
    std::vector<flatbuffers::Offset<fb::Step>> result;
    for (const StepSpec &step : steps) {
      auto name = builder.CreateString(step.name);
      result.push_back(fb::CreateStep(builder, name, step.kernel));
    }
    return result;
  }

  std::vector<flatbuffers::Offset<fb::Slot>> slotTables(const std::vector<SlotSpec> &slots) {
    std::vector<flatbuffers::Offset<fb::Slot>> result;
    for (const SlotSpec &slot : slots) {
      auto name = builder.CreateString(slot.name);
      result.push_back(fb::CreateSlot(builder, name, slot.offset, slot.bytes, slot.first, slot.last,
                                      slot.rows, slot.region));
    }
    return result;
  }

  std::vector<flatbuffers::Offset<fb::Region>>
  regionTables(const std::vector<RegionSpec> &regions) {
    std::vector<flatbuffers::Offset<fb::Region>> result;
    for (const RegionSpec &region : regions) {
      auto name = builder.CreateString(region.name);
      result.push_back(
          fb::CreateRegion(builder, name, region.capacity, region.bytes, region.lowerBound));
    }
    return result;
  }

  flatbuffers::Offset<fb::Section> section(const SectionView &view) {
    auto name = builder.CreateString(view.name);
    return fb::CreateSection(builder, name, view.offset, view.size, view.checksum);
  }

  flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<fb::Tensor>>>
  tensors(const std::vector<TensorSpec> &specs) {
    std::vector<flatbuffers::Offset<fb::Tensor>> result;
    for (const TensorSpec &spec : specs) {
      auto name = builder.CreateString(spec.name);
      auto dims = builder.CreateVector(spec.dims);
      auto dimNames = strings(spec.dimNames);
      result.push_back(fb::CreateTensor(builder, name, spec.dtype, dims, dimNames));
    }
    return builder.CreateVector(result);
  }

  flatbuffers::FlatBufferBuilder builder;
};

uint64_t alignToPage(uint64_t offset) { return (offset + kPageSize - 1) / kPageSize * kPageSize; }

/// Constants and code always exist and come first; what the caller gave of them moves there.
std::vector<SectionContents> orderSections(const std::vector<SectionContents> &given) {
  std::vector<SectionContents> ordered = {{kConstantsSection, 0, {}}, {kCodeSection, 0, {}}};
  for (const SectionContents &section : given) {
    if (section.name == kConstantsSection && ordered[0].size == 0)
      ordered[0] = section;
    else if (section.name == kCodeSection && ordered[1].size == 0)
      ordered[1] = section;
    else
      ordered.push_back(section);
  }
  return ordered;
}

bool emit(const Manifest &manifest, const std::vector<SectionContents> &given, const Sink &sink,
          std::string &error) {
  if (!validate(manifest, error))
    return false;
  std::vector<SectionContents> sections = orderSections(given);
  std::vector<SectionView> views;
  for (const SectionContents &section : sections) {
    if (!checkChunks(section, error))
      return false;
    pebble::support::Checksum checksum;
    streamSection(section, [&](const void *data, uint64_t size) {
      checksum.update(data, size);
      return true;
    });
    views.push_back({section.name, nullptr, 0, section.size, checksum.digest()});
  }

  uint64_t manifestBytes = Encoder().encode(manifest, views).size();
  if (manifestBytes > kMaxManifestBytes) {
    error = "the manifest takes " + std::to_string(manifestBytes) + " bytes, more than " +
            std::to_string(kMaxManifestBytes);
    return false;
  }
  uint64_t end = sizeof(Header) + manifestBytes;
  // Code comes before constants: it is small and read at every start.
  std::vector<size_t> fileOrder = {1, 0};
  for (size_t index = 2; index < views.size(); ++index)
    fileOrder.push_back(index);
  for (size_t index : fileOrder) {
    views[index].offset = alignToPage(end);
    end = views[index].offset + views[index].size;
  }
  // A trailing empty section still starts inside the file.
  end = std::max(end, views[fileOrder.back()].offset);
  if (!validate(views, sizeof(Header) + manifestBytes, end, error))
    return false;

  std::string encoded = Encoder().encode(manifest, views);
  Header header = {};
  std::memcpy(header.magic, kMagic, sizeof(kMagic));
  header.version = kFormatVersion;
  header.fileBytes = end;
  header.manifestOffset = sizeof(Header);
  header.manifestBytes = encoded.size();
  pebble::support::Checksum checksum;
  checksum.update(&header, sizeof(header));
  checksum.update(encoded.data(), encoded.size());
  header.checksum = checksum.digest();

  if (!sink(&header, sizeof(header)) || !sink(encoded.data(), encoded.size()))
    return false;
  uint64_t position = sizeof(header) + encoded.size();
  for (size_t index : fileOrder) {
    if (!writeZeros(sink, views[index].offset - position) || !streamSection(sections[index], sink))
      return false;
    position = views[index].offset + views[index].size;
  }
  return true;
}

/// A file beside the destination that replaces it only when complete.
class TemporaryFile {
public:
  explicit TemporaryFile(const std::string &destination)
      : destination(destination), name(destination + "." + std::string(6, 'X')) {
    fd = mkostemp(name.data(), O_CLOEXEC);
  }
  ~TemporaryFile() {
    if (fd >= 0)
      close(fd);
    if (fd >= 0 && !committed)
      unlink(name.c_str());
  }
  bool isOpen() const { return fd >= 0; }

  bool write(const void *data, uint64_t size) {
    const auto *bytes = static_cast<const char *>(data);
    while (size != 0) {
      ssize_t written = ::write(fd, bytes, std::min<uint64_t>(size, SSIZE_MAX));
      if (written < 0 && errno == EINTR)
        continue;
      if (written <= 0)
        return false;
      bytes += written;
      size -= static_cast<uint64_t>(written);
    }
    return true;
  }

  bool commit() {
    // mkostemp made the file private; give it the mode that creating it would have given.
    mode_t mask = umask(0);
    umask(mask);
    if (fchmod(fd, 0666 & ~mask) != 0)
      return false;
    committed = rename(name.c_str(), destination.c_str()) == 0;
    return committed;
  }

private:
  std::string destination;
  std::string name;
  int fd = -1;
  bool committed = false;
};

/// Follows a symbolic link, so that the link survives and the file that it names is replaced.
std::string resolve(const std::string &path) {
  char *resolved = realpath(path.c_str(), nullptr);
  std::string result = resolved ? resolved : path;
  free(resolved);
  return result;
}

} // namespace

bool pebble::package::writePackage(const std::string &path, const Manifest &manifest,
                                   const std::vector<SectionContents> &sections,
                                   std::string &error) {
  std::string destination = resolve(path);
  struct stat status;
  if (stat(destination.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
    error = "cannot write '" + path + "': it exists and is not a regular file";
    return false;
  }
  TemporaryFile file(destination);
  auto fail = [&] {
    error = "cannot write '" + path + "': " + std::strerror(errno);
    return false;
  };
  if (!file.isOpen())
    return fail();
  bool wroteAll = true;
  auto sink = [&](const void *data, uint64_t size) { return wroteAll = file.write(data, size); };
  if (!emit(manifest, sections, sink, error)) {
    if (!wroteAll)
      fail();
    return false;
  }
  return file.commit() || fail();
}

bool pebble::package::buildPackage(std::string &bytes, const Manifest &manifest,
                                   const std::vector<SectionContents> &sections,
                                   std::string &error) {
  bytes.clear();
  auto sink = [&](const void *data, uint64_t size) {
    bytes.append(static_cast<const char *>(data), size);
    return true;
  };
  return emit(manifest, sections, sink, error);
}
