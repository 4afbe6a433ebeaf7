// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/ModelCheck.h"

#include "frontends/onnx/Model.h"
#include "frontends/onnx/Names.h"
#include "frontends/onnx/TensorData.h"
#include "frontends/onnx/onnx-ml.pb.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

namespace pebble::onnx {

namespace {

/// Names that are defined at a point of a graph; subgraphs see those around them.
struct Scope {
  const Scope *parent = nullptr;
  llvm::StringSet<> names;
  llvm::StringSet<> reported; ///< Undefined, and said so once.

  bool sees(llvm::StringRef name) const {
    for (const Scope *scope = this; scope; scope = scope->parent)
      if (scope->names.contains(name) || scope->reported.contains(name))
        return true;
    return false;
  }
};

class Checker {
public:
  Checker(ExternalFiles &external, Problems &problems) : external(external), problems(problems) {}

  void run(const proto::ModelProto &model);

private:
  using Opsets = llvm::StringMap<int64_t>;
  template <typename Message> Opsets checkOpsets(const Message &message, llvm::StringRef owner);
  void checkGraph(const proto::GraphProto &graph, const Scope *parent);
  void checkFunction(const proto::FunctionProto &function);
  template <typename Nodes> void checkNodes(const Nodes &nodes, Scope &scope);
  void checkNode(const proto::NodeProto &node, const llvm::StringSet<> &later, Scope &scope);
  void checkAttributes(const proto::NodeProto &node, const Scope &scope);
  void checkData(const proto::TensorProto &tensor, const llvm::Twine &what,
                 const proto::NodeProto *node);
  void define(llvm::StringRef name, Scope &scope, const proto::NodeProto *node);
  void report(ProblemCode code, const proto::NodeProto *node, const llvm::Twine &message);

  ExternalFiles &external;
  Problems &problems;
  Opsets opsets; ///< Of the model or function at hand.
  bool inFunction = false;
};

void Checker::report(ProblemCode code, const proto::NodeProto *node, const llvm::Twine &message) {
  if (!node)
    return problems.add(code, message);
  llvm::StringRef domain = canonicalDomain(node->domain());
  problems.add({.code = code,
                .node = nodeName(*node),
                .op = node->op_type(),
                .domain = domain.str(),
                .opset = opsets.lookup(domain),
                .message = message.str()});
}

void Checker::checkData(const proto::TensorProto &tensor, const llvm::Twine &what,
                        const proto::NodeProto *node) {
  if (llvm::Error error = checkTensor(tensor, external)) {
    bool isExternal = tensor.data_location() == proto::TensorProto::EXTERNAL;
    report(isExternal ? ProblemCode::ExternalData : ProblemCode::TensorSize, node,
           what + ": " + llvm::toString(std::move(error)));
  }
}

void Checker::define(llvm::StringRef name, Scope &scope, const proto::NodeProto *node) {
  if (!scope.names.insert(name).second)
    report(ProblemCode::DuplicateName, node,
           "'" + name + "' is defined a second time; expected every value to be defined once");
}

void Checker::checkAttributes(const proto::NodeProto &node, const Scope &scope) {
  llvm::StringSet<> names;
  for (const proto::AttributeProto &attribute : node.attribute()) {
    if (attribute.name().empty())
      report(ProblemCode::InvalidNode, &node, "an attribute has no name");
    else if (!names.insert(attribute.name()).second)
      report(ProblemCode::DuplicateName, &node,
             "attribute '" + attribute.name() + "' is given twice");
    if (!attribute.ref_attr_name().empty() && !inFunction)
      report(ProblemCode::InvalidNode, &node,
             "attribute '" + attribute.name() +
                 "' refers to an attribute of a function, outside "
                 "of any function");
    if (attribute.has_t())
      checkData(attribute.t(), "attribute '" + attribute.name() + "'", &node);
    for (const proto::TensorProto &tensor : attribute.tensors())
      checkData(tensor, "attribute '" + attribute.name() + "'", &node);
    if (attribute.has_sparse_tensor() || attribute.sparse_tensors_size())
      report(ProblemCode::UnsupportedFeature, &node,
             "attribute '" + attribute.name() + "' is a sparse tensor; expected a dense one");
    if (attribute.has_g())
      checkGraph(attribute.g(), &scope);
    for (const proto::GraphProto &graph : attribute.graphs())
      checkGraph(graph, &scope);
  }
}

void Checker::checkNode(const proto::NodeProto &node, const llvm::StringSet<> &later,
                        Scope &scope) {
  if (node.op_type().empty())
    report(ProblemCode::InvalidNode, nullptr, "node '" + nodeName(node) + "' names no operator");
  for (const std::string &input : node.input()) {
    if (input.empty() || scope.sees(input))
      continue;
    if (later.contains(input))
      report(ProblemCode::NotSorted, &node,
             "input '" + input +
                 "' is computed by this node or a later one; expected nodes in an "
                 "order in which each comes after those it reads, without cycles");
    else
      report(ProblemCode::UndefinedName, &node,
             "input '" + input + "' is no input, initializer or result of a node");
    scope.reported.insert(input);
  }
  checkAttributes(node, scope);
  for (const std::string &output : node.output())
    if (!output.empty())
      define(output, scope, &node);
}

template <typename Nodes> void Checker::checkNodes(const Nodes &nodes, Scope &scope) {
  llvm::StringSet<> later;
  for (const proto::NodeProto &node : nodes)
    for (const std::string &output : node.output())
      later.insert(output);
  for (const proto::NodeProto &node : nodes)
    checkNode(node, later, scope);
}

void Checker::checkGraph(const proto::GraphProto &graph, const Scope *parent) {
  Scope scope;
  scope.parent = parent;
  for (const proto::ValueInfoProto &input : graph.input()) {
    if (input.name().empty())
      problems.add(ProblemCode::GraphSignature,
                   "an input of graph '" + graph.name() + "' has no name");
    else
      define(input.name(), scope, nullptr);
  }
  llvm::StringSet<> initializers;
  for (const proto::TensorProto &tensor : graph.initializer()) {
    if (tensor.name().empty())
      problems.add(ProblemCode::GraphSignature,
                   "an initializer of graph '" + graph.name() + "' has no name");
    else if (!initializers.insert(tensor.name()).second)
      problems.add(ProblemCode::DuplicateName,
                   "initializer '" + tensor.name() + "' is given twice");
    checkData(tensor, "initializer '" + tensor.name() + "'", nullptr);
    // An initializer may share its name with an input, which it then gives a default.
    scope.names.insert(tensor.name());
  }
  for (const proto::SparseTensorProto &tensor : graph.sparse_initializer()) {
    problems.add(ProblemCode::UnsupportedFeature,
                 "initializer '" + tensor.values().name() + "' is sparse; expected a dense tensor");
    scope.names.insert(tensor.values().name());
  }
  checkNodes(graph.node(), scope);
  for (const proto::ValueInfoProto &output : graph.output())
    if (!scope.sees(output.name()))
      problems.add(ProblemCode::UndefinedName,
                   "output '" + output.name() + "' of graph '" + graph.name() +
                       "' is no input, initializer or result of a node");
}

void Checker::checkFunction(const proto::FunctionProto &function) {
  Scope scope;
  for (const std::string &input : function.input())
    define(input, scope, nullptr);
  opsets = checkOpsets(function, "function '" + function.name() + "'");
  inFunction = true;
  checkNodes(function.node(), scope);
  inFunction = false;
  for (const std::string &output : function.output())
    if (!scope.sees(output))
      problems.add(ProblemCode::UndefinedName, "output '" + output + "' of function '" +
                                                   function.name() + "' is not computed in it");
}

template <typename Message>
Checker::Opsets Checker::checkOpsets(const Message &message, llvm::StringRef owner) {
  Opsets result;
  for (const proto::OperatorSetIdProto &import : message.opset_import()) {
    llvm::StringRef domain = canonicalDomain(import.domain());
    auto [known, isNew] = result.try_emplace(domain, import.version());
    if (!isNew && known->second != import.version())
      problems.add(ProblemCode::IncompleteModel, owner + " imports operator set '" +
                                                     (domain.empty() ? "ai.onnx" : domain) +
                                                     "' in two versions");
    if (domain.empty() && (import.version() < oldestOpset || import.version() > newestOpset))
      problems.add(
          ProblemCode::UnsupportedOpset,
          owner + " uses version " + llvm::Twine(import.version()) +
              " of the ai.onnx operator set; expected " + llvm::Twine(oldestOpset) + " to " +
              llvm::Twine(newestOpset) +
              (import.version() < oldestOpset ? " (onnx.version_converter can raise it)" : ""));
  }
  return result;
}

void Checker::run(const proto::ModelProto &model) {
  if (!model.has_ir_version())
    problems.add(ProblemCode::IncompleteModel, "the model has no ir_version");
  else if (model.ir_version() < 1 || model.ir_version() > proto::IR_VERSION)
    problems.add(ProblemCode::UnsupportedOpset,
                 "the model's ir_version is " + llvm::Twine(model.ir_version()) +
                     "; expected 3 to " + llvm::Twine(static_cast<int64_t>(proto::IR_VERSION)));
  if (!model.has_graph()) {
    problems.add(ProblemCode::IncompleteModel, "the model has no graph");
    return;
  }
  if (model.opset_import_size() == 0) {
    problems.add(ProblemCode::IncompleteModel,
                 "the model imports no operator set; expected opset_import for ai.onnx");
    return;
  }
  llvm::StringSet<> functions;
  for (const proto::FunctionProto &function : model.functions()) {
    if (!functions.insert(functionKey(function.domain(), function.name(), function.overload()))
             .second)
      problems.add(ProblemCode::DuplicateName, "function '" + function.name() + "' of domain '" +
                                                   function.domain() + "' is defined twice");
    checkFunction(function);
  }
  opsets = checkOpsets(model, "the model");
  checkGraph(model.graph(), nullptr);
}

} // namespace

void checkModel(const proto::ModelProto &model, ExternalFiles &external, Problems &problems) {
  Checker(external, problems).run(model);
}

} // namespace pebble::onnx
