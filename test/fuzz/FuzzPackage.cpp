// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Opens arbitrary bytes as a package and touches everything that the loader then vouches for.
// Nearly all bytes fail the checksum, so they are tried with a fitting one too.
#include "runtime/package/Loader.h"
#include "runtime/support/Checksum.h"

#include <cstring>
#include <memory>

using namespace pebble::package;

static void open(const uint8_t *data, size_t size) {
  std::string error;
  std::unique_ptr<Package> package = Package::fromMemory(data, size, error);
  if (!package)
    return;
  const Manifest &manifest = package->manifest();
  volatile size_t touched = manifest.modelName.size() + manifest.entry.size();
  for (const TensorSpec &tensor : manifest.inputs)
    for (int64_t dim : tensor.dims)
      touched = touched + static_cast<size_t>(dim);
  for (const KernelSpec &kernel : manifest.kernels)
    for (const std::string &node : kernel.nodes)
      touched = touched + node.size();
  // Reads every byte of every section.
  for (const SectionView &section : package->sections())
    Package::verify(section, error);
}

/// Makes the fields that are hard to guess fit the rest.
static void reseal(std::string &bytes) {
  Header header;
  if (bytes.size() < sizeof(header))
    return;
  std::memcpy(&header, bytes.data(), sizeof(header));
  std::memcpy(header.magic, kMagic, sizeof(kMagic));
  header.version = kFormatVersion;
  header.fileBytes = bytes.size();
  header.checksum = 0;
  if (header.manifestOffset > bytes.size() ||
      header.manifestBytes > bytes.size() - header.manifestOffset)
    return;
  pebble::support::Checksum checksum;
  checksum.update(&header, sizeof(header));
  checksum.update(bytes.data() + header.manifestOffset, header.manifestBytes);
  header.checksum = checksum.digest();
  std::memcpy(bytes.data(), &header, sizeof(header));
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  open(data, size);
  std::string bytes(reinterpret_cast<const char *>(data), size);
  reseal(bytes);
  open(reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size());
  return 0;
}
