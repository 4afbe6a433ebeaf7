// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/Passes.h"

#include "dialects/nn/Constants.h"
#include "passes/analysis/ChannelFlow.h"
#include "passes/analysis/Macs.h"
#include "passes/quantize/LiveChannels.h"

#include <numeric>

namespace pebble {
#define GEN_PASS_DEF_FOLDCONSTANTCHANNELS
#include "passes/Passes.h.inc"
} // namespace pebble

using namespace mlir;
using namespace pebble;

namespace {

using Channels = SmallVector<int64_t>;

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

RankedTensorType withDim(RankedTensorType type, int64_t axis, int64_t size) {
  SmallVector<int64_t> shape(type.getShape());
  shape[axis] = size;
  return type.clone(shape);
}

/// The quantized type of some of the indices along `axis`.
Type elementOf(Type element, int64_t axis, ArrayRef<int64_t> channels) {
  qnn::Quantization q = *qnn::quantizationOf(element);
  if (q.axis != axis)
    return element;
  std::string error;
  return qnn::makeElementType(element.getContext(), onlyChannels(q, channels), error);
}

template <typename T>
Value makeCodes(OpBuilder &b, Location loc, RankedTensorType type, ArrayRef<T> codes) {
  RankedTensorType plain = type.clone(qnn::containerOf(type));
  ElementsAttr attr = nn::makeConstant(
      plain, ArrayRef(reinterpret_cast<const char *>(codes.data()), codes.size() * sizeof(T)));
  return qnn::StorageCastOp::create(b, loc, type, nn::ConstantOp::create(b, loc, plain, attr));
}

/// Makes the operations compute the channels that stay and nothing else.
class Folding {
public:
  Folding(const CodeRanges &ranges, const LiveChannels &live) : ranges(ranges), live(live) {}

  /// Visited in program order: operands have their new types.
  void rewrite(Operation *op) {
    if (!ranges.sumsOf(op).empty()) {
      if (live.of(op->getOperand(0)) || live.of(op->getResult(0)))
        rewriteContraction(op);
      return;
    }
    for (Value result : op->getResults())
      if (const llvm::BitVector *mask = live.of(result))
        rewriteFlow(op, *ranges.of(result)->axis, *mask);
  }

private:
  Channels channelsOf(Value value, int64_t count) const {
    Channels channels;
    const llvm::BitVector *mask = live.of(value);
    for (int64_t channel = 0; channel < count; ++channel)
      if (!mask || mask->test(channel))
        channels.push_back(channel);
    return channels;
  }

  void rewriteFlow(Operation *op, int64_t axis, const llvm::BitVector &mask) {
    OpBuilder b(op);
    Value result = op->getResult(0);
    int64_t rank = typeOf(result).getRank();
    result.setType(withDim(typeOf(result), axis, mask.count()));
    if (auto reshape = dyn_cast<nn::ReshapeOp>(op)) {
      SmallVector<int64_t> shape(typeOf(result).getShape());
      llvm::replace(shape, ShapedType::kDynamic, int64_t(-1));
      auto type = RankedTensorType::get({rank}, b.getI64Type());
      reshape.getShapeMutable().assign(
          nn::ConstantOp::create(b, op->getLoc(), type, nn::makeInts(op->getContext(), shape)));
    }
    if (!isa<qnn::AddOp, qnn::MulOp>(op))
      return;
    for (OpOperand &operand : op->getOpOperands()) {
      int64_t own = axis - (rank - typeOf(operand.get()).getRank());
      if (constantCodes(operand.get()) && own >= 0 &&
          typeOf(operand.get()).getDimSize(own) == static_cast<int64_t>(mask.size()))
        operand.set(sliceConstant(b, operand.get(), own, mask));
    }
  }

  static Value sliceConstant(OpBuilder &b, Value constant, int64_t axis,
                             const llvm::BitVector &mask) {
    SmallVector<int64_t> codes = *constantCodes(constant);
    RankedTensorType type = typeOf(constant);
    int64_t behind = 1;
    for (int64_t size : type.getShape().drop_front(axis + 1))
      behind *= size;
    std::vector<char> kept;
    for (auto [index, code] : llvm::enumerate(codes))
      if (mask[static_cast<int64_t>(index) / behind % mask.size()])
        kept.push_back(static_cast<char>(code));
    return makeCodes<char>(b, constant.getLoc(), withDim(type, axis, mask.count()), kept);
  }

  void rewriteContraction(Operation *op) {
    ContractionParameters c = *ContractionParameters::of(op);
    Value result = op->getResult(0);
    Channels outputs = channelsOf(result, c.outputs);
    Channels inputs(c.groupInputs);
    std::iota(inputs.begin(), inputs.end(), 0);
    auto conv = dyn_cast<qnn::ConvOp>(op);
    if (c.groups == 1)
      inputs = channelsOf(c.input, c.groupInputs);
    else
      conv.setGroup(outputs.size() / c.groupOutputs());
    readNothingWhereConstant(op, c);
    std::vector<int32_t> biases;
    for (int64_t output : outputs)
      biases.push_back(static_cast<int32_t>(foldedBias(c, output, inputs)));

    OpBuilder b(op);
    op->setOperand(1, makeWeight(b, op->getLoc(), c, outputs, inputs));
    if (c.bias || llvm::any_of(biases, [](int32_t bias) { return bias != 0; })) {
      auto type = RankedTensorType::get({static_cast<int64_t>(outputs.size())},
                                        biasElementType(c, outputs));
      Value bias = makeCodes<int32_t>(b, op->getLoc(), type, biases);
      if (c.bias)
        op->setOperand(2, bias);
      else
        op->insertOperands(2, bias);
    }
    result.setType(withDim(typeOf(result), c.resultAxis, outputs.size()));
  }

  /// Constant output channels that stay get a bias that gives their code, and no weights.
  void readNothingWhereConstant(Operation *op, ContractionParameters &c) const {
    if (c.groups != 1 || !canChangeBias(c))
      return;
    for (int64_t output = 0; output < c.outputs; ++output) {
      if (!ranges.of(op->getResult(0))->at(output).isConstant())
        continue;
      // Every sum gives the code, the least one too. Beyond i32 it is the only code there is.
      int64_t sum = ranges.sumsOf(op)[output].low;
      c.biases[output] = sum >= INT32_MIN && sum <= INT32_MAX ? sum : 0;
      int64_t depth = c.groupInputs * c.taps;
      std::fill_n(c.weights.begin() + output * depth, depth, 0);
    }
  }

  /// The bias with what the input channels that go add to every sum.
  int64_t foldedBias(const ContractionParameters &c, int64_t output, ArrayRef<int64_t> stay) const {
    int64_t bias = c.biases[output];
    if (c.groups != 1)
      return bias;
    ChannelRanges codes = ranges.along(c.input, c.inputAxis);
    llvm::BitVector goes(c.groupInputs, true);
    for (int64_t channel : stay)
      goes.reset(channel);
    for (unsigned channel : goes.set_bits())
      for (int64_t weight : c.weightsOf(output, channel))
        bias += weight * (codes.at(channel).low - c.x.zeroPoint());
    return bias;
  }

  static Value makeWeight(OpBuilder &b, Location loc, const ContractionParameters &c,
                          ArrayRef<int64_t> outputs, ArrayRef<int64_t> inputs) {
    RankedTensorType type = typeOf(c.weight);
    bool isConv = c.resultAxis == 1 && type.getRank() > 2;
    std::vector<char> codes;
    auto append = [&](int64_t output, int64_t input) {
      for (int64_t weight : c.weightsOf(output, input))
        codes.push_back(static_cast<char>(weight + c.w.zeroPoint(output)));
    };
    SmallVector<int64_t> shape(type.getShape());
    int64_t outputAxis = isConv ? 0 : 1;
    shape[outputAxis] = outputs.size();
    shape[1 - outputAxis] = inputs.size();
    if (isConv)
      for (int64_t output : outputs)
        for (int64_t input : inputs)
          append(output, input);
    else
      for (int64_t input : inputs)
        for (int64_t output : outputs)
          append(output, input);
    Type element = elementOf(type.getElementType(), outputAxis, outputs);
    return makeCodes<char>(b, loc, RankedTensorType::get(shape, element), codes);
  }

  const CodeRanges &ranges;
  const LiveChannels &live;
};

/// What the quantized contractions of a function cost.
struct Cost {
  int64_t channels = 0, macs = 0, weights = 0;

  static Cost of(func::FuncOp function) {
    Cost cost;
    function.walk([&](Operation *op) {
      if (!isa<qnn::ConvOp, qnn::MatMulOp>(op))
        return;
      RankedTensorType weight = typeOf(op->getOperand(1));
      cost.channels += weight.getDimSize(isa<qnn::ConvOp>(op) ? 0 : 1);
      cost.weights += weight.getNumElements();
      cost.macs += macsOf(op).value_or(0);
    });
    return cost;
  }
};

class FoldConstantChannels : public pebble::impl::FoldConstantChannelsBase<FoldConstantChannels> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    // The ranges are those of one f32 multiply.
    if (function.isExternal() || qnn::roundsAsTflite(function))
      return;
    const auto &ranges = getAnalysis<CodeRanges>();
    LiveChannels live(function, ranges);
    Cost before = Cost::of(function);
    // Constants that are made on the way compute what stays.
    SmallVector<Operation *> ops;
    function.walk<WalkOrder::PreOrder>([&](Operation *op) {
      if (op != function)
        ops.push_back(op);
    });
    Folding folding(ranges, live);
    for (Operation *op : ops)
      folding.rewrite(op);
    Cost after = Cost::of(function);
    if (after.channels == before.channels && after.weights == before.weights)
      return markAllAnalysesPreserved();
    function.emitRemark() << "folded constant channels: " << after.channels << " of "
                          << before.channels << " output channels, " << after.macs << " of "
                          << before.macs << " multiply-adds and " << after.weights << " of "
                          << before.weights << " weights of integer layers stay";
  }
};

} // namespace
