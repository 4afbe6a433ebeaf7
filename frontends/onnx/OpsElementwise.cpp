// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/Compose.h"
#include "frontends/onnx/NarrowTypes.h"
#include "frontends/onnx/Registry.h"
#include "frontends/onnx/TensorData.h"

using namespace mlir;

namespace pebble::onnx {

namespace {

template <typename OpTy> LogicalResult importUnary(NodeImporter &node) {
  node.setOutput(0, node.create<OpTy>(node.input(0)));
  return success();
}

template <typename OpTy> LogicalResult importBinary(NodeImporter &node) {
  node.setOutput(0, node.create<OpTy>(node.input(0), node.input(1)));
  return success();
}

template <nn::ComparePredicate Predicate> LogicalResult importCompare(NodeImporter &node) {
  node.setOutput(0, compare(node, Predicate, node.input(0), node.input(1)));
  return success();
}

template <typename OpTy> Value fold(NodeImporter &node) {
  std::vector<Value> values = node.inputs();
  if (values.empty()) {
    (void)node.invalid("there are no inputs; expected one or more");
    return {};
  }
  Value result = values.front();
  for (Value value : llvm::drop_begin(values))
    result = node.create<OpTy>(result, value);
  return result;
}

template <typename OpTy> LogicalResult importVariadic(NodeImporter &node) {
  node.setOutput(0, fold<OpTy>(node));
  return success();
}

LogicalResult importMean(NodeImporter &node) {
  Value sum = fold<nn::AddOp>(node);
  if (!sum)
    return failure();
  Value count = node.scalar(NodeImporter::elementType(sum), node.numInputs());
  node.setOutput(0, node.div(sum, count));
  return success();
}

LogicalResult importMod(NodeImporter &node) {
  // The standard asks for fmod = 1 with floats; PyTorch's exporter writes 0 for Python's remainder.
  node.setOutput(
      0, node.create<nn::ModOp>(node.input(0), node.input(1), node.intAttr("fmod", 0) != 0));
  return success();
}

LogicalResult importBitShift(NodeImporter &node) {
  bool isLeft = node.enumAttr("direction", "", {"LEFT", "RIGHT"}) == 0;
  return isLeft ? importBinary<nn::ShiftLeftOp>(node) : importBinary<nn::ShiftRightOp>(node);
}

/// Input 0 for tests of floats: as it is, or the numbers that its codes stand for.
Value testedFloats(NodeImporter &node) {
  return node.narrowType(0) ? numbersOf(node, 0, node.builder().getF32Type()) : node.input(0);
}

LogicalResult importIsNaN(NodeImporter &node) {
  node.setOutput(0, node.create<nn::IsNaNOp>(testedFloats(node)));
  return success();
}

LogicalResult importIsInf(NodeImporter &node) {
  node.setOutput(0, node.create<nn::IsInfOp>(testedFloats(node),
                                             node.intAttr("detect_negative", 1) != 0,
                                             node.intAttr("detect_positive", 1) != 0));
  return success();
}

LogicalResult importWhere(NodeImporter &node) {
  node.setOutput(0, select(node, node.input(0), node.input(1), node.input(2)));
  return success();
}

/// What an element type is in nn: `element` itself, or codes of the narrow type.
struct Target {
  Type element;
  int narrowType = 0;
};

/// The element type that attribute 'to' names; nothing, and reported, when there is none.
std::optional<Target> readTarget(NodeImporter &node) {
  if (!node.hasAttr("to")) {
    (void)node.invalid("attribute 'to' is missing; expected an element type");
    return std::nullopt;
  }
  auto number = static_cast<int>(node.intAttr("to", 0));
  MLIRContext *context = node.builder().getContext();
  if (Type element = elementTypeOf(number, context))
    return Target{element};
  if (Type codes = codeTypeOf(number, context))
    return Target{codes, number};
  (void)node.unsupported("element type " + dataTypeName(number) +
                         " is not supported; expected one of " + supportedElementTypes());
  return std::nullopt;
}

LogicalResult castTo(NodeImporter &node, Target to) {
  if (!to.narrowType) {
    node.setOutput(0, numbersOf(node, 0, to.element));
    return success();
  }
  NarrowRounding rounding;
  rounding.saturate = node.intAttr("saturate", 1) != 0;
  rounding.mode = static_cast<NarrowRounding::Mode>(
      node.enumAttr("round_mode", "up", {"up", "down", "nearest"}));
  // f32 holds every number of a narrow type; integers are to keep their lowest bits.
  Value numbers = node.input(0);
  if (int type = node.narrowType(0); type && isNarrowFloat(type))
    numbers = fromCodes(node, numbers, type, node.builder().getF32Type());
  node.setOutput(0, toCodes(node, numbers, to.narrowType, rounding), to.narrowType);
  return success();
}

LogicalResult importCast(NodeImporter &node) {
  std::optional<Target> to = readTarget(node);
  return to ? castTo(node, *to) : failure();
}

LogicalResult importCastLike(NodeImporter &node) {
  return castTo(node, {NodeImporter::elementType(node.input(1)), node.narrowType(1)});
}

LogicalResult importNarrowBitCast(NodeImporter &node, Target to) {
  unsigned toBits = to.narrowType ? narrowBits(to.narrowType) : 8;
  unsigned fromBits = node.narrowType(0) ? narrowBits(node.narrowType(0)) : 8;
  Value input = node.input(0);
  Type from = NodeImporter::elementType(input);
  if (toBits != fromBits || from.getIntOrFloatBitWidth() != to.element.getIntOrFloatBitWidth())
    return node.invalid("the element types of its input and result differ in their bits; expected "
                        "types of one size");
  Value codes = from == to.element ? input : node.create<nn::BitCastOp>(input, to.element);
  node.setOutput(0, wrapCodes(node, codes, to.narrowType), to.narrowType);
  return success();
}

LogicalResult importBitCast(NodeImporter &node) {
  std::optional<Target> to = readTarget(node);
  if (!to)
    return failure();
  if (to->narrowType || node.narrowType(0))
    return importNarrowBitCast(node, *to);
  // Booleans are bytes of 0 and 1: their bits are their values.
  Type element = to->element;
  Value input = node.input(0);
  bool isBoolean = element.isInteger(1) || NodeImporter::elementType(input).isInteger(1);
  node.setOutput(0, isBoolean ? node.cast(input, element)
                              : node.create<nn::BitCastOp>(input, element));
  return success();
}

constexpr llvm::StringLiteral castLimits = "strings";

constexpr OpEntry table[] = {
    {"", "Abs", 6, importUnary<nn::AbsOp>},
    {"", "Acos", 7, importUnary<nn::AcosOp>},
    {"", "Acosh", 9, importUnary<nn::AcoshOp>},
    {"", "Add", 7, importBinary<nn::AddOp>},
    {"", "And", 7, importBinary<nn::AndOp>},
    {"", "Asin", 7, importUnary<nn::AsinOp>},
    {"", "Asinh", 9, importUnary<nn::AsinhOp>},
    {"", "Atan", 7, importUnary<nn::AtanOp>},
    {"", "Atanh", 9, importUnary<nn::AtanhOp>},
    {"", "BitCast", 26, importBitCast},
    {"", "BitShift", 11, importBitShift},
    {"", "BitwiseAnd", 18, importBinary<nn::BitwiseAndOp>},
    {"", "BitwiseNot", 18, importUnary<nn::BitwiseNotOp>},
    {"", "BitwiseOr", 18, importBinary<nn::BitwiseOrOp>},
    {"", "BitwiseXor", 18, importBinary<nn::BitwiseXorOp>},
    {"", "Cast", 6, importCast, castLimits},
    {"", "CastLike", 15, importCastLike, castLimits},
    {"", "Ceil", 6, importUnary<nn::CeilOp>},
    {"", "Cos", 7, importUnary<nn::CosOp>},
    {"", "Cosh", 9, importUnary<nn::CoshOp>},
    {"", "Div", 7, importBinary<nn::DivOp>},
    {"", "Equal", 7, importCompare<nn::ComparePredicate::eq>, "strings"},
    {"", "Exp", 6, importUnary<nn::ExpOp>},
    {"", "Floor", 6, importUnary<nn::FloorOp>},
    {"", "Greater", 7, importCompare<nn::ComparePredicate::gt>},
    {"", "GreaterOrEqual", 12, importCompare<nn::ComparePredicate::ge>},
    {"", "IsInf", 10, importIsInf},
    {"", "IsNaN", 9, importIsNaN},
    {"", "Less", 7, importCompare<nn::ComparePredicate::lt>},
    {"", "LessOrEqual", 12, importCompare<nn::ComparePredicate::le>},
    {"", "Log", 6, importUnary<nn::LogOp>},
    {"", "Max", 6, importVariadic<nn::MaxOp>},
    {"", "Mean", 6, importMean},
    {"", "Min", 6, importVariadic<nn::MinOp>},
    {"", "Mod", 10, importMod},
    {"", "Mul", 7, importBinary<nn::MulOp>},
    {"", "Neg", 6, importUnary<nn::NegOp>},
    {"", "Not", 1, importUnary<nn::NotOp>},
    {"", "Or", 7, importBinary<nn::OrOp>},
    {"", "Pow", 7, importBinary<nn::PowOp>},
    {"", "Reciprocal", 6, importUnary<nn::ReciprocalOp>},
    {"", "Round", 11, importUnary<nn::RoundOp>},
    {"", "Sign", 9, importUnary<nn::SignOp>},
    {"", "Sin", 7, importUnary<nn::SinOp>},
    {"", "Sinh", 9, importUnary<nn::SinhOp>},
    {"", "Sqrt", 6, importUnary<nn::SqrtOp>},
    {"", "Sub", 7, importBinary<nn::SubOp>},
    {"", "Sum", 6, importVariadic<nn::AddOp>},
    {"", "Tan", 7, importUnary<nn::TanOp>},
    {"", "Where", 9, importWhere, "strings"},
    {"", "Xor", 7, importBinary<nn::XorOp>},
};

} // namespace

void addElementwiseOps(std::vector<OpEntry> &rows) {
  rows.insert(rows.end(), std::begin(table), std::end(table));
}

} // namespace pebble::onnx
