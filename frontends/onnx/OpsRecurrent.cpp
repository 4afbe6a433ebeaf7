// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// LSTM, GRU and RNN. Their activation functions, given by name and by lists of parameters that only
// some of them consume, become numbers with one alpha and one beta each.
#include "frontends/onnx/Compose.h"
#include "frontends/onnx/Registry.h"

#include "llvm/ADT/StringExtras.h"

#include <array>

using namespace mlir;

namespace pebble::onnx {
namespace {

struct Activation {
  llvm::StringLiteral name; ///< In lower case: names are compared without case.
  bool hasAlpha, hasBeta;
  double alpha, beta; ///< Defaults.
};

/// In the order of the numbers in nn's recurrent ops.
constexpr Activation activationTable[] = {
    {"relu", false, false, 0, 0},         {"tanh", false, false, 0, 0},
    {"sigmoid", false, false, 0, 0},      {"affine", true, true, 1, 0},
    {"leakyrelu", true, false, 0.01f, 0}, {"thresholdedrelu", true, false, 1, 0},
    {"scaledtanh", true, true, 1, 1},     {"hardsigmoid", true, true, 0.2f, 0.5},
    {"elu", true, false, 1, 0},           {"softsign", false, false, 0, 0},
    {"softplus", false, false, 0, 0},
};

struct Common {
  int64_t hiddenSize = 0, direction = 0, layout = 0;
  std::vector<int64_t> activations;
  std::vector<double> alphas, betas;
  double clip = 0;
};

/// Takes the next value of an attribute list when the activation has that parameter.
double nextParameter(bool has, double missing, ArrayRef<double> values, size_t &used) {
  if (!has)
    return 0;
  return used < values.size() ? values[used++] : missing;
}

LogicalResult readActivations(NodeImporter &node, ArrayRef<StringRef> defaults, Common &common) {
  size_t directions = common.direction == 2 ? 2 : 1;
  std::vector<std::string> names = node.stringsAttr("activations");
  if (names.empty())
    for (size_t i = 0; i < directions * defaults.size(); ++i)
      names.push_back(defaults[i % defaults.size()].str());
  size_t expected = directions * defaults.size();
  // RNN's default lists both directions.
  if (names.size() < expected || names.size() > 2 * defaults.size())
    return node.invalid("activations has " + Twine(names.size()) + " entries; expected " +
                        Twine(expected));
  names.resize(expected);

  std::vector<double> alphas = node.floatsAttr("activation_alpha");
  std::vector<double> betas = node.floatsAttr("activation_beta");
  size_t usedAlphas = 0, usedBetas = 0;
  for (const std::string &name : names) {
    const Activation *found = llvm::find_if(
        activationTable, [&](const Activation &a) { return StringRef(name).lower() == a.name; });
    if (found == std::end(activationTable))
      return node.invalid("unknown activation '" + name + "'");
    common.activations.push_back(found - std::begin(activationTable));
    common.alphas.push_back(nextParameter(found->hasAlpha, found->alpha, alphas, usedAlphas));
    common.betas.push_back(nextParameter(found->hasBeta, found->beta, betas, usedBetas));
  }
  return success();
}

FailureOr<Common> readCommon(NodeImporter &node, ArrayRef<StringRef> defaultActivations) {
  for (auto [index, name] : llvm::enumerate(std::array<StringRef, 3>{"X", "W", "R"}))
    if (failed(checkRank(node, node.input(index), name, {3})))
      return failure();
  Common common;
  common.direction = node.enumAttr("direction", "forward", {"forward", "reverse", "bidirectional"});
  common.layout = node.intAttr("layout", 0);
  common.clip = node.floatAttr("clip", 0);
  int64_t recurrenceSize = NodeImporter::type(node.input(2)).getDimSize(2);
  common.hiddenSize =
      node.intAttr("hidden_size", ShapedType::isDynamic(recurrenceSize) ? 0 : recurrenceSize);
  if (common.hiddenSize < 1)
    return node.invalid("hidden_size is missing and the recurrence weight's size is not known");
  if (!ShapedType::isDynamic(recurrenceSize) && recurrenceSize != common.hiddenSize)
    return node.invalid("hidden_size is " + Twine(common.hiddenSize) +
                        " and the recurrence weight's last dim " + Twine(recurrenceSize));
  if (failed(readActivations(node, defaultActivations, common)) || node.failed())
    return failure();
  return common;
}

LogicalResult setResults(NodeImporter &node, ArrayRef<Value> results) {
  for (auto [index, result] : llvm::enumerate(results))
    if (node.wantsOutput(index))
      node.setOutput(index, result);
  return success();
}

LogicalResult importLstm(NodeImporter &node) {
  FailureOr<Common> c = readCommon(node, {"Sigmoid", "Tanh", "Tanh"});
  if (failed(c))
    return failure();
  bool inputForget = node.intAttr("input_forget", 0) != 0;
  return setResults(
      node, node.createN<nn::LSTMOp>(node.input(0), node.input(1), node.input(2), node.input(3),
                                     node.input(4), node.input(5), node.input(6), node.input(7),
                                     c->hiddenSize, c->direction, c->layout, inputForget,
                                     c->activations, c->alphas, c->betas, APFloat(c->clip)));
}

LogicalResult importGru(NodeImporter &node) {
  FailureOr<Common> c = readCommon(node, {"Sigmoid", "Tanh"});
  if (failed(c))
    return failure();
  bool linearBeforeReset = node.intAttr("linear_before_reset", 0) != 0;
  return setResults(node, node.createN<nn::GRUOp>(node.input(0), node.input(1), node.input(2),
                                                  node.input(3), node.input(4), node.input(5),
                                                  c->hiddenSize, c->direction, c->layout,
                                                  linearBeforeReset, c->activations, c->alphas,
                                                  c->betas, APFloat(c->clip)));
}

LogicalResult importRnn(NodeImporter &node) {
  FailureOr<Common> c = readCommon(node, {"Tanh"});
  if (failed(c))
    return failure();
  return setResults(node, node.createN<nn::RNNOp>(
                              node.input(0), node.input(1), node.input(2), node.input(3),
                              node.input(4), node.input(5), c->hiddenSize, c->direction, c->layout,
                              c->activations, c->alphas, c->betas, APFloat(c->clip)));
}

} // namespace

void addRecurrentOps(std::vector<OpEntry> &rows) {
  rows.insert(rows.end(), {
                              {"", "GRU", 7, importGru},
                              {"", "LSTM", 7, importLstm},
                              {"", "RNN", 7, importRnn},
                          });
}

} // namespace pebble::onnx
