// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// pebble diff: where two computations of a model part, tensor by tensor.
#include "tools/pebble/Difference.h"
#include "tools/pebble/Dims.h"
#include "tools/pebble/Files.h"
#include "tools/pebble/Inputs.h"
#include "tools/pebble/Observe.h"
#include "tools/pebble/RandomInputs.h"
#include "tools/pebble/Tensors.h"
#include "tools/pebble/TestData.h"
#include "tools/pebble/Verb.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <memory>

using namespace pebble;
using namespace pebble::cli;
using nlohmann::ordered_json;

namespace {

constexpr int kDiffSchema = 1;
constexpr const char *kOnnxRuntime = "onnxruntime";
constexpr const char *kFloat = "float";

struct DiffOptions {
  std::string model, against;
  InputOptions inputs;
  std::string testData;
  std::vector<std::string> dims;
  std::string qdq = "integer", optimizations = "all";
  bool watchAll = false;
  int threads = 1;
  DifferenceLimits limits;
  std::string json;
};

/// One computation: what it is called, the tensors it has, and what it found for them.
struct Side {
  std::string label;
  std::vector<ModelTensor> tensors;
  Observation observation;
};

struct Row {
  const ModelTensor *tensor;
  std::string counterpart; ///< The other side's name of it.
  std::string type;
  Difference difference;
};

std::vector<ModelTensor> tensorsOf(const std::string &path, const Model &model) {
  if (!isPackage(path))
    return listTensors(path);
  std::vector<ModelTensor> tensors;
  for (const Signature &output : model.outputs())
    tensors.push_back({output.name, "", "", "", /*isOutput=*/true, false, {}});
  return tensors;
}

/// The tensors to make outputs. A float inside a quantized layer is none: a layer that gives it has
/// to compute in floats, which is not what is compared.
std::vector<std::string> watchedOf(const std::vector<ModelTensor> &tensors, bool all) {
  std::vector<std::string> names;
  for (const ModelTensor &tensor : tensors)
    if (!tensor.isOutput && (all || !tensor.isInsideLayer))
      names.push_back(tensor.name);
  return names;
}

std::vector<Array> makeInputs(const DiffOptions &options, const Model &model) {
  std::map<std::string, Array> named;
  if (!options.testData.empty())
    named = TestData::loadInputs(options.testData, model.inputs());
  for (auto &[name, array] : options.inputs.load(model))
    named[name] = std::move(array);
  return named.empty() ? makeRandomInputs(model, parseDims(options.dims))
                       : arrangeInputs(model, std::move(named));
}

/// What the peer can be asked for: it hands its values out through NumPy, which lacks some types.
std::vector<std::string> askable(const std::map<std::string, Array> &values,
                                 const std::vector<std::string> &names) {
  std::vector<std::string> known;
  for (const std::string &name : names)
    if (auto found = values.find(name); found != values.end() && found->second.type().isInNumpy())
      known.push_back(name);
  return known;
}

/// The computation to compare with, on the inputs of `ours`.
Side observeOther(const DiffOptions &options, const PebbleSide &pebble, const Side &ours,
                  const std::vector<Array> &inputs) {
  if (options.against == kOnnxRuntime) {
    const auto &values = ours.observation.values;
    return {std::string("ONNX Runtime, ") +
                (options.optimizations == "all" ? "optimized" : "node by node"),
            ours.tensors,
            observeOnnxRuntime(options.model, options.optimizations == "all", options.threads,
                               pebble.model(), inputs,
                               askable(values, namesOf(pebble.model().outputs())),
                               askable(values, watchedOf(ours.tensors, options.watchAll)))};
  }
  const bool isSame = options.against == kFloat;
  const std::string path = isSame ? options.model : options.against;
  PebbleSide side(path,
                  {parseDims(options.dims), !isSame && options.qdq == "integer", options.threads});
  std::map<std::string, Array> named;
  const std::vector<std::string> names = namesOf(pebble.model().inputs());
  for (size_t index = 0; index < inputs.size(); ++index)
    named[names[index]] = inputs[index];
  std::vector<ModelTensor> tensors = tensorsOf(path, side.model());
  Observation observation = side.observe(arrangeInputs(side.model(), std::move(named)),
                                         watchedOf(tensors, options.watchAll));
  return {isSame ? "the same with --qdq=float" : path, std::move(tensors), std::move(observation)};
}

/// The tensor of `side` that stands for `tensor`: of its name, or the codes of it, or what its
/// codes are made from.
const ModelTensor *counterpart(const Side &side, const ModelTensor &tensor) {
  auto find = [&](auto isIt) -> const ModelTensor * {
    for (const ModelTensor &other : side.tensors)
      if (isIt(other) && side.observation.values.count(other.name))
        return &other;
    return nullptr;
  };
  if (auto *same = find([&](const ModelTensor &other) { return other.name == tensor.name; }))
    return same;
  return find([&](const ModelTensor &other) {
    return other.real == tensor.name ||
           (!tensor.real.empty() && (other.name == tensor.real || other.real == tensor.real));
  });
}

std::vector<Row> compareSides(const Side &ours, const Side &other, const DifferenceLimits &limits) {
  std::vector<Row> rows;
  for (const ModelTensor &tensor : ours.tensors) {
    auto value = ours.observation.values.find(tensor.name);
    if (value == ours.observation.values.end())
      continue;
    const ModelTensor *match = counterpart(other, tensor);
    if (!match)
      continue;
    const Array &array = value->second;
    rows.push_back({&tensor, match->name, typeText(array.dtype, array.dims),
                    measureDifference(
                        {array, tensor.quantization},
                        {other.observation.values.at(match->name), match->quantization}, limits)});
  }
  return rows;
}

std::string decibelText(double value) {
  char text[32];
  snprintf(text, sizeof(text), "%.1f", value);
  return std::isinf(value) ? value > 0 ? "equal" : "-" : text;
}

void printRow(const Row &row) {
  const Difference &difference = row.difference;
  std::string where = row.tensor->name;
  if (row.counterpart != row.tensor->name)
    where += " / " + row.counterpart;
  if (!row.tensor->op.empty())
    where += "  (" + row.tensor->op + ")";
  if (!difference.problem.empty()) {
    std::printf("! %s: %s\n", where.c_str(), difference.problem.c_str());
    return;
  }
  char codes[32] = "";
  if (difference.largestCodes)
    snprintf(codes, sizeof(codes), "%.3g", *difference.largestCodes);
  std::printf("%c %10.3g %6s %9lld %10lld %7s  %s\n", difference.isWithin ? ' ' : '!',
              difference.largest, codes, static_cast<long long>(difference.differing),
              static_cast<long long>(difference.elements),
              decibelText(difference.signalToNoise).c_str(), where.c_str());
}

/// JSON has no infinity: null.
ordered_json finite(double value) {
  return std::isfinite(value) ? ordered_json(value) : ordered_json();
}

ordered_json toJson(const Row &row) {
  const Difference &difference = row.difference;
  ordered_json json = {{"name", row.tensor->name},          {"other_name", row.counterpart},
                       {"node", row.tensor->node},          {"op", row.tensor->op},
                       {"is_output", row.tensor->isOutput}, {"type", row.type},
                       {"within", difference.isWithin}};
  if (!difference.problem.empty()) {
    json["problem"] = difference.problem;
    return json;
  }
  json["elements"] = difference.elements;
  json["differing"] = difference.differing;
  json["max_abs"] = finite(difference.largest);
  json["max_codes"] = difference.largestCodes ? finite(*difference.largestCodes) : ordered_json();
  json["sqnr_db"] = finite(difference.signalToNoise);
  return json;
}

void printDisturbed(const char *what, const Observation &observation) {
  if (observation.disturbed.empty())
    return;
  std::string names;
  for (const std::string &name : observation.disturbed)
    names += (names.empty() ? "'" : ", '") + name + "'";
  std::printf("note: with inner tensors as outputs too, %s computes other bits for %s: the rows of "
              "inner tensors show a computation with less fused\n",
              what, names.c_str());
}

int report(const DiffOptions &options, const Side &ours, const Side &other,
           const std::vector<Row> &rows) {
  std::printf("%s against %s\n", ours.label.c_str(), other.label.c_str());
  std::printf("  %10s %6s %9s %10s %7s  tensor\n", "max |diff|", "codes", "differing", "elements",
              "SQNR dB");
  ordered_json list = ordered_json::array();
  for (const Row &row : rows) {
    printRow(row);
    list.push_back(toJson(row));
  }
  printDisturbed(ours.label.c_str(), ours.observation);
  printDisturbed(other.label.c_str(), other.observation);
  auto first = std::find_if(rows.begin(), rows.end(),
                            [](const Row &row) { return !row.difference.isWithin; });
  if (first == rows.end())
    std::printf("%zu tensors, all within tolerance\n", rows.size());
  else if (first->tensor->node.empty())
    std::printf("the first to differ is '%s'\n", first->tensor->name.c_str());
  else
    std::printf("the first to differ is '%s', of node '%s' (%s)\n", first->tensor->name.c_str(),
                first->tensor->node.c_str(), first->tensor->op.c_str());
  if (!options.json.empty()) {
    ordered_json json = {
        {"schema_version", kDiffSchema},
        {"model", options.model},
        {"against", options.against},
        {"rtol", options.limits.relative},
        {"atol", options.limits.absolute},
        {"max_codes", options.limits.codes},
        {"within", first == rows.end()},
        {"first_divergent", first == rows.end() ? ordered_json() : list[first - rows.begin()]},
        {"disturbed", ours.observation.disturbed},
        {"other_disturbed", other.observation.disturbed},
        {"tensors", std::move(list)}};
    writeFile(options.json,
              json.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n");
  }
  return first == rows.end() ? kSuccess : kMismatch;
}

void checkOptions(const DiffOptions &options) {
  const bool isNamed = options.against == kOnnxRuntime || options.against == kFloat;
  if (isNamed && isPackage(options.model))
    throw Failure(kUsage, "--against " + options.against + " needs the ONNX model, and '" +
                              options.model + "' is a package");
  std::error_code ignored;
  if (!isNamed && !std::filesystem::exists(options.against, ignored))
    throw Failure(kUsage, "--against " + options.against +
                              " is not onnxruntime, float, or the file of a package or model");
}

int diff(const DiffOptions &options) {
  checkOptions(options);
  PebbleSide pebble(options.model,
                    {parseDims(options.dims), options.qdq == "integer", options.threads});
  std::vector<Array> inputs = makeInputs(options, pebble.model());
  Side ours{options.model, tensorsOf(options.model, pebble.model()), {}};
  ours.observation = pebble.observe(inputs, watchedOf(ours.tensors, options.watchAll));
  Side other = observeOther(options, pebble, ours, inputs);
  std::vector<Row> rows = compareSides(ours, other, options.limits);
  if (rows.empty())
    throw Failure(kUsage, "there is nothing to compare: the two have no tensor of the same name");
  return report(options, ours, other, rows);
}

} // namespace

std::function<int()> pebble::cli::declareDiff(CLI::App &app) {
  auto options = std::make_shared<DiffOptions>();
  app.add_option("model", options->model, "An ONNX model, or a package")
      ->required()
      ->check(CLI::ExistingFile)
      ->type_name("MODEL|PACKAGE");
  app.add_option("--against", options->against,
                 "What to compare with: onnxruntime, float (the same model with --qdq=float), or "
                 "another model or package")
      ->required()
      ->type_name("onnxruntime|float|FILE");
  options->inputs.declare(app);
  app.add_option("--test-data", options->testData,
                 "An ONNX test data folder to take the inputs from (input_0.pb, ...)")
      ->type_name("DIR");
  declareDims(app, options->dims, "Value of a symbolic dim: NAME=SIZE (repeat for each)");
  app.add_option("--qdq", options->qdq,
                 "How layers between quantize and dequantize nodes compute: integer, or float")
      ->capture_default_str()
      ->check(CLI::IsMember({"integer", "float"}));
  app.add_option("--optimizations", options->optimizations,
                 "ONNX Runtime's: all, or none, which computes node by node as the graph says")
      ->capture_default_str()
      ->check(CLI::IsMember({"all", "none"}));
  app.add_flag("--all", options->watchAll,
               "Compare the floats inside quantized layers too, which then compute in floats");
  app.add_option("--rtol", options->limits.relative,
                 "Tolerance of floats relative to the largest number of their tensor")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  app.add_option("--atol", options->limits.absolute, "Absolute tolerance of floats")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  app.add_option("--max-codes", options->limits.codes, "Tolerance of codes")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  app.add_option("--threads", options->threads, "Threads of both")
      ->capture_default_str()
      ->check(CLI::Range(1, 4096));
  app.add_option("--json", options->json, "Write the figures to this file")->type_name("FILE");
  return [options] { return diff(*options); };
}
