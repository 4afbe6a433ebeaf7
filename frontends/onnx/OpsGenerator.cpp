// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operators that make tensors out of attributes and sizes, random numbers included.
#include "frontends/onnx/Compose.h"
#include "frontends/onnx/GraphImporter.h"
#include "frontends/onnx/Registry.h"
#include "frontends/onnx/Shapes.h"
#include "frontends/onnx/TensorData.h"
#include "frontends/onnx/onnx-ml.pb.h"

#include "llvm/ADT/Hashing.h"

using namespace mlir;

namespace pebble::onnx {

namespace {

Value tensorConstant(NodeImporter &node, const proto::TensorProto &tensor) {
  std::string reason;
  ElementsAttr value = node.graph().tensor(tensor, reason);
  if (!value) {
    (void)node.unsupported(reason);
    return {};
  }
  return node.constant(value);
}

/// What `tensorConstant` of it holds codes of, if it does.
int narrowTypeOf(const proto::TensorProto &tensor) {
  return narrowBits(tensor.data_type()) ? tensor.data_type() : 0;
}

Value floatVector(NodeImporter &node, ArrayRef<double> values) {
  SmallVector<float> narrow(values.begin(), values.end());
  auto type =
      RankedTensorType::get({static_cast<int64_t>(narrow.size())}, node.builder().getF32Type());
  return node.constant(DenseElementsAttr::get(type, ArrayRef<float>(narrow)));
}

LogicalResult importConstant(NodeImporter &node) {
  Value value;
  int narrowType = 0;
  if (const proto::AttributeProto *tensor = node.attr("value")) {
    if (!tensor->has_t())
      return node.invalid("attribute 'value' is not a tensor");
    value = tensorConstant(node, tensor->t());
    narrowType = narrowTypeOf(tensor->t());
  } else if (node.hasAttr("value_float")) {
    value = node.scalar(node.builder().getF32Type(), node.floatAttr("value_float", 0));
  } else if (node.hasAttr("value_floats")) {
    value = floatVector(node, node.floatsAttr("value_floats"));
  } else if (node.hasAttr("value_int")) {
    value = node.intScalar(node.intAttr("value_int", 0));
  } else if (node.hasAttr("value_ints")) {
    value = node.ints(node.intsAttr("value_ints"));
  } else if (node.hasAttr("value_string") || node.hasAttr("value_strings")) {
    return node.unsupported("strings are not supported; expected numbers");
  } else {
    return node.invalid("there is no value; expected one of the attributes value, value_float, "
                        "value_floats, value_int, value_ints");
  }
  node.setOutput(0, value, narrowType);
  return success();
}

LogicalResult importConstantOfShape(NodeImporter &node) {
  if (!knownLength(node, node.input(0), "shape"))
    return failure();
  Value fill = node.scalar(node.builder().getF32Type(), 0);
  int narrowType = 0;
  if (const proto::AttributeProto *value = node.attr("value")) {
    if (!value->has_t())
      return node.invalid("attribute 'value' is not a tensor");
    fill = tensorConstant(node, value->t());
    narrowType = narrowTypeOf(value->t());
    if (!fill)
      return failure();
    if (NodeImporter::type(fill).getNumElements() != 1)
      return node.invalid("attribute 'value' has " +
                          Twine(NodeImporter::type(fill).getNumElements()) +
                          " elements; expected 1");
  }
  node.setOutput(0, broadcastTo(node, asScalar(node, fill), node.input(0)), narrowType);
  return success();
}

LogicalResult importRange(NodeImporter &node) {
  node.setOutput(0, node.create<nn::RangeOp>(asScalar(node, node.input(0)),
                                             asScalar(node, node.input(1)),
                                             asScalar(node, node.input(2))));
  return success();
}

LogicalResult importDropout(NodeImporter &node) {
  Value input = node.input(0);
  if (node.opset() >= 12 && node.hasInput(2)) {
    std::optional<std::vector<int64_t>> training = node.constantInts(node.input(2));
    std::optional<std::vector<double>> ratio;
    if (node.hasInput(1))
      ratio = node.constantFloats(node.input(1));
    bool keepsAll = ratio && !ratio->empty() && ratio->front() == 0;
    if (!keepsAll && (!training || training->empty() || training->front() != 0))
      return node.unsupported("dropout in training mode is not supported; expected training_mode "
                              "to be the constant false");
  }
  node.setOutput(0, input);
  if (node.wantsOutput(1)) {
    // Before opset 10 the mask has the data's type.
    Type element =
        node.opset() < 10 ? NodeImporter::elementType(input) : node.builder().getI1Type();
    node.setOutput(1, filled(node, element, 1, node.shapeOf(input)));
  }
  return success();
}

/// The element type of attribute 'dtype', or `missing`.
Type randomType(NodeImporter &node, Type missing) {
  if (!node.hasAttr("dtype"))
    return missing;
  auto number = static_cast<int>(node.intAttr("dtype", 0));
  Type element = elementTypeOf(number, node.builder().getContext());
  if (!isa_and_nonnull<FloatType>(element)) {
    (void)node.unsupported("element type " + dataTypeName(number) +
                           " is not supported here; expected a floating-point type");
    return {};
  }
  return element;
}

/// Random nodes without a seed differ from each other, and repeat from run to run.
int64_t randomSeed(NodeImporter &node) {
  if (node.hasAttr("seed"))
    return static_cast<int64_t>(
        llvm::bit_cast<uint32_t>(static_cast<float>(node.floatAttr("seed", 0))));
  uint64_t hash = 14695981039346656037u;
  for (char c : cast<NameLoc>(node.loc()).getName().getValue())
    hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  return static_cast<int64_t>(hash >> 1);
}

enum Distribution : int64_t { Uniform = 0, Normal = 1 };

Value randomTensor(NodeImporter &node, Distribution distribution, Value shape, Type element) {
  if (!element)
    return {};
  double a = distribution == Uniform ? node.floatAttr("low", 0) : node.floatAttr("mean", 0);
  double b = distribution == Uniform ? node.floatAttr("high", 1) : node.floatAttr("scale", 1);
  return node.create<nn::RandomOp>(shape, element, static_cast<int64_t>(distribution),
                                   randomSeed(node), llvm::APFloat(a), llvm::APFloat(b));
}

template <Distribution Kind> LogicalResult importRandom(NodeImporter &node) {
  if (!node.hasAttr("shape"))
    return node.invalid("attribute 'shape' is missing");
  node.setOutput(0, randomTensor(node, Kind, node.ints(node.intsAttr("shape")),
                                 randomType(node, node.builder().getF32Type())));
  return success();
}

template <Distribution Kind> LogicalResult importRandomLike(NodeImporter &node) {
  Type element = NodeImporter::elementType(node.input(0));
  node.setOutput(0,
                 randomTensor(node, Kind, node.shapeOf(node.input(0)), randomType(node, element)));
  return success();
}

LogicalResult importBernoulli(NodeImporter &node) {
  Value probability = node.input(0);
  Type element = NodeImporter::elementType(probability), result = element;
  if (node.hasAttr("dtype")) {
    auto number = static_cast<int>(node.intAttr("dtype", 0));
    result = elementTypeOf(number, node.builder().getContext());
    if (!result)
      return node.unsupported("element type " + dataTypeName(number) + " is not supported");
  }
  Value draw =
      node.create<nn::RandomOp>(node.shapeOf(probability), element, static_cast<int64_t>(Uniform),
                                randomSeed(node), llvm::APFloat(0.0), llvm::APFloat(1.0));
  node.setOutput(0, node.cast(compare(node, nn::ComparePredicate::lt, draw, probability), result));
  return success();
}

/// Draws classes by adding Gumbel noise to the log-probabilities and taking the largest.
LogicalResult importMultinomial(NodeImporter &node) {
  constexpr int64_t int32Number = 6;
  Value logits = node.input(0);
  int64_t samples = node.intAttr("sample_size", 1);
  if (failed(checkRank(node, logits, "input", {2})))
    return failure();
  if (samples < 1)
    return node.invalid("'sample_size' is " + Twine(samples) + "; expected 1 or more");
  Type element = NodeImporter::elementType(logits);
  Value shape = node.concat({node.dim(logits, 0), node.ints({samples}), node.dim(logits, 1)}, 0);
  double least = 1e-7; // Keeps the logarithm finite.
  Value uniform =
      node.create<nn::RandomOp>(shape, element, static_cast<int64_t>(Uniform), randomSeed(node),
                                llvm::APFloat(least), llvm::APFloat(1.0));
  auto negativeLog = [&](Value value) {
    return node.create<nn::NegOp>(node.create<nn::LogOp>(value));
  };
  Value gumbel = negativeLog(maximum(node, negativeLog(uniform), node.scalar(element, least)));
  Value noisy = node.add(node.unsqueeze(logits, {1}), gumbel);
  Value drawn = node.create<nn::ArgMaxOp>(noisy, 2, /*keepdims=*/false,
                                          /*select_last_index=*/false);
  Type result = elementTypeOf(static_cast<int>(node.intAttr("dtype", int32Number)),
                              node.builder().getContext());
  if (!isa_and_nonnull<IntegerType>(result))
    return node.invalid("'dtype' is not an integer type; expected int32 or int64");
  node.setOutput(0, node.cast(drawn, result));
  return success();
}

constexpr OpEntry table[] = {
    {"", "Bernoulli", 15, importBernoulli},
    {"", "Constant", 1, importConstant, "strings, sparse tensors"},
    {"", "ConstantOfShape", 9, importConstantOfShape},
    {"", "Dropout", 7, importDropout, "training mode"},
    {"", "Multinomial", 7, importMultinomial},
    {"", "RandomNormal", 1, importRandom<Normal>},
    {"", "RandomNormalLike", 1, importRandomLike<Normal>},
    {"", "RandomUniform", 1, importRandom<Uniform>},
    {"", "RandomUniformLike", 1, importRandomLike<Uniform>},
    {"", "Range", 11, importRange},
};

} // namespace

void addGeneratorOps(std::vector<OpEntry> &rows) {
  rows.insert(rows.end(), std::begin(table), std::end(table));
}

} // namespace pebble::onnx
