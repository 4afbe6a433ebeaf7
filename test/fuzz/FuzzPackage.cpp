// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Opens arbitrary bytes as a package and touches everything that the loader then vouches for.
#include "runtime/package/Loader.h"

#include <memory>

using namespace pebble::package;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::string error;
  std::unique_ptr<Package> package = Package::fromMemory(data, size, error);
  if (!package)
    return 0;
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
  return 0;
}
