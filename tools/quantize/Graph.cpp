// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/quantize/Graph.h"

#include <algorithm>
#include <cstring>
#include <functional>

using namespace pebble;
using namespace pebble::quantize;

namespace {

const proto::AttributeProto *findAttr(const proto::NodeProto &node, const std::string &name) {
  for (const proto::AttributeProto &attribute : node.attribute())
    if (attribute.name() == name)
      return &attribute;
  return nullptr;
}

proto::AttributeProto &attr(proto::NodeProto &node, const std::string &name) {
  eraseAttr(node, name);
  proto::AttributeProto &attribute = *node.add_attribute();
  attribute.set_name(name);
  return attribute;
}

/// The graphs in a node's attributes.
template <typename Node, typename Visit> void forSubgraphs(Node &node, Visit visit) {
  for (auto &attribute : *node.mutable_attribute()) {
    if (attribute.has_g())
      visit(*attribute.mutable_g());
    for (auto &graph : *attribute.mutable_graphs())
      visit(graph);
  }
}

/// Every tensor of a graph, in subgraphs and attributes too.
void forTensors(proto::GraphProto &graph, const std::function<void(proto::TensorProto &)> &visit) {
  for (proto::TensorProto &tensor : *graph.mutable_initializer())
    visit(tensor);
  for (proto::NodeProto &node : *graph.mutable_node()) {
    for (proto::AttributeProto &attribute : *node.mutable_attribute()) {
      if (attribute.has_t())
        visit(*attribute.mutable_t());
      for (proto::TensorProto &tensor : *attribute.mutable_tensors())
        visit(tensor);
    }
    forSubgraphs(node, [&](proto::GraphProto &inner) { forTensors(inner, visit); });
  }
}

/// Every name that is read or defined in a graph.
void collectNames(const proto::GraphProto &graph, std::set<std::string> &names) {
  for (const auto &value : graph.input())
    names.insert(value.name());
  for (const auto &value : graph.output())
    names.insert(value.name());
  for (const auto &value : graph.initializer())
    names.insert(value.name());
  for (const proto::NodeProto &node : graph.node()) {
    names.insert(node.name());
    names.insert(node.input().begin(), node.input().end());
    names.insert(node.output().begin(), node.output().end());
    for (const proto::AttributeProto &attribute : node.attribute()) {
      if (attribute.has_g())
        collectNames(attribute.g(), names);
      for (const proto::GraphProto &inner : attribute.graphs())
        collectNames(inner, names);
    }
  }
}

/// The operators whose result has another element type than their first operand; -1 stands for
/// one that their attributes say, 0 for one that is not known here.
const std::map<std::string, int> &resultTypes() {
  using T = proto::TensorProto;
  static const std::map<std::string, int> types = {{"Shape", T::INT64},
                                                   {"Size", T::INT64},
                                                   {"NonZero", T::INT64},
                                                   {"ArgMax", T::INT64},
                                                   {"ArgMin", T::INT64},
                                                   {"NonMaxSuppression", T::INT64},
                                                   {"Equal", T::BOOL},
                                                   {"Less", T::BOOL},
                                                   {"Greater", T::BOOL},
                                                   {"LessOrEqual", T::BOOL},
                                                   {"GreaterOrEqual", T::BOOL},
                                                   {"IsNaN", T::BOOL},
                                                   {"IsInf", T::BOOL},
                                                   {"Cast", 0},
                                                   {"CastLike", 0},
                                                   {"If", 0},
                                                   {"Loop", 0},
                                                   {"Scan", 0},
                                                   {"ConstantOfShape", 0},
                                                   {"OneHot", 0},
                                                   {"EyeLike", 0},
                                                   {"Where", 0},
                                                   {"QuantizeLinear", 0},
                                                   {"DequantizeLinear", 0},
                                                   {"DynamicQuantizeLinear", 0},
                                                   {"Multinomial", 0},
                                                   {"SequenceAt", 0},
                                                   {"ConcatFromSequence", 0},
                                                   {"Optional", 0},
                                                   {"OptionalGetElement", 0}};
  return types;
}

} // namespace

int64_t quantize::intAttr(const proto::NodeProto &node, const std::string &name,
                          int64_t otherwise) {
  const proto::AttributeProto *found = findAttr(node, name);
  return found && found->has_i() ? found->i() : otherwise;
}

float quantize::floatAttr(const proto::NodeProto &node, const std::string &name, float otherwise) {
  const proto::AttributeProto *found = findAttr(node, name);
  return found && found->has_f() ? found->f() : otherwise;
}

std::string quantize::stringAttr(const proto::NodeProto &node, const std::string &name,
                                 const std::string &otherwise) {
  const proto::AttributeProto *found = findAttr(node, name);
  return found && found->has_s() ? found->s() : otherwise;
}

std::optional<std::vector<int64_t>> quantize::intsAttr(const proto::NodeProto &node,
                                                       const std::string &name) {
  const proto::AttributeProto *found = findAttr(node, name);
  if (!found)
    return std::nullopt;
  return std::vector<int64_t>(found->ints().begin(), found->ints().end());
}

void quantize::setInt(proto::NodeProto &node, const std::string &name, int64_t value) {
  proto::AttributeProto &attribute = attr(node, name);
  attribute.set_type(proto::AttributeProto::INT);
  attribute.set_i(value);
}

void quantize::setString(proto::NodeProto &node, const std::string &name,
                         const std::string &value) {
  proto::AttributeProto &attribute = attr(node, name);
  attribute.set_type(proto::AttributeProto::STRING);
  attribute.set_s(value);
}

void quantize::eraseAttr(proto::NodeProto &node, const std::string &name) {
  for (int i = node.attribute_size(); i-- > 0;)
    if (node.attribute(i).name() == name)
      node.mutable_attribute()->DeleteSubrange(i, 1);
}

proto::NodeProto quantize::makeNode(const std::string &op, const std::string &name,
                                    const std::vector<std::string> &inputs,
                                    const std::string &output) {
  proto::NodeProto node;
  node.set_op_type(op);
  node.set_name(name);
  for (const std::string &input : inputs)
    node.add_input(input);
  node.add_output(output);
  return node;
}

bool quantize::isOp(const proto::NodeProto &node, const std::string &op) {
  return node.op_type() == op && (node.domain().empty() || node.domain() == "ai.onnx");
}

Graph::Graph(const onnx::Model &source) {
  model.CopyFrom(source.proto());
  forTensors(proto(), [&](proto::TensorProto &tensor) {
    if (tensor.data_location() != proto::TensorProto::EXTERNAL)
      return;
    llvm::ArrayRef<char> bytes = source.rawData(tensor);
    tensor.set_raw_data(bytes.data(), bytes.size());
    tensor.clear_external_data();
    tensor.clear_data_location();
  });
  promoteConstants();
  reindex();
}

void Graph::promoteConstants() {
  // A model of an old version lists its weights among its inputs, too.
  std::set<std::string> known;
  for (const proto::TensorProto &tensor : proto().initializer())
    known.insert(tensor.name());
  for (int i = proto().input_size(); i-- > 0;)
    if (known.count(proto().input(i).name()))
      proto().mutable_input()->DeleteSubrange(i, 1);

  std::vector<proto::NodeProto> kept;
  for (const proto::NodeProto &node : proto().node()) {
    const proto::AttributeProto *value = isOp(node, "Constant") ? findAttr(node, "value") : nullptr;
    if (!value || !value->has_t() || node.output_size() != 1) {
      kept.push_back(node);
      continue;
    }
    proto::TensorProto &tensor = *proto().add_initializer();
    tensor.CopyFrom(value->t());
    tensor.set_name(node.output(0));
  }
  proto().clear_node();
  for (proto::NodeProto &node : kept)
    proto().add_node()->Swap(&node);
}

int64_t Graph::opset() const {
  for (const auto &import : model.opset_import())
    if (import.domain().empty() || import.domain() == "ai.onnx")
      return import.version();
  return 1;
}

void Graph::setOpset(int64_t version) {
  for (auto &import : *model.mutable_opset_import())
    if (import.domain().empty() || import.domain() == "ai.onnx")
      import.set_version(version);
}

void Graph::reindex() {
  producers.clear();
  readers.clear();
  readCounts.clear();
  constants.clear();
  inputs.clear();
  outputs.clear();
  for (int i = 0; i < proto().initializer_size(); ++i)
    constants[proto().initializer(i).name()] = i;
  for (const auto &value : proto().input())
    inputs.insert(value.name());
  for (const auto &value : proto().output())
    outputs.insert(value.name());
  for (int i = 0; i < proto().node_size(); ++i) {
    const proto::NodeProto &one = proto().node(i);
    for (const std::string &output : one.output())
      if (!output.empty())
        producers[output] = i;
    std::set<std::string> read(one.input().begin(), one.input().end());
    for (const std::string &input : one.input())
      ++readCounts[input];
    std::set<std::string> inner;
    for (const proto::AttributeProto &attribute : one.attribute()) {
      if (attribute.has_g())
        collectNames(attribute.g(), inner);
      for (const proto::GraphProto &graph : attribute.graphs())
        collectNames(graph, inner);
    }
    for (const std::string &name : inner) {
      read.insert(name);
      // What a loop's body reads is read more often than the text tells.
      readCounts[name] += 2;
    }
    for (const std::string &name : read)
      readers[name].push_back(i);
  }
  names.clear();
  collectNames(proto(), names);
  inferElementTypes();
}

void Graph::inferElementTypes() {
  elementTypes.clear();
  for (const auto &value : proto().input())
    elementTypes[value.name()] = value.type().tensor_type().elem_type();
  for (const auto &tensor : proto().initializer())
    elementTypes[tensor.name()] = tensor.data_type();
  for (const proto::NodeProto &one : proto().node()) {
    int type = 0;
    if (one.domain().empty() || one.domain() == "ai.onnx") {
      auto listed = resultTypes().find(one.op_type());
      if (listed != resultTypes().end())
        type = listed->second;
      else if (one.input_size() > 0)
        type = elementType(one.input(0));
    }
    if (isOp(one, "Cast"))
      type = static_cast<int>(intAttr(one, "to", 0));
    if (isOp(one, "Where") && one.input_size() == 3)
      type = elementType(one.input(1));
    for (int i = 0; i < one.output_size(); ++i)
      elementTypes[one.output(i)] = i == 0 || isOp(one, "Split") ? type : 0;
  }
}

int Graph::elementType(const std::string &tensor) const {
  auto found = elementTypes.find(tensor);
  return found == elementTypes.end() ? 0 : found->second;
}

int Graph::producer(const std::string &tensor) const {
  auto found = producers.find(tensor);
  return found == producers.end() ? -1 : found->second;
}

const std::vector<int> &Graph::consumers(const std::string &tensor) const {
  static const std::vector<int> none;
  auto found = readers.find(tensor);
  return found == readers.end() ? none : found->second;
}

bool Graph::isReadOnce(const std::string &tensor) const {
  auto found = readCounts.find(tensor);
  return found != readCounts.end() && found->second == 1 && !isOutput(tensor);
}

std::optional<FloatTensor> Graph::floats(const std::string &tensor) const {
  auto found = constants.find(tensor);
  if (found == constants.end())
    return std::nullopt;
  const proto::TensorProto &value = proto().initializer(found->second);
  if (value.data_type() != proto::TensorProto::FLOAT)
    return std::nullopt;
  FloatTensor result;
  result.dims.assign(value.dims().begin(), value.dims().end());
  if (value.has_raw_data()) {
    result.values.resize(value.raw_data().size() / sizeof(float));
    std::memcpy(result.values.data(), value.raw_data().data(),
                result.values.size() * sizeof(float));
  } else {
    result.values.assign(value.float_data().begin(), value.float_data().end());
  }
  return result;
}

std::optional<std::vector<int64_t>> Graph::ints(const std::string &tensor) const {
  auto found = constants.find(tensor);
  if (found == constants.end())
    return std::nullopt;
  const proto::TensorProto &value = proto().initializer(found->second);
  if (value.data_type() != proto::TensorProto::INT64)
    return std::nullopt;
  if (!value.has_raw_data())
    return std::vector<int64_t>(value.int64_data().begin(), value.int64_data().end());
  std::vector<int64_t> result(value.raw_data().size() / sizeof(int64_t));
  std::memcpy(result.data(), value.raw_data().data(), result.size() * sizeof(int64_t));
  return result;
}

std::string Graph::freshName(const std::string &base) {
  std::string name = base;
  for (int i = 2; !names.insert(name).second; ++i)
    name = base + "_" + std::to_string(i);
  return name;
}

proto::TensorProto &Graph::addTensor(const std::string &base) {
  proto::TensorProto &tensor = *proto().add_initializer();
  tensor.set_name(freshName(base));
  constants[tensor.name()] = proto().initializer_size() - 1;
  return tensor;
}

std::string Graph::addFloats(const std::string &base, const FloatTensor &value) {
  proto::TensorProto &tensor = addTensor(base);
  tensor.set_data_type(proto::TensorProto::FLOAT);
  for (int64_t dim : value.dims)
    tensor.add_dims(dim);
  tensor.set_raw_data(value.values.data(), value.values.size() * sizeof(float));
  elementTypes[tensor.name()] = proto::TensorProto::FLOAT;
  return tensor.name();
}

std::string Graph::addInts(const std::string &base, const std::vector<int64_t> &values) {
  proto::TensorProto &tensor = addTensor(base);
  tensor.set_data_type(proto::TensorProto::INT64);
  tensor.add_dims(static_cast<int64_t>(values.size()));
  tensor.set_raw_data(values.data(), values.size() * sizeof(int64_t));
  elementTypes[tensor.name()] = proto::TensorProto::INT64;
  return tensor.name();
}

void Graph::replaceNodes(std::vector<proto::NodeProto> nodes) {
  proto().clear_node();
  for (proto::NodeProto &one : nodes)
    proto().add_node()->Swap(&one);
  reindex();
}

void Graph::sweep() {
  proto().clear_value_info();
  proto().clear_quantization_annotation();
  std::vector<proto::TensorProto> kept;
  for (proto::TensorProto &tensor : *proto().mutable_initializer())
    if (!consumers(tensor.name()).empty() || isOutput(tensor.name()))
      kept.emplace_back().Swap(&tensor);
  proto().clear_initializer();
  for (proto::TensorProto &tensor : kept)
    proto().add_initializer()->Swap(&tensor);
  reindex();
}
