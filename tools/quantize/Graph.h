// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An ONNX graph that is being rewritten: who makes and who reads a tensor, and constants by value.
#ifndef PEBBLE_TOOLS_QUANTIZE_GRAPH_H
#define PEBBLE_TOOLS_QUANTIZE_GRAPH_H

#include "frontends/onnx/Model.h"
#include "frontends/onnx/onnx-ml.pb.h"

#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace pebble::quantize {

namespace proto = onnx::proto;

/// What stops a quantization: the message says what was expected and what to do.
struct Refusal : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct FloatTensor {
  std::vector<int64_t> dims;
  std::vector<float> values;
};

int64_t intAttr(const proto::NodeProto &node, const std::string &name, int64_t otherwise);
float floatAttr(const proto::NodeProto &node, const std::string &name, float otherwise);
std::string stringAttr(const proto::NodeProto &node, const std::string &name,
                       const std::string &otherwise);
std::optional<std::vector<int64_t>> intsAttr(const proto::NodeProto &node, const std::string &name);
void setInt(proto::NodeProto &node, const std::string &name, int64_t value);
void setString(proto::NodeProto &node, const std::string &name, const std::string &value);
void eraseAttr(proto::NodeProto &node, const std::string &name);
proto::NodeProto makeNode(const std::string &op, const std::string &name,
                          const std::vector<std::string> &inputs, const std::string &output);

/// Whether the node is ONNX's own operator `op`.
bool isOp(const proto::NodeProto &node, const std::string &op);

class Graph {
public:
  /// Copies a checked model. Constants are made initializers that no input can replace, and data in
  /// other files becomes the model's own.
  explicit Graph(const onnx::Model &source);

  proto::ModelProto model;

  proto::GraphProto &proto() { return *model.mutable_graph(); }
  const proto::GraphProto &proto() const { return model.graph(); }
  const proto::NodeProto &node(int index) const { return model.graph().node(index); }
  proto::NodeProto &node(int index) { return *model.mutable_graph()->mutable_node(index); }
  int64_t opset() const;
  void setOpset(int64_t version);

  /// The node that computes a tensor; -1 for inputs and constants.
  int producer(const std::string &tensor) const;
  /// The nodes that read a tensor, each once, in order; subgraphs count for their node.
  const std::vector<int> &consumers(const std::string &tensor) const;
  bool isOutput(const std::string &tensor) const { return outputs.count(tensor) > 0; }
  bool isInput(const std::string &tensor) const { return inputs.count(tensor) > 0; }
  /// Whether one node alone reads a tensor, at one place, and the model does not give it out.
  bool isReadOnce(const std::string &tensor) const;

  bool isConstant(const std::string &tensor) const { return constants.count(tensor) > 0; }
  /// A constant's values; nothing for other tensors and other element types.
  std::optional<FloatTensor> floats(const std::string &tensor) const;
  std::optional<std::vector<int64_t>> ints(const std::string &tensor) const;
  /// Adds a constant under a fresh name like `base`, which it returns.
  std::string addFloats(const std::string &base, const FloatTensor &tensor);
  std::string addInts(const std::string &base, const std::vector<int64_t> &values);
  proto::TensorProto &addTensor(const std::string &base);
  /// A name that nothing in the model has.
  std::string freshName(const std::string &base);

  /// The element type of a tensor (TensorProto.DataType), as far as operators tell; else 0.
  int elementType(const std::string &tensor) const;

  /// Takes the nodes in the place of those there are.
  void replaceNodes(std::vector<proto::NodeProto> nodes);
  /// Has to be called after nodes were changed.
  void reindex();
  /// Drops initializers that nothing reads, and stale notes on shapes.
  void sweep();

private:
  void promoteConstants();
  void inferElementTypes();

  std::map<std::string, int> producers;
  std::map<std::string, std::vector<int>> readers;
  std::map<std::string, int> readCounts;
  std::map<std::string, int> constants; ///< Index of the initializer.
  std::map<std::string, int> elementTypes;
  std::set<std::string> inputs, outputs, names;
};

} // namespace pebble::quantize

#endif // PEBBLE_TOOLS_QUANTIZE_GRAPH_H
