// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/quantize/LiveChannels.h"

#include "passes/analysis/ChannelFlow.h"

#include <cfloat>
#include <cmath>
#include <numeric>

using namespace mlir;
using namespace pebble;

namespace {

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

int64_t groupsOf(Operation *op) {
  auto conv = dyn_cast<qnn::ConvOp>(op);
  return conv ? conv.getGroup() : 1;
}

/// Sets `bit`; whether that is new.
bool keep(llvm::BitVector &mask, int64_t bit) {
  bool isNew = !mask[bit];
  mask.set(bit);
  return isNew;
}

bool keepRange(llvm::BitVector &mask, int64_t from, int64_t count) {
  if (mask.find_first_unset_in(from, from + count) < 0)
    return false;
  mask.set(from, from + count);
  return true;
}

/// Keeps a part of each of two sets when something of either stays.
bool keepTogether(llvm::BitVector &first, int64_t firstFrom, int64_t firstCount,
                  llvm::BitVector &second, int64_t secondFrom, int64_t secondCount) {
  if (first.find_first_in(firstFrom, firstFrom + firstCount) < 0 &&
      second.find_first_in(secondFrom, secondFrom + secondCount) < 0)
    return false;
  bool changed = keepRange(first, firstFrom, firstCount);
  return keepRange(second, secondFrom, secondCount) || changed;
}

/// Whether `operand` has one index, or none, for all of the result's along `axis`.
bool isBroadcast(OpOperand &operand, int64_t axis) {
  Operation *op = operand.getOwner();
  RankedTensorType from = typeOf(operand.get()), to = typeOf(op->getResult(0));
  int64_t own = axis - (to.getRank() - from.getRank());
  return isa<qnn::AddOp, qnn::MulOp>(op) &&
         (own < 0 || (from.getDimSize(own) == 1 && to.getDimSize(axis) != 1));
}

/// Constant operands that are cut to what is wanted of them.
bool isCut(OpOperand &operand) {
  return isa<qnn::AddOp, qnn::MulOp>(operand.getOwner()) && constantCodes(operand.get());
}

/// Where a concatenation along the axis of channels has the operand.
std::optional<ChannelFlow> partOf(OpOperand &operand, int64_t axis) {
  Operation *op = operand.getOwner();
  auto plain = dyn_cast<nn::ConcatOp>(op);
  auto quantized = dyn_cast<qnn::ConcatOp>(op);
  if ((plain && static_cast<int64_t>(plain.getAxis()) == axis) ||
      (quantized && static_cast<int64_t>(quantized.getAxis()) == axis))
    return ChannelFlow::of(operand, axis);
  return std::nullopt;
}

} // namespace

qnn::Quantization pebble::onlyChannels(const qnn::Quantization &all, ArrayRef<int64_t> channels) {
  qnn::Quantization some = all;
  some.scales.clear();
  some.zeroPoints.clear();
  for (int64_t channel : channels) {
    some.scales.push_back(all.scales[channel]);
    some.zeroPoints.push_back(all.zeroPoints[channel]);
  }
  return some;
}

Type pebble::biasElementType(const ContractionParameters &contraction, ArrayRef<int64_t> channels) {
  const ContractionParameters &c = contraction;
  qnn::Quantization q;
  if (c.bias) {
    q = *qnn::quantizationOf(c.bias.getType());
  } else {
    q.bits = 32;
    q.isSigned = true;
    q.low = INT32_MIN;
    q.high = INT32_MAX;
    for (size_t i = 0; i < c.w.scales.size(); ++i) {
      q.scales.push_back(double(c.x.scale() * c.w.scale(i)));
      if (!std::isfinite(q.scales.back()) || q.scales.back() < FLT_MIN)
        return {};
    }
    q.zeroPoints.assign(q.scales.size(), 0);
    if (c.w.axis)
      q.axis = 0;
  }
  if (q.axis)
    q = onlyChannels(q, channels);
  std::string error;
  return qnn::makeElementType(c.input.getContext(), q, error);
}

bool pebble::canChangeBias(const ContractionParameters &contraction) {
  SmallVector<int64_t> all(contraction.outputs);
  std::iota(all.begin(), all.end(), 0);
  Type element = biasElementType(contraction, all);
  if (!element)
    return false;
  qnn::Quantization bias = *qnn::quantizationOf(element);
  for (int64_t channel : all)
    if (!qnn::biasScaleFits(contraction.x, contraction.w, bias, channel))
      return false;
  // Whatever part of the products moves to the bias, it stays within i32.
  int64_t zero = contraction.x.zeroPoint();
  int64_t farthest =
      std::max(contraction.x.storageHigh() - zero, zero - contraction.x.storageLow());
  int64_t depth = contraction.groupInputs * contraction.taps;
  for (int64_t channel : all) {
    int64_t most = std::abs(contraction.biases[channel]);
    for (int64_t weight : ArrayRef(contraction.weights).slice(channel * depth, depth))
      most += std::abs(weight) * farthest;
    if (most > INT32_MAX)
      return false;
  }
  return true;
}

LiveChannels::LiveChannels(func::FuncOp function, const CodeRanges &ranges) : ranges(ranges) {
  function.walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (op == function)
      return;
    ops.push_back(op);
    for (Value result : op->getResults())
      if (const ChannelRanges *known = ranges.of(result); known && known->axis)
        masks[result] = llvm::BitVector(known->intervals.size());
  });
  for (Operation *op : ops)
    if (!ranges.sumsOf(op).empty() && groupsOf(op) == 1)
      readers[op] = read(op);
  do {
    bool changed = true;
    while (changed) {
      changed = false;
      // What is wanted travels from results to operands.
      for (Operation *op : llvm::reverse(ops))
        changed |= constrain(op);
    }
  } while (keepSome());
}

const llvm::BitVector *LiveChannels::of(Value value) const {
  auto known = masks.find(value);
  return known == masks.end() || known->second.all() ? nullptr : &known->second;
}

llvm::BitVector *LiveChannels::maskOf(Value value) {
  auto known = masks.find(value);
  return known == masks.end() ? nullptr : &known->second;
}

bool LiveChannels::keepAll(Value value) {
  llvm::BitVector *mask = maskOf(value);
  if (!mask || mask->all())
    return false;
  mask->set();
  return true;
}

LiveChannels::Reader LiveChannels::read(Operation *op) const {
  ContractionParameters c = *ContractionParameters::of(op);
  ChannelRanges inputs = ranges.along(c.input, c.inputAxis);
  const ChannelRanges &results = *ranges.of(op->getResult(0));
  Reader reader{std::vector<llvm::BitVector>(c.outputs, llvm::BitVector(c.inputs())),
                llvm::BitVector(c.inputs()), llvm::BitVector(c.outputs)};
  bool canFold = canChangeBias(c);
  for (int64_t channel = 0; channel < c.inputs(); ++channel) {
    Interval codes = inputs.at(channel);
    bool isZero = codes.isConstant() && codes.low == c.x.zeroPoint();
    reader.folds[channel] = isZero || (codes.isConstant() && canFold && !c.mayHangOver());
  }
  for (int64_t output = 0; output < c.outputs; ++output) {
    reader.constant[output] = canFold && results.at(output).isConstant();
    for (int64_t channel = 0; channel < c.inputs(); ++channel)
      reader.reads[output][channel] =
          llvm::any_of(c.weightsOf(output, channel), [](int64_t weight) { return weight != 0; });
  }
  return reader;
}

bool LiveChannels::constrain(Operation *op) {
  if (!ranges.sumsOf(op).empty())
    return constrainContraction(op, groupsOf(op));
  if (op->getNumResults() == 1)
    if (llvm::BitVector *mask = maskOf(op->getResult(0)))
      return constrainFlow(op, *mask, *ranges.of(op->getResult(0))->axis);
  bool changed = false;
  for (Value operand : op->getOperands())
    changed |= keepAll(operand);
  for (Value result : op->getResults())
    changed |= keepAll(result);
  return changed;
}

bool LiveChannels::constrainContraction(Operation *op, int64_t groups) {
  Value input = op->getOperand(0);
  llvm::BitVector &result = *maskOf(op->getResult(0)), *mask = maskOf(input);
  int64_t inputAxis = isa<qnn::ConvOp>(op) ? 1 : typeOf(input).getRank() - 1;
  if (mask && *ranges.of(input)->axis != inputAxis) {
    bool changed = keepAll(input);
    return (groups > 1 && keepAll(op->getResult(0))) || changed;
  }
  if (!mask)
    return groups > 1 && keepAll(op->getResult(0));
  bool changed = false;
  if (groups > 1) {
    int64_t inputs = mask->size() / groups, outputs = result.size() / groups;
    for (int64_t group = 0; group < groups; ++group)
      changed |= keepTogether(*mask, group * inputs, inputs, result, group * outputs, outputs);
    return changed;
  }
  const Reader &reader = readers[op];
  llvm::BitVector wanted(mask->size());
  for (unsigned output : result.set_bits())
    if (!reader.constant[output])
      wanted |= reader.reads[output];
  wanted.reset(reader.folds);
  if (!wanted.test(*mask))
    return false;
  *mask |= wanted;
  return true;
}

bool LiveChannels::constrainFlow(Operation *op, llvm::BitVector &result, int64_t resultAxis) {
  bool changed = false;
  // What else layers of one tensor read, a table or the value of padding, has no channels.
  bool isOne = !isa<qnn::AddOp, qnn::MulOp, qnn::ConcatOp, nn::ConcatOp>(op);
  for (OpOperand &operand : op->getOpOperands().take_front(isOne ? 1 : op->getNumOperands())) {
    Value value = operand.get();
    llvm::BitVector *mask = maskOf(value);
    std::optional<ChannelFlow> flow =
        mask ? ChannelFlow::of(operand, *ranges.of(value)->axis) : std::nullopt;
    if (flow && flow->resultAxis == resultAxis) {
      for (unsigned c = 0; c < mask->size(); ++c)
        changed |= keepTogether(*mask, c, 1, result, flow->offset + c * flow->repeat, flow->repeat);
      continue;
    }
    changed |= keepAll(value);
    if (std::optional<ChannelFlow> part = partOf(operand, resultAxis))
      changed |= keepRange(result, part->offset, typeOf(value).getDimSize(resultAxis));
    else if (!isCut(operand) && !isBroadcast(operand, resultAxis))
      changed |= keepAll(op->getResult(0));
  }
  return changed;
}

/// Keeps one channel of tensors that nothing is wanted of: there is none without channels. Sums
/// keep two, since the order of rounding depends on whether there is more than one.
bool LiveChannels::keepSome() {
  bool changed = false;
  auto keepFirst = [&](Value value, unsigned least) {
    llvm::BitVector *mask = maskOf(value);
    for (unsigned bit = 0; mask && mask->count() < std::min(least, mask->size()); ++bit)
      changed |= keep(*mask, bit);
  };
  for (Operation *op : ops)
    for (Value result : op->getResults())
      keepFirst(result, isa<qnn::AddOp>(op) ? 2 : 1);
  return changed;
}
