// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// pebble compile: from an ONNX file to a package or a file of another kind; pebble check: what
// stops a model from compiling.
#include "targets/Driver.h"
#include "tools/Size.h"
#include "tools/pebble/Dims.h"
#include "tools/pebble/Verb.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <filesystem>
#include <memory>
#include <optional>

using namespace pebble;
using namespace pebble::cli;

namespace {

struct Options {
  CompileOptions compile;
  std::vector<std::string> dims;
  std::string qdq = "integer", io = "float", rangeAnalysis = "on";
  double extraMacs = -1; ///< -1: what the budget needs, or none.
  bool pareto = false, rematerialize = false;
  std::string objective = "latency", budget, regions, inputMemory = "caller", layout = "native";
};

/// A budget that all layers at once have.
constexpr int64_t unlimited = int64_t(1) << 50;

/// "dtcm=64KiB,sram"; nothing when a size is none.
std::optional<std::vector<MemoryRegion>> parseRegions(llvm::StringRef text) {
  std::vector<MemoryRegion> regions;
  for (llvm::StringRef item : llvm::split(text, ',')) {
    auto [name, size] = item.split('=');
    regions.push_back({name.str(), std::nullopt, ""});
    if (name.empty())
      return std::nullopt;
    if (name.size() == item.size())
      continue;
    int64_t bytes = parseSize(size);
    if (bytes < 0)
      return std::nullopt;
    regions.back().capacity = bytes;
  }
  return regions;
}

void declareScheduleOptions(CLI::App &app, Options &options) {
  app.add_option("--objective", options.objective,
                 "What the schedule is to need least of: latency or memory")
      ->capture_default_str()
      ->check(CLI::IsMember({"latency", "memory"}));
  app.add_option("--memory-budget", options.budget,
                 "Most memory for activations, such as 256KiB: layers run row by row where they "
                 "have to")
      ->check([](const std::string &text) {
        return parseSize(text) < 0 ? "is no size such as 262144, 256KiB or 1MiB" : std::string();
      });
  app.add_option("--memory-regions", options.regions,
                 "Memories for activations, the most preferred first, such as "
                 "dtcm=64KiB,sram=256KiB; the last may be without a size")
      ->check([](const std::string &text) {
        return parseRegions(text) ? std::string()
                                  : "is no list of NAME=SIZE such as dtcm=64KiB,sram=256KiB";
      });
  app.add_option("--input-memory", options.inputMemory,
                 "Where the inputs lie: with the caller, who is asked for rows, or in the arena")
      ->capture_default_str()
      ->check(CLI::IsMember({"caller", "arena"}));
  app.add_option("--extra-macs", options.extraMacs,
                 "Multiplications that may be done again to need less memory, in percent of all")
      ->check(CLI::Range(0.0, 1000.0));
  app.add_flag("--rematerialize", options.rematerialize,
               "Compute cheap layers again where that needs less memory");
  app.add_flag("--pareto", options.pareto,
               "Print what other schedules need: bytes of memory and extra multiplications");
  app.add_option("--layout", options.layout,
                 "Whose memory layout to plan: native, or cortexm7 for a microcontroller's")
      ->capture_default_str()
      ->check(CLI::IsMember({"native", "cortexm7"}));
}

ScheduleOptions scheduleOptions(const Options &options) {
  ScheduleOptions schedule;
  if (!options.budget.empty())
    schedule.capacity = parseSize(options.budget);
  if (!options.regions.empty())
    schedule.regions = *parseRegions(options.regions);
  // Regions that all have a size are a budget, too.
  int64_t budget = schedule.capacity;
  if (!schedule.regions.empty() && schedule.regions.back().capacity) {
    budget = 0;
    for (const MemoryRegion &region : schedule.regions)
      budget += region.capacity.value_or(0);
  }
  schedule.byRows = options.objective == "memory" || budget >= 0 || options.pareto;
  // With the memory objective less is better, budget or not.
  if (options.objective == "latency")
    schedule.budget = budget >= 0 ? budget : unlimited;
  schedule.extraWork = options.extraMacs;
  if (options.extraMacs < 0)
    schedule.extraWork = budget >= 0 ? 100 : 0;
  schedule.listPoints = options.pareto;
  schedule.recompute = options.rematerialize;
  schedule.inputInArena = options.inputMemory == "arena";
  if (options.layout == "cortexm7")
    schedule.alignment = 8;
  return schedule;
}

void declareModelOptions(CLI::App &app, Options &options) {
  app.add_option("model", options.compile.model, "ONNX file")->required();
  app.add_option("--target", options.compile.target, "Kind of machine")->capture_default_str();
  app.add_option("--cpu", options.compile.cpu, "Processor of that kind")->capture_default_str();
  app.add_option("--board", options.compile.board,
                 "Board to lay firmware out for: a name, or a .toml file");
  declareDims(app, options.dims, "Value of a symbolic dim: NAME=SIZE (repeat for each)");
}

std::string defaultOutput(const CompileOptions &options) {
  static const std::map<std::string, std::string> extensions = {
      {"package", ".pbl"}, {"so", ".so"},   {"obj", ".o"},  {"asm", ".s"},
      {"llvm", ".ll"},     {"elf", ".elf"}, {"ptx", ".ptx"}};
  auto extension = extensions.find(options.emit);
  return std::filesystem::path(options.model)
      .filename()
      .replace_extension(!options.compileTo.empty()      ? ".mlir"
                         : extension != extensions.end() ? extension->second
                                                         : ".out")
      .string();
}

} // namespace

std::function<int()> pebble::cli::declareCompile(CLI::App &app) {
  auto options = std::make_shared<Options>();
  CompileOptions &compile = options->compile;
  declareModelOptions(app, *options);
  app.add_option("-o,--output", compile.output, "File to write; by default the model's name here");
  app.add_option("--emit", compile.emit, "Kind of file")->capture_default_str();
  app.add_option(
      "--compile-to", compile.compileTo,
      "Stop after a phase (import, simplify, quantize, fuse, schedule, lower) and write its IR");
  app.add_option("--dump-phases", compile.dumpDir, "Folder for the IR after each phase");
  app.add_option("--plugin", compile.plugins, "Pass plugin to load")->allow_extra_args(false);
  app.add_option("--add-pass", compile.addedPasses, "Pass to add: PIPELINE@after=PHASE")
      ->allow_extra_args(false);
  app.add_option("--qdq", options->qdq,
                 "How layers between quantize and dequantize nodes compute: integer, or float")
      ->capture_default_str()
      ->check(CLI::IsMember({"integer", "float"}));
  app.add_option("--rounding", compile.rounding,
                 "How integer layers round: onnx (one f32 multiply), or tflite (fixed point)")
      ->capture_default_str()
      ->check(CLI::IsMember({"onnx", "tflite"}));
  app.add_option("--io", options->io,
                 "What quantized inputs and outputs are: float, or quantized (their codes)")
      ->capture_default_str()
      ->check(CLI::IsMember({"float", "quantized"}));
  app.add_option("--range-analysis", options->rangeAnalysis,
                 "Remove what quantized layers compute for nothing: on, or off")
      ->capture_default_str()
      ->check(CLI::IsMember({"on", "off"}));
  app.add_flag(
      "--remarks", compile.remarks,
      "List what was removed or is computed again, and the layers between quantized tensors that "
      "compute in float");
  declareScheduleOptions(app, *options);
  app.add_flag("--fast-math", compile.fastMath,
               "Let results differ from the graph's order of sums");
  return [options] {
    options->compile.dims = parseDims(options->dims);
    options->compile.integerQdq = options->qdq == "integer";
    options->compile.rangeAnalysis = options->rangeAnalysis == "on";
    options->compile.quantizedIo = options->io == "quantized";
    options->compile.schedule = scheduleOptions(*options);
    if (options->compile.output.empty())
      options->compile.output = defaultOutput(options->compile);
    return compileModel(options->compile, llvm::errs());
  };
}

std::function<int()> pebble::cli::declareCheck(CLI::App &app) {
  auto options = std::make_shared<Options>();
  declareModelOptions(app, *options);
  return [options] {
    options->compile.dims = parseDims(options->dims);
    int code = checkModel(options->compile, llvm::errs());
    if (code == ExitOk)
      llvm::outs() << options->compile.model << ": every node is supported\n";
    return code;
  };
}
