// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// pebble bench: how long a run takes. Two engines are timed in alternating blocks of one process's
// life, so that a change of the machine's speed hits both.
#include "targets/Driver.h"
#include "tools/pebble/Dims.h"
#include "tools/pebble/Files.h"
#include "tools/pebble/Inputs.h"
#include "tools/pebble/Layers.h"
#include "tools/pebble/Model.h"
#include "tools/pebble/Peer.h"
#include "tools/pebble/RandomInputs.h"
#include "tools/pebble/Verb.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <memory>
#include <optional>
#include <sched.h>
#include <thread>

using namespace pebble;
using namespace pebble::cli;
using nlohmann::ordered_json;

namespace {

constexpr int kBenchSchema = 1;
constexpr double kBlockSeconds = 0.05;
constexpr size_t kMinRuns = 5;
constexpr const char *kOnnxRuntime = "onnxruntime";

struct BenchOptions {
  std::string package;
  InputOptions inputs;
  std::vector<std::string> dims;
  int threads = 1;
  int64_t iterations = 0;
  double seconds = 2;
  int64_t layers = 10;
  std::string versus;
  std::string model;
  std::string json;
};

struct Times {
  std::vector<double> seconds;
  double total = 0;

  void add(const std::vector<double> &more) {
    seconds.insert(seconds.end(), more.begin(), more.end());
    for (double one : more)
      total += one;
  }
  /// The smallest time that this share of the runs does not exceed.
  double quantile(double share) const {
    std::vector<double> sorted = seconds;
    std::sort(sorted.begin(), sorted.end());
    auto rank = static_cast<size_t>(std::ceil(share * static_cast<double>(sorted.size())));
    return sorted[std::max<size_t>(rank, 1) - 1];
  }
  ordered_json toJson() const {
    return {{"median_ms", quantile(0.5) * 1e3},
            {"min_ms", quantile(0) * 1e3},
            {"p95_ms", quantile(0.95) * 1e3},
            {"iterations", seconds.size()}};
  }
};

std::vector<double> timeRuns(Model &model, int iterations) {
  std::vector<double> seconds;
  for (int index = 0; index < iterations; ++index) {
    auto begin = std::chrono::steady_clock::now();
    model.run();
    seconds.push_back(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }
  return seconds;
}

/// An engine under measurement: runs blocks of about the same length.
class Engine {
public:
  using Block = std::function<std::vector<double>(int iterations)>;
  explicit Engine(Block block) : block(std::move(block)) {
    // Caches, page tables and clock speed settle; then the block's size is known.
    Times warmUp;
    while (warmUp.seconds.size() < 2 || (warmUp.total < kBlockSeconds))
      warmUp.add(this->block(1));
    blockRuns = static_cast<int>(std::clamp(kBlockSeconds / warmUp.quantile(0.5), 1.0, 1e6));
  }
  void measure(int64_t mostRuns) {
    times.add(block(static_cast<int>(std::clamp<int64_t>(mostRuns, 1, blockRuns))));
    // Worker threads that still poll for work would take time from the other engine.
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  Times times;

private:
  Block block;
  int blockRuns = 1;
};

int resolveThreads(int threads) {
  cpu_set_t set;
  if (threads == 0 && sched_getaffinity(0, sizeof(set), &set) == 0)
    return CPU_COUNT(&set);
  return std::max(1, threads);
}

/// The layers of `shown` rows in the terminal; all of them in the report.
ordered_json reportLayers(const std::vector<LayerTime> &layers, size_t shown) {
  ordered_json rows = ordered_json::array();
  double total = 0;
  for (const LayerTime &layer : layers)
    total += layer.median;
  if (!layers.empty() && shown > 0)
    std::printf("%8s  %5s  %5s  kernel\n", "ms", "share", "calls");
  for (const LayerTime &layer : layers) {
    if (rows.size() < shown)
      std::printf("%8.4f  %4.1f%%  %5d  %s\n", layer.median * 1e3,
                  total > 0 ? layer.median / total * 100 : 0, layer.calls, layer.kernel.c_str());
    rows.push_back(
        {{"kernel", layer.kernel}, {"calls", layer.calls}, {"median_ms", layer.median * 1e3}});
  }
  if (layers.size() > shown && shown > 0)
    std::printf("and %zu kernels more (--layers %zu)\n", layers.size() - shown, layers.size());
  return rows;
}

void printRow(const char *engine, const Times &times) {
  std::printf("%-14s median %.4g ms   min %.4g   p95 %.4g   %zu runs\n", engine,
              times.quantile(0.5) * 1e3, times.quantile(0) * 1e3, times.quantile(0.95) * 1e3,
              times.seconds.size());
}

/// Compiles the model that was given in place of a package.
void compile(BenchOptions &options, const std::string &output) {
  CompileOptions compileOptions;
  compileOptions.model = options.package;
  compileOptions.output = output;
  compileOptions.dims = parseDims(options.dims);
  int code = compileModel(compileOptions, llvm::errs());
  if (code != kSuccess)
    throw Failure(static_cast<cli::ExitCode>(code), "cannot compile '" + options.package + "'");
  if (options.model.empty())
    options.model = options.package;
  options.package = output;
}

int bench(BenchOptions options) {
  TemporaryFolder folder;
  if (!isPackage(options.package))
    compile(options, folder.file("model.pbl"));
  int threads = resolveThreads(options.threads);
  if (!options.versus.empty() && options.model.empty())
    throw Failure(kUsage, "--vs " + options.versus + " needs the ONNX model too: --model M.onnx");
  Model model(options.package, threads);
  std::map<std::string, Array> named = options.inputs.load(model);
  std::vector<Array> inputs = options.inputs.given()
                                  ? arrangeInputs(model, std::move(named))
                                  : makeRandomInputs(model, parseDims(options.dims));
  model.bind(inputs);

  std::optional<Peer> peer;
  if (!options.versus.empty()) {
    peer.emplace(PeerRequest{"--vs", options.model, threads, namesOf(model.inputs()), inputs});
  }
  Engine ours([&](int iterations) { return timeRuns(model, iterations); });
  std::optional<Engine> theirs;
  if (peer)
    theirs.emplace([&](int iterations) { return peer->run(iterations); });

  auto isDone = [&](const Times &times) {
    size_t runs = times.seconds.size();
    return options.iterations > 0 ? runs >= static_cast<size_t>(options.iterations)
                                  : runs >= kMinRuns && times.total >= options.seconds;
  };
  auto measure = [&](Engine &engine) {
    if (!isDone(engine.times))
      engine.measure(options.iterations > 0
                         ? options.iterations - static_cast<int64_t>(engine.times.seconds.size())
                         : INT64_MAX);
    return isDone(engine.times);
  };
  for (bool done = false; !done;) {
    done = measure(ours);
    if (theirs)
      done &= measure(*theirs);
  }

  ordered_json report = {{"schema_version", kBenchSchema},
                         {"model", model.name()},
                         {"threads", threads},
                         {"pebble", ours.times.toJson()}};
  std::printf("%s, %d thread%s\n", model.name().c_str(), threads, threads == 1 ? "" : "s");
  printRow("pebble", ours.times);
  if (theirs) {
    report[kOnnxRuntime] = theirs->times.toJson();
    report[kOnnxRuntime]["version"] = peer->version();
    double ratio = theirs->times.quantile(0.5) / ours.times.quantile(0.5);
    report["ratio"] = ratio;
    printRow(kOnnxRuntime, theirs->times);
    std::printf("pebble runs at %.2f times the speed of ONNX Runtime %s\n", ratio,
                peer->version().c_str());
  }
  if (options.layers > 0 || !options.json.empty())
    report["layers"] =
        reportLayers(measureLayers(options.package, threads, inputs, options.seconds / 4),
                     static_cast<size_t>(options.layers));
  if (!options.json.empty())
    writeFile(options.json,
              report.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n");
  return kSuccess;
}

} // namespace

std::function<int()> pebble::cli::declareBench(CLI::App &app) {
  auto options = std::make_shared<BenchOptions>();
  app.add_option("package", options->package, "A package, or an ONNX model to compile first")
      ->required()
      ->check(CLI::ExistingFile)
      ->type_name("PACKAGE|MODEL");
  options->inputs.declare(app);
  declareDims(app, options->dims,
              "Size of a dynamic dim of a model, or of the inputs that are made: NAME=SIZE "
              "(default: 1)");
  app.add_option("--threads", options->threads, "Threads; 0 is one for each CPU")
      ->capture_default_str()
      ->check(CLI::Range(0, 4096));
  app.add_option("--iterations", options->iterations, "Timed runs of each engine")
      ->check(CLI::Range(int64_t(1), int64_t(1000000000)));
  app.add_option("--seconds", options->seconds,
                 "Time for each engine, where --iterations is not given")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 86400.0));
  app.add_option("--layers", options->layers, "Kernels to list, the slowest first")
      ->capture_default_str()
      ->check(CLI::Range(int64_t(0), int64_t(1000000)));
  app.add_option("--vs", options->versus, "Also time this engine in alternating blocks")
      ->check(CLI::IsMember({kOnnxRuntime}));
  app.add_option("--model", options->model, "The ONNX model that the package was compiled from")
      ->check(CLI::ExistingFile)
      ->type_name("FILE");
  app.add_option("--json", options->json, "Write the figures to this file")->type_name("FILE");
  return [options] { return bench(*options); };
}
