// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What is quantized: which nodes become integer layers, and which tensors carry codes. It follows
// what passes/quantize can form (docs/integer-contract.md), so that nothing is quantized in vain.
#ifndef PEBBLE_TOOLS_QUANTIZE_PLAN_H
#define PEBBLE_TOOLS_QUANTIZE_PLAN_H

#include "tools/quantize/Graph.h"
#include "tools/quantize/Policy.h"

namespace pebble::quantize {

/// A node that becomes an integer layer, with the nodes that are fused into it.
struct Layer {
  std::string name; ///< The node's, or where it has none of its own its first output's.
  std::string op;
  int node = -1;
  std::vector<std::string> operands; ///< Quantized tensors that it reads.
  std::string sum;                   ///< What it computes before activations.
  std::string output;                ///< What is quantized: behind fused activations.
  Bits bits;

  // Of a contraction only.
  std::string weight;
  std::string bias;  ///< "" where there is none.
  int biasNode = -1; ///< The Add behind a MatMul that adds the bias.
  size_t channelAxis = 0;
  bool hasWeight() const { return !weight.empty(); }
  /// Whether a bias can be given to the layer.
  bool takesBias() const { return hasWeight() && (op != "MatMul" || biasNode >= 0); }
};

/// Tensors that have one scale and zero point: layers between them only move elements.
struct Group {
  std::vector<std::string> tensors; ///< In the order in which they are computed.
  std::vector<std::string> sources; ///< Those among them whose values are new.
  int bits = 8;
  bool isProbability = false; ///< The result of Softmax alone: the range is known.
};

/// A node whose operands are quantized, or could be, and that computes in float.
struct FloatNode {
  std::string name, op, reason;
};

struct Plan {
  std::vector<Layer> layers; ///< In the model's order.
  std::vector<Group> groups;
  std::map<std::string, int> groupOf; ///< Of the tensors that carry codes.
  std::vector<FloatNode> floats;
  std::map<std::string, bool> excluded; ///< Layers that stay in float; whether they have weights.

  bool isQuantized(const std::string &tensor) const { return groupOf.count(tensor) > 0; }
  /// The layers by name, and whether they have weights.
  std::map<std::string, bool> names() const;
};

/// `policy` says which layers stay in float and the bits of the others.
Plan makePlan(const Graph &graph, const Policy &policy);

} // namespace pebble::quantize

#endif // PEBBLE_TOOLS_QUANTIZE_PLAN_H
