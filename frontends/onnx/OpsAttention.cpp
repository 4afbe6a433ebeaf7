// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Attention and its companions, decomposed as the function bodies of the ONNX standard do.
#include "frontends/onnx/Attention.h"
#include "frontends/onnx/Compose.h"
#include "frontends/onnx/Registry.h"

#include <array>
#include <limits>

using namespace mlir;

namespace pebble::onnx {

Value attentionScale(NodeImporter &node, Value queries, Type element) {
  Type f32 = node.builder().getF32Type();
  Value scale;
  if (node.hasAttr("scale")) {
    scale = node.scalar(f32, node.floatAttr("scale", 1));
  } else {
    Value headSize = node.reshape(node.dim(queries, 3), ArrayRef<int64_t>());
    scale = node.div(node.scalar(f32, 1), node.create<nn::SqrtOp>(node.cast(headSize, f32)));
  }
  return node.cast(node.create<nn::SqrtOp>(scale), element);
}

FailureOr<HeadGroups> HeadGroups::of(NodeImporter &node, Value queries, Value keys) {
  HeadGroups groups;
  groups.queryHeads = NodeImporter::type(queries).getDimSize(1);
  groups.keyHeads = NodeImporter::type(keys).getDimSize(1);
  if (groups.queryHeads == groups.keyHeads && !ShapedType::isDynamic(groups.queryHeads))
    return groups;
  if (ShapedType::isDynamic(groups.queryHeads) || ShapedType::isDynamic(groups.keyHeads))
    return node.unsupported("attention with a number of heads that is not known");
  if (groups.keyHeads < 1 || groups.queryHeads % groups.keyHeads != 0)
    return node.invalid("the number of query heads, " + Twine(groups.queryHeads) +
                        ", is no multiple of the number of key heads, " + Twine(groups.keyHeads));
  return groups;
}

Value HeadGroups::fold(NodeImporter &node, Value perQueryHead) const {
  if (queryHeads == keyHeads)
    return perQueryHead;
  return node.reshape(perQueryHead, node.concat({node.dim(perQueryHead, 0), node.ints({keyHeads}),
                                                 node.ints({-1}), node.dim(perQueryHead, 3)},
                                                0));
}

Value HeadGroups::unfold(NodeImporter &node, Value perKeyHead) const {
  if (queryHeads == keyHeads)
    return perKeyHead;
  return node.reshape(perKeyHead, node.concat({node.dim(perKeyHead, 0), node.ints({queryHeads}),
                                               node.ints({-1}), node.dim(perKeyHead, 3)},
                                              0));
}

namespace {

constexpr double negativeInfinity = -std::numeric_limits<double>::infinity();

/// [batch, sequence, heads * size] as [batch, heads, sequence, size].
Value splitHeads(NodeImporter &node, Value x, int64_t heads) {
  return node.transpose(reshapeKeeping(node, x, {0, 0, heads, -1}), {0, 2, 1, 3});
}

Value mergeHeads(NodeImporter &node, Value x) {
  return reshapeKeeping(node, node.transpose(x, {0, 2, 1, 3}), {0, 0, -1});
}

/// 0 where the condition holds, -inf elsewhere.
Value maskBias(NodeImporter &node, Value condition, Type element) {
  return select(node, condition, node.scalar(element, 0), node.scalar(element, negativeInfinity));
}

/// A mask shorter than the keys leaves out the keys beyond it.
Value padMask(NodeImporter &node, Value mask, Value totalLength, int64_t staticTotal) {
  RankedTensorType type = NodeImporter::type(mask);
  int64_t last = type.getRank() - 1;
  if (type.getDimSize(last) == staticTotal && !ShapedType::isDynamic(staticTotal))
    return mask;
  Value padding = node.sub(totalLength, node.dim(mask, last));
  Value pads = node.concat({node.ints({0}), padding}, 0);
  Type element = type.getElementType();
  Value filler = node.scalar(element, element.isInteger(1) ? 0 : negativeInfinity);
  return node.create<nn::PadOp>(mask, pads, filler, node.ints({last}), nn::PadMode::constant);
}

/// What is added to the scores: the mask, the causal triangle and the padding; null when nothing.
Value attentionBias(NodeImporter &node, Value queries, Value keys, Type element) {
  Value bias;
  auto include = [&](Value term) { bias = bias ? node.add(bias, term) : term; };
  Value totalLength = node.dim(keys, 2);
  if (Value mask = node.input(3)) {
    if (node.opset() >= 24)
      mask = padMask(node, mask, totalLength, NodeImporter::type(keys).getDimSize(2));
    include(NodeImporter::elementType(mask).isInteger(1) ? maskBias(node, mask, element)
                                                         : node.cast(mask, element));
  }
  auto scalarOf = [&](Value length) { return node.reshape(length, ArrayRef<int64_t>()); };
  if (node.intAttr("is_causal", 0) != 0) {
    Value rows = node.unsqueeze(iota(node, scalarOf(node.dim(queries, 2))), {1});
    if (node.hasInput(4))
      rows = node.add(rows, node.dim(node.input(4), 2));
    Value columns = node.unsqueeze(iota(node, scalarOf(totalLength)), {0});
    include(maskBias(node, compare(node, nn::ComparePredicate::ge, rows, columns), element));
  }
  if (node.hasInput(6)) {
    Value limits = node.unsqueeze(node.input(6), {1, 2, 3});
    Value positions = iota(node, scalarOf(totalLength));
    include(maskBias(node, compare(node, nn::ComparePredicate::lt, positions, limits), element));
  }
  return bias;
}

LogicalResult checkOperands(NodeImporter &node) {
  int64_t rank = NodeImporter::rank(node.input(0));
  if (rank != 3 && rank != 4)
    return node.invalid("Q has " + Twine(rank) + " dims; expected 3 or 4");
  for (auto [index, name] : llvm::enumerate(std::array<StringRef, 3>{"Q", "K", "V"}))
    if (failed(checkRank(node, node.input(index), name, {rank})))
      return failure();
  if (node.hasInput(4) != node.hasInput(5))
    return node.invalid("past_key and past_value must be given together");
  for (auto [index, name] : llvm::enumerate(std::array<StringRef, 2>{"past_key", "past_value"}))
    if (node.hasInput(4 + index) && failed(checkRank(node, node.input(4 + index), name, {4})))
      return failure();
  if (node.hasInput(6) && failed(checkRank(node, node.input(6), "nonpad_kv_seqlen", {1})))
    return failure();
  return success();
}

LogicalResult importAttention(NodeImporter &node) {
  if (failed(checkOperands(node)))
    return failure();
  Value queries = node.input(0), keys = node.input(1), values = node.input(2);
  bool merged = NodeImporter::rank(queries) == 3;
  if (merged) {
    int64_t queryHeads = node.intAttr("q_num_heads", 0);
    int64_t keyHeads = node.intAttr("kv_num_heads", 0);
    if (queryHeads < 1 || keyHeads < 1)
      return node.invalid("inputs of 3 dims need q_num_heads and kv_num_heads");
    queries = splitHeads(node, queries, queryHeads);
    keys = splitHeads(node, keys, keyHeads);
    values = splitHeads(node, values, keyHeads);
  }
  if (node.hasInput(4)) {
    keys = node.concat({node.input(4), keys}, 2);
    values = node.concat({node.input(5), values}, 2);
  }
  FailureOr<HeadGroups> groups = HeadGroups::of(node, queries, keys);
  if (failed(groups))
    return failure();

  Type element = NodeImporter::elementType(queries);
  Value scale = attentionScale(node, queries, element);
  Value scaledKeys = node.mul(node.transpose(keys, {0, 1, 3, 2}), scale);
  Value scaledQueries = groups->fold(node, node.mul(queries, scale));
  Value products = groups->unfold(node, node.create<nn::MatMulOp>(scaledQueries, scaledKeys));
  Value capped = products;
  double softcap = node.floatAttr("softcap", 0);
  if (softcap != 0) {
    Value cap = node.scalar(element, softcap);
    capped = node.mul(node.create<nn::TanhOp>(node.div(products, cap)), cap);
  }
  Value biased = capped;
  if (Value bias = attentionBias(node, queries, keys, element))
    biased = node.add(capped, bias);

  Type precision = element;
  if (node.hasAttr("softmax_precision")) {
    int64_t number = node.intAttr("softmax_precision", 1);
    precision = floatTypeOf(node, number);
    if (!precision)
      return node.invalid("softmax_precision is " + Twine(number) +
                          "; expected the number of a float type");
  }
  Value weights = node.create<nn::SoftmaxOp>(node.cast(biased, precision), 3);
  weights = node.cast(weights, element);
  Value y = node.create<nn::MatMulOp>(groups->fold(node, weights), node.cast(values, element));
  y = groups->unfold(node, y);

  node.setOutput(0, merged ? mergeHeads(node, y) : y);
  if (node.wantsOutput(1))
    node.setOutput(1, keys);
  if (node.wantsOutput(2))
    node.setOutput(2, values);
  if (node.wantsOutput(3)) {
    int64_t mode = node.intAttr("qk_matmul_output_mode", 0);
    if (mode < 0 || mode > 3)
      return node.invalid("qk_matmul_output_mode is " + Twine(mode) + "; expected 0 to 3");
    const Value modes[] = {products, capped, biased, weights};
    node.setOutput(3, modes[mode]);
  }
  return success();
}

/// The two parts of each pair that rotates: the halves, or every second entry.
std::pair<Value, Value> rotatedPairs(NodeImporter &node, Value x, bool interleaved) {
  if (interleaved)
    return {sliceStrided(node, x, 3, 0, 2), sliceStrided(node, x, 3, 1, 2)};
  Value size = node.dim(x, 3);
  Value half = node.div(size, node.ints({2}));
  return {sliceBetween(node, x, 3, node.ints({0}), half), sliceBetween(node, x, 3, half, size)};
}

LogicalResult importRotaryEmbedding(NodeImporter &node) {
  Value input = node.input(0), cosines = node.input(1), sines = node.input(2);
  if (failed(checkRank(node, input, "X", {3, 4})))
    return failure();
  bool merged = NodeImporter::rank(input) == 3;
  int64_t heads = node.intAttr("num_heads", 0);
  if (merged && heads < 1)
    return node.invalid("an input of 3 dims needs num_heads");
  // From here on: [batch, sequence, heads, size].
  Value x =
      merged ? reshapeKeeping(node, input, {0, 0, heads, -1}) : node.transpose(input, {0, 2, 1, 3});

  int64_t rotaryDim = node.intAttr("rotary_embedding_dim", 0);
  Value rest;
  if (rotaryDim != 0) {
    rest = node.slice(x, 3, rotaryDim, INT64_MAX);
    x = node.slice(x, 3, 0, rotaryDim);
  }
  if (Value positions = node.input(3)) {
    cosines = gather(node, cosines, positions, 0);
    sines = gather(node, sines, positions, 0);
  }
  cosines = node.unsqueeze(cosines, {2});
  sines = node.unsqueeze(sines, {2});

  bool interleaved = node.intAttr("interleaved", 0) != 0;
  auto [first, second] = rotatedPairs(node, x, interleaved);
  Value real = node.sub(node.mul(cosines, first), node.mul(sines, second));
  Value imaginary = node.add(node.mul(sines, first), node.mul(cosines, second));
  Value rotated;
  if (interleaved) {
    Value pairs = node.concat({node.unsqueeze(real, {4}), node.unsqueeze(imaginary, {4})}, 4);
    rotated = node.reshape(pairs, node.shapeOf(x));
  } else {
    rotated = node.concat({real, imaginary}, 3);
  }
  if (rest)
    rotated = node.concat({rotated, rest}, 3);
  node.setOutput(0, merged ? node.reshape(rotated, node.shapeOf(input))
                           : node.transpose(rotated, {0, 2, 1, 3}));
  return success();
}

} // namespace

void addAttentionOps(std::vector<OpEntry> &rows) {
  static constexpr llvm::StringLiteral staticHeads = "a number of heads that is not known";
  rows.insert(rows.end(),
              {
                  {"", "Attention", 23, importAttention, staticHeads},
                  {"", "CausalConvWithState", 27, importCausalConvWithState,
                   "a number of channels that is not known"},
                  {"", "LinearAttention", 27, importLinearAttention},
                  {"", "RotaryEmbedding", 23, importRotaryEmbedding},
                  {"ai.onnx.preview", "FlexAttention", 1, importFlexAttention, staticHeads},
              });
}

} // namespace pebble::onnx
