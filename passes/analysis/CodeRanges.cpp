// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/analysis/CodeRanges.h"

#include "dialects/nn/Constants.h"
#include "passes/analysis/ChannelFlow.h"
#include "passes/analysis/CodeMovement.h"
#include "passes/analysis/ContractionSums.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

using namespace mlir;
using namespace pebble;

namespace {

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }
qnn::Quantization quantizationOf(Value value) { return *qnn::quantizationOf(value.getType()); }

/// Everything that a tensor of this type could hold; nothing where ranges are not followed.
std::optional<Interval> everything(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor)
    return std::nullopt;
  Type element = tensor.getElementType();
  if (element.isInteger(8))
    return element.isUnsignedInteger() ? Interval{0, 255} : Interval{-128, 127};
  std::optional<qnn::Quantization> q = qnn::quantizationOf(element);
  if (!q || q->axis || q->bits > 8)
    return std::nullopt;
  return Interval{q->storageLow(), q->storageHigh()};
}

/// What the op's result holds when nothing is known of its operands.
Interval leastKnown(Operation *op) {
  Value result = op->getResult(0);
  // Layers of qnn saturate to the codes in use, except where codes only change their type.
  if (isa_and_nonnull<qnn::QNNDialect>(op->getDialect()) && !isa<qnn::StorageCastOp>(op) &&
      qnn::quantizationOf(result.getType())) {
    CodeBounds bounds = CodeBounds::of(op);
    return {bounds.low, bounds.high};
  }
  return *everything(result.getType());
}

std::optional<Interval> constantRange(Value value) {
  std::optional<SmallVector<int64_t>> codes = nn::constantInts(value);
  if (!codes || codes->empty())
    return std::nullopt;
  auto [low, high] = std::minmax_element(codes->begin(), codes->end());
  return Interval{*low, *high};
}

Interval requantized(Interval codes, const qnn::Quantization &from, const qnn::Quantization &to) {
  auto code = [&](int64_t x) {
    return qnn::quantizeNumber(to, static_cast<float>(x - from.zeroPoint()) * from.scale());
  };
  return {code(codes.low), code(codes.high)};
}

/// The entries for `codes`, whatever their order is.
std::optional<Interval> lookedUp(qnn::LookupOp op, Interval codes) {
  qnn::Quantization from = quantizationOf(op.getInput());
  std::optional<SmallVector<int64_t>> table = nn::constantInts(op.getTable());
  int64_t first = codes.low - from.storageLow(), last = codes.high - from.storageLow();
  if (!table || first < 0 || last >= static_cast<int64_t>(table->size()))
    return std::nullopt;
  auto entries = ArrayRef(*table).slice(first, last - first + 1);
  auto [low, high] = std::minmax_element(entries.begin(), entries.end());
  return Interval{*low, *high};
}

/// Products of centered codes are extreme where their factors are.
Interval product(Interval a, Interval b) {
  auto [low, high] = std::minmax({a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high});
  return {low, high};
}

/// The numbers of elements that windows of a pool read, and what their sum is divided by; nothing
/// where the pool is not computed by the contract's formula.
struct PoolCounts {
  SmallVector<int64_t> elements;
  std::optional<int64_t> divisor; ///< The number of elements itself otherwise.

  static std::optional<PoolCounts> of(qnn::AvgPoolOp op) {
    RankedTensorType input = typeOf(op.getInput());
    if (input.getRank() != 4 || (op.getCeilMode() && op.getCountIncludePad()))
      return std::nullopt;
    std::optional<WindowTaps> window =
        WindowTaps::of(input, typeOf(op.getResult()), op.getKernelShape(), op.getStrides(),
                       op.getDilations(), op.getPads(), op.getAutoPad(), op.getCeilMode());
    if (!window)
      return std::nullopt;
    PoolCounts counts{{1}, std::nullopt};
    for (const auto &sets : window->dims) {
      SmallVector<int64_t> longer;
      for (int64_t outer : counts.elements)
        for (const llvm::SmallBitVector &taps : sets)
          longer.push_back(outer * taps.count());
      llvm::sort(longer);
      longer.erase(llvm::unique(longer), longer.end());
      counts.elements = longer;
    }
    if (op.getCountIncludePad())
      counts.divisor = op.getKernelShape()[0] * op.getKernelShape()[1];
    return counts;
  }
};

std::optional<Interval> averaged(qnn::AvgPoolOp op, const PoolCounts &counts, Interval codes) {
  qnn::Quantization x = quantizationOf(op.getInput()), y = quantizationOf(op.getResult());
  CodeBounds bounds = CodeBounds::of(op);
  std::optional<Interval> all;
  for (int64_t count : counts.elements) {
    int64_t divisor = counts.divisor.value_or(count);
    std::optional<int64_t> low = codeOfMean(codes.low, count, divisor, x, y, bounds);
    std::optional<int64_t> high = codeOfMean(codes.high, count, divisor, x, y, bounds);
    if (!low || !high)
      return std::nullopt;
    Interval one{*low, *high};
    all = all ? all->joined(one) : one;
  }
  return all;
}

/// The mean over all elements behind the channels; nothing when their number is not known.
std::optional<Interval> meanOf(qnn::GlobalAvgPoolOp op, Interval codes) {
  qnn::Quantization x = quantizationOf(op.getInput()), y = quantizationOf(op.getResult());
  int64_t count = 1;
  for (int64_t size : typeOf(op.getInput()).getShape().drop_front(2))
    count = ShapedType::isDynamic(size) ? 0 : count * size;
  float multiplier = meanMultiplier(x, y, count);
  if (count == 0 || !std::isfinite(multiplier))
    return std::nullopt;
  CodeBounds bounds = CodeBounds::of(op);
  auto code = [&](int64_t x0) {
    return codeOfSum((x0 - x.zeroPoint()) * count, multiplier, y.zeroPoint(), bounds);
  };
  return Interval{code(codes.low), code(codes.high)};
}

} // namespace

Interval ChannelRanges::whole() const {
  Interval all = intervals.front();
  for (Interval one : ArrayRef(intervals).drop_front())
    all = all.joined(one);
  return all;
}

CodeRanges::CodeRanges(Operation *root) {
  root->walk<WalkOrder::PreOrder>([&](Operation *op) {
    visit(op);
    for (Region &region : op->getRegions())
      for (Block &block : region)
        for (BlockArgument argument : block.getArguments())
          if (std::optional<Interval> all = everything(argument.getType()))
            ranges[argument] = {std::nullopt, {*all}};
  });
}

const ChannelRanges *CodeRanges::of(Value value) const {
  auto known = ranges.find(value);
  return known == ranges.end() ? nullptr : &known->second;
}

ArrayRef<Interval> CodeRanges::sumsOf(Operation *op) const {
  auto known = sums.find(op);
  return known == sums.end() ? ArrayRef<Interval>() : ArrayRef(known->second);
}

ChannelRanges CodeRanges::along(Value value, int64_t axis) const {
  const ChannelRanges &known = *of(value);
  RankedTensorType type = typeOf(value);
  if (known.axis == axis)
    return known;
  std::optional<SmallVector<int64_t>> codes = constantCodes(value);
  int64_t size = type.getDimSize(axis), behind = 1;
  if (!codes || codes->empty())
    return {std::nullopt, {known.whole()}};
  for (int64_t dim : type.getShape().drop_front(axis + 1))
    behind *= dim;
  ChannelRanges apart{axis, SmallVector<Interval>(size, {INT64_MAX, INT64_MIN})};
  for (auto [index, code] : llvm::enumerate(*codes)) {
    Interval &one = apart.intervals[static_cast<int64_t>(index) / behind % size];
    one = one.joined({code, code});
  }
  return apart;
}

void CodeRanges::visit(Operation *op) {
  for (Value result : op->getResults()) {
    std::optional<Interval> all = everything(result.getType());
    if (!all)
      continue;
    bool isOnly = op->getNumResults() == 1;
    ChannelRanges known = isOnly ? compute(op) : ChannelRanges();
    if (known.intervals.empty())
      known = {std::nullopt, {isOnly ? leastKnown(op) : *all}};
    ranges[result] = std::move(known);
  }
}

ChannelRanges CodeRanges::compute(Operation *op) {
  Interval least = leastKnown(op);
  auto keep = [](Value, Interval codes) { return codes; };
  return llvm::TypeSwitch<Operation *, ChannelRanges>(op)
      .Case([&](nn::ConstantOp o) -> ChannelRanges {
        return {std::nullopt, {constantRange(o).value_or(least)}};
      })
      .Case([&](qnn::StorageCastOp o) { return mapped(o, keep); })
      .Case([&](nn::MaxPoolOp o) {
        bool isInside = o.getAutoPad() == nn::AutoPad::explicit_pads && !o.getCeilMode() &&
                        llvm::all_of(o.getPads(), [](int64_t pad) { return pad == 0; });
        // A window that reads nothing gives the least code.
        return mapped(o, [&](Value, Interval codes) {
          return isInside ? codes : codes.joined({least.low, codes.high});
        });
      })
      .Case([&](nn::PadOp o) -> ChannelRanges {
        if (o.getMode() != nn::PadMode::constant)
          return mapped(o, keep);
        std::optional<Interval> value = Interval{0, 0};
        if (o.getValue())
          value = constantRange(o.getValue());
        return mapped(o,
                      [&](Value, Interval codes) { return codes.joined(value.value_or(least)); });
      })
      .Case([&](qnn::RequantizeOp o) {
        return mapped(o, [&](Value input, Interval codes) {
          return requantized(codes, quantizationOf(input), quantizationOf(o));
        });
      })
      .Case([&](qnn::LookupOp o) {
        return mapped(o, [&](Value, Interval codes) { return lookedUp(o, codes).value_or(least); });
      })
      .Case([&](qnn::AvgPoolOp o) -> ChannelRanges {
        std::optional<PoolCounts> counts = PoolCounts::of(o);
        if (!counts)
          return {};
        return mapped(
            o, [&](Value, Interval codes) { return averaged(o, *counts, codes).value_or(least); });
      })
      .Case([&](qnn::GlobalAvgPoolOp o) {
        return mapped(o, [&](Value, Interval codes) { return meanOf(o, codes).value_or(least); });
      })
      .Case([&](nn::ConcatOp o) { return joined(o, o.getAxis(), keep); })
      .Case([&](qnn::ConcatOp o) {
        return joined(o, o.getAxis(), [&](Value input, Interval codes) {
          bool isSame = getElementTypeOrSelf(input.getType()) == getElementTypeOrSelf(o.getType());
          return isSame ? codes : requantized(codes, quantizationOf(input), quantizationOf(o));
        });
      })
      .Case([&](qnn::AddOp o) -> ChannelRanges {
        AddTerms terms = AddTerms::of(o);
        CodeBounds bounds = CodeBounds::of(o);
        if (!terms.isFinite())
          return {};
        return combined(o, [&](Interval a, Interval b) {
          return Interval{terms.code(a.low, b.low, bounds), terms.code(a.high, b.high, bounds)};
        });
      })
      .Case([&](qnn::MulOp o) -> ChannelRanges {
        qnn::Quantization x = quantizationOf(o.getLhs()), y = quantizationOf(o.getRhs());
        qnn::Quantization z = quantizationOf(o.getResult());
        float ratio = sumMultiplier(x, y, z, 0);
        CodeBounds bounds = CodeBounds::of(o);
        if (!std::isfinite(ratio))
          return {};
        return combined(o, [&](Interval a, Interval b) {
          Interval all = product({a.low - x.zeroPoint(), a.high - x.zeroPoint()},
                                 {b.low - y.zeroPoint(), b.high - y.zeroPoint()});
          return Interval{codeOfProduct(all.low, ratio, z.zeroPoint(), bounds),
                          codeOfProduct(all.high, ratio, z.zeroPoint(), bounds)};
        });
      })
      .Case<qnn::ConvOp, qnn::MatMulOp>([&](auto o) { return contract(o); })
      .Default([&](Operation *) -> ChannelRanges {
        return movesElements(op) ? mapped(op, keep) : mixed(op, joinedOperands(op));
      });
}

ChannelRanges CodeRanges::contract(Operation *op) {
  std::optional<ContractionParameters> c = ContractionParameters::of(op);
  if (!c || !of(c->input))
    return {};
  SmallVector<Interval> results, all = contractionSums(*c, along(c->input, c->inputAxis));
  for (auto [output, sum] : llvm::enumerate(all)) {
    float multiplier = c->multipliers[output];
    // A sum beyond i32 wraps around.
    if (sum.low < INT32_MIN || sum.high > INT32_MAX || !std::isfinite(multiplier)) {
      results.push_back({c->bounds.low, c->bounds.high});
      continue;
    }
    results.push_back({codeOfSum(sum.low, multiplier, c->y.zeroPoint(), c->bounds),
                       codeOfSum(sum.high, multiplier, c->y.zeroPoint(), c->bounds)});
  }
  sums[op] = std::move(all);
  return {c->resultAxis, results};
}

/// Of a layer whose first operand's codes, each by itself, become the result's.
ChannelRanges CodeRanges::mapped(Operation *op, Map map) const {
  OpOperand &operand = op->getOpOperand(0);
  const ChannelRanges *from = of(operand.get());
  if (!from)
    return {};
  std::optional<ChannelFlow> flow =
      from->axis ? ChannelFlow::of(operand, *from->axis) : std::nullopt;
  if (!flow)
    return {std::nullopt, {map(operand.get(), from->whole())}};
  ChannelRanges to{flow->resultAxis, {}};
  for (Interval codes : from->intervals)
    to.intervals.append(flow->repeat, map(operand.get(), codes));
  return to;
}

/// Of a layer whose result holds elements of these operands, wherever.
ChannelRanges CodeRanges::mixed(Operation *op, ArrayRef<unsigned> operands) const {
  ChannelRanges to;
  for (unsigned index : operands) {
    const ChannelRanges *from = of(op->getOperand(index));
    if (!from)
      return {};
    Interval codes = from->whole();
    to.intervals = {to.intervals.empty() ? codes : codes.joined(to.intervals.front())};
  }
  return to;
}

/// Of a concatenation along `axis`.
ChannelRanges CodeRanges::joined(Operation *op, int64_t axis, Map map) const {
  std::optional<int64_t> channels;
  for (Value operand : op->getOperands()) {
    const ChannelRanges *from = of(operand);
    if (!from)
      return {};
    if (from->axis && !channels)
      channels = from->axis;
  }
  if (!typeOf(op->getResult(0)).isDynamicDim(axis) && (!channels || channels == axis)) {
    ChannelRanges to{axis, {}};
    for (Value operand : op->getOperands()) {
      ChannelRanges from = along(operand, axis);
      for (int64_t i = 0; i < typeOf(operand).getDimSize(axis); ++i)
        to.intervals.push_back(map(operand, from.at(i)));
    }
    return to;
  }
  bool isApart = channels && channels != axis;
  ChannelRanges to;
  for (Value operand : op->getOperands()) {
    ChannelRanges from = along(operand, channels.value_or(axis));
    size_t count = isApart ? typeOf(op->getResult(0)).getDimSize(*channels) : 1;
    bool isFirst = to.intervals.empty();
    to.intervals.resize(count, {INT64_MAX, INT64_MIN});
    for (size_t i = 0; i < count; ++i) {
      Interval codes = map(operand, isApart ? from.at(i) : from.whole());
      to.intervals[i] = isFirst ? codes : to.intervals[i].joined(codes);
    }
  }
  to.axis = isApart ? channels : std::nullopt;
  return to;
}

/// Of a layer that combines two broadcast operands, code by code.
ChannelRanges CodeRanges::combined(Operation *op, Combine combine) const {
  Value lhs = op->getOperand(0), rhs = op->getOperand(1);
  if (!of(lhs) || !of(rhs))
    return {};
  std::optional<int64_t> axis;
  for (OpOperand &operand : op->getOpOperands())
    if (std::optional<int64_t> own = of(operand.get())->axis; own && !axis)
      if (std::optional<ChannelFlow> flow = ChannelFlow::of(operand, *own))
        axis = flow->resultAxis;
  if (!axis)
    return {std::nullopt, {combine(of(lhs)->whole(), of(rhs)->whole())}};
  RankedTensorType type = typeOf(op->getResult(0));
  auto operandRanges = [&](Value operand) {
    int64_t own = *axis - (type.getRank() - typeOf(operand).getRank());
    // A broadcast operand has one index, or none, for all channels.
    return own >= 0 && typeOf(operand).getDimSize(own) == type.getDimSize(*axis)
               ? along(operand, own)
               : ChannelRanges{std::nullopt, {of(operand)->whole()}};
  };
  ChannelRanges a = operandRanges(lhs), b = operandRanges(rhs), to{axis, {}};
  for (int64_t c = 0; c < type.getDimSize(*axis); ++c)
    to.intervals.push_back(combine(a.at(c), b.at(c)));
  return to;
}
