// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What an operator's import function sees of its node: typed access to attributes and inputs, and a
// builder that folds as it goes, so that shape arithmetic on known dims leaves only constants.
#ifndef PEBBLE_FRONTENDS_ONNX_NODEIMPORTER_H
#define PEBBLE_FRONTENDS_ONNX_NODEIMPORTER_H

#include "dialects/nn/NN.h"
#include "frontends/onnx/Problems.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/Twine.h"

#include <optional>
#include <string>
#include <vector>

namespace pebble::onnx {

namespace proto {
class NodeProto;
class GraphProto;
class AttributeProto;
} // namespace proto

class GraphImporter;

/// Thrown by what needs a value's type when there is no value: a required input is missing, or
/// building the value failed. Caught where the node's import began, so that import functions need
/// not test each value.
struct MissingValue {};

class NodeImporter {
public:
  NodeImporter(GraphImporter &graph, const proto::NodeProto &node, int opset, mlir::Location loc);

  llvm::StringRef opType() const;
  /// Version of the node's operator set.
  int opset() const { return version; }
  mlir::Location loc() const { return location; }
  mlir::OpBuilder &builder();
  GraphImporter &graph() { return parent; }
  const proto::NodeProto &node() const { return nodeProto; }

  // Attributes. The typed getters report `invalid` for an attribute of another type and then return
  // the default; `failed()` tells.
  bool hasAttr(llvm::StringRef name) const;
  const proto::AttributeProto *attr(llvm::StringRef name) const;
  int64_t intAttr(llvm::StringRef name, int64_t missing);
  double floatAttr(llvm::StringRef name, double missing);
  std::string stringAttr(llvm::StringRef name, llvm::StringRef missing);
  std::vector<int64_t> intsAttr(llvm::StringRef name, llvm::ArrayRef<int64_t> missing = {});
  std::vector<double> floatsAttr(llvm::StringRef name, llvm::ArrayRef<double> missing = {});
  std::vector<std::string> stringsAttr(llvm::StringRef name);
  /// Index of the attribute's value in `choices`; reports `invalid` with the choices otherwise.
  int64_t enumAttr(llvm::StringRef name, llvm::StringRef missing,
                   llvm::ArrayRef<llvm::StringRef> choices);

  // Inputs. Absent optional inputs (missing or "") are null values.
  unsigned numInputs() const;
  mlir::Value input(unsigned index) const;
  bool hasInput(unsigned index) const { return static_cast<bool>(input(index)); }
  /// The narrow type (see NarrowTypes.h) that an input holds codes of; 0 for others.
  int narrowType(unsigned index) const;
  /// All inputs, required to be present (variadic operators).
  std::vector<mlir::Value> inputs() const;
  /// Throws MissingValue for a null value, as do `rank` and `elementType`.
  static mlir::RankedTensorType type(mlir::Value value);
  static int64_t rank(mlir::Value value) { return type(value).getRank(); }
  static mlir::Type elementType(mlir::Value value) { return type(value).getElementType(); }
  /// The value of an integer tensor that is known at import, flattened.
  std::optional<std::vector<int64_t>> constantInts(mlir::Value value) const;
  std::optional<std::vector<double>> constantFloats(mlir::Value value) const;
  /// Makes a possibly negative axis non-negative; reports `invalid` when out of [-rank, rank).
  std::optional<int64_t> normalizeAxis(int64_t axis, int64_t rank);

  // Results.
  unsigned numOutputs() const;
  bool wantsOutput(unsigned index) const; ///< False for absent optional outputs.
  /// `narrowType` is what `value` holds codes of, if it does.
  void setOutput(unsigned index, mlir::Value value, int narrowType = 0);

  // Building. `create` infers result types and folds.
  template <typename OpTy, typename... Args> mlir::Value create(Args &&...args) {
    llvm::SmallVector<mlir::Value> results = createN<OpTy>(std::forward<Args>(args)...);
    return results.empty() ? mlir::Value() : results.front();
  }
  /// As `create`, for ops with several results. Empty (and reported) when inference fails.
  template <typename OpTy, typename... Args>
  llvm::SmallVector<mlir::Value> createN(Args &&...args) {
    mlir::OperationState state(location, OpTy::getOperationName());
    // The builder without result types aborts when inference fails: the types are placeholders,
    // replaced by what `insert` infers.
    llvm::SmallVector<mlir::Type> placeholders(resultCount<OpTy>(), builder().getNoneType());
    OpTy::build(builder(), state, mlir::TypeRange(placeholders), std::forward<Args>(args)...);
    return insert(state);
  }
  mlir::Value constant(mlir::ElementsAttr value);
  mlir::Value ints(llvm::ArrayRef<int64_t> values); ///< 1-D i64 tensor.
  mlir::Value intScalar(int64_t value);             ///< 0-D i64 tensor.
  /// 0-D tensor of `element` type (float, integer or i1) holding `value` converted to it.
  mlir::Value scalar(mlir::Type element, double value);
  mlir::Value cast(mlir::Value value, mlir::Type element); ///< No-op when it has the type.
  mlir::Value add(mlir::Value a, mlir::Value b);
  mlir::Value sub(mlir::Value a, mlir::Value b);
  mlir::Value mul(mlir::Value a, mlir::Value b);
  mlir::Value div(mlir::Value a, mlir::Value b);
  mlir::Value reshape(mlir::Value value, llvm::ArrayRef<int64_t> shape); ///< One -1 allowed.
  mlir::Value reshape(mlir::Value value, mlir::Value shape);
  mlir::Value transpose(mlir::Value value, llvm::ArrayRef<int64_t> permutation);
  mlir::Value unsqueeze(mlir::Value value, llvm::ArrayRef<int64_t> axes); ///< Axes in the result.
  mlir::Value squeeze(mlir::Value value, llvm::ArrayRef<int64_t> axes);
  mlir::Value shapeOf(mlir::Value value);           ///< 1-D i64.
  mlir::Value dim(mlir::Value value, int64_t axis); ///< 1-D i64 of one element.
  mlir::Value concat(llvm::ArrayRef<mlir::Value> values, int64_t axis);
  mlir::Value slice(mlir::Value value, int64_t axis, int64_t begin, int64_t end);

  // Problems. Each is collected with the node's name, operator and opset; the import of the other
  // nodes goes on, so that all are reported at once.
  llvm::LogicalResult unsupported(const llvm::Twine &reason); ///< Valid ONNX that Pebble lacks.
  llvm::LogicalResult invalid(const llvm::Twine &reason);     ///< Not a valid ONNX node.
  bool failed() const { return hasFailed; }

private:
  template <typename OpTy> static constexpr unsigned resultCount() {
    if constexpr (OpTy::template hasTrait<mlir::OpTrait::OneResult>())
      return 1;
    else if constexpr (OpTy::template hasTrait<mlir::OpTrait::NResults<2>::Impl>())
      return 2;
    else if constexpr (OpTy::template hasTrait<mlir::OpTrait::NResults<3>::Impl>())
      return 3;
    else
      return OpTy::template hasTrait<mlir::OpTrait::NResults<5>::Impl>() ? 5 : 0;
  }
  llvm::SmallVector<mlir::Value> insert(mlir::OperationState &state);
  /// Null when missing or, reported, of another type (an AttributeProto.AttributeType).
  const proto::AttributeProto *typedAttr(llvm::StringRef name, int type, llvm::StringRef typeName);
  llvm::LogicalResult report(ProblemCode code, const llvm::Twine &message);

  GraphImporter &parent;
  const proto::NodeProto &nodeProto;
  int version;
  mlir::Location location;
  bool hasFailed = false;
};

} // namespace pebble::onnx

#endif // PEBBLE_FRONTENDS_ONNX_NODEIMPORTER_H
