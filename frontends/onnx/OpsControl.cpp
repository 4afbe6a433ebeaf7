// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// If, Loop and Scan. A Scan becomes a loop that picks its inputs' slices by iteration number.
#include "frontends/onnx/Compose.h"
#include "frontends/onnx/GraphImporter.h"
#include "frontends/onnx/LoopBuilder.h"
#include "frontends/onnx/Registry.h"
#include "frontends/onnx/Shapes.h"
#include "frontends/onnx/onnx-ml.pb.h"

#include <array>

using namespace mlir;

namespace pebble::onnx {

namespace {

const proto::GraphProto *graphAttr(NodeImporter &node, StringRef name) {
  const proto::AttributeProto *attribute = node.attr(name);
  if (attribute && attribute->has_g())
    return &attribute->g();
  (void)node.invalid("attribute '" + name + "' is missing or is not a graph");
  return nullptr;
}

LogicalResult setOutputs(NodeImporter &node, ArrayRef<Value> values, ArrayRef<int> narrowTypes) {
  if (values.size() < node.numOutputs())
    return node.invalid("the body gives " + Twine(values.size()) + " values for " +
                        Twine(node.numOutputs()) + " results");
  for (auto [index, value] : llvm::enumerate(values))
    node.setOutput(index, value, narrowTypes[index]);
  return success();
}

/// The narrow types of inputs from `first` on.
SmallVector<int> narrowTypesFrom(NodeImporter &node, unsigned first) {
  SmallVector<int> types;
  for (unsigned i = first; i < node.numInputs(); ++i)
    types.push_back(node.narrowType(i));
  return types;
}

LogicalResult checkSameTypes(NodeImporter &node, ArrayRef<int> before, ArrayRef<int> after) {
  if (before == after)
    return success();
  return node.invalid("a narrow element type changes between branches or iterations; expected one "
                      "type");
}

FailureOr<SmallVector<Value>> importBranch(NodeImporter &node, const proto::GraphProto &graph,
                                           Region &region, SmallVectorImpl<int> &narrowTypes) {
  OpBuilder::InsertionGuard guard(node.builder());
  node.builder().createBlock(&region);
  return node.graph().importSubgraph(graph, {}, narrowTypes);
}

/// A value that ends the run with an error when it is computed: an index out of range.
Value failingValue(NodeImporter &node, Type type) {
  auto tensor = cast<RankedTensorType>(type);
  Value index = node.ints({1});
  Value element = node.create<nn::GatherOp>(node.cast(node.ints({0}), tensor.getElementType()),
                                            index, /*axis=*/0);
  SmallVector<int64_t> shape;
  for (int64_t size : tensor.getShape())
    shape.push_back(ShapedType::isDynamic(size) ? 1 : size);
  return node.create<nn::BroadcastToOp>(node.reshape(element, ArrayRef<int64_t>{}),
                                        node.ints(shape));
}

/// Whether the problems from `first` on say no more than that nodes do not fit their inputs.
bool onlyMisfits(const Problems &problems, size_t first) {
  return problems.size() > first &&
         llvm::all_of(problems.all().drop_front(first), [](const Problem &problem) {
           return problem.code == ProblemCode::InvalidNode;
         });
}

LogicalResult importIf(NodeImporter &node) {
  const proto::GraphProto *thenGraph = graphAttr(node, "then_branch");
  const proto::GraphProto *elseGraph = graphAttr(node, "else_branch");
  if (!thenGraph || !elseGraph)
    return failure();
  Value condition = node.input(0);
  SmallVector<int> thenTypes, elseTypes;
  if (auto known = node.constantInts(condition); known && known->size() == 1) {
    FailureOr<SmallVector<Value>> results =
        node.graph().importSubgraph(known->front() ? *thenGraph : *elseGraph, {}, thenTypes);
    return failed(results) ? failure() : setOutputs(node, *results, thenTypes);
  }
  Region regions[2];
  Problems &problems = node.graph().problems();
  size_t before = problems.size();
  FailureOr<SmallVector<Value>> thenValues = importBranch(node, *thenGraph, regions[0], thenTypes);
  bool thenMisfits = failed(thenValues) && onlyMisfits(problems, before);
  size_t between = problems.size();
  FailureOr<SmallVector<Value>> elseValues = importBranch(node, *elseGraph, regions[1], elseTypes);
  bool elseMisfits = failed(elseValues) && onlyMisfits(problems, between);
  // A branch for other input sizes than these is an error only where it is taken.
  auto replace = [&](Region &region, FailureOr<SmallVector<Value>> &values,
                     ArrayRef<Value> others) {
    problems.truncate(before);
    region.getBlocks().clear();
    OpBuilder::InsertionGuard guard(node.builder());
    node.builder().createBlock(&region);
    values.emplace();
    for (Value other : others)
      values->push_back(failingValue(node, NodeImporter::type(other)));
  };
  if (thenMisfits && succeeded(elseValues)) {
    replace(regions[0], thenValues, *elseValues);
    thenTypes = elseTypes;
  } else if (elseMisfits && succeeded(thenValues)) {
    replace(regions[1], elseValues, *thenValues);
    elseTypes = thenTypes;
  }
  if (failed(thenValues) || failed(elseValues))
    return failure();
  if (thenValues->size() != elseValues->size())
    return node.invalid("the branches give " + Twine(thenValues->size()) + " and " +
                        Twine(elseValues->size()) + " values; expected as many");
  if (failed(checkSameTypes(node, thenTypes, elseTypes)))
    return failure();
  SmallVector<Type> types;
  for (auto [a, b] : llvm::zip_equal(*thenValues, *elseValues)) {
    RankedTensorType type =
        commonType(node, NodeImporter::type(a), NodeImporter::type(b), "a result");
    if (!type)
      return failure();
    types.push_back(type);
  }
  std::array<ArrayRef<Value>, 2> yields = {*thenValues, *elseValues};
  for (auto [region, values] : llvm::zip_equal(regions, yields)) {
    OpBuilder::InsertionGuard guard(node.builder());
    node.builder().setInsertionPointToEnd(&region.front());
    nn::YieldOp::create(node.builder(), node.loc(), values);
  }
  Value scalar = asScalar(node, condition);
  if (node.failed())
    return failure();
  auto branch = nn::IfOp::create(node.builder(), node.loc(), types, scalar);
  branch.getThenRegion().takeBody(regions[0]);
  branch.getElseRegion().takeBody(regions[1]);
  return setOutputs(node, SmallVector<Value>(branch.getResults()), thenTypes);
}

LogicalResult importLoop(NodeImporter &node) {
  const proto::GraphProto *body = graphAttr(node, "body");
  if (!body)
    return failure();
  LoopSpec spec;
  spec.tripCount = node.input(0);
  spec.condition = node.input(1);
  for (unsigned i = 2; i < node.numInputs(); ++i)
    spec.initial.push_back(node.input(i));
  size_t numCarried = spec.initial.size(), numResults = body->output_size();
  if (numResults < numCarried + 1)
    return node.invalid("the body gives " + Twine(numResults) + " values; expected a condition, " +
                        Twine(numCarried) + " carried values and the scan outputs");
  spec.numScans = numResults - numCarried - 1;
  SmallVector<int> types = narrowTypesFrom(node, 2);
  SmallVector<int> resultTypes = types;
  resultTypes.append(spec.numScans, 0);
  spec.body = [&](Value iteration, Value condition,
                  ArrayRef<Value> carried) -> FailureOr<LoopStep> {
    SmallVector<Value> arguments = {iteration, condition};
    llvm::append_range(arguments, carried);
    SmallVector<int> bodyTypes = {0, 0};
    llvm::append_range(bodyTypes, types);
    FailureOr<SmallVector<Value>> results =
        node.graph().importSubgraph(*body, arguments, bodyTypes);
    if (failed(results) ||
        failed(checkSameTypes(node, types, ArrayRef(bodyTypes).slice(1, numCarried))))
      return failure();
    resultTypes.assign(bodyTypes.begin() + 1, bodyTypes.end());
    ArrayRef<Value> values = *results;
    return LoopStep{values.front(), SmallVector<Value>(values.slice(1, numCarried)),
                    SmallVector<Value>(values.drop_front(1 + numCarried))};
  };
  FailureOr<SmallVector<Value>> results = buildLoop(node, spec);
  return failed(results) ? failure() : setOutputs(node, *results, resultTypes);
}

/// What a Scan node says, for one sequence (no batch dim).
struct ScanSpec {
  const proto::GraphProto *body = nullptr;
  SmallVector<Value> states, scanned;
  SmallVector<int> narrowTypes; ///< Of both, in the order of the inputs.
  std::vector<int64_t> inputAxes, inputDirections;
  std::vector<int64_t> outputAxes, outputDirections;
};

/// `narrowTypes` become those of the results.
FailureOr<SmallVector<Value>> buildScan(NodeImporter &node, const ScanSpec &scan,
                                        SmallVectorImpl<int> &narrowTypes) {
  LoopSpec spec;
  Value length = asScalar(node, node.dim(scan.scanned.front(), scan.inputAxes.front()));
  spec.tripCount = length;
  spec.initial = scan.states;
  spec.numScans = scan.body->output_size() - scan.states.size();
  for (int64_t direction : scan.outputDirections)
    spec.isReversed.push_back(direction != 0);
  narrowTypes.assign(scan.body->output_size(), 0);
  spec.body = [&](Value iteration, Value, ArrayRef<Value> carried) -> FailureOr<LoopStep> {
    SmallVector<Value> arguments(carried);
    for (size_t i = 0; i < scan.scanned.size(); ++i) {
      Value place = iteration;
      if (scan.inputDirections[i] != 0)
        place = node.sub(node.sub(length, node.intScalar(1)), iteration);
      arguments.push_back(gather(node, scan.scanned[i], place, scan.inputAxes[i]));
    }
    if (node.failed())
      return failure();
    SmallVector<int> types = scan.narrowTypes;
    FailureOr<SmallVector<Value>> results =
        node.graph().importSubgraph(*scan.body, arguments, types);
    if (failed(results) ||
        failed(checkSameTypes(node, ArrayRef(scan.narrowTypes).take_front(carried.size()),
                              ArrayRef(types).take_front(carried.size()))))
      return failure();
    narrowTypes.assign(types.begin(), types.end());
    ArrayRef<Value> values = *results;
    return LoopStep{Value(), SmallVector<Value>(values.take_front(carried.size())),
                    SmallVector<Value>(values.drop_front(carried.size()))};
  };
  FailureOr<SmallVector<Value>> results = buildLoop(node, spec);
  if (failed(results))
    return failure();
  for (size_t i = 0; i < spec.numScans; ++i) {
    Value &stacked = (*results)[scan.states.size() + i];
    int64_t rank = NodeImporter::rank(stacked);
    auto axis = node.normalizeAxis(scan.outputAxes[i], rank);
    if (!axis)
      return failure();
    SmallVector<int64_t> order = axesBetween(1, rank);
    order.insert(order.begin() + *axis, 0);
    stacked = node.transpose(stacked, order);
  }
  return results;
}

/// Reads the attributes and inputs from `firstInput` on.
std::optional<ScanSpec> readScan(NodeImporter &node, unsigned firstInput) {
  ScanSpec scan;
  scan.body = graphAttr(node, "body");
  int64_t numScanned = node.intAttr("num_scan_inputs", 0);
  int64_t numStates = static_cast<int64_t>(node.numInputs()) - firstInput - numScanned;
  if (!scan.body)
    return std::nullopt;
  if (numScanned < 1 || numStates < 0 || scan.body->output_size() < numStates) {
    (void)node.invalid("'num_scan_inputs' is " + Twine(numScanned) + ", which does not fit the " +
                       Twine(node.numInputs()) + " inputs and the body's outputs");
    return std::nullopt;
  }
  size_t numOutputs = scan.body->output_size() - numStates, numInputs = numScanned;
  for (unsigned i = firstInput; i < node.numInputs(); ++i)
    (i < firstInput + numStates ? scan.states : scan.scanned).push_back(node.input(i));
  scan.narrowTypes = narrowTypesFrom(node, firstInput);
  auto list = [&](StringRef name, size_t size) {
    return node.intsAttr(name, std::vector<int64_t>(size, 0));
  };
  scan.inputAxes = list("scan_input_axes", numInputs);
  scan.inputDirections = list("scan_input_directions", numInputs);
  scan.outputAxes = list("scan_output_axes", numOutputs);
  scan.outputDirections = list("scan_output_directions", numOutputs);
  if (scan.inputAxes.size() != numInputs || scan.inputDirections.size() != numInputs ||
      scan.outputAxes.size() != numOutputs || scan.outputDirections.size() != numOutputs) {
    (void)node.invalid("an axes or directions attribute does not have one entry per scan input or "
                       "output");
    return std::nullopt;
  }
  for (auto [axis, value] : llvm::zip_equal(scan.inputAxes, scan.scanned)) {
    std::optional<int64_t> place = node.normalizeAxis(axis, NodeImporter::rank(value));
    if (!place)
      return std::nullopt;
    axis = *place;
  }
  return scan;
}

LogicalResult importScan(NodeImporter &node) {
  std::optional<ScanSpec> scan = readScan(node, 0);
  if (!scan || node.failed())
    return failure();
  SmallVector<int> types;
  FailureOr<SmallVector<Value>> results = buildScan(node, *scan, types);
  return failed(results) ? failure() : setOutputs(node, *results, types);
}

/// Scan of opset 8: every input and output has a batch dim in front.
LogicalResult importBatchedScan(NodeImporter &node) {
  if (node.hasInput(0))
    return node.unsupported("sequence lengths are not supported; expected Scan of opset 9");
  std::optional<ScanSpec> scan = readScan(node, 1);
  if (!scan || node.failed())
    return failure();
  scan->inputDirections = node.intsAttr("directions", scan->inputDirections);
  if (scan->inputDirections.size() != scan->scanned.size())
    return node.invalid("'directions' does not have one entry per scan input");
  LoopSpec batches;
  batches.tripCount = asScalar(node, node.dim(scan->scanned.front(), 0));
  batches.numScans = scan->body->output_size();
  SmallVector<int> types(batches.numScans);
  batches.body = [&](Value batch, Value, ArrayRef<Value>) -> FailureOr<LoopStep> {
    ScanSpec single = *scan;
    for (SmallVector<Value> *values : {&single.states, &single.scanned})
      for (Value &value : *values)
        value = gather(node, value, batch, 0);
    if (node.failed())
      return failure();
    FailureOr<SmallVector<Value>> results = buildScan(node, single, types);
    if (failed(results))
      return failure();
    return LoopStep{Value(), {}, *results};
  };
  FailureOr<SmallVector<Value>> results = buildLoop(node, batches);
  return failed(results) ? failure() : setOutputs(node, *results, types);
}

constexpr llvm::StringLiteral limits = "sequences, values whose number of dims changes";

constexpr OpEntry table[] = {
    {"", "If", 1, importIf, limits},
    {"", "Loop", 1, importLoop, limits},
    {"", "Scan", 8, importBatchedScan, "sequence lengths"},
    {"", "Scan", 9, importScan, limits},
};

} // namespace

void addControlOps(std::vector<OpEntry> &rows) {
  rows.insert(rows.end(), std::begin(table), std::end(table));
}

} // namespace pebble::onnx
