// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/pebble/Tensors.h"

#include "frontends/onnx/Model.h"
#include "frontends/onnx/Names.h"
#include "tools/pebble/TensorProto.h"
#include "tools/pebble/Verb.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/raw_ostream.h"

using namespace pebble;
using namespace pebble::cli;
using pebble::onnx::proto::NodeProto;
using pebble::onnx::proto::TensorProto;

namespace {

/// Operators whose result is codes, and the operands that say what these stand for.
struct QuantizingOp {
  const char *domain, *name;
  int scale, zeroPoint;
};
constexpr const char *kMicrosoft = "com.microsoft";
constexpr QuantizingOp kQuantizingOps[] = {
    {"", "QuantizeLinear", 1, 2},
    {"", "QLinearConv", 6, 7},
    {"", "QLinearMatMul", 6, 7},
    {kMicrosoft, "QuantizeLinear", 1, 2},
    {kMicrosoft, "QGemm", 7, 8},
    {kMicrosoft, "QLinearAdd", 6, 7},
    {kMicrosoft, "QLinearAveragePool", 3, 4},
    {kMicrosoft, "QLinearConcat", 0, 1},
    {kMicrosoft, "QLinearGlobalAveragePool", 3, 4},
    {kMicrosoft, "QLinearLeakyRelu", 3, 4},
    {kMicrosoft, "QLinearMul", 6, 7},
    {kMicrosoft, "QLinearSigmoid", 3, 4},
    {kMicrosoft, "QLinearSoftmax", 3, 4},
};

/// Operators that move elements of their first operand: codes keep what they stand for, if that is
/// the same for all.
constexpr const char *kMovingOps[] = {
    "Flatten", "Gather", "Identity",  "MaxPool",   "Reshape",      "Slice", "Split",
    "Squeeze", "Tile",   "Transpose", "Unsqueeze", "DepthToSpace", "Expand"};

class TensorList {
public:
  explicit TensorList(const onnx::Model &model) : model(model), graph(model.proto().graph()) {
    for (const TensorProto &tensor : graph.initializer())
      constants[tensor.name()] = &tensor;
    for (const auto &output : graph.output())
      outputs.insert(output.name());
    for (const NodeProto &node : graph.node())
      addConstant(node);
    findLayers();
  }

  std::vector<ModelTensor> list() {
    std::vector<ModelTensor> tensors;
    for (const NodeProto &node : graph.node()) {
      Quantization quantization = quantizationOf(node);
      for (const std::string &name : node.output()) {
        if (!quantization.empty())
          quantizations[name] = quantization;
        if (name.empty() || constants.contains(name))
          continue;
        bool isOutput = outputs.erase(name);
        if (isDequantize(node) && !isOutput)
          continue;
        bool isQuantized = node.op_type() == "QuantizeLinear" && node.input_size();
        tensors.push_back({name, onnx::nodeName(node), node.op_type(),
                           isQuantized ? node.input(0) : "", isOutput,
                           fromCodes.contains(name) && toCodes.contains(name), quantization});
      }
    }
    for (const auto &output : graph.output())
      if (outputs.erase(output.name()))
        tensors.push_back({output.name(), "", "", "", true, false, {}});
    return tensors;
  }

private:
  static bool isDequantize(const NodeProto &node) { return node.op_type() == "DequantizeLinear"; }

  void addConstant(const NodeProto &node) {
    const auto &attributes = node.attribute();
    if (node.op_type() == "Constant" && node.output_size() == 1 && attributes.size() == 1 &&
        attributes[0].has_t())
      constants[node.output(0)] = &attributes[0].t();
    auto isConstant = [&](const std::string &input) {
      return input.empty() || constants.contains(input);
    };
    // Without inputs, a node may still draw random numbers.
    bool hasSubgraph = llvm::any_of(attributes, [](const auto &one) { return one.has_g(); });
    if (node.input_size() && !hasSubgraph && llvm::all_of(node.input(), isConstant))
      for (const std::string &output : node.output())
        constants.try_emplace(output, nullptr);
  }

  /// Which tensors follow from dequantized codes, and which lead to quantized ones, through floats.
  void findLayers() {
    for (const NodeProto &node : graph.node()) {
      bool follows = isDequantize(node);
      if (node.op_type() != "QuantizeLinear")
        for (const std::string &input : node.input())
          follows |= fromCodes.contains(input);
      // What DequantizeLinear makes of weights does not make a float layer a quantized one.
      for (const std::string &output : node.output())
        if (follows && !constants.contains(output))
          fromCodes.insert(output);
    }
    for (const NodeProto &node : llvm::reverse(graph.node())) {
      bool leads = node.op_type() == "QuantizeLinear";
      if (!isDequantize(node))
        for (const std::string &output : node.output())
          leads |= toCodes.contains(output);
      for (const std::string &input : node.input())
        if (leads)
          toCodes.insert(input);
    }
  }

  /// The values of a constant; nothing when it is none, or holds no numbers that Pebble has.
  std::vector<double> constant(const NodeProto &node, int operand) {
    if (operand >= node.input_size())
      return {};
    auto found = constants.find(node.input(operand));
    if (found == constants.end() || !found->second ||
        !support::findDType(found->second->data_type()))
      return {};
    const TensorProto &tensor = *found->second;
    // Data of another file is in the model's memory.
    TensorProto whole = tensor;
    if (llvm::ArrayRef<char> raw = model.rawData(tensor); !raw.empty()) {
      whole.clear_data_location();
      whole.set_raw_data(raw.data(), raw.size());
    }
    Array array = decodeTensor(whole, "'" + tensor.name() + "'");
    std::vector<double> values;
    for (int64_t index = 0; index < array.elements(); ++index)
      values.push_back(array.value(index));
    return values;
  }

  Quantization quantizationOf(const NodeProto &node) {
    if (llvm::is_contained(kMovingOps, node.op_type()) && node.input_size()) {
      auto moved = quantizations.find(node.input(0));
      return moved == quantizations.end() || moved->second.scales.size() > 1 ? Quantization()
                                                                             : moved->second;
    }
    const auto *op = llvm::find_if(kQuantizingOps, [&](const QuantizingOp &row) {
      return onnx::canonicalDomain(node.domain()) == row.domain && node.op_type() == row.name;
    });
    if (op == std::end(kQuantizingOps))
      return {};
    Quantization result{constant(node, op->scale), constant(node, op->zeroPoint), /*axis=*/1};
    // Blocks of scales have two dims, and zero points that are left out are zeros.
    result.zeroPoints.resize(result.scales.size());
    for (const auto &attribute : node.attribute()) {
      if (attribute.name() == "axis")
        result.axis = attribute.i();
      if (attribute.name() == "block_size" && attribute.i())
        return {};
    }
    return result;
  }

  const onnx::Model &model;
  const onnx::proto::GraphProto &graph;
  llvm::StringMap<const TensorProto *> constants; ///< Null where only folding knows the value.
  llvm::StringMap<Quantization> quantizations;
  llvm::StringSet<> outputs, fromCodes, toCodes;
};

} // namespace

std::vector<ModelTensor> pebble::cli::listTensors(const std::string &path) {
  onnx::Problems problems;
  std::shared_ptr<const onnx::Model> model = onnx::readModel(path, problems);
  if (!model) {
    problems.print(llvm::errs());
    throw Failure(static_cast<ExitCode>(problems.exitCode()), "cannot read '" + path + "'");
  }
  return TensorList(*model).list();
}
