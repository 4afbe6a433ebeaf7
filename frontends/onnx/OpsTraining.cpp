// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The optimizers of ai.onnx.preview.training. Each takes the learning rate, the step and then, for
// any number of tensors, all values, all gradients and all of each kind of state.
#include "frontends/onnx/Compose.h"
#include "frontends/onnx/Registry.h"

using namespace mlir;

namespace pebble::onnx {
namespace {

/// What one tensor's update needs: value, gradient and its states.
using Operands = ArrayRef<Value>;
/// The new value, followed by the new states.
using Results = SmallVector<Value>;

Value constantLike(NodeImporter &node, Value x, double value) {
  return node.scalar(NodeImporter::elementType(x), value);
}

Value scaled(NodeImporter &node, Value x, double factor) {
  return node.mul(constantLike(node, x, factor), x);
}

/// The gradient with the penalty on the value's size.
Value regularized(NodeImporter &node, Operands operands) {
  double coefficient = node.floatAttr("norm_coefficient", 0);
  return node.add(scaled(node, operands[0], coefficient), operands[1]);
}

/// The learning rate in the type of the tensors.
Value rate(NodeImporter &node, Operands operands) {
  return node.cast(asScalar(node, node.input(0)), NodeImporter::elementType(operands[0]));
}

Value step(NodeImporter &node, Operands operands) {
  return node.cast(asScalar(node, node.input(1)), NodeImporter::elementType(operands[0]));
}

Value isFirstStep(NodeImporter &node, Value step) {
  return compare(node, nn::ComparePredicate::le, step, constantLike(node, step, 0));
}

Results adagrad(NodeImporter &node, Operands operands) {
  Value count = step(node, operands);
  Value decay = node.add(constantLike(node, count, 1),
                         scaled(node, count, node.floatAttr("decay_factor", 0)));
  Value gradient = regularized(node, operands);
  Value squares = node.add(operands[2], node.mul(gradient, gradient));
  Value scale = node.add(node.create<nn::SqrtOp>(squares),
                         constantLike(node, squares, node.floatAttr("epsilon", 1e-6f)));
  Value change = node.div(node.mul(node.div(rate(node, operands), decay), gradient), scale);
  return {node.sub(operands[0], change), squares};
}

Results momentum(NodeImporter &node, Operands operands) {
  double alpha = node.floatAttr("alpha", 0);
  bool nesterov = node.enumAttr("mode", "standard", {"standard", "nesterov"}) == 1;
  Value gradient = regularized(node, operands);
  Value one = constantLike(node, gradient, 1);
  Value beta = select(node, isFirstStep(node, step(node, operands)), one,
                      constantLike(node, gradient, node.floatAttr("beta", 1)));
  Value velocity = node.add(scaled(node, operands[2], alpha), node.mul(beta, gradient));
  Value direction = nesterov ? node.add(gradient, scaled(node, velocity, alpha)) : velocity;
  return {node.sub(operands[0], node.mul(rate(node, operands), direction)), velocity};
}

Results adam(NodeImporter &node, Operands operands) {
  double alpha = node.floatAttr("alpha", 0.9f), beta = node.floatAttr("beta", 0.999f);
  Value gradient = regularized(node, operands);
  Value mean = node.add(scaled(node, operands[2], alpha), scaled(node, gradient, 1 - alpha));
  Value squares = node.add(scaled(node, operands[3], beta),
                           scaled(node, node.mul(gradient, gradient), 1 - beta));
  Value scale = node.add(node.create<nn::SqrtOp>(squares),
                         constantLike(node, squares, node.floatAttr("epsilon", 1e-6f)));

  // The states start at 0, which makes the first means too small: the rate makes up for it.
  Value count = step(node, operands), learningRate = rate(node, operands);
  Value one = constantLike(node, count, 1);
  auto bias = [&](double factor) {
    return node.sub(one, node.create<nn::PowOp>(constantLike(node, count, factor), count));
  };
  Value corrected =
      node.div(node.mul(learningRate, node.create<nn::SqrtOp>(bias(beta))), bias(alpha));
  learningRate = select(node, isFirstStep(node, count), learningRate, corrected);

  Value value = node.sub(operands[0], node.div(node.mul(learningRate, mean), scale));
  double post = node.floatAttr("norm_coefficient_post", 0);
  return {scaled(node, value, 1 - post), mean, squares};
}

template <Results (*update)(NodeImporter &, Operands), unsigned states>
LogicalResult importOptimizer(NodeImporter &node) {
  constexpr unsigned kinds = states + 2;
  unsigned given = node.numInputs();
  if (given < 2 + kinds || (given - 2) % kinds != 0)
    return node.invalid("expected the rate, the step and " + Twine(kinds) + " inputs a tensor");
  unsigned tensors = (given - 2) / kinds;
  for (unsigned tensor = 0; tensor < tensors; ++tensor) {
    SmallVector<Value> operands;
    for (unsigned kind = 0; kind < kinds; ++kind)
      operands.push_back(node.input(2 + kind * tensors + tensor));
    for (auto [kind, result] : llvm::enumerate(update(node, operands)))
      node.setOutput(kind * tensors + tensor, result);
  }
  return success();
}

} // namespace

void addTrainingOps(std::vector<OpEntry> &rows) {
  static constexpr llvm::StringLiteral training = "ai.onnx.preview.training";
  rows.insert(rows.end(), {
                              {training, "Adagrad", 1, importOptimizer<adagrad, 1>},
                              {training, "Adam", 1, importOptimizer<adam, 2>},
                              {training, "Momentum", 1, importOptimizer<momentum, 1>},
                          });
}

} // namespace pebble::onnx
