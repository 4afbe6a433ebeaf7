// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tools/pebble/report/Trace.h"

#include "tools/pebble/Model.h"
#include "tools/pebble/RandomInputs.h"
#include "tools/pebble/Verb.h"

#include <nlohmann/json.hpp>

#include <chrono>

using namespace pebble;
using namespace pebble::cli;
using nlohmann::ordered_json;

namespace {

using Clock = std::chrono::steady_clock;

struct Heard {
  int32_t kernel;
  Clock::time_point begin;
};

} // namespace

std::string pebble::cli::traceRun(const std::string &path,
                                  const std::vector<MemoryPicture> &pictures) {
  const package::Manifest &manifest = pictures.front().manifest();
  std::vector<Heard> heard;
  Model model(path, /*threads=*/1, /*board=*/"",
              [&](int32_t kernel) { heard.push_back({kernel, Clock::now()}); });
  if (model.kernels().empty())
    throw Failure(kUnsupported, "'" + path +
                                    "' does not run on this machine: it has no kernels "
                                    "whose time could be taken here");
  model.bind(makeRandomInputs(model, {}));
  model.run(); // Memory is touched for the first time here.
  heard.clear();
  const Clock::time_point begin = Clock::now();
  model.run();
  const Clock::time_point end = Clock::now();

  std::vector<size_t> launches;
  for (size_t step = 0; step < manifest.steps.size(); ++step)
    if (manifest.steps[step].kernel != package::StepSpec::kNoKernel)
      launches.push_back(step);
  // With a loop or a branch in the program, what ran is not what is listed.
  const bool isStraight = launches.size() == heard.size();
  auto microseconds = [](Clock::duration time) {
    return std::chrono::duration<double, std::micro>(time).count();
  };
  ordered_json events = ordered_json::array();
  for (size_t index = 0; index < heard.size(); ++index) {
    const Heard &call = heard[index];
    const Clock::time_point until = index + 1 < heard.size() ? heard[index + 1].begin : end;
    const package::KernelSpec &kernel = manifest.kernels[call.kernel];
    events.push_back({{"name", kernel.symbol},
                      {"ph", "X"},
                      {"ts", microseconds(call.begin - begin)},
                      {"dur", microseconds(until - call.begin)},
                      {"pid", 0},
                      {"tid", 0},
                      {"args", {{"nodes", kernel.nodes}}}});
    if (!isStraight)
      continue;
    for (const MemoryPicture &picture : pictures)
      events.push_back({{"name", picture.region() ? picture.region()->name : "arena"},
                        {"ph", "C"},
                        {"ts", microseconds(call.begin - begin)},
                        {"pid", 0},
                        {"args", {{"bytes", picture.liveBytes()[launches[index]]}}}});
  }
  ordered_json trace = {{"displayTimeUnit", "ns"}, {"traceEvents", events}};
  return trace.dump(1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}
