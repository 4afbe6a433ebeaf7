// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// pebble report: where a compiled model keeps its tensors, as a picture and as numbers.
#include "runtime/package/Loader.h"
#include "tools/pebble/Files.h"
#include "tools/pebble/ManifestJson.h"
#include "tools/pebble/Verb.h"
#include "tools/pebble/report/MemoryPicture.h"
#include "tools/pebble/report/Trace.h"

#include <nlohmann/json.hpp>

#include <cstdio>
#include <memory>

using namespace pebble;
using namespace pebble::cli;
using nlohmann::ordered_json;

namespace {

constexpr int kReportSchema = 1;
constexpr size_t kColumns = 100;

struct ReportOptions {
  std::string package;
  std::string html;
  std::string json;
  std::string trace;
};

ordered_json regionJson(const MemoryPicture &picture) {
  const package::RegionSpec &region = *picture.region();
  return {{"name", region.name},
          {"capacity_bytes", region.capacity < 0 ? ordered_json() : ordered_json(region.capacity)},
          {"bytes", region.bytes},
          {"peak_bytes", picture.peakBytes()},
          {"lower_bound_bytes", region.lowerBound},
          {"live_bytes", picture.liveBytes()}};
}

ordered_json toJson(const std::vector<MemoryPicture> &pictures) {
  const package::Manifest &m = pictures.front().manifest();
  const std::vector<uint64_t> live = liveBytes(pictures);
  ordered_json json = {{"schema_version", kReportSchema},
                       {"model", m.modelName},
                       {"target", m.target},
                       {"arena",
                        {{"bytes", m.arenaBytes},
                         {"peak_bytes", peakBytes(pictures)},
                         {"lower_bound_bytes", m.arenaLowerBound}}},
                       {"macs", runMacsJson(m)},
                       {"steps", ordered_json::array()},
                       {"tensors", ordered_json::array()}};
  for (size_t step = 0; step < m.steps.size(); ++step) {
    const int32_t kernel = m.steps[step].kernel;
    const bool isLaunch = kernel != package::StepSpec::kNoKernel;
    json["steps"].push_back(
        {{"name", m.steps[step].name},
         {"kernel", isLaunch ? ordered_json(m.kernels[kernel].symbol) : ordered_json()},
         {"live_bytes", live[step]},
         {"macs", isLaunch ? macsJson(m.kernels[kernel].macs) : ordered_json(0)}});
  }
  for (const package::SlotSpec &slot : m.slots) {
    json["tensors"].push_back({{"name", slot.name},
                               {"bytes", slot.bytes},
                               {"offset", slot.offset},
                               {"first_step", slot.first},
                               {"last_step", slot.last},
                               {"rows", slot.rows}});
    if (!m.regions.empty())
      json["tensors"].back()["region"] = m.regions[slot.region].name;
  }
  if (!m.regions.empty())
    for (const MemoryPicture &picture : pictures)
      json["arena"]["regions"].push_back(regionJson(picture));
  return json;
}

void print(const std::vector<MemoryPicture> &pictures) {
  const package::Manifest &m = pictures.front().manifest();
  auto line = [](const char *what, uint64_t bytes) {
    std::printf("%-12s %12llu bytes (%s)\n", what, static_cast<unsigned long long>(bytes),
                readableBytes(bytes).c_str());
  };
  std::printf("%s for %s\n", m.modelName.c_str(), m.target.c_str());
  line("arena", m.arenaBytes);
  line("peak", peakBytes(pictures));
  line("lower bound", m.arenaLowerBound);
  if (m.macs >= 0)
    std::printf("%-12s %12lld multiply-adds a run, %lld of them to need less memory\n", "macs",
                static_cast<long long>(m.macs), static_cast<long long>(m.extraMacs));
  if (!m.plan.empty())
    std::printf("Buffers whose sizes follow from the inputs' dims come on top.\n");
  for (const MemoryPicture &picture : pictures) {
    if (const package::RegionSpec *region = picture.region()) {
      std::printf("\nregion %s\n", region->name.c_str());
      if (region->capacity >= 0)
        line("capacity", static_cast<uint64_t>(region->capacity));
      line("peak", picture.peakBytes());
      line("lower bound", region->lowerBound);
    }
    std::fputs(drawAscii(picture, kColumns).c_str(), stdout);
  }
}

int report(const ReportOptions &options) {
  std::string error;
  std::unique_ptr<package::Package> package = package::Package::open(options.package, error);
  if (!package)
    throw Failure(kModelRejected, error);
  if (package->manifest().steps.empty())
    throw Failure(kModelRejected, "'" + options.package +
                                      "' holds no memory plan: compile the model again with this "
                                      "version");
  const std::vector<MemoryPicture> pictures = MemoryPicture::of(package->manifest());
  // All of them are made before the first is written: nothing half-written is left behind.
  const std::string trace = options.trace.empty() ? "" : traceRun(options.package, pictures);
  const std::string json =
      toJson(pictures).dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
  if (!options.json.empty())
    writeFile(options.json, json);
  if (!options.html.empty())
    writeFile(options.html, writeHtml(pictures));
  if (!options.trace.empty())
    writeFile(options.trace, trace);
  print(pictures);
  return kSuccess;
}

} // namespace

std::function<int()> pebble::cli::declareReport(CLI::App &app) {
  auto options = std::make_shared<ReportOptions>();
  app.add_option("package", options->package, "The package, PACKAGE.pbl")
      ->required()
      ->check(CLI::ExistingFile)
      ->type_name("PACKAGE");
  app.add_option("--html", options->html, "Write the picture and its tables to this page")
      ->type_name("FILE");
  app.add_option("--json", options->json, "Write the figures to this file")->type_name("FILE");
  app.add_option("--trace", options->trace,
                 "Run the model once and write its kernels for Chrome's trace viewer")
      ->type_name("FILE");
  return [options] { return report(*options); };
}
