// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/Importer.h"

#include "dialects/nn/Constants.h"
#include "dialects/nn/NN.h"
#include "dialects/qnn/QNN.h"
#include "frontends/onnx/GraphImporter.h"
#include "frontends/onnx/Names.h"
#include "frontends/onnx/NarrowTypes.h"
#include "frontends/onnx/TensorData.h"
#include "runtime/support/DType.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Iterators.h"
#include "mlir/IR/Verifier.h"
#include "llvm/ADT/StringSet.h"

namespace pebble::onnx {

namespace {

struct InputType {
  mlir::RankedTensorType type;
  std::vector<std::string> dimNames; ///< "" where a dim is static or has no name.
  int narrowType = 0;                ///< As in Binding.
};

class ModelImporter {
public:
  ModelImporter(const std::shared_ptr<const Model> &model, mlir::MLIRContext &context,
                const ImportOptions &options, Problems &problems)
      : session(model, &context, problems), graph(model->proto().graph()), options(options) {
    session.integerQdq = options.integerQdq;
    for (const proto::OperatorSetIdProto &import : model->proto().opset_import())
      opsets[canonicalDomain(import.domain())] = import.version();
  }

  mlir::OwningOpRef<mlir::ModuleOp> run();

private:
  mlir::func::FuncOp makeFunction(mlir::ModuleOp module);
  std::optional<InputType> inputType(const proto::ValueInfoProto &input);
  void bindInputs(mlir::func::FuncOp function, GraphImporter &importer);
  void finish(mlir::func::FuncOp function, GraphImporter &importer);
  void checkBindings();
  /// The `nn.codes` of an input or output.
  mlir::Attribute codesAttr(int narrowType) {
    return builder().getStringAttr(support::findDType(narrowType)->name);
  }
  mlir::Builder &builder() { return session.builder; }
  Problems &problems() { return session.problems; }

  ImportSession session;
  const proto::GraphProto &graph;
  const ImportOptions &options;
  Opsets opsets;
  llvm::StringSet<> boundDims; ///< Names in `options` that some input has.
};

std::optional<InputType> ModelImporter::inputType(const proto::ValueInfoProto &input) {
  auto refuse = [&](ProblemCode code, const llvm::Twine &message) {
    problems().add(code, "input '" + input.name() + "' " + message);
    return std::nullopt;
  };
  const proto::TypeProto &type = input.type();
  if (!input.has_type())
    return refuse(ProblemCode::GraphSignature, "has no type");
  if (!type.has_tensor_type())
    return refuse(ProblemCode::UnsupportedType, "is not a tensor; only tensors are supported");
  const int dataType = type.tensor_type().elem_type();
  mlir::Type element = elementTypeOf(dataType, builder().getContext());
  InputType result;
  if (!element && narrowBits(dataType)) {
    element = codeTypeOf(dataType, builder().getContext());
    result.narrowType = dataType;
  }
  if (!element)
    return refuse(ProblemCode::UnsupportedType, "has element type " + dataTypeName(dataType) +
                                                    "; expected one of " + supportedElementTypes());
  if (!type.tensor_type().has_shape())
    return refuse(ProblemCode::UnsupportedRank,
                  "has no shape; expected at least its number of dims to be known");
  llvm::SmallVector<int64_t> dims, known;
  for (const proto::TensorShapeProto::Dimension &dim : type.tensor_type().shape().dim()) {
    int64_t size = mlir::ShapedType::kDynamic;
    std::string name;
    // A dim without a name goes by its input's and its place.
    std::string symbol = dim.dim_param().empty() ? input.name() + "." + std::to_string(dims.size())
                                                 : dim.dim_param();
    auto bound = options.dims.find(symbol);
    // Exporters write -1 for a dim that they do not know.
    if (dim.has_dim_value() && dim.dim_value() != -1) {
      size = dim.dim_value();
      if (size < 0)
        return refuse(ProblemCode::GraphSignature, "has a dim of " + llvm::Twine(size));
    } else if (bound != options.dims.end()) {
      size = bound->second;
      boundDims.insert(bound->first);
    } else {
      name = dim.dim_param();
    }
    dims.push_back(size);
    known.push_back(mlir::ShapedType::isDynamic(size) ? 1 : size);
    result.dimNames.push_back(name);
  }
  std::optional<int64_t> count = elementCount(known);
  if (static_cast<int64_t>(dims.size()) > maxRank)
    return refuse(ProblemCode::UnsupportedRank, "has " + llvm::Twine(dims.size()) +
                                                    " dims; expected at most " +
                                                    llvm::Twine(maxRank));
  if (!count || *count > maxTensorBytes)
    return refuse(ProblemCode::TensorSize, "has dims whose product is beyond any memory");
  result.type = mlir::RankedTensorType::get(dims, element);
  return result;
}

mlir::func::FuncOp ModelImporter::makeFunction(mlir::ModuleOp module) {
  auto function =
      mlir::func::FuncOp::create(module.getLoc(), "main", builder().getFunctionType({}, {}));
  module.push_back(function);
  function.addEntryBlock();
  session.builder.setInsertionPointToStart(&function.getBody().front());
  return function;
}

void ModelImporter::bindInputs(mlir::func::FuncOp function, GraphImporter &importer) {
  llvm::StringSet<> initializers;
  for (const proto::TensorProto &tensor : graph.initializer())
    initializers.insert(tensor.name());
  llvm::SmallVector<mlir::Type> types;
  llvm::SmallVector<mlir::Attribute> attributes;
  for (const proto::ValueInfoProto &input : graph.input()) {
    if (initializers.contains(input.name()))
      continue;
    std::optional<InputType> type = inputType(input);
    if (!type) {
      importer.define(input.name(), {.value = {}, .isPoison = true});
      continue;
    }
    auto location = mlir::NameLoc::get(builder().getStringAttr(input.name()));
    mlir::Value value = function.getBody().front().addArgument(type->type, location);
    types.push_back(type->type);
    mlir::NamedAttrList named;
    named.set("nn.name", builder().getStringAttr(input.name()));
    if (type->narrowType) {
      named.set("nn.codes", codesAttr(type->narrowType));
      // What bits beyond the type's an input has is its giver's business.
      const proto::NodeProto none;
      NodeImporter node(importer, none, /*opset=*/0, session.location(input.name(), 0));
      value = wrapCodes(node, value, type->narrowType);
    }
    importer.define(input.name(), {.value = value, .narrowType = type->narrowType});
    if (!type->type.hasStaticShape()) {
      llvm::SmallVector<llvm::StringRef> names(type->dimNames.begin(), type->dimNames.end());
      named.set("nn.dims", builder().getStrArrayAttr(names));
    }
    attributes.push_back(named.getDictionary(builder().getContext()));
  }
  function.setFunctionType(builder().getFunctionType(types, {}));
  function.setArgAttrsAttr(builder().getArrayAttr(attributes));
}

void ModelImporter::checkBindings() {
  for (const auto &[name, size] : options.dims) {
    if (!boundDims.contains(name))
      problems().add(ProblemCode::DimBinding, "no input has a symbolic dim named '" + name + "'");
    else if (size < 0)
      problems().add(ProblemCode::DimBinding, "dim '" + name + "' is bound to " +
                                                  llvm::Twine(size) + "; expected 0 or more");
  }
}

void ModelImporter::finish(mlir::func::FuncOp function, GraphImporter &importer) {
  llvm::SmallVector<mlir::Value> results;
  llvm::SmallVector<mlir::Attribute> attributes;
  auto give = [&](llvm::StringRef output, mlir::Value value, int narrowType) {
    results.push_back(value);
    mlir::NamedAttrList named;
    named.set("nn.name", builder().getStringAttr(output));
    if (narrowType)
      named.set("nn.codes", codesAttr(narrowType));
    attributes.push_back(named.getDictionary(builder().getContext()));
  };
  for (const proto::ValueInfoProto &output : graph.output()) {
    Binding binding = importer.lookup(output.name());
    if (!binding.value) {
      if (problems().empty())
        problems().add(ProblemCode::Internal, "output '" + output.name() + "' was not imported");
      continue;
    }
    auto type = llvm::cast<mlir::RankedTensorType>(binding.value.getType());
    // A declared shape is only a claim; the element type is part of the model's interface.
    int declared = output.type().tensor_type().elem_type();
    bool isAsDeclared = binding.narrowType ? declared == binding.narrowType
                                           : elementTypeOf(declared, builder().getContext()) ==
                                                 type.getElementType();
    if (output.type().has_tensor_type() && declared != proto::TensorProto::UNDEFINED &&
        !isAsDeclared) {
      std::string text;
      llvm::raw_string_ostream stream(text);
      if (binding.narrowType)
        stream << dataTypeName(binding.narrowType);
      else
        stream << type.getElementType();
      problems().add(ProblemCode::GraphSignature, "output '" + output.name() + "' is declared as " +
                                                      dataTypeName(declared) +
                                                      ", but its value is " + text);
    }
    give(output.name(), binding.value, binding.narrowType);
  }
  for (const std::string &name : options.watched) {
    Binding binding = importer.lookup(name);
    if (binding.value && llvm::isa<mlir::RankedTensorType>(binding.value.getType()) &&
        !binding.narrowType && !nn::constantAttr(binding.value))
      give(name, binding.value, 0);
  }
  mlir::func::ReturnOp::create(session.builder, function.getLoc(), results);
  llvm::SmallVector<mlir::Type> types(mlir::ValueRange(results).getTypes());
  function.setFunctionType(builder().getFunctionType(function.getArgumentTypes(), types));
  function.setResAttrsAttr(builder().getArrayAttr(attributes));
}

/// Folding leaves constants behind, and models often carry initializers that nothing reads.
void eraseDeadOps(mlir::Operation *root) {
  root->walk<mlir::WalkOrder::PostOrder, mlir::ReverseIterator>([&](mlir::Operation *op) {
    if (op != root && mlir::isOpTriviallyDead(op))
      op->erase();
  });
}

mlir::OwningOpRef<mlir::ModuleOp> ModelImporter::run() {
  mlir::MLIRContext *context = builder().getContext();
  llvm::StringRef name = session.model->name();
  auto location = mlir::NameLoc::get(builder().getStringAttr(name.empty() ? "model" : name));
  mlir::OwningOpRef<mlir::ModuleOp> module = mlir::ModuleOp::create(location);
  (*module)->setAttr("nn.model", builder().getStringAttr(name.empty() ? "model" : name));
  (*module)->setAttr(qnn::roundingAttribute, builder().getStringAttr(options.rounding));
  mlir::func::FuncOp function = makeFunction(*module);
  size_t before = problems().size();
  GraphImporter importer(session, nullptr, opsets, session.model, "");
  bindInputs(function, importer);
  checkBindings();
  importer.importInitializers(graph);
  llvm::SmallVector<const proto::NodeProto *> nodes;
  for (const proto::NodeProto &node : graph.node())
    nodes.push_back(&node);
  importer.importNodes(nodes);
  finish(function, importer);
  if (problems().size() != before)
    return {};
  eraseDeadOps(function);

  std::string diagnostics;
  mlir::ScopedDiagnosticHandler handler(context, [&](mlir::Diagnostic &diagnostic) {
    diagnostics += (diagnostics.empty() ? "" : "; ") + diagnostic.str();
    return mlir::success();
  });
  if (mlir::failed(mlir::verify(*module))) {
    problems().add(ProblemCode::Internal, "the imported module is not valid: " + diagnostics);
    return {};
  }
  return module;
}

} // namespace

mlir::OwningOpRef<mlir::ModuleOp> importModel(const std::shared_ptr<const Model> &model,
                                              mlir::MLIRContext &context,
                                              const ImportOptions &options, Problems &problems) {
  context.loadDialect<nn::NNDialect, qnn::QNNDialect, mlir::func::FuncDialect>();
  return ModelImporter(model, context, options, problems).run();
}

} // namespace pebble::onnx
