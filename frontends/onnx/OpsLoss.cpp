// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Training losses, decomposed as the function bodies of the ONNX standard do.
#include "frontends/onnx/Compose.h"
#include "frontends/onnx/Registry.h"

using namespace mlir;

namespace pebble::onnx {
namespace {

Value reduceAll(NodeImporter &node, Value x, bool mean) {
  Value axes = node.ints(axesBetween(0, NodeImporter::rank(x)));
  return mean ? node.create<nn::ReduceMeanOp>(x, axes, /*keepdims=*/false)
              : node.create<nn::ReduceSumOp>(x, axes, /*keepdims=*/false);
}

/// The negated entry of `logProbabilities` (N, C, d...) at each target (N, d...), weighted.
Value negativeLogLikelihood(NodeImporter &node, Value logProbabilities, Value target,
                            Value weight) {
  Type element = NodeImporter::elementType(logProbabilities);
  Value zero = node.scalar(element, 0), one = node.scalar(element, 1);
  Value ignored;
  if (node.hasAttr("ignore_index")) {
    Type index = NodeImporter::elementType(target);
    Value ignoredIndex = node.cast(node.intScalar(node.intAttr("ignore_index", 0)), index);
    ignored = compare(node, nn::ComparePredicate::eq, target, ignoredIndex);
    // An ignored target need not be a class: class 0 stands in for it.
    target = select(node, ignored, node.scalar(index, 0), target);
  }
  Value picked = node.create<nn::GatherElementsOp>(logProbabilities, node.unsqueeze(target, {1}),
                                                   /*axis=*/1);
  Value loss = node.create<nn::NegOp>(node.squeeze(picked, {1}));
  Value weights = weight ? gather(node, weight, target, 0) : Value();
  if (ignored) {
    loss = select(node, ignored, zero, loss);
    weights = select(node, ignored, zero, weights ? weights : one);
  }
  if (weights)
    loss = node.mul(loss, weights);

  switch (node.enumAttr("reduction", "mean", {"none", "sum", "mean"})) {
  case 0:
    return loss;
  case 1:
    return reduceAll(node, loss, /*mean=*/false);
  default:
    if (!weights)
      return reduceAll(node, loss, /*mean=*/true);
    return node.div(reduceAll(node, loss, /*mean=*/false),
                    reduceAll(node, weights, /*mean=*/false));
  }
}

LogicalResult checkTarget(NodeImporter &node) {
  int64_t rank = NodeImporter::rank(node.input(0));
  if (rank < 2)
    return node.invalid("the input has " + Twine(rank) + " dims; expected N, C and more");
  return checkRank(node, node.input(1), "target", {rank - 1});
}

LogicalResult importNegativeLogLikelihoodLoss(NodeImporter &node) {
  if (failed(checkTarget(node)))
    return failure();
  node.setOutput(0, negativeLogLikelihood(node, node.input(0), node.input(1), node.input(2)));
  return success();
}

LogicalResult importSoftmaxCrossEntropyLoss(NodeImporter &node) {
  if (failed(checkTarget(node)))
    return failure();
  Value logProbabilities = node.create<nn::LogSoftmaxOp>(node.input(0), /*axis=*/1);
  node.setOutput(0, negativeLogLikelihood(node, logProbabilities, node.input(1), node.input(2)));
  if (node.wantsOutput(1))
    node.setOutput(1, logProbabilities);
  return success();
}

} // namespace

void addLossOps(std::vector<OpEntry> &rows) {
  rows.insert(rows.end(),
              {
                  {"", "NegativeLogLikelihoodLoss", 12, importNegativeLogLikelihoodLoss},
                  {"", "SoftmaxCrossEntropyLoss", 12, importSoftmaxCrossEntropyLoss},
              });
}

} // namespace pebble::onnx
