// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/NodeImporter.h"

#include "dialects/nn/Constants.h"
#include "frontends/onnx/GraphImporter.h"
#include "frontends/onnx/Model.h"
#include "frontends/onnx/Names.h"
#include "frontends/onnx/NarrowTypes.h"
#include "frontends/onnx/ShapeRefinement.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "llvm/ADT/APSInt.h"
#include "llvm/ADT/StringExtras.h"

namespace pebble::onnx {

using proto::AttributeProto;

NodeImporter::NodeImporter(GraphImporter &graph, const proto::NodeProto &node, int opset,
                           mlir::Location loc)
    : parent(graph), nodeProto(node), version(opset), location(loc) {}

llvm::StringRef NodeImporter::opType() const { return nodeProto.op_type(); }
mlir::OpBuilder &NodeImporter::builder() { return parent.builder(); }

//===------------------------------------------------------------------------------------------===//
// Attributes
//===------------------------------------------------------------------------------------------===//

const AttributeProto *NodeImporter::attr(llvm::StringRef name) const {
  for (const AttributeProto &attribute : nodeProto.attribute())
    if (attribute.name() == name)
      return &attribute;
  return nullptr;
}

bool NodeImporter::hasAttr(llvm::StringRef name) const { return attr(name) != nullptr; }

const AttributeProto *NodeImporter::typedAttr(llvm::StringRef name, int type,
                                              llvm::StringRef typeName) {
  const AttributeProto *attribute = attr(name);
  if (!attribute || attribute->type() == type)
    return attribute;
  (void)invalid("attribute '" + name + "' has another type; expected " + typeName);
  return nullptr;
}

int64_t NodeImporter::intAttr(llvm::StringRef name, int64_t missing) {
  const AttributeProto *attribute = typedAttr(name, AttributeProto::INT, "an integer");
  return attribute ? attribute->i() : missing;
}

double NodeImporter::floatAttr(llvm::StringRef name, double missing) {
  const AttributeProto *attribute = typedAttr(name, AttributeProto::FLOAT, "a float");
  return attribute ? attribute->f() : missing;
}

std::string NodeImporter::stringAttr(llvm::StringRef name, llvm::StringRef missing) {
  const AttributeProto *attribute = typedAttr(name, AttributeProto::STRING, "a string");
  return attribute ? attribute->s() : missing.str();
}

std::vector<int64_t> NodeImporter::intsAttr(llvm::StringRef name, llvm::ArrayRef<int64_t> missing) {
  const AttributeProto *attribute = typedAttr(name, AttributeProto::INTS, "a list of integers");
  if (!attribute)
    return missing.vec();
  return {attribute->ints().begin(), attribute->ints().end()};
}

std::vector<double> NodeImporter::floatsAttr(llvm::StringRef name, llvm::ArrayRef<double> missing) {
  const AttributeProto *attribute = typedAttr(name, AttributeProto::FLOATS, "a list of floats");
  if (!attribute)
    return missing.vec();
  return {attribute->floats().begin(), attribute->floats().end()};
}

std::vector<std::string> NodeImporter::stringsAttr(llvm::StringRef name) {
  const AttributeProto *attribute = typedAttr(name, AttributeProto::STRINGS, "a list of strings");
  if (!attribute)
    return {};
  return {attribute->strings().begin(), attribute->strings().end()};
}

int64_t NodeImporter::enumAttr(llvm::StringRef name, llvm::StringRef missing,
                               llvm::ArrayRef<llvm::StringRef> choices) {
  std::string value = stringAttr(name, missing);
  for (auto [index, choice] : llvm::enumerate(choices))
    if (choice == value)
      return static_cast<int64_t>(index);
  (void)invalid("attribute '" + name + "' is '" + value + "'; expected one of " +
                llvm::join(choices, ", "));
  return 0;
}

//===------------------------------------------------------------------------------------------===//
// Inputs and results
//===------------------------------------------------------------------------------------------===//

unsigned NodeImporter::numInputs() const { return nodeProto.input_size(); }

mlir::Value NodeImporter::input(unsigned index) const {
  if (index >= numInputs() || nodeProto.input(index).empty())
    return {};
  return parent.lookup(nodeProto.input(index)).value;
}

int NodeImporter::narrowType(unsigned index) const {
  return hasInput(index) ? parent.lookup(nodeProto.input(index)).narrowType : 0;
}

std::vector<mlir::Value> NodeImporter::inputs() const {
  std::vector<mlir::Value> values;
  for (unsigned i = 0; i < numInputs(); ++i)
    values.push_back(input(i));
  return values;
}

mlir::RankedTensorType NodeImporter::type(mlir::Value value) {
  if (!value)
    throw MissingValue();
  return llvm::cast<mlir::RankedTensorType>(value.getType());
}

std::optional<std::vector<int64_t>> NodeImporter::constantInts(mlir::Value value) const {
  auto known = nn::constantInts(value);
  return known ? std::optional(std::vector<int64_t>(known->begin(), known->end())) : std::nullopt;
}

std::optional<std::vector<double>> NodeImporter::constantFloats(mlir::Value value) const {
  auto known = nn::constantReals(value);
  return known ? std::optional(std::vector<double>(known->begin(), known->end())) : std::nullopt;
}

std::optional<int64_t> NodeImporter::normalizeAxis(int64_t axis, int64_t rank) {
  if (axis >= -rank && axis < rank)
    return axis < 0 ? axis + rank : axis;
  (void)invalid("axis " + llvm::Twine(axis) + " is out of range; expected " + llvm::Twine(-rank) +
                " to " + llvm::Twine(rank - 1));
  return std::nullopt;
}

unsigned NodeImporter::numOutputs() const { return nodeProto.output_size(); }

bool NodeImporter::wantsOutput(unsigned index) const {
  return index < numOutputs() && !nodeProto.output(index).empty();
}

void NodeImporter::setOutput(unsigned index, mlir::Value value, int narrowType) {
  if (!wantsOutput(index))
    return;
  if (!value && !hasFailed)
    (void)invalid("a required input is missing");
  parent.define(nodeProto.output(index),
                {.value = value,
                 .isPoison = !value,
                 .narrowType = narrowType ? narrowType : movedType(*this, index)});
}

//===------------------------------------------------------------------------------------------===//
// Building
//===------------------------------------------------------------------------------------------===//

/// Folding is for the arithmetic of shapes; what is larger is left to the simplify passes.
static bool isSmall(mlir::Operation *op) {
  constexpr int64_t maxElements = 1024;
  auto fits = [](mlir::Type type) {
    auto tensor = llvm::dyn_cast<mlir::RankedTensorType>(type);
    return tensor && tensor.hasStaticShape() && tensor.getNumElements() <= maxElements;
  };
  return llvm::all_of(op->getOperandTypes(), fits) && llvm::all_of(op->getResultTypes(), fits);
}

static llvm::LogicalResult checkSizes(NodeImporter &node, mlir::TypeRange types) {
  for (mlir::Type type : types) {
    auto tensor = llvm::cast<mlir::RankedTensorType>(type);
    if (tensor.getRank() > maxRank)
      return node.unsupported("a tensor of " + llvm::Twine(tensor.getRank()) +
                              " dims arises; expected at most " + llvm::Twine(maxRank));
    std::optional<int64_t> bytes = nn::tensorBytes(tensor);
    if (tensor.hasStaticShape() && (!bytes || *bytes > maxTensorBytes))
      return node.unsupported("a tensor beyond any memory arises; expected at most 1 TiB");
  }
  return mlir::success();
}

llvm::SmallVector<mlir::Value> NodeImporter::insert(mlir::OperationState &state) {
  if (hasFailed)
    return {};
  if (llvm::is_contained(state.operands, mlir::Value())) {
    (void)invalid("a required input is missing");
    return {};
  }
  std::string diagnostics;
  mlir::MLIRContext *context = builder().getContext();
  mlir::ScopedDiagnosticHandler handler(context, [&](mlir::Diagnostic &diagnostic) {
    // The name of the nn op says nothing to the author of an ONNX model.
    std::string message = diagnostic.str();
    llvm::StringRef text = message;
    if (text.starts_with("'") && text.contains("op "))
      text = text.split("op ").second;
    diagnostics += (diagnostics.empty() ? "" : "; ") + text.str();
    return mlir::success();
  });
  auto *interface = state.name.getInterface<mlir::InferTypeOpInterface>();
  if (interface) {
    llvm::SmallVector<mlir::Type> types;
    if (mlir::failed(interface->inferReturnTypes(context, location, state.operands,
                                                 state.attributes.getDictionary(context),
                                                 state.getRawProperties(), state.regions, types))) {
      (void)invalid(diagnostics.empty() ? "its input types do not fit together" : diagnostics);
      return {};
    }
    state.types.assign(types.begin(), types.end());
  }
  mlir::Operation *op = builder().create(state);
  refineResultTypes(op);
  if (mlir::failed(checkSizes(*this, op->getResultTypes()))) {
    op->erase();
    return {};
  }
  if (mlir::failed(op->getName().verifyInvariants(op))) {
    (void)invalid(diagnostics);
    op->erase();
    return {};
  }
  llvm::SmallVector<mlir::Value> results;
  if (mlir::Attribute known = knownResult(op)) {
    results.push_back(constant(llvm::cast<mlir::ElementsAttr>(known)));
    op->erase();
    return results;
  }
  if (isSmall(op) && succeeded(builder().tryFold(op, results))) {
    op->erase();
    return results;
  }
  return llvm::SmallVector<mlir::Value>(op->getResults());
}

mlir::Value NodeImporter::constant(mlir::ElementsAttr value) {
  return parent.constant(value, location);
}

mlir::Value NodeImporter::ints(llvm::ArrayRef<int64_t> values) {
  auto tensor =
      mlir::RankedTensorType::get({static_cast<int64_t>(values.size())}, builder().getI64Type());
  return constant(mlir::DenseElementsAttr::get(tensor, values));
}

mlir::Value NodeImporter::intScalar(int64_t value) {
  auto tensor = mlir::RankedTensorType::get({}, builder().getI64Type());
  return constant(mlir::DenseElementsAttr::get(tensor, llvm::ArrayRef(value)));
}

mlir::Value NodeImporter::scalar(mlir::Type element, double value) {
  auto tensor = mlir::RankedTensorType::get({}, element);
  mlir::Attribute attribute;
  if (llvm::isa<mlir::FloatType>(element)) {
    attribute = mlir::FloatAttr::get(element, value);
  } else if (element.isInteger(1)) {
    attribute = builder().getIntegerAttr(element, value != 0);
  } else {
    unsigned width = element.getIntOrFloatBitWidth();
    llvm::APSInt integer(width, element.isUnsignedInteger());
    bool isExact = false;
    llvm::APFloat(value).convertToInteger(integer, llvm::APFloat::rmTowardZero, &isExact);
    attribute = mlir::IntegerAttr::get(element, integer);
  }
  return constant(mlir::DenseElementsAttr::get(tensor, attribute));
}

mlir::Value NodeImporter::cast(mlir::Value value, mlir::Type element) {
  if (!value || elementType(value) == element)
    return value;
  return create<nn::CastOp>(value, element);
}

mlir::Value NodeImporter::add(mlir::Value a, mlir::Value b) { return create<nn::AddOp>(a, b); }
mlir::Value NodeImporter::sub(mlir::Value a, mlir::Value b) { return create<nn::SubOp>(a, b); }
mlir::Value NodeImporter::mul(mlir::Value a, mlir::Value b) { return create<nn::MulOp>(a, b); }
mlir::Value NodeImporter::div(mlir::Value a, mlir::Value b) { return create<nn::DivOp>(a, b); }

mlir::Value NodeImporter::reshape(mlir::Value value, llvm::ArrayRef<int64_t> shape) {
  if (value && type(value).getShape() == shape && type(value).hasStaticShape())
    return value;
  return create<nn::ReshapeOp>(value, ints(shape), /*allowzero=*/llvm::is_contained(shape, 0));
}

mlir::Value NodeImporter::reshape(mlir::Value value, mlir::Value shape) {
  return create<nn::ReshapeOp>(value, shape, /*allowzero=*/true);
}

mlir::Value NodeImporter::transpose(mlir::Value value, llvm::ArrayRef<int64_t> permutation) {
  if (llvm::equal(permutation, llvm::seq<int64_t>(0, permutation.size())))
    return value;
  return create<nn::TransposeOp>(value, permutation);
}

/// The shape that keeps `dims` of `value`, with -1 standing for 1.
static mlir::Value shapeFrom(NodeImporter &node, mlir::Value value,
                             llvm::ArrayRef<int64_t> sources) {
  llvm::ArrayRef<int64_t> dims = NodeImporter::type(value).getShape();
  llvm::SmallVector<int64_t> sizes;
  for (int64_t source : sources)
    sizes.push_back(source < 0 ? 1 : dims[source]);
  // The dims that are dropped are 1: with a single unknown left, the others decide it.
  if (llvm::count(sizes, mlir::ShapedType::kDynamic) <= 1 && !llvm::is_contained(sizes, 0)) {
    llvm::replace(sizes, mlir::ShapedType::kDynamic, int64_t(-1));
    return node.ints(sizes);
  }
  llvm::SmallVector<mlir::Value> parts;
  for (auto [source, size] : llvm::zip_equal(sources, sizes))
    parts.push_back(mlir::ShapedType::isDynamic(size) ? node.dim(value, source) : node.ints(size));
  return node.concat(parts, 0);
}

mlir::Value NodeImporter::unsqueeze(mlir::Value value, llvm::ArrayRef<int64_t> axes) {
  if (!value || axes.empty())
    return value;
  int64_t resultRank = rank(value) + static_cast<int64_t>(axes.size());
  llvm::SmallVector<int64_t> sources(resultRank, 0);
  for (int64_t axis : axes) {
    std::optional<int64_t> place = normalizeAxis(axis, resultRank);
    if (!place)
      return {};
    if (sources[*place] < 0) {
      (void)invalid("axis " + llvm::Twine(axis) + " is given twice");
      return {};
    }
    sources[*place] = -1;
  }
  int64_t next = 0;
  for (int64_t &source : sources)
    if (source == 0)
      source = next++;
  return reshape(value, shapeFrom(*this, value, sources));
}

mlir::Value NodeImporter::squeeze(mlir::Value value, llvm::ArrayRef<int64_t> axes) {
  if (!value || axes.empty())
    return value;
  llvm::SmallVector<bool> dropped(rank(value));
  for (int64_t axis : axes) {
    std::optional<int64_t> place = normalizeAxis(axis, rank(value));
    if (!place)
      return {};
    int64_t size = type(value).getDimSize(*place);
    if (size != 1 && !mlir::ShapedType::isDynamic(size)) {
      (void)invalid("dim " + llvm::Twine(*place) + " is " + llvm::Twine(size) +
                    "; expected 1, to be squeezed");
      return {};
    }
    dropped[*place] = true;
  }
  llvm::SmallVector<int64_t> sources;
  for (auto [index, isDropped] : llvm::enumerate(dropped))
    if (!isDropped)
      sources.push_back(static_cast<int64_t>(index));
  return reshape(value, shapeFrom(*this, value, sources));
}

mlir::Value NodeImporter::shapeOf(mlir::Value value) { return create<nn::ShapeOfOp>(value); }

mlir::Value NodeImporter::dim(mlir::Value value, int64_t axis) {
  int64_t size = type(value).getDimSize(axis);
  return mlir::ShapedType::isDynamic(size) ? slice(shapeOf(value), 0, axis, axis + 1) : ints(size);
}

mlir::Value NodeImporter::concat(llvm::ArrayRef<mlir::Value> values, int64_t axis) {
  if (values.size() == 1)
    return values.front();
  return create<nn::ConcatOp>(mlir::ValueRange(values), axis);
}

mlir::Value NodeImporter::slice(mlir::Value value, int64_t axis, int64_t begin, int64_t end) {
  return create<nn::SliceOp>(value, ints(begin), ints(end), ints(axis), ints(1));
}

//===------------------------------------------------------------------------------------------===//
// Problems
//===------------------------------------------------------------------------------------------===//

llvm::LogicalResult NodeImporter::report(ProblemCode code, const llvm::Twine &message) {
  hasFailed = true;
  parent.problems().add({.code = code,
                         .node = llvm::cast<mlir::NameLoc>(location).getName().str(),
                         .op = nodeProto.op_type(),
                         .domain = canonicalDomain(nodeProto.domain()).str(),
                         .opset = version,
                         .message = message.str()});
  return llvm::failure();
}

llvm::LogicalResult NodeImporter::unsupported(const llvm::Twine &reason) {
  return report(ProblemCode::UnsupportedNode, reason);
}

llvm::LogicalResult NodeImporter::invalid(const llvm::Twine &reason) {
  return report(ProblemCode::InvalidNode, reason);
}

} // namespace pebble::onnx
