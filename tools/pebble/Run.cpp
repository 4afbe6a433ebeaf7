// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// pebble run: runs a package on given inputs; writes, prints or compares what comes out.
#include "tools/pebble/Compare.h"
#include "tools/pebble/Files.h"
#include "tools/pebble/Inputs.h"
#include "tools/pebble/Model.h"
#include "tools/pebble/Npy.h"
#include "tools/pebble/TestData.h"
#include "tools/pebble/Verb.h"

#include <nlohmann/json.hpp>

#include <cmath>
#include <cstdio>
#include <memory>

using namespace pebble::cli;

namespace {

constexpr int kOutputsSchema = 1;
constexpr int64_t kPrintedElements = 5;

struct RunOptions {
  std::string package;
  InputOptions inputs;
  std::string outputDir;
  std::string testData;
  std::string board;
  int threads = 0;
  Tolerance tolerance;
};

void writeOutputs(const std::string &folder, const std::string &model,
                  const std::vector<Signature> &signatures, const std::vector<Array> &outputs) {
  makeFolder(folder);
  auto list = nlohmann::ordered_json::array();
  for (size_t index = 0; index < outputs.size(); ++index) {
    const Array &array = outputs[index];
    std::string file = "output_" + std::to_string(index) + ".npy";
    writeFile(folder + "/" + file, encodeNpy(array));
    nlohmann::ordered_json entry = {{"name", signatures[index].name},
                                    {"file", file},
                                    {"dtype", array.type().name},
                                    {"shape", array.dims}};
    if (!array.type().isInNumpy())
      entry["note"] = std::string("NumPy has no ") + array.type().name +
                      ": the file holds its bits as integers";
    list.push_back(std::move(entry));
  }
  nlohmann::ordered_json report = {
      {"schema_version", kOutputsSchema}, {"model", model}, {"outputs", list}};
  writeFile(folder + "/outputs.json",
            report.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
}

/// "y: f32 [1, 1000]  0.1 0.2 ...  min 0 max 1 mean 0.5"
void printSummary(const Signature &signature, const Array &array) {
  std::printf("%s: %s ", signature.name.c_str(), typeText(array.dtype, array.dims).c_str());
  double low = INFINITY, high = -INFINITY, sum = 0;
  int64_t notANumber = 0;
  for (int64_t index = 0; index < array.elements(); ++index) {
    double value = array.value(index);
    if (index < kPrintedElements)
      std::printf(" %.6g", value);
    notANumber += std::isnan(value);
    low = std::fmin(low, value);
    high = std::fmax(high, value);
    sum += value;
  }
  if (array.elements() > kPrintedElements)
    std::printf(" ...  min %.6g max %.6g mean %.6g", low, high,
                sum / static_cast<double>(array.elements()));
  if (notANumber)
    std::printf("  %lld NaN", static_cast<long long>(notANumber));
  std::printf("\n");
}

/// Prints a line for each output; true when all match.
bool compareOutputs(const std::vector<Signature> &signatures, const std::vector<Array> &outputs,
                    const TestData &data, const Tolerance &tolerance) {
  bool equal = true;
  for (size_t index = 0; index < outputs.size(); ++index) {
    auto expected = data.outputs.find(signatures[index].name);
    if (expected == data.outputs.end()) {
      std::printf("%s: nothing to compare with\n", signatures[index].name.c_str());
      continue;
    }
    Comparison comparison = compare(outputs[index], expected->second, tolerance);
    std::printf("%s: %s\n", signatures[index].name.c_str(), comparison.text.c_str());
    equal &= comparison.equal;
  }
  return equal;
}

int run(const RunOptions &options) {
  Model model(options.package, options.threads, options.board);
  std::map<std::string, Array> named;
  TestData data;
  if (!options.testData.empty()) {
    data = TestData::load(options.testData, model);
    named = data.inputs;
  }
  for (auto &[name, array] : options.inputs.load(model))
    named[name] = std::move(array);
  std::vector<Array> inputs = arrangeInputs(model, std::move(named));
  model.bind(inputs);
  model.run();

  std::vector<Array> outputs;
  for (size_t index = 0; index < model.outputs().size(); ++index)
    outputs.push_back(model.output(index));
  if (!options.outputDir.empty())
    writeOutputs(options.outputDir, model.name(), model.outputs(), outputs);
  if (!options.testData.empty())
    return compareOutputs(model.outputs(), outputs, data, options.tolerance) ? kSuccess : kMismatch;
  for (size_t index = 0; index < outputs.size(); ++index)
    printSummary(model.outputs()[index], outputs[index]);
  return kSuccess;
}

} // namespace

std::function<int()> pebble::cli::declareRun(CLI::App &app) {
  auto options = std::make_shared<RunOptions>();
  app.add_option("package", options->package, "The package, PACKAGE.pbl")
      ->required()
      ->check(CLI::ExistingFile)
      ->type_name("PACKAGE");
  options->inputs.declare(app);
  app.add_option("--output-dir", options->outputDir,
                 "Write output_0.npy, ... in the model's order, and outputs.json")
      ->type_name("DIR");
  app.add_option("--test-data", options->testData,
                 "An ONNX test data folder (input_0.pb, output_0.pb, ...): take the inputs from it "
                 "and compare the outputs; exit code 5 when they differ")
      ->type_name("DIR");
  app.add_option("--rtol", options->tolerance.relative, "Relative tolerance of --test-data")
      ->capture_default_str();
  app.add_option("--atol", options->tolerance.absolute, "Absolute tolerance of --test-data")
      ->capture_default_str();
  app.add_option("--board", options->board,
                 "Where to run a package for microcontrollers: a board's name or .toml file")
      ->type_name("BOARD");
  app.add_option("--threads", options->threads, "Threads; 0 is one for each CPU")
      ->capture_default_str()
      ->check(CLI::Range(0, 4096));
  return [options] { return run(*options); };
}
