// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/GraphImporter.h"

#include "dialects/nn/NN.h"
#include "frontends/onnx/Functions.h"
#include "frontends/onnx/Names.h"
#include "frontends/onnx/NarrowTypes.h"
#include "frontends/onnx/Registry.h"
#include "frontends/onnx/TensorData.h"

namespace pebble::onnx {

ImportSession::ImportSession(std::shared_ptr<const Model> model, mlir::MLIRContext *context,
                             Problems &problems)
    : model(std::move(model)), builder(context), problems(problems) {
  for (const proto::FunctionProto &function : this->model->proto().functions())
    functions[functionKey(function.domain(), function.name(), function.overload())] = &function;
}

mlir::Location ImportSession::location(llvm::StringRef name, unsigned line) {
  auto file = mlir::FileLineColLoc::get(builder.getStringAttr(model->name() + ".onnx"), line, 1);
  return mlir::NameLoc::get(builder.getStringAttr(name), file);
}

GraphImporter::GraphImporter(ImportSession &session, const GraphImporter *parent,
                             const Opsets &opsets, std::shared_ptr<const void> owner,
                             std::string prefix)
    : session(session), parent(parent), opsets(opsets), owner(std::move(owner)),
      prefix(std::move(prefix)) {}

Binding GraphImporter::lookup(llvm::StringRef name) const {
  for (const GraphImporter *graph = this; graph; graph = graph->parent)
    if (auto found = graph->bindings.find(name); found != graph->bindings.end())
      return found->second;
  return {.value = {}, .isPoison = true};
}

mlir::ElementsAttr GraphImporter::tensor(const proto::TensorProto &tensor, std::string &reason) {
  if (elementTypeOf(tensor.data_type(), context()) || narrowBits(tensor.data_type()))
    return tensorValue(tensor, *session.model, owner, context());
  reason = ("element type " + dataTypeName(tensor.data_type()) + " is not supported; expected " +
            supportedElementTypes())
               .str();
  return {};
}

mlir::Value GraphImporter::constant(mlir::ElementsAttr value, mlir::Location location) {
  return nn::ConstantOp::create(builder(), location, value.getType(), value);
}

void GraphImporter::importInitializers(const proto::GraphProto &graph) {
  for (const proto::TensorProto &initializer : graph.initializer()) {
    std::string reason;
    mlir::ElementsAttr value = tensor(initializer, reason);
    if (!value) {
      problems().add(ProblemCode::UnsupportedType,
                     "initializer '" + initializer.name() + "': " + reason);
      define(initializer.name(), {.value = {}, .isPoison = true});
      continue;
    }
    auto location = mlir::NameLoc::get(builder().getStringAttr(prefix + initializer.name()));
    define(initializer.name(),
           {.value = constant(value, location),
            .narrowType = narrowBits(initializer.data_type()) ? initializer.data_type() : 0});
  }
}

void GraphImporter::importNodes(llvm::ArrayRef<const proto::NodeProto *> nodes) {
  for (const proto::NodeProto *node : nodes)
    importNode(*node);
}

void GraphImporter::report(ProblemCode code, const proto::NodeProto &node,
                           const llvm::Twine &message) {
  llvm::StringRef domain = canonicalDomain(node.domain());
  problems().add({.code = code,
                  .node = prefix + nodeName(node),
                  .op = node.op_type(),
                  .domain = domain.str(),
                  .opset = opsets.lookup(domain),
                  .message = message.str()});
}

void GraphImporter::poisonOutputs(const proto::NodeProto &node) {
  for (const std::string &output : node.output())
    if (!output.empty())
      define(output, {.value = {}, .isPoison = true});
}

const proto::FunctionProto *GraphImporter::functionOf(const proto::NodeProto &node) const {
  return session.functions.lookup(functionKey(node.domain(), node.op_type(), node.overload()));
}

void GraphImporter::reportUnsupported(const proto::NodeProto &node, llvm::StringRef domain) {
  for (const OpEntry &entry : Registry::get().entries())
    if (entry.domain == domain && entry.name == node.op_type())
      return report(ProblemCode::UnknownOperator, node,
                    "the operator is supported from opset " + llvm::Twine(entry.since) + " on");
  report(ProblemCode::UnknownOperator, node,
         "the operator is not supported; `pebble ops` lists those that are");
}

bool GraphImporter::reportUnknown(const proto::NodeProto &node) {
  bool isUnknown = false;
  llvm::StringRef domain = canonicalDomain(node.domain());
  auto version = opsets.find(domain);
  const Registry &registry = Registry::get();
  bool isKnownDomain = llvm::any_of(registry.entries(),
                                    [&](const OpEntry &entry) { return entry.domain == domain; });
  if (functionOf(node)) {
    // Its body is looked at where it is inlined.
  } else if (version == opsets.end() && isKnownDomain) {
    report(ProblemCode::IncompleteModel, node,
           "the model imports no version of operator set '" +
               (domain.empty() ? llvm::StringRef("ai.onnx") : domain) + "'");
    isUnknown = true;
  } else if (version == opsets.end() || !registry.find(domain, node.op_type(), version->second)) {
    reportUnsupported(node, domain);
    isUnknown = true;
  }
  for (const proto::AttributeProto &attribute : node.attribute()) {
    if (attribute.has_g())
      for (const proto::NodeProto &inner : attribute.g().node())
        isUnknown |= reportUnknown(inner);
  }
  return isUnknown;
}

void GraphImporter::importNode(const proto::NodeProto &node) {
  if (session.nodesLeft-- <= 0) {
    if (session.nodesLeft == -1)
      problems().add(ProblemCode::UnsupportedFeature,
                     "the model has too many nodes once its functions are inlined");
    return poisonOutputs(node);
  }
  bool hasPoison = llvm::any_of(node.input(), [&](const std::string &input) {
    return !input.empty() && lookup(input).isPoison;
  });
  if (hasPoison) {
    reportUnknown(node);
    return poisonOutputs(node);
  }
  if (const proto::FunctionProto *function = functionOf(node))
    return inlineFunction(node, *function);
  // Subgraphs report their own unknown operators as they are imported; a node that is unknown
  // itself never gets there.
  llvm::StringRef domain = canonicalDomain(node.domain());
  auto version = opsets.find(domain);
  if (version == opsets.end() || !Registry::get().find(domain, node.op_type(), version->second)) {
    reportUnknown(node);
    return poisonOutputs(node);
  }
  importKnownNode(node, version->second);
}

bool GraphImporter::checkArity(const proto::NodeProto &node) {
  if (!canonicalDomain(node.domain()).empty())
    return true;
  struct Arity {
    llvm::StringLiteral name;
    int leastInputs, mostInputs, mostOutputs;
  };
#define PEBBLE_ARITY(name, leastInputs, mostInputs, mostOutputs)                                   \
  {#name, leastInputs, mostInputs, mostOutputs},
  static constexpr Arity arities[] = {
#include "frontends/onnx/Arity.def"
  };
#undef PEBBLE_ARITY
  const Arity *arity = llvm::find_if(
      arities, [&](const Arity &candidate) { return candidate.name == node.op_type(); });
  if (arity == std::end(arities))
    return true;
  auto check = [&](llvm::StringRef what, int actual, int least, int most) {
    if (actual >= least && (most < 0 || actual <= most))
      return true;
    report(
        ProblemCode::InvalidNode, node,
        "it has " + llvm::Twine(actual) + " " + what + "; expected " +
            (actual < least ? "at least " + llvm::Twine(least) : "at most " + llvm::Twine(most)));
    return false;
  };
  return check("inputs", node.input_size(), arity->leastInputs, arity->mostInputs) &&
         check("results", node.output_size(), 0, arity->mostOutputs);
}

void GraphImporter::importKnownNode(const proto::NodeProto &node, int64_t opset) {
  if (!checkArity(node))
    return poisonOutputs(node);
  std::string name = prefix + nodeName(node);
  mlir::Location location = session.location(name, ++session.nodesNamed);
  NodeImporter importer(*this, node, static_cast<int>(opset), location);
  const OpEntry *entry =
      Registry::get().find(canonicalDomain(node.domain()), node.op_type(), opset);
  bool isImported = false;
  try {
    isImported = succeeded(checkNarrowInputs(importer)) && succeeded(entry->import(importer)) &&
                 !importer.failed();
  } catch (const MissingValue &) {
    if (!importer.failed())
      (void)importer.invalid("a required input is missing");
  }
  if (!isImported) {
    if (problems().empty())
      report(ProblemCode::Internal, node, "the import failed without a reason");
    return poisonOutputs(node);
  }
  for (const std::string &output : node.output()) {
    if (output.empty() || bindings.contains(output))
      continue;
    report(ProblemCode::UnsupportedNode, node, "its result '" + output + "' is not supported");
    define(output, {.value = {}, .isPoison = true});
  }
}

llvm::FailureOr<llvm::SmallVector<mlir::Value>>
GraphImporter::importSubgraph(const proto::GraphProto &graph,
                              llvm::ArrayRef<mlir::Value> arguments) {
  llvm::SmallVector<int> narrowTypes(arguments.size());
  llvm::FailureOr<llvm::SmallVector<mlir::Value>> results =
      importSubgraph(graph, arguments, narrowTypes);
  if (failed(results))
    return results;
  for (auto [output, type] : llvm::zip_equal(graph.output(), narrowTypes)) {
    if (!type)
      continue;
    problems().add(ProblemCode::UnsupportedType, "result '" + output.name() + "' of subgraph '" +
                                                     graph.name() + "' has element type " +
                                                     dataTypeName(type) +
                                                     "; expected one that is cast or dequantized");
    return llvm::failure();
  }
  return results;
}

llvm::FailureOr<llvm::SmallVector<mlir::Value>>
GraphImporter::importSubgraph(const proto::GraphProto &graph, llvm::ArrayRef<mlir::Value> arguments,
                              llvm::SmallVectorImpl<int> &narrowTypes) {
  GraphImporter body(session, this, opsets, owner, prefix);
  if (static_cast<size_t>(graph.input_size()) != arguments.size()) {
    problems().add(ProblemCode::GraphSignature,
                   "subgraph '" + graph.name() + "' has " + llvm::Twine(graph.input_size()) +
                       " inputs; expected " + llvm::Twine(arguments.size()));
    return llvm::failure();
  }
  body.importInitializers(graph);
  for (auto [input, argument, type] : llvm::zip_equal(graph.input(), arguments, narrowTypes))
    body.define(input.name(), {.value = argument, .narrowType = type});
  llvm::SmallVector<const proto::NodeProto *> nodes;
  for (const proto::NodeProto &node : graph.node())
    nodes.push_back(&node);
  body.importNodes(nodes);
  llvm::SmallVector<mlir::Value> results;
  narrowTypes.clear();
  for (const proto::ValueInfoProto &output : graph.output()) {
    Binding binding = body.lookup(output.name());
    if (!binding.value)
      return llvm::failure();
    results.push_back(binding.value);
    narrowTypes.push_back(binding.narrowType);
  }
  return results;
}

void GraphImporter::inlineFunction(const proto::NodeProto &node,
                                   const proto::FunctionProto &function) {
  auto fail = [&](const llvm::Twine &message) {
    report(ProblemCode::Function, node, message);
    poisonOutputs(node);
  };
  constexpr size_t maxDepth = 64;
  if (llvm::is_contained(session.callStack, &function))
    return fail("the function calls itself");
  if (session.callStack.size() >= maxDepth)
    return fail("functions call each other more than 64 deep");
  if (node.input_size() > function.input_size() || node.output_size() > function.output_size())
    return fail("the function takes " + llvm::Twine(function.input_size()) + " inputs and gives " +
                llvm::Twine(function.output_size()) + " outputs; the node has " +
                llvm::Twine(node.input_size()) + " and " + llvm::Twine(node.output_size()));

  Opsets functionOpsets;
  for (const proto::OperatorSetIdProto &import : function.opset_import())
    functionOpsets[canonicalDomain(import.domain())] = import.version();
  FunctionBody copy = bindAttributes(function, node);
  GraphImporter body(session, nullptr, functionOpsets, copy.owner ? copy.owner : owner,
                     prefix + nodeName(node) + "/");
  for (int i = 0; i < function.input_size(); ++i) {
    bool isPresent = i < node.input_size() && !node.input(i).empty();
    body.define(function.input(i), isPresent ? lookup(node.input(i)) : Binding());
  }
  session.callStack.push_back(&function);
  body.importNodes(copy.nodes);
  session.callStack.pop_back();
  for (int i = 0; i < node.output_size(); ++i)
    if (!node.output(i).empty())
      define(node.output(i), body.lookup(function.output(i)));
}

} // namespace pebble::onnx
