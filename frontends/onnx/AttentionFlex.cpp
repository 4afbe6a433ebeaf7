// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// FlexAttention: attention whose scores and probabilities the model's own subgraphs may change.
#include "frontends/onnx/Attention.h"
#include "frontends/onnx/Compose.h"
#include "frontends/onnx/GraphImporter.h"
#include "frontends/onnx/onnx-ml.pb.h"

#include <array>

using namespace mlir;

namespace pebble::onnx {
namespace {

/// The result of the graph attribute `name` for `value`; `value` itself without the attribute.
FailureOr<Value> modified(NodeImporter &node, StringRef name, Value value) {
  const proto::AttributeProto *attribute = node.attr(name);
  if (!attribute)
    return value;
  if (!attribute->has_g())
    return node.invalid("attribute '" + name + "' is no graph");
  FailureOr<SmallVector<Value>> results = node.graph().importSubgraph(attribute->g(), {value});
  if (failed(results))
    return failure();
  if (results->size() != 1)
    return node.invalid("the graph '" + name + "' has " + Twine(results->size()) +
                        " outputs; expected 1");
  return results->front();
}

/// The type that scores are normalized in: f16 and bf16 are widened unless the node says otherwise.
Type softmaxType(NodeImporter &node, Type element) {
  if (node.hasAttr("softmax_precision"))
    return floatTypeOf(node, node.intAttr("softmax_precision", 1));
  return isHalf(element) ? node.builder().getF32Type() : element;
}

} // namespace

LogicalResult importFlexAttention(NodeImporter &node) {
  for (auto [index, name] : llvm::enumerate(std::array<StringRef, 3>{"Q", "K", "V"}))
    if (failed(checkRank(node, node.input(index), name, {4})))
      return failure();
  Value queries = node.input(0), keys = node.input(1), values = node.input(2);
  Type element = NodeImporter::elementType(queries);
  Type precision = softmaxType(node, element);
  if (!precision)
    return node.invalid("softmax_precision is not the number of a float type");
  FailureOr<HeadGroups> groups = HeadGroups::of(node, queries, keys);
  if (failed(groups))
    return failure();

  Value scale = attentionScale(node, queries, element);
  Value scaledQueries = groups->fold(node, node.mul(queries, scale));
  Value scaledKeys = node.transpose(node.mul(keys, scale), {0, 1, 3, 2});
  Value products = node.create<nn::MatMulOp>(scaledQueries, scaledKeys);
  Value scores = node.cast(groups->unfold(node, products), precision);
  FailureOr<Value> modifiedScores = modified(node, "score_mod", scores);
  if (failed(modifiedScores))
    return failure();
  Value probabilities = node.create<nn::SoftmaxOp>(node.cast(*modifiedScores, precision), 3);
  FailureOr<Value> modifiedProbabilities = modified(node, "prob_mod", probabilities);
  if (failed(modifiedProbabilities))
    return failure();

  Value weights = groups->fold(node, node.cast(*modifiedProbabilities, precision));
  Value y = node.create<nn::MatMulOp>(weights, node.cast(values, precision));
  node.setOutput(0, node.cast(groups->unfold(node, y), element));
  return success();
}

} // namespace pebble::onnx
