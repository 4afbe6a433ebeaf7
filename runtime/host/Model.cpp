// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/host/Model.h"

#include "runtime/host/CpuFeatures.h"
#include "runtime/host/LastError.h"

#include <algorithm>

using namespace pebble::host;

/// The oldest version of the interface whose code runs here: version 2 only added plan functions.
static constexpr uint32_t kOldestInterface = 1;

void Model::Infos::fill(const std::vector<package::TensorSpec> &specs) {
  dimNames.resize(specs.size());
  for (size_t index = 0; index < specs.size(); ++index) {
    const package::TensorSpec &spec = specs[index];
    for (const std::string &name : spec.dimNames)
      dimNames[index].push_back(name.c_str());
    infos.push_back({spec.name.c_str(), spec.dtype, static_cast<int32_t>(spec.dims.size()),
                     spec.dims.data(), dimNames[index].data()});
  }
}

Model::Model(std::unique_ptr<package::Package> package) : opened(std::move(package)) {
  inputs.fill(manifest().inputs);
  outputs.fill(manifest().outputs);
  for (const package::TensorSpec &spec : manifest().inputs) {
    std::vector<int> &indices = inputSymbols.emplace_back();
    for (size_t axis = 0; axis < spec.dims.size(); ++axis) {
      const std::string &name = spec.dimNames[axis];
      if (spec.dims[axis] >= 0 || name.empty()) {
        indices.push_back(-1);
        continue;
      }
      auto known = std::find(symbolNames.begin(), symbolNames.end(), name);
      indices.push_back(static_cast<int>(known - symbolNames.begin()));
      if (known == symbolNames.end())
        symbolNames.push_back(name);
    }
  }
}

int Model::checkHost() const {
  const package::Manifest &m = manifest();
  const char *name = m.modelName.c_str();
  if (m.abiVersion < kOldestInterface || m.abiVersion > PEBBLE_ABI_VERSION)
    return fail(
        PEBBLE_ERROR_VERSION,
        "'%s' was compiled for version %u of the runtime's interface, this runs versions %u "
        "to %d: compile the model again with this version of pebble",
        name, m.abiVersion, kOldestInterface, PEBBLE_ABI_VERSION);
  if (opened->code().size == 0)
    return fail(PEBBLE_ERROR_HOST,
                "'%s' was compiled for the target '%s' and holds no code for this machine: compile "
                "it with --target x86 to run it here",
                name, m.target.c_str());
  if (m.triple.substr(0, m.triple.find('-')) != architecture())
    return fail(PEBBLE_ERROR_HOST,
                "'%s' was compiled for %s, this machine is %s: compile it for it", name,
                m.triple.c_str(), architecture());
  std::string missing;
  for (const std::string &feature : missingCpuFeatures(m.cpuFeatures))
    missing += (missing.empty() ? "" : ", ") + feature;
  if (!missing.empty())
    return fail(PEBBLE_ERROR_HOST,
                "'%s' was compiled for a processor (%s) with instructions that this one lacks: %s; "
                "compile it on this machine, or with a --cpu that this machine has",
                name, m.cpu.c_str(), missing.c_str());
  return PEBBLE_OK;
}

const Code *Model::link(int &status) {
  std::lock_guard<std::mutex> lock(mutex);
  status = PEBBLE_OK;
  if (code)
    return code.get();
  if ((status = checkHost()) != PEBBLE_OK)
    return nullptr;
  std::string error;
  code = Code::load(*opened, error);
  if (!code)
    status = fail(PEBBLE_ERROR_PACKAGE, "'%s': %s", manifest().modelName.c_str(), error.c_str());
  return code.get();
}
