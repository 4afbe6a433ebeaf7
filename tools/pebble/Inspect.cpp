// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// pebble inspect: shows what a package says about itself, without running any of it.
#include "runtime/package/Loader.h"
#include "runtime/support/DType.h"
#include "tools/pebble/ManifestJson.h"
#include "tools/pebble/Verb.h"

#include <nlohmann/json.hpp>

#include <cstdio>
#include <memory>

using namespace pebble;
using namespace pebble::cli;
using nlohmann::ordered_json;

namespace {

constexpr int kInspectSchema = 1;

struct InspectOptions {
  std::string package;
  bool json = false;
  bool verify = false;
};

std::string hex(const std::array<uint8_t, 32> &bytes) {
  std::string text;
  for (uint8_t byte : bytes) {
    char digits[3];
    snprintf(digits, sizeof(digits), "%02x", byte);
    text += digits;
  }
  return text;
}

ordered_json tensorJson(const package::TensorSpec &tensor) {
  return {{"name", tensor.name},
          {"dtype", support::findDType(tensor.dtype)->name},
          {"shape", tensor.dims},
          {"dim_names", tensor.dimNames}};
}

/// One entry per operand or result: bytes, or the text of what the run knows.
ordered_json trafficJson(const std::vector<package::Traffic> &moved) {
  ordered_json list = ordered_json::array();
  for (const package::Traffic &one : moved)
    list.push_back(one.bytes >= 0 ? ordered_json(one.bytes) : ordered_json(one.expression));
  return list;
}

ordered_json toJson(const package::Package &package) {
  const package::Manifest &m = package.manifest();
  ordered_json json = {{"schema_version", kInspectSchema},
                       {"format_version", package.formatVersion()},
                       {"tool_version", m.toolVersion},
                       {"abi_version", m.abiVersion},
                       {"model", m.modelName},
                       {"model_sha256", hex(m.modelSha256)},
                       {"target", m.target},
                       {"triple", m.triple},
                       {"cpu", m.cpu},
                       {"cpu_features", m.cpuFeatures},
                       {"flags", m.flags},
                       {"entry", m.entry},
                       {"arena_bytes", m.arenaBytes},
                       {"plan_bytes", m.planBytes},
                       {"macs", runMacsJson(m)},
                       {"file_bytes", package.fileBytes()},
                       {"manifest_bytes", package.manifestBytes()},
                       {"sections", ordered_json::array()},
                       {"inputs", ordered_json::array()},
                       {"outputs", ordered_json::array()},
                       {"kernels", ordered_json::array()}};
  for (const package::SectionView &section : package.sections())
    json["sections"].push_back(
        {{"name", section.name}, {"offset", section.offset}, {"bytes", section.size}});
  for (const package::TensorSpec &tensor : m.inputs)
    json["inputs"].push_back(tensorJson(tensor));
  for (const package::TensorSpec &tensor : m.outputs)
    json["outputs"].push_back(tensorJson(tensor));
  for (const package::KernelSpec &kernel : m.kernels)
    json["kernels"].push_back({{"symbol", kernel.symbol},
                               {"nodes", kernel.nodes},
                               {"macs", macsJson(kernel.macs)},
                               {"scratch_bytes", kernel.scratchBytes},
                               {"bytes_read", kernel.bytesRead},
                               {"bytes_written", kernel.bytesWritten},
                               {"reads", trafficJson(kernel.reads)},
                               {"writes", trafficJson(kernel.writes)}});
  for (const package::RegionSpec &region : m.regions)
    json["regions"].push_back(
        {{"name", region.name},
         {"capacity_bytes", region.capacity < 0 ? ordered_json() : ordered_json(region.capacity)},
         {"bytes", region.bytes},
         {"lower_bound_bytes", region.lowerBound}});
  return json;
}

std::string join(const std::vector<std::string> &words, const char *separator) {
  std::string text;
  for (const std::string &word : words)
    text += (text.empty() ? "" : separator) + word;
  return text.empty() ? "none" : text;
}

/// Packages of earlier versions have the sum alone.
std::string trafficText(const std::vector<package::Traffic> &moved, uint64_t sum) {
  if (moved.empty() && sum > 0)
    return std::to_string(sum) + " in all";
  std::vector<std::string> words;
  for (const package::Traffic &one : moved)
    words.push_back(one.bytes >= 0 ? std::to_string(one.bytes) : one.expression);
  return join(words, ", ");
}

std::string macsText(int64_t macs) { return macs < 0 ? "unknown" : std::to_string(macs); }

void printTensors(const char *title, const std::vector<package::TensorSpec> &tensors) {
  std::printf("%s\n", title);
  for (const package::TensorSpec &tensor : tensors) {
    std::string shape;
    for (size_t axis = 0; axis < tensor.dims.size(); ++axis) {
      const std::string &name = tensor.dimNames[axis];
      shape += axis ? ", " : "";
      shape += tensor.dims[axis] >= 0 ? std::to_string(tensor.dims[axis])
               : name.empty()         ? "?"
                                      : name;
    }
    std::printf("  %s: %s [%s]\n", tensor.name.c_str(), support::findDType(tensor.dtype)->name,
                shape.c_str());
  }
}

void print(const package::Package &package) {
  const package::Manifest &m = package.manifest();
  auto number = [](uint64_t value) { return static_cast<unsigned long long>(value); };
  std::printf("model     %s (sha256 %s)\n", m.modelName.c_str(), hex(m.modelSha256).c_str());
  std::printf("compiled  by pebble %s, package format %d, runtime interface %u\n",
              m.toolVersion.c_str(), package.formatVersion(), m.abiVersion);
  std::printf("target    %s (%s, %s)\n", m.target.c_str(), m.triple.c_str(), m.cpu.c_str());
  std::printf("needs     %s\n", join(m.cpuFeatures, " ").c_str());
  std::printf("flags     %s\n", join(m.flags, " ").c_str());
  std::printf("arena     %llu bytes%s\n", number(m.arenaBytes),
              m.plan.empty() ? "" : " and what the inputs' dims ask for");
  for (const package::RegionSpec &region : m.regions)
    std::printf("  %-12s %llu bytes%s\n", region.name.c_str(), number(region.bytes),
                region.capacity < 0 ? "" : (" of " + std::to_string(region.capacity)).c_str());
  std::printf("macs      %s\n", macsText(m.macs).c_str());
  printTensors("inputs", m.inputs);
  printTensors("outputs", m.outputs);
  std::printf("sections of %llu bytes\n", number(package.fileBytes()));
  for (const package::SectionView &section : package.sections())
    std::printf("  %-12s %12llu bytes at %llu\n", section.name.c_str(), number(section.size),
                number(section.offset));
  if (m.kernels.empty())
    return;
  std::printf("kernels: bytes read of each operand -> written of each result; nodes\n");
  for (const package::KernelSpec &kernel : m.kernels)
    std::printf("  %s: %s -> %s, scratch %llu, macs %s; %s\n", kernel.symbol.c_str(),
                trafficText(kernel.reads, kernel.bytesRead).c_str(),
                trafficText(kernel.writes, kernel.bytesWritten).c_str(),
                number(kernel.scratchBytes), macsText(kernel.macs).c_str(),
                join(kernel.nodes, ", ").c_str());
}

int inspect(const InspectOptions &options) {
  std::string error;
  std::unique_ptr<package::Package> package = package::Package::open(options.package, error);
  if (!package)
    throw Failure(kModelRejected, error);
  if (options.verify)
    for (const package::SectionView &section : package->sections())
      if (!package::Package::verify(section, error))
        throw Failure(kModelRejected, "'" + options.package + "': " + error);
  // Names are bytes in ONNX: what is no UTF-8 is replaced rather than refused.
  if (options.json)
    std::printf(
        "%s\n",
        toJson(*package).dump(2, ' ', false, ordered_json::error_handler_t::replace).c_str());
  else
    print(*package);
  return kSuccess;
}

} // namespace

std::function<int()> pebble::cli::declareInspect(CLI::App &app) {
  auto options = std::make_shared<InspectOptions>();
  app.add_option("package", options->package, "The package, PACKAGE.pbl")
      ->required()
      ->check(CLI::ExistingFile)
      ->type_name("PACKAGE");
  app.add_flag("--json", options->json, "Print JSON");
  app.add_flag("--verify", options->verify, "Also compare every section with its checksum");
  return [options] { return inspect(*options); };
}
