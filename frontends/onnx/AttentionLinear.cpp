// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// LinearAttention, a loop over the steps of the sequence, and the causal convolution that goes with
// it.
#include "frontends/onnx/Attention.h"
#include "frontends/onnx/Compose.h"

#include <array>

using namespace mlir;

namespace pebble::onnx {
namespace {

struct UpdateRule {
  bool decays = false;   ///< The state fades by exp(decay) at each step.
  bool corrects = false; ///< Only what the state does not already hold is written.
};

/// [batch, sequence, heads * size] as [sequence, batch, heads, size].
Value timeFirst(NodeImporter &node, Value x, ArrayRef<int64_t> heads) {
  return node.transpose(reshapeKeeping(node, x, heads), {1, 0, 2, 3});
}

/// The operands of the loop over time, each with time first, null when the rule has no use for it.
struct Sequences {
  Value query, key, value, decay, beta;
};

FailureOr<UpdateRule> readRule(NodeImporter &node) {
  int64_t rule =
      node.enumAttr("update_rule", "gated_delta", {"linear", "gated", "delta", "gated_delta"});
  UpdateRule result{rule == 1 || rule == 3, rule == 2 || rule == 3};
  if (result.decays != node.hasInput(4))
    return node.invalid(result.decays ? "this update_rule needs the input decay"
                                      : "this update_rule has no use for the input decay");
  if (result.corrects != node.hasInput(5))
    return node.invalid(result.corrects ? "this update_rule needs the input beta"
                                        : "this update_rule has no use for the input beta");
  return result;
}

/// One step: the next state and the output of the query heads, both in f32.
std::pair<Value, Value> linearStep(NodeImporter &node, const Sequences &sequences, Value step,
                                   Value state, int64_t queryHeads, int64_t keyHeads) {
  Type f32 = node.builder().getF32Type();
  auto at = [&](Value sequence) { return node.cast(gather(node, sequence, step, 0), f32); };
  Value query = at(sequences.query), key = at(sequences.key), value = at(sequences.value);
  if (sequences.decay)
    state = node.mul(state, node.unsqueeze(node.create<nn::ExpOp>(at(sequences.decay)), {3}));
  Value keyColumn = node.unsqueeze(key, {3});
  if (sequences.beta) {
    Value known = node.create<nn::MatMulOp>(node.transpose(state, {0, 1, 3, 2}), keyColumn);
    value = node.mul(at(sequences.beta), node.sub(value, node.squeeze(known, {3})));
  }
  state = node.add(state, node.create<nn::MatMulOp>(keyColumn, node.unsqueeze(value, {2})));
  // Query heads of a group are rows that read one state.
  int64_t group = queryHeads / keyHeads;
  Value rows = reshapeKeeping(node, query, {0, keyHeads, group, -1});
  Value read = node.create<nn::MatMulOp>(rows, state);
  return {state, node.reshape(read, node.concat({node.dim(query, 0), node.ints({queryHeads}),
                                                 node.dim(state, 3)},
                                                0))};
}

/// The same tensor under a type that the loop needs.
Value withType(NodeImporter &node, Value value, Type type) {
  if (NodeImporter::type(value) == type)
    return value;
  Value shape = node.shapeOf(value);
  return shape ? nn::ReshapeOp::create(node.builder(), node.loc(), type, value, shape,
                                       /*allowzero=*/true)
               : Value();
}

} // namespace

LogicalResult importLinearAttention(NodeImporter &node) {
  for (auto [index, name] : llvm::enumerate(std::array<StringRef, 3>{"query", "key", "value"}))
    if (failed(checkRank(node, node.input(index), name, {3})))
      return failure();
  FailureOr<UpdateRule> rule = readRule(node);
  int64_t queryHeads = node.intAttr("q_num_heads", 0), keyHeads = node.intAttr("kv_num_heads", 0);
  if (failed(rule) || node.failed())
    return failure();
  if (queryHeads < 1 || keyHeads < 1 || queryHeads % keyHeads != 0)
    return node.invalid("q_num_heads must be a positive multiple of kv_num_heads");

  Type f32 = node.builder().getF32Type();
  Sequences sequences;
  sequences.query = timeFirst(node, node.input(0), {0, 0, queryHeads, -1});
  sequences.key = timeFirst(node, node.input(1), {0, 0, keyHeads, -1});
  sequences.value = timeFirst(node, node.input(2), {0, 0, keyHeads, -1});
  if (rule->decays)
    sequences.decay = timeFirst(node, node.input(4), {0, 0, keyHeads, -1});
  if (rule->corrects)
    sequences.beta = timeFirst(node, node.input(5), {0, 0, -1, 1});

  Value batch = node.dim(node.input(0), 0), length = node.dim(node.input(0), 1);
  Value keySize = node.dim(sequences.key, 3), valueSize = node.dim(sequences.value, 3);
  Value pastState = node.input(3);
  Value state = pastState
                    ? node.cast(pastState, f32)
                    : filled(node, f32, 0,
                             node.concat({batch, node.ints({keyHeads}), keySize, valueSize}, 0));
  Value outputs =
      filled(node, f32, 0, node.concat({length, batch, node.ints({queryHeads}), valueSize}, 0));

  OpBuilder &builder = node.builder();
  Value tripCount = node.reshape(length, ArrayRef<int64_t>());
  Value proceed = node.scalar(builder.getI1Type(), 1);
  if (node.failed())
    return failure();
  auto loop = nn::LoopOp::create(builder, node.loc(),
                                 {NodeImporter::type(state), NodeImporter::type(outputs)},
                                 tripCount, proceed, {state, outputs});
  {
    OpBuilder::InsertionGuard guard(builder);
    Block &body = loop.getBody().emplaceBlock();
    Type index = RankedTensorType::get({}, builder.getI64Type());
    Value step = body.addArgument(index, node.loc());
    Value condition = body.addArgument(NodeImporter::type(proceed), node.loc());
    Value stateIn = body.addArgument(NodeImporter::type(state), node.loc());
    Value outputsIn = body.addArgument(NodeImporter::type(outputs), node.loc());
    builder.setInsertionPointToStart(&body);
    auto [stateOut, read] = linearStep(node, sequences, step, stateIn, queryHeads, keyHeads);
    Value outputsOut =
        node.create<nn::ScatterNDOp>(outputsIn, node.reshape(step, {1, 1}),
                                     node.unsqueeze(read, {0}), nn::ScatterReduction::none);
    stateOut = withType(node, stateOut, NodeImporter::type(state));
    outputsOut = withType(node, outputsOut, NodeImporter::type(outputs));
    if (node.failed())
      return failure();
    nn::YieldOp::create(builder, node.loc(), {condition, stateOut, outputsOut});
  }

  Value scale;
  if (double given = node.floatAttr("scale", 0); given != 0) {
    scale = node.scalar(f32, given);
  } else {
    Value size = node.cast(node.reshape(keySize, ArrayRef<int64_t>()), f32);
    scale = node.create<nn::ReciprocalOp>(node.create<nn::SqrtOp>(size));
  }
  Type element = NodeImporter::elementType(node.input(0));
  Value scaled = node.cast(node.mul(loop.getResult(1), scale), element);
  node.setOutput(0, reshapeKeeping(node, node.transpose(scaled, {1, 0, 2, 3}), {0, 0, -1}));
  if (node.wantsOutput(1))
    node.setOutput(1, node.cast(loop.getResult(0),
                                pastState ? NodeImporter::elementType(pastState) : element));
  return success();
}

LogicalResult importCausalConvWithState(NodeImporter &node) {
  Value input = node.input(0), weight = node.input(1), past = node.input(3);
  for (auto [index, name] : llvm::enumerate(std::array<StringRef, 2>{"input", "weight"}))
    if (failed(checkRank(node, node.input(index), name, {3})))
      return failure();
  int64_t channels = NodeImporter::type(weight).getDimSize(0);
  if (ShapedType::isDynamic(channels))
    return node.unsupported("a weight whose number of channels is not known");
  Type element = NodeImporter::elementType(input), f32 = node.builder().getF32Type();
  Value stateLength = node.sub(node.dim(weight, 2), node.ints({1}));
  if (!past)
    past = filled(node, element, 0,
                  node.concat({node.dim(input, 0), node.dim(input, 1), stateLength}, 0));
  Value padded = node.concat({past, input}, 2);
  const std::array<int64_t, 1> one = {1};
  const std::array<int64_t, 2> noPads = {0, 0};
  Value y = node.create<nn::ConvOp>(padded, weight, node.input(2), ArrayRef(one), ArrayRef(one),
                                    ArrayRef(noPads), channels, nn::AutoPad::explicit_pads);
  if (node.enumAttr("activation", "none", {"none", "silu", "swish"}) != 0) {
    Value wide = node.cast(y, f32);
    y = node.cast(node.mul(wide, node.create<nn::SigmoidOp>(wide)), element);
  }
  node.setOutput(0, y);
  if (node.wantsOutput(1)) {
    Value end = node.dim(padded, 2);
    node.setOutput(1, sliceBetween(node, padded, 2, node.sub(end, stateLength), end));
  }
  return success();
}

} // namespace pebble::onnx
