// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Imports the nodes of one graph, subgraph or function body into the block at hand.
#ifndef PEBBLE_FRONTENDS_ONNX_GRAPHIMPORTER_H
#define PEBBLE_FRONTENDS_ONNX_GRAPHIMPORTER_H

#include "frontends/onnx/Model.h"
#include "frontends/onnx/Problems.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/ADT/StringMap.h"

#include <memory>
#include <vector>

namespace pebble::onnx {

namespace proto {
class FunctionProto;
class GraphProto;
class NodeProto;
class TensorProto;
} // namespace proto

/// Versions of the operator sets in force, by canonical domain.
using Opsets = llvm::StringMap<int64_t>;

/// What all graphs of one import share.
struct ImportSession {
  std::shared_ptr<const Model> model;
  mlir::OpBuilder builder;
  Problems &problems;
  llvm::StringMap<const proto::FunctionProto *> functions; ///< By functionKey.
  std::vector<const proto::FunctionProto *> callStack;     ///< Functions being inlined.
  /// Inlining and retyped loops multiply nodes: a hostile file must not run forever.
  int64_t nodesLeft = 250000;
  unsigned nodesNamed = 0; ///< Nodes that have a location: their line in debug information.
  bool integerQdq = true;  ///< As in ImportOptions.

  ImportSession(std::shared_ptr<const Model> model, mlir::MLIRContext *context, Problems &problems);
  /// Where ops that compute something come from. Debuggers and profilers know files and lines only:
  /// line n is the model's n-th node, and line 0 is what inputs need.
  mlir::Location location(llvm::StringRef name, unsigned line);
};

/// A name's meaning. Without a value it is either an absent optional input of a function, or
/// poison: the result of a node that could not be imported.
struct Binding {
  mlir::Value value;
  bool isPoison = false;
  int narrowType = 0; ///< The ONNX data type that the value holds codes of; 0: of none.
};

class GraphImporter {
public:
  /// `owner` keeps the messages alive that constants share their data with; `prefix` starts the
  /// names of nodes in locations.
  GraphImporter(ImportSession &session, const GraphImporter *parent, const Opsets &opsets,
                std::shared_ptr<const void> owner, std::string prefix);

  mlir::OpBuilder &builder() { return session.builder; }
  mlir::MLIRContext *context() { return session.builder.getContext(); }
  Problems &problems() { return session.problems; }
  bool integerQdq() const { return session.integerQdq; }

  void define(llvm::StringRef name, Binding binding) { bindings[name] = binding; }
  /// Looks through the surrounding graphs too. Poison when unknown.
  Binding lookup(llvm::StringRef name) const;
  void importInitializers(const proto::GraphProto &graph);
  void importNodes(llvm::ArrayRef<const proto::NodeProto *> nodes);

  /// Imports the body of a control-flow node at the builder's insertion point, its inputs bound to
  /// `arguments`. Fails when an output could not be imported; the reason is in `problems()`.
  llvm::FailureOr<llvm::SmallVector<mlir::Value>>
  importSubgraph(const proto::GraphProto &graph, llvm::ArrayRef<mlir::Value> arguments);
  /// The same for arguments with narrow types, 0 where they have none; `narrowTypes` become those
  /// of the results.
  llvm::FailureOr<llvm::SmallVector<mlir::Value>>
  importSubgraph(const proto::GraphProto &graph, llvm::ArrayRef<mlir::Value> arguments,
                 llvm::SmallVectorImpl<int> &narrowTypes);

  /// The value of a tensor of the model; null, with the reason, for element types that Pebble
  /// lacks.
  mlir::ElementsAttr tensor(const proto::TensorProto &tensor, std::string &reason);
  mlir::Value constant(mlir::ElementsAttr value, mlir::Location location);

private:
  void importNode(const proto::NodeProto &node);
  /// Reports numbers of inputs and results that the operator never has.
  bool checkArity(const proto::NodeProto &node);
  void importKnownNode(const proto::NodeProto &node, int64_t opset);
  void inlineFunction(const proto::NodeProto &node, const proto::FunctionProto &function);
  /// Reports operators that no row of the registry covers, in the node and its subgraphs.
  bool reportUnknown(const proto::NodeProto &node);
  void reportUnsupported(const proto::NodeProto &node, llvm::StringRef domain);
  void poisonOutputs(const proto::NodeProto &node);
  void report(ProblemCode code, const proto::NodeProto &node, const llvm::Twine &message);
  const proto::FunctionProto *functionOf(const proto::NodeProto &node) const;

  ImportSession &session;
  const GraphImporter *parent;
  const Opsets &opsets;
  std::shared_ptr<const void> owner;
  std::string prefix;
  llvm::StringMap<Binding> bindings;
};

} // namespace pebble::onnx

#endif // PEBBLE_FRONTENDS_ONNX_GRAPHIMPORTER_H
