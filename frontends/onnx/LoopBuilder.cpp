// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/LoopBuilder.h"

#include "dialects/nn/Constants.h"
#include "frontends/onnx/Compose.h"
#include "frontends/onnx/GraphImporter.h"
#include "frontends/onnx/Shapes.h"

using namespace mlir;

namespace pebble::onnx {

RankedTensorType commonType(NodeImporter &node, Type a, Type b, const Twine &what) {
  auto first = cast<RankedTensorType>(a), second = cast<RankedTensorType>(b);
  std::string text;
  llvm::raw_string_ostream(text) << first << " and " << second;
  if (first.getElementType() != second.getElementType()) {
    (void)node.invalid(what + " has types " + text + "; expected one element type");
    return {};
  }
  if (first.getRank() != second.getRank()) {
    (void)node.unsupported(what + " has types " + text +
                           "; a value whose number of dims changes is not supported");
    return {};
  }
  SmallVector<int64_t> dims;
  for (auto [x, y] : llvm::zip_equal(first.getShape(), second.getShape()))
    dims.push_back(x == y ? x : ShapedType::kDynamic);
  return RankedTensorType::get(dims, first.getElementType());
}

namespace {

/// Carried values grow by concatenation to make scan outputs. Where dims of an iteration's part are
/// dynamic there is no empty tensor to start from: the elements are then strung together, and get
/// their shape after the loop.
class LoopBuilder {
public:
  LoopBuilder(NodeImporter &node, const LoopSpec &spec) : node(node), spec(spec) {
    for (Value value : spec.initial)
      types.push_back(NodeImporter::type(value));
  }

  FailureOr<SmallVector<Value>> run();

private:
  struct Attempt {
    Region region;
    SmallVector<Value> scanParts;
    bool isStable = true;
  };

  LogicalResult attempt(Attempt &attempt);
  LogicalResult settleTypes(const LoopStep &step, Attempt &attempt);
  SmallVector<Value> initialValues();
  void growScans(const LoopStep &step, ArrayRef<Value> carried, SmallVectorImpl<Value> &next);
  Value finishScan(size_t index, ArrayRef<Value> results);
  bool isRagged(size_t scan) const { return !scanTypes[scan].hasStaticShape(); }
  bool hasRagged() const {
    return llvm::any_of(scanTypes, [](RankedTensorType type) { return !type.hasStaticShape(); });
  }

  NodeImporter &node;
  const LoopSpec &spec;
  SmallVector<RankedTensorType> types;
  /// Of one iteration's parts; empty until the first attempt has found them.
  SmallVector<RankedTensorType> scanTypes;
};

Value emptyTensor(NodeImporter &node, ArrayRef<int64_t> shape, Type element) {
  return node.constant(nn::makeConstant(RankedTensorType::get(shape, element), ArrayRef<char>()));
}

/// Carried values: the loop's own, then per scan output its accumulator and, if ragged, the dims of
/// a part; last, if any is ragged, the number of iterations.
SmallVector<Value> LoopBuilder::initialValues() {
  SmallVector<Value> values = spec.initial;
  for (RankedTensorType type : scanTypes) {
    SmallVector<int64_t> shape = {0};
    if (type.hasStaticShape()) {
      llvm::append_range(shape, type.getShape());
      values.push_back(emptyTensor(node, shape, type.getElementType()));
    } else {
      values.push_back(emptyTensor(node, shape, type.getElementType()));
      values.push_back(node.ints(SmallVector<int64_t>(type.getRank(), 0)));
    }
  }
  if (hasRagged())
    values.push_back(node.ints({0}));
  return values;
}

void LoopBuilder::growScans(const LoopStep &step, ArrayRef<Value> carried,
                            SmallVectorImpl<Value> &next) {
  size_t at = spec.initial.size();
  for (auto [index, part] : llvm::enumerate(step.scanned)) {
    if (scanTypes.empty())
      return;
    bool isReversed = index < spec.isReversed.size() && spec.isReversed[index];
    Value grown = isRagged(index) ? node.reshape(part, {-1}) : node.unsqueeze(part, {0});
    Value known = carried[at];
    next.push_back(isReversed ? node.concat({grown, known}, 0) : node.concat({known, grown}, 0));
    if (isRagged(index))
      next.push_back(node.shapeOf(part));
    at += isRagged(index) ? 2 : 1;
  }
  if (hasRagged())
    next.push_back(node.add(carried[at], node.ints({1})));
}

LogicalResult LoopBuilder::settleTypes(const LoopStep &step, Attempt &attempt) {
  for (auto [type, value] : llvm::zip_equal(types, step.carried)) {
    RankedTensorType common =
        commonType(node, type, NodeImporter::type(value), "a loop-carried value");
    if (!common)
      return failure();
    attempt.isStable &= common == type;
    type = common;
  }
  bool areNew = scanTypes.empty() && spec.numScans > 0;
  attempt.isStable &= !areNew;
  for (auto [index, value] : llvm::enumerate(step.scanned)) {
    RankedTensorType type = NodeImporter::type(value);
    if (areNew) {
      scanTypes.push_back(type);
      continue;
    }
    RankedTensorType common = commonType(node, scanTypes[index], type, "a scan output");
    if (!common)
      return failure();
    attempt.isStable &= common == scanTypes[index];
    scanTypes[index] = common;
  }
  return success();
}

LogicalResult LoopBuilder::attempt(Attempt &attempt) {
  OpBuilder &builder = node.builder();
  SmallVector<Value> initial = initialValues();
  SmallVector<Type> arguments = {RankedTensorType::get({}, builder.getI64Type()),
                                 RankedTensorType::get({}, builder.getI1Type())};
  llvm::append_range(arguments, types);
  for (Value value : llvm::drop_begin(initial, types.size())) {
    RankedTensorType type = NodeImporter::type(value);
    // What grows has a first dim of 0 at the start.
    SmallVector<int64_t> dims(type.getShape());
    if (dims.front() == 0)
      dims.front() = ShapedType::kDynamic;
    arguments.push_back(RankedTensorType::get(dims, type.getElementType()));
  }
  OpBuilder::InsertionGuard guard(builder);
  Block *block = builder.createBlock(&attempt.region, attempt.region.end(), arguments,
                                     SmallVector<Location>(arguments.size(), node.loc()));
  SmallVector<Value> carried(block->getArguments().drop_front(2));
  FailureOr<LoopStep> step = spec.body(block->getArgument(0), block->getArgument(1),
                                       ArrayRef(carried).take_front(types.size()));
  if (failed(step) || node.failed())
    return failure();
  if (step->carried.size() != types.size() || step->scanned.size() != spec.numScans)
    return node.invalid("the body gives " + Twine(step->carried.size() + step->scanned.size()) +
                        " values; expected " + Twine(types.size() + spec.numScans));
  SmallVector<Value> next = {step->condition ? asScalar(node, step->condition)
                                             : node.scalar(builder.getI1Type(), 1)};
  llvm::append_range(next, step->carried);
  growScans(*step, carried, next);
  if (failed(settleTypes(*step, attempt)) || node.failed())
    return failure();
  nn::YieldOp::create(builder, node.loc(), next);
  return success();
}

Value LoopBuilder::finishScan(size_t index, ArrayRef<Value> results) {
  size_t at = spec.initial.size();
  for (size_t i = 0; i < index; ++i)
    at += isRagged(i) ? 2 : 1;
  if (!isRagged(index))
    return results[at];
  return node.reshape(results[at], node.concat({results.back(), results[at + 1]}, 0));
}

FailureOr<SmallVector<Value>> LoopBuilder::run() {
  OpBuilder &builder = node.builder();
  Problems &problems = node.graph().problems();
  const Problems known = problems;
  // Each attempt makes at least one dim dynamic, and the first finds the scan outputs.
  size_t attempts = 2 + spec.numScans;
  for (RankedTensorType type : types)
    attempts += type.getRank();
  for (; attempts > 0; --attempts) {
    problems = known;
    Attempt current;
    if (failed(attempt(current)))
      return failure();
    if (!current.isStable)
      continue;
    SmallVector<Value> initial = initialValues();
    auto resultTypes = llvm::to_vector(llvm::drop_begin(current.region.getArgumentTypes(), 2));
    Value tripCount = spec.tripCount ? asScalar(node, spec.tripCount) : node.intScalar(INT64_MAX);
    Value condition =
        spec.condition ? asScalar(node, spec.condition) : node.scalar(builder.getI1Type(), 1);
    if (node.failed())
      return failure();
    auto loop = nn::LoopOp::create(builder, node.loc(), resultTypes, tripCount, condition, initial);
    loop.getBody().takeBody(current.region);
    SmallVector<Value> all(loop.getResults());
    SmallVector<Value> results(ArrayRef<Value>(all).take_front(types.size()));
    for (size_t i = 0; i < spec.numScans; ++i)
      results.push_back(finishScan(i, all));
    return results;
  }
  return node.unsupported("the types of its carried values do not settle");
}

} // namespace

FailureOr<SmallVector<Value>> buildLoop(NodeImporter &node, const LoopSpec &spec) {
  return LoopBuilder(node, spec).run();
}

} // namespace pebble::onnx
