// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Normalizations. All but LRN come down to nn.layer_norm or to arithmetic on reductions; statistics
// of f16 and bf16 are taken in f32.
#include "frontends/onnx/Compose.h"
#include "frontends/onnx/Registry.h"

using namespace mlir;

namespace pebble::onnx {
namespace {

constexpr float defaultEpsilon = 1e-5f;

/// The type that statistics of a tensor are computed in.
Type statisticsType(NodeImporter &node, Type element) {
  return isHalf(element) ? node.builder().getF32Type() : element;
}

struct Moments {
  Value mean;
  Value variance;
};

/// Mean and population variance over `axes`, kept as dims of 1.
Moments moments(NodeImporter &node, Value x, ArrayRef<int64_t> axes) {
  Value mean = reduce<nn::ReduceMeanOp>(node, x, axes);
  Value deviation = node.sub(x, mean);
  return {mean, reduce<nn::ReduceMeanOp>(node, node.mul(deviation, deviation), axes)};
}

Value addEpsilon(NodeImporter &node, Value variance) {
  double epsilon = node.floatAttr("epsilon", defaultEpsilon);
  return node.add(variance, node.scalar(NodeImporter::elementType(variance), epsilon));
}

/// Per-channel scale and offset such that scale * x + offset normalizes. With constant parameters
/// both fold to constants, which a preceding convolution can absorb.
Value applyBatchNorm(NodeImporter &node, Value x, Value mean, Value variance) {
  Type element = statisticsType(node, NodeImporter::elementType(x));
  int64_t rank = NodeImporter::rank(x);
  Value gamma = node.cast(node.input(1), element), beta = node.cast(node.input(2), element);
  Value deviation = node.create<nn::SqrtOp>(addEpsilon(node, node.cast(variance, element)));
  Value scale = node.div(gamma, deviation);
  Value offset = node.sub(beta, node.mul(node.cast(mean, element), scale));
  Value scaled = node.mul(node.cast(x, element), alongAxis(node, scale, 1, rank));
  return node.cast(node.add(scaled, alongAxis(node, offset, 1, rank)),
                   NodeImporter::elementType(x));
}

LogicalResult importBatchNorm(NodeImporter &node) {
  if (node.intAttr("spatial", 1) == 0)
    return node.unsupported("BatchNormalization with spatial = 0; export with opset 9 or later");
  for (unsigned output = 1; output < node.numOutputs(); ++output)
    if (node.wantsOutput(output))
      return node.unsupported("BatchNormalization's training outputs before opset 14; export with "
                              "opset 14 or later, or for inference");
  node.setOutput(0, applyBatchNorm(node, node.input(0), node.input(3), node.input(4)));
  return success();
}

LogicalResult importBatchNormTraining(NodeImporter &node) {
  if (node.intAttr("training_mode", 0) == 0) {
    node.setOutput(0, applyBatchNorm(node, node.input(0), node.input(3), node.input(4)));
    return success();
  }
  Value x = node.input(0);
  int64_t rank = NodeImporter::rank(x);
  if (rank < 2)
    return node.unsupported(
        "BatchNormalization in training mode of a tensor with less than 2 dims");
  SmallVector<int64_t> axes = axesBetween(2, rank);
  axes.insert(axes.begin(), 0);
  Type element = statisticsType(node, NodeImporter::elementType(x));
  Moments current = moments(node, node.cast(x, element), axes);
  Value mean = node.reshape(current.mean, {-1}), variance = node.reshape(current.variance, {-1});
  node.setOutput(0, applyBatchNorm(node, x, mean, variance));

  double momentum = node.floatAttr("momentum", 0.9f);
  auto running = [&](Value previous, Value value) {
    Value kept = node.mul(node.cast(previous, element), node.scalar(element, momentum));
    Value fresh = node.mul(value, node.scalar(element, 1 - momentum));
    return node.cast(node.add(kept, fresh), NodeImporter::elementType(previous));
  };
  if (node.wantsOutput(1))
    node.setOutput(1, running(node.input(3), mean));
  if (node.wantsOutput(2))
    node.setOutput(2, running(node.input(4), variance));
  return success();
}

/// nn.layer_norm without scale and offset over the dims from `axis` on.
Value normalize(NodeImporter &node, Value x, int64_t axis, bool rms) {
  Value one = node.scalar(NodeImporter::elementType(x), 1);
  APFloat epsilon(node.floatAttr("epsilon", defaultEpsilon));
  return node.create<nn::LayerNormOp>(x, one, Value(), axis, rms, epsilon);
}

LogicalResult importInstanceNorm(NodeImporter &node) {
  Value x = node.input(0);
  int64_t rank = NodeImporter::rank(x);
  if (rank < 3)
    return node.invalid("input has " + Twine(rank) + " dims; expected N, C and at least one more");
  Type element = statisticsType(node, NodeImporter::elementType(x));
  Value planes = reshapeKeeping(node, node.cast(x, element), {0, 0, -1});
  Value scale = alongAxis(node, node.cast(node.input(1), element), 1, 3);
  Value bias = alongAxis(node, node.cast(node.input(2), element), 1, 3);
  Value y = node.add(node.mul(normalize(node, planes, 2, /*rms=*/false), scale), bias);
  node.setOutput(0, node.cast(node.reshape(y, node.shapeOf(x)), NodeImporter::elementType(x)));
  return success();
}

Type stashType(NodeImporter &node) {
  int64_t number = node.intAttr("stash_type", 1);
  Type type = floatTypeOf(node, number);
  if (!type)
    (void)node.invalid("stash_type is " + Twine(number) + "; expected the number of a float type");
  return type;
}

LogicalResult importGroupNorm(NodeImporter &node) {
  Value x = node.input(0);
  int64_t rank = NodeImporter::rank(x), groups = node.intAttr("num_groups", 0);
  if (rank < 2 || groups < 1)
    return node.invalid("expected an input N x C x ... and a positive num_groups");
  // Version 18 has one scale per group; version 21 one per channel.
  bool perGroup = node.opset() < 21;
  Type element = NodeImporter::elementType(x);
  Type stash = perGroup ? statisticsType(node, element) : stashType(node);
  if (!stash)
    return failure();
  Value grouped = reshapeKeeping(node, node.cast(x, stash), {0, groups, -1});
  Value y = node.cast(normalize(node, grouped, 2, /*rms=*/false), element);
  if (!perGroup) {
    Value channels = node.concat({node.dim(x, 0), node.dim(x, 1), node.ints({-1})}, 0);
    y = node.reshape(y, channels);
  }
  y = node.mul(alongAxis(node, node.cast(node.input(1), element), 1, 3), y);
  y = node.add(y, alongAxis(node, node.cast(node.input(2), element), 1, 3));
  node.setOutput(0, node.reshape(y, node.shapeOf(x)));
  return success();
}

/// Whether a scale or bias broadcasts to the normalized dims alone.
bool coversNormalizedDims(Value parameter, Value x, int64_t axis) {
  return !parameter || NodeImporter::rank(parameter) <= NodeImporter::rank(x) - axis;
}

struct LayerNorm {
  Value result, mean, invStd;
};

/// Statistics and the normalized value in `stash`, scale and bias in the type of `scale`.
LayerNorm layerNorm(NodeImporter &node, Value x, Value scale, Value bias, int64_t axis, bool rms,
                    Type stash) {
  APFloat epsilon(node.floatAttr("epsilon", defaultEpsilon));
  Type element = NodeImporter::elementType(scale);
  bool oneOp = NodeImporter::elementType(x) == stash && element == stash &&
               coversNormalizedDims(scale, x, axis) && coversNormalizedDims(bias, x, axis);
  Value opScale = oneOp ? scale : node.scalar(stash, 1);
  SmallVector<Value> results = node.createN<nn::LayerNormOp>(
      node.cast(x, stash), opScale, oneOp ? bias : Value(), axis, rms, epsilon);
  if (results.size() != 3)
    return {};
  LayerNorm norm{results[0], node.cast(results[1], stash), node.cast(results[2], stash)};
  if (oneOp)
    return norm;
  norm.result = node.mul(node.cast(norm.result, element), scale);
  if (bias)
    norm.result = node.add(norm.result, bias);
  return norm;
}

LogicalResult importLayerNorm(NodeImporter &node, bool rms) {
  Value x = node.input(0), scale = node.input(1);
  Value bias = rms ? Value() : node.input(2);
  std::optional<int64_t> axis = node.normalizeAxis(node.intAttr("axis", -1), NodeImporter::rank(x));
  Type stash = stashType(node);
  if (!axis || !stash)
    return failure();
  LayerNorm norm = layerNorm(node, x, scale, bias, *axis, rms, stash);
  node.setOutput(0, norm.result);
  // Simplified layer normalization has no mean: its second output is the inverse deviation.
  if (node.wantsOutput(1))
    node.setOutput(1, rms ? norm.invStd : norm.mean);
  if (node.wantsOutput(2))
    node.setOutput(2, norm.invStd);
  return success();
}

LogicalResult importLayerNormalization(NodeImporter &node) {
  return importLayerNorm(node, /*rms=*/false);
}

LogicalResult importRmsNormalization(NodeImporter &node) {
  return importLayerNorm(node, /*rms=*/true);
}

/// com.microsoft's layer normalization of input + skip (+ bias). The two forms differ in the
/// position of bias: the simplified one has no beta.
LogicalResult importSkipLayerNorm(NodeImporter &node, bool rms) {
  Value sum = node.add(node.input(0), node.input(1));
  unsigned biasIndex = rms ? 3 : 4;
  if (node.hasInput(biasIndex))
    sum = node.add(sum, node.input(biasIndex));
  Value beta = rms ? Value() : node.input(3);
  Type stash = statisticsType(node, NodeImporter::elementType(sum));
  LayerNorm norm =
      layerNorm(node, sum, node.input(2), beta, NodeImporter::rank(sum) - 1, rms, stash);
  node.setOutput(0, norm.result);
  if (node.wantsOutput(1))
    node.setOutput(1, norm.mean);
  if (node.wantsOutput(2))
    node.setOutput(2, norm.invStd);
  if (node.wantsOutput(3))
    node.setOutput(3, sum);
  return success();
}

LogicalResult importSkipLayerNormalization(NodeImporter &node) {
  return importSkipLayerNorm(node, /*rms=*/false);
}

LogicalResult importSkipSimplifiedLayerNormalization(NodeImporter &node) {
  return importSkipLayerNorm(node, /*rms=*/true);
}

LogicalResult importLpNorm(NodeImporter &node) {
  Value x = node.input(0);
  int64_t p = node.intAttr("p", 2);
  std::optional<int64_t> axis = node.normalizeAxis(node.intAttr("axis", -1), NodeImporter::rank(x));
  if (!axis)
    return failure();
  if (p != 1 && p != 2)
    return node.invalid("p is " + Twine(p) + "; expected 1 or 2");
  Type element = statisticsType(node, NodeImporter::elementType(x));
  Value wide = node.cast(x, element);
  Value terms = p == 1 ? node.create<nn::AbsOp>(wide) : node.mul(wide, wide);
  Value norm = reduce<nn::ReduceSumOp>(node, terms, {*axis});
  if (p == 2)
    norm = node.create<nn::SqrtOp>(norm);
  Value zero = node.scalar(element, 0);
  Value isZero = compare(node, nn::ComparePredicate::eq, norm, zero);
  Value y = select(node, isZero, zero, node.div(wide, norm));
  node.setOutput(0, node.cast(y, NodeImporter::elementType(x)));
  return success();
}

LogicalResult importMeanVarianceNorm(NodeImporter &node) {
  Value x = node.input(0);
  std::vector<int64_t> axes = node.intsAttr("axes", {0, 2, 3});
  for (int64_t &axis : axes) {
    std::optional<int64_t> normalized = node.normalizeAxis(axis, NodeImporter::rank(x));
    if (!normalized)
      return failure();
    axis = *normalized;
  }
  Type element = statisticsType(node, NodeImporter::elementType(x));
  Value wide = node.cast(x, element);
  Moments current = moments(node, wide, axes);
  Value deviation =
      node.add(node.create<nn::SqrtOp>(current.variance), node.scalar(element, 1e-9f));
  Value y = node.div(node.sub(wide, current.mean), deviation);
  node.setOutput(0, node.cast(y, NodeImporter::elementType(x)));
  return success();
}

LogicalResult importLrn(NodeImporter &node) {
  int64_t size = node.intAttr("size", 0);
  if (size < 1)
    return node.invalid("size is " + Twine(size) + "; expected a positive number");
  node.setOutput(0, node.create<nn::LRNOp>(node.input(0), size,
                                           APFloat(node.floatAttr("alpha", 0.0001f)),
                                           APFloat(node.floatAttr("beta", 0.75)),
                                           APFloat(node.floatAttr("bias", 1.0))));
  return success();
}

} // namespace

void addNormalizationOps(std::vector<OpEntry> &rows) {
  static constexpr llvm::StringLiteral ms = "com.microsoft";
  static constexpr llvm::StringLiteral oldTraining = "spatial = 0, training outputs";
  rows.insert(rows.end(), {
                              {"", "BatchNormalization", 7, importBatchNorm, oldTraining},
                              {"", "BatchNormalization", 14, importBatchNormTraining},
                              {"", "GroupNormalization", 18, importGroupNorm},
                              {"", "InstanceNormalization", 6, importInstanceNorm},
                              {"", "LRN", 1, importLrn},
                              {"", "LayerNormalization", 17, importLayerNormalization},
                              {"", "LpNormalization", 1, importLpNorm},
                              {"", "MeanVarianceNormalization", 9, importMeanVarianceNorm},
                              {"", "RMSNormalization", 23, importRmsNormalization},
                              {"", "SimplifiedLayerNormalization", 1, importRmsNormalization},
                              {ms, "SkipLayerNormalization", 1, importSkipLayerNormalization},
                              {ms, "SkipSimplifiedLayerNormalization", 1,
                               importSkipSimplifiedLayerNormalization},
                          });
}

} // namespace pebble::onnx
