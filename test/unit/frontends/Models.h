// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Small ONNX models for tests.
#ifndef PEBBLE_TEST_UNIT_FRONTENDS_MODELS_H
#define PEBBLE_TEST_UNIT_FRONTENDS_MODELS_H

#include "frontends/onnx/Model.h"
#include "frontends/onnx/onnx-ml.pb.h"

#include <string>
#include <vector>

namespace pebble::onnx::test {

using Names = std::vector<std::string>;

inline proto::ModelProto emptyModel(int64_t opset = 18) {
  proto::ModelProto model;
  model.set_ir_version(8);
  proto::OperatorSetIdProto *import = model.add_opset_import();
  import->set_domain("");
  import->set_version(opset);
  model.mutable_graph()->set_name("g");
  return model;
}

/// A dim: a size, or the name of a symbolic one.
struct Dim {
  Dim(int size) : size(size) {}
  Dim(const char *name) : name(name) {}
  int64_t size = 0;
  std::string name;
};

inline void setType(proto::ValueInfoProto &info, const std::string &name, int elementType,
                    const std::vector<Dim> &dims) {
  info.set_name(name);
  proto::TypeProto::Tensor *tensor = info.mutable_type()->mutable_tensor_type();
  tensor->set_elem_type(elementType);
  tensor->mutable_shape();
  for (const Dim &dim : dims) {
    proto::TensorShapeProto::Dimension *added = tensor->mutable_shape()->add_dim();
    if (dim.name.empty())
      added->set_dim_value(dim.size);
    else
      added->set_dim_param(dim.name);
  }
}

inline void addInput(proto::GraphProto &graph, const std::string &name,
                     const std::vector<Dim> &dims, int elementType = proto::TensorProto::FLOAT) {
  setType(*graph.add_input(), name, elementType, dims);
}

inline void addOutput(proto::GraphProto &graph, const std::string &name) {
  graph.add_output()->set_name(name);
}

inline proto::TensorProto ints(const std::string &name, const std::vector<int64_t> &values) {
  proto::TensorProto tensor;
  tensor.set_name(name);
  tensor.set_data_type(proto::TensorProto::INT64);
  tensor.add_dims(static_cast<int64_t>(values.size()));
  for (int64_t value : values)
    tensor.add_int64_data(value);
  return tensor;
}

template <typename Owner>
proto::NodeProto *addNode(Owner &owner, const std::string &op, const Names &inputs,
                          const Names &outputs) {
  proto::NodeProto *node = owner.add_node();
  node->set_op_type(op);
  node->set_name(op + "_" + outputs.front());
  for (const std::string &input : inputs)
    node->add_input(input);
  for (const std::string &output : outputs)
    node->add_output(output);
  return node;
}

inline proto::AttributeProto *addAttribute(proto::NodeProto &node, const std::string &name,
                                           proto::AttributeProto::AttributeType type) {
  proto::AttributeProto *attribute = node.add_attribute();
  attribute->set_name(name);
  attribute->set_type(type);
  return attribute;
}

/// x -> Relu -> y, on 2 x 3 floats.
inline proto::ModelProto reluModel() {
  proto::ModelProto model = emptyModel();
  addInput(*model.mutable_graph(), "x", {2, 3});
  addOutput(*model.mutable_graph(), "y");
  addNode(*model.mutable_graph(), "Relu", {"x"}, {"y"});
  return model;
}

inline std::shared_ptr<const Model> read(const proto::ModelProto &model, Problems &problems,
                                         const std::string &folder = "") {
  std::string bytes = model.SerializeAsString();
  return readModel(llvm::ArrayRef<char>(bytes.data(), bytes.size()), folder, problems);
}

} // namespace pebble::onnx::test

#endif // PEBBLE_TEST_UNIT_FRONTENDS_MODELS_H
