// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Activation functions. Composite ones follow the function bodies of the ONNX standard, so that f16
// and bf16 round where those do.
#include "frontends/onnx/Compose.h"
#include "frontends/onnx/Registry.h"

#include <cfloat>
#include <cmath>

using namespace mlir;

namespace pebble::onnx {
namespace {

template <typename OpTy> LogicalResult importUnary(NodeImporter &node) {
  node.setOutput(0, node.create<OpTy>(node.input(0)));
  return success();
}

LogicalResult importErf(NodeImporter &node) {
  if (!isFloat(node.input(0)))
    return node.unsupported("Erf of integers; cast the input to float first");
  return importUnary<nn::ErfOp>(node);
}

Value lessThanZero(NodeImporter &node, Value x, Value zero) {
  return compare(node, nn::ComparePredicate::lt, x, zero);
}

/// A scalar of x's element type.
Value like(NodeImporter &node, Value x, double value) {
  return node.scalar(NodeImporter::elementType(x), value);
}

LogicalResult importLeakyRelu(NodeImporter &node) {
  Value x = node.input(0);
  Value scaled = node.mul(like(node, x, node.floatAttr("alpha", 0.01f)), x);
  node.setOutput(0, select(node, lessThanZero(node, x, like(node, x, 0)), scaled, x));
  return success();
}

LogicalResult importPRelu(NodeImporter &node) {
  Value x = node.input(0), slope = node.input(1);
  Value scaled = node.mul(slope, x);
  node.setOutput(0, select(node, lessThanZero(node, x, like(node, x, 0)), scaled, x));
  return success();
}

Value elu(NodeImporter &node, Value x, double alpha) {
  Value expMinusOne = node.sub(node.create<nn::ExpOp>(x), like(node, x, 1));
  Value negative = node.mul(like(node, x, alpha), expMinusOne);
  return select(node, lessThanZero(node, x, like(node, x, 0)), negative, x);
}

LogicalResult importElu(NodeImporter &node) {
  node.setOutput(0, elu(node, node.input(0), node.floatAttr("alpha", 1.0)));
  return success();
}

LogicalResult importCelu(NodeImporter &node) {
  Value x = node.input(0);
  Value alpha = like(node, x, node.floatAttr("alpha", 1.0));
  node.setOutput(0, node.mul(alpha, elu(node, node.div(x, alpha), 1.0)));
  return success();
}

LogicalResult importSelu(NodeImporter &node) {
  Value x = node.input(0);
  Value alpha = like(node, x, node.floatAttr("alpha", 1.67326319217681884765625f));
  Value gamma = like(node, x, node.floatAttr("gamma", 1.05070102214813232421875f));
  Value shifted = node.sub(node.mul(alpha, node.create<nn::ExpOp>(x)), alpha);
  Value isNegative = lessThanZero(node, x, like(node, x, 0));
  node.setOutput(0, select(node, isNegative, node.mul(gamma, shifted), node.mul(gamma, x)));
  return success();
}

Value geluErf(NodeImporter &node, Value x) {
  Value root = node.create<nn::SqrtOp>(like(node, x, 2));
  Value phi = node.add(like(node, x, 1), node.create<nn::ErfOp>(node.div(x, root)));
  return node.mul(node.mul(like(node, x, 0.5), x), phi);
}

Value geluTanh(NodeImporter &node, Value x) {
  // A power of f16 rounds once where two products round twice; wider types do not tell the
  // difference, and a product is much cheaper.
  Value cubed = isHalf(NodeImporter::elementType(x)) ? node.create<nn::PowOp>(x, like(node, x, 3))
                                                     : node.mul(node.mul(x, x), x);
  Value inner = node.add(x, node.mul(like(node, x, 0.044715f), cubed));
  Value root = node.create<nn::SqrtOp>(like(node, x, static_cast<float>(2 / M_PI)));
  Value phi = node.add(like(node, x, 1), node.create<nn::TanhOp>(node.mul(root, inner)));
  return node.mul(node.mul(like(node, x, 0.5), x), phi);
}

LogicalResult importGelu(NodeImporter &node) {
  bool approximate = node.enumAttr("approximate", "none", {"none", "tanh"}) == 1;
  Value x = node.input(0);
  node.setOutput(0, approximate ? geluTanh(node, x) : geluErf(node, x));
  return success();
}

LogicalResult importFastGelu(NodeImporter &node) {
  Value x = node.input(0);
  if (node.hasInput(1))
    x = node.add(x, node.input(1));
  node.setOutput(0, geluTanh(node, x));
  return success();
}

LogicalResult importBiasGelu(NodeImporter &node) {
  node.setOutput(0, geluErf(node, node.add(node.input(0), node.input(1))));
  return success();
}

/// x * sigmoid(alpha * x).
LogicalResult importSwish(NodeImporter &node, double alpha) {
  Value x = node.input(0);
  Value scaled = alpha == 1.0 ? x : node.mul(like(node, x, alpha), x);
  node.setOutput(0, node.mul(x, node.create<nn::SigmoidOp>(scaled)));
  return success();
}

LogicalResult importOnnxSwish(NodeImporter &node) {
  return importSwish(node, node.floatAttr("alpha", 1.0));
}

LogicalResult importQuickGelu(NodeImporter &node) {
  return importSwish(node, node.floatAttr("alpha", 1.702f));
}

Value hardSigmoid(NodeImporter &node, Value x, double alpha, double beta) {
  Value line = node.add(node.mul(x, like(node, x, alpha)), like(node, x, beta));
  return maximum(node, minimum(node, line, like(node, x, 1)), like(node, x, 0));
}

LogicalResult importHardSigmoid(NodeImporter &node) {
  node.setOutput(0, hardSigmoid(node, node.input(0), node.floatAttr("alpha", 0.2f),
                                node.floatAttr("beta", 0.5)));
  return success();
}

LogicalResult importHardSwish(NodeImporter &node) {
  Value x = node.input(0);
  node.setOutput(0, node.mul(x, hardSigmoid(node, x, 1.0f / 6.0f, 0.5)));
  return success();
}

/// log(1 + exp(x)) in the form that does not overflow: max(x, 0) + log(1 + exp(-|x|)).
Value softplus(NodeImporter &node, Value x) {
  Value decay = node.create<nn::ExpOp>(node.create<nn::NegOp>(node.create<nn::AbsOp>(x)));
  Value tail = node.create<nn::LogOp>(node.add(like(node, x, 1), decay));
  return node.add(node.create<nn::ReluOp>(x), tail);
}

LogicalResult importSoftplus(NodeImporter &node) {
  node.setOutput(0, softplus(node, node.input(0)));
  return success();
}

LogicalResult importMish(NodeImporter &node) {
  Value x = node.input(0);
  node.setOutput(0, node.mul(x, node.create<nn::TanhOp>(softplus(node, x))));
  return success();
}

LogicalResult importSoftsign(NodeImporter &node) {
  Value x = node.input(0);
  node.setOutput(0, node.div(x, node.add(like(node, x, 1), node.create<nn::AbsOp>(x))));
  return success();
}

LogicalResult importThresholdedRelu(NodeImporter &node) {
  Value x = node.input(0);
  Value above =
      compare(node, nn::ComparePredicate::lt, like(node, x, node.floatAttr("alpha", 1.0)), x);
  node.setOutput(0, select(node, above, x, like(node, x, 0)));
  return success();
}

LogicalResult importShrink(NodeImporter &node) {
  Value x = node.input(0);
  Value lambda = like(node, x, node.floatAttr("lambd", 0.5));
  Value bias = like(node, x, node.floatAttr("bias", 0.0));
  Value below = compare(node, nn::ComparePredicate::lt, x, node.create<nn::NegOp>(lambda));
  Value above = compare(node, nn::ComparePredicate::lt, lambda, x);
  Value inner = select(node, above, node.sub(x, bias), like(node, x, 0));
  node.setOutput(0, select(node, below, node.add(x, bias), inner));
  return success();
}

/// Softmax, LogSoftmax and Hardmax normalize one axis; before opset 13 all dims from `axis` on,
/// taken as one.
template <typename OpTy> LogicalResult importSoftmax(NodeImporter &node) {
  Value x = node.input(0);
  int64_t rank = NodeImporter::rank(x);
  bool flattens = node.opset() < 13;
  std::optional<int64_t> axis = node.normalizeAxis(node.intAttr("axis", flattens ? 1 : -1), rank);
  if (!axis)
    return failure();
  if (!flattens || *axis == rank - 1) {
    node.setOutput(0, node.create<OpTy>(x, *axis));
    return success();
  }
  Value rows = extent(node, x, axesBetween(0, *axis));
  Value columns = extent(node, x, axesBetween(*axis, rank));
  Value matrix = node.reshape(x, node.concat({rows, columns}, 0));
  node.setOutput(0, node.reshape(node.create<OpTy>(matrix, 1), node.shapeOf(x)));
  return success();
}

LogicalResult importClipAttributes(NodeImporter &node) {
  Value x = node.input(0);
  Value bounded = maximum(node, x, like(node, x, node.floatAttr("min", -FLT_MAX)));
  node.setOutput(0, minimum(node, bounded, like(node, x, node.floatAttr("max", FLT_MAX))));
  return success();
}

LogicalResult importClipInputs(NodeImporter &node) {
  Value result = node.input(0);
  if (node.hasInput(1))
    result = maximum(node, result, asScalar(node, node.input(1)));
  if (node.hasInput(2))
    result = minimum(node, result, asScalar(node, node.input(2)));
  node.setOutput(0, result);
  return success();
}

} // namespace

void addActivationOps(std::vector<OpEntry> &rows) {
  static constexpr llvm::StringLiteral ms = "com.microsoft";
  rows.insert(rows.end(), {
                              {"", "Celu", 12, importCelu},
                              {"", "Clip", 6, importClipAttributes},
                              {"", "Clip", 11, importClipInputs},
                              {"", "Elu", 6, importElu},
                              {"", "Erf", 9, importErf, "integers"},
                              {"", "Gelu", 20, importGelu},
                              {"", "HardSigmoid", 6, importHardSigmoid},
                              {"", "HardSwish", 14, importHardSwish},
                              {"", "Hardmax", 1, importSoftmax<nn::HardmaxOp>},
                              {"", "LeakyRelu", 6, importLeakyRelu},
                              {"", "LogSoftmax", 1, importSoftmax<nn::LogSoftmaxOp>},
                              {"", "Mish", 18, importMish},
                              {"", "PRelu", 7, importPRelu},
                              {"", "Relu", 6, importUnary<nn::ReluOp>},
                              {"", "Selu", 6, importSelu},
                              {"", "Shrink", 9, importShrink},
                              {"", "Sigmoid", 6, importUnary<nn::SigmoidOp>},
                              {"", "Softmax", 1, importSoftmax<nn::SoftmaxOp>},
                              {"", "Softplus", 1, importSoftplus},
                              {"", "Softsign", 1, importSoftsign},
                              {"", "Swish", 24, importOnnxSwish},
                              {"", "Tanh", 6, importUnary<nn::TanhOp>},
                              {"", "ThresholdedRelu", 10, importThresholdedRelu},
                              {ms, "BiasGelu", 1, importBiasGelu},
                              {ms, "FastGelu", 1, importFastGelu},
                              {ms, "Gelu", 1, importGelu},
                              {ms, "QuickGelu", 1, importQuickGelu},
                          });
}

} // namespace pebble::onnx
