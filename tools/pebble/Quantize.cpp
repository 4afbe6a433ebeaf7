// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// pebble quantize: from a float ONNX model and samples of its inputs to a quantized ONNX model.
#include "tools/pebble/CompiledProgram.h"
#include "tools/pebble/Dims.h"
#include "tools/pebble/Progress.h"
#include "tools/pebble/Verb.h"
#include "tools/pebble/report/QuantizeReport.h"

#include "llvm/Support/raw_ostream.h"

#include <cstdio>
#include <filesystem>

using namespace pebble;
using namespace pebble::cli;

namespace {

const std::map<std::string, quantize::Method> kMethods = {
    {"minmax", quantize::Method::MinMax},
    {"percentile", quantize::Method::Percentile},
    {"mse", quantize::Method::Mse},
    {"kl", quantize::Method::Kl},
};

struct Options {
  std::string model, calibrate, output, bits, json, html;
  std::string method = "mse", weights = "per-channel", equalize = "auto";
  std::vector<std::string> dims;
  size_t samples = 0;
  int threads = 0;
  bool keepBias = false, printPolicy = false;
  quantize::QuantizeOptions quantize;
};

std::shared_ptr<const onnx::Model> readModel(const std::string &path) {
  onnx::Problems problems;
  std::shared_ptr<const onnx::Model> model = onnx::readModel(path, problems);
  if (!model) {
    problems.print(llvm::errs());
    throw Failure(static_cast<cli::ExitCode>(problems.exitCode()),
                  "'" + path + "' cannot be quantized");
  }
  return model;
}

/// Prints all problems of a policy, each with its number.
void refusePolicy(const std::string &path, const std::vector<std::string> &problems) {
  if (problems.empty())
    return;
  for (const std::string &problem : problems)
    llvm::errs() << "error[E1010]: " << path << ": " << problem << "\n";
  throw Failure(kUsage, "'" + path + "' is no policy for this model (docs/quantize.md)");
}

quantize::Policy readPolicy(const Options &options) {
  if (options.bits.empty())
    return {};
  std::vector<std::string> problems;
  quantize::Policy policy = quantize::Policy::parse(readFile(options.bits), problems);
  refusePolicy(options.bits, problems);
  return policy;
}

/// Writes a file whole or not at all.
void writeWhole(const std::string &path, const std::string &bytes) {
  std::string part = path + ".part";
  try {
    writeFile(part, bytes);
    std::filesystem::rename(part, path);
  } catch (const std::exception &) {
    std::error_code ignored;
    std::filesystem::remove(part, ignored);
    throw Failure(kUsage, "cannot write '" + path + "'");
  }
}

void checkFolder(const std::string &path) {
  std::filesystem::path folder = std::filesystem::path(path).parent_path();
  if (!folder.empty() && !std::filesystem::is_directory(folder))
    throw Failure(kUsage,
                  "cannot write '" + path + "': there is no folder '" + folder.string() + "'");
}

void printSummary(const Options &options, const quantize::QuantizeResult &result) {
  constexpr size_t kShown = 5;
  std::vector<quantize::LayerResult> layers = result.layers;
  std::sort(layers.begin(), layers.end(), [](const auto &a, const auto &b) {
    return std::tie(a.noise, a.name) < std::tie(b.noise, b.name);
  });
  std::printf("%s: %zu integer layers, %zu samples, %s%s\n", options.output.c_str(), layers.size(),
              result.samples, options.method.c_str(),
              options.equalize == "on" ? ", channels equalized" : "");
  std::printf("%8s  layer\n", "SQNR, dB");
  for (size_t i = 0; i < std::min(kShown, layers.size()); ++i)
    std::printf("%8.1f  %s (%s)\n", layers[i].noise, layers[i].name.c_str(), layers[i].op.c_str());
  if (layers.size() > kShown)
    std::printf("and %zu layers that are better (--json FILE or --html FILE)\n",
                layers.size() - kShown);
  for (const auto &[name, noise] : result.outputs)
    std::printf("%8.1f  output '%s'\n", noise, name.c_str());
  for (const quantize::FloatNode &node : result.floats)
    std::printf("in float: '%s' (%s): %s\n", node.name.c_str(), node.op.c_str(),
                node.reason.c_str());
}

int printPolicy(const quantize::Policy &policy, const quantize::Plan &plan) {
  std::vector<std::pair<std::string, bool>> layers;
  for (const quantize::Layer &layer : plan.layers)
    layers.emplace_back(layer.name, layer.hasWeight());
  for (const auto &[name, hasWeight] : plan.excluded)
    if (!policy.bitsOf(name).isInteger)
      layers.emplace_back(name, hasWeight);
  std::fputs(writePolicy(policy, layers).c_str(), stdout);
  return kSuccess;
}

quantize::QuantizeResult quantizePrepared(const quantize::Prepared &model, const Options &options) {
  ProgramOptions how = {parseDims(options.dims), options.threads};
  CompiledProgram exact(model.graph, quantize::watchedTensors(model.graph, model.plan), false, how);
  CalibrationSet samples(options.calibrate, exact.inputs());
  exact.setSamples(samples);
  if (options.samples > 0)
    samples.limit(options.samples);
  ProgressLine line;
  return quantize::quantizeModel(
      model.graph, model.plan, exact, options.quantize, samples.size(),
      [&](const quantize::Graph &graph, const std::vector<std::string> &outputs, bool integer) {
        auto program = std::make_unique<CompiledProgram>(graph, outputs, integer, how);
        program->setSamples(samples);
        return program;
      },
      [&](const std::string &what, size_t done, size_t steps) { line.show(what, done, steps); });
}

/// The mean over a model's outputs.
double outputNoise(const quantize::QuantizeResult &result) {
  double sum = 0;
  for (const auto &[name, noise] : result.outputs)
    sum += noise;
  return sum / static_cast<double>(std::max<size_t>(result.outputs.size(), 1));
}

int run(Options &options) {
  std::shared_ptr<const onnx::Model> model = readModel(options.model);
  quantize::Policy policy = readPolicy(options);
  quantize::Prepared prepared = quantize::prepare(*model, policy, options.equalize == "on");
  const quantize::Plan &plan = prepared.plan;
  std::vector<std::string> problems;
  policy.check(plan.names(), problems);
  refusePolicy(options.bits, problems);
  if (options.printPolicy)
    return printPolicy(policy, plan);
  if (options.calibrate.empty() || options.output.empty())
    throw Failure(kUsage, "--calibrate and -o are needed (all but --print-policy needs them)");
  if (plan.layers.empty())
    throw Failure(kUnsupported, "'" + options.model + "' has no layer that can be quantized; " +
                                    "see docs/integer-contract.md for those that can");
  for (const std::string &path : {options.output, options.json, options.html})
    checkFolder(path);

  options.quantize.ranges.method = kMethods.at(options.method);
  options.quantize.perChannel = options.weights == "per-channel";
  options.quantize.correctBias = !options.keepBias;
  quantize::QuantizeResult result = quantizePrepared(prepared, options);
  if (options.equalize == "auto") {
    // Equalization moves noise from weights to activations or back; only a trial tells which way.
    quantize::Prepared equalized = quantize::prepare(*model, policy, /*equalize=*/true);
    if (equalized.equalizedPairs > 0) {
      quantize::QuantizeResult other = quantizePrepared(equalized, options);
      if (outputNoise(other) > outputNoise(result)) {
        result = std::move(other);
        options.equalize = "on";
      }
    }
  }
  writeWhole(options.output, serialize(result.model));
  std::string name = model->name().str();
  if (!options.json.empty())
    writeWhole(options.json,
               quantizeReportJson(name, options.method, result)
                       .dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) +
                   "\n");
  if (!options.html.empty())
    writeWhole(options.html, quantizeReportPage(name, options.method, result));
  printSummary(options, result);
  return kSuccess;
}

} // namespace

std::function<int()> pebble::cli::declareQuantize(CLI::App &app) {
  auto options = std::make_shared<Options>();
  app.add_option("model", options->model, "Float ONNX model")->required()->type_name("MODEL");
  app.add_option("--calibrate", options->calibrate,
                 "Samples of the inputs: a .npz file with an array for each input, or a folder of "
                 ".npz files, .npy files or test_data_set_* folders, one for each sample")
      ->type_name("DIR|NPZ");
  app.add_option("-o,--output", options->output, "ONNX file to write")->type_name("FILE");
  app.add_option("--method", options->method,
                 "How ranges of activations are chosen: minmax, percentile, mse or kl")
      ->capture_default_str()
      ->check(CLI::IsMember(kMethods));
  app.add_option("--percentile", options->quantize.ranges.percentile,
                 "Share of the values, in percent, that --method percentile keeps")
      ->capture_default_str()
      ->check(CLI::Range(50.0, 100.0));
  app.add_option("--bits", options->bits, "Policy: how many bits each layer gets (JSON)")
      ->type_name("FILE");
  app.add_flag("--print-policy", options->printPolicy,
               "Print the policy with all layers, and do nothing else");
  app.add_option("--weights", options->weights, "Scales of weights: per-channel or per-tensor")
      ->capture_default_str()
      ->check(CLI::IsMember({"per-channel", "per-tensor"}));
  app.add_option("--equalize", options->equalize,
                 "Make the ranges of channels alike across layers first: on, off, or auto for what "
                 "leaves the outputs with less noise")
      ->capture_default_str()
      ->check(CLI::IsMember({"auto", "on", "off"}));
  app.add_flag("--no-bias-correction", options->keepBias,
               "Leave biases as they are instead of correcting shifts of the mean");
  app.add_option("--samples", options->samples, "Use the first N samples only; 0 is all of them")
      ->capture_default_str();
  declareDims(app, options->dims, "Value of a symbolic dim: NAME=SIZE (repeat for each)");
  app.add_option("--threads", options->threads, "Threads; 0 is one for each CPU")
      ->capture_default_str()
      ->check(CLI::Range(0, 4096));
  app.add_option("--json", options->json, "Write a report of all layers to this file")
      ->type_name("FILE");
  app.add_option("--html", options->html, "Write the same as a page to this file")
      ->type_name("FILE");
  return [options] {
    try {
      return run(*options);
    } catch (const quantize::Refusal &refusal) {
      throw Failure(kUnsupported, "'" + options->model + "': " + refusal.what());
    }
  };
}
