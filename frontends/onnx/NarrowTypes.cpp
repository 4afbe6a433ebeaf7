// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/NarrowTypes.h"

#include "frontends/onnx/Compose.h"
#include "frontends/onnx/TensorData.h"
#include "runtime/support/NarrowFloat.h"

#include <cmath>

using namespace mlir;
using pebble::support::NarrowFloat;

namespace pebble::onnx {

namespace {

// Of an f32: sign, exponent, fraction.
constexpr int32_t f32Fraction = 23, f32Bias = 127;
constexpr int32_t f32Magnitude = 0x7fffffff, f32Infinity = 0x7f800000;

/// Short forms of i32 arithmetic against constants.
class Bits {
public:
  explicit Bits(NodeImporter &node) : node(node) {}

  Value of(int32_t value) const { return node.scalar(node.builder().getI32Type(), value); }
  Value both(Value x, int32_t mask) const { return node.create<nn::BitwiseAndOp>(x, of(mask)); }
  Value left(Value x, Value by) const { return node.create<nn::ShiftLeftOp>(x, by); }
  Value right(Value x, int32_t by) const { return node.create<nn::ShiftRightOp>(x, of(by)); }
  Value add(Value x, int32_t y) const { return node.add(x, of(y)); }
  Value is(nn::ComparePredicate predicate, Value x, int32_t y) const {
    return compare(node, predicate, x, of(y));
  }
  Value choose(Value condition, int32_t yes, Value no) const {
    return select(node, condition, of(yes), no);
  }

private:
  NodeImporter &node;
};

using Compare = nn::ComparePredicate;

/// An f64 in f32, rounded to odd: what is then rounded to a narrower type is rounded as if at once.
/// Beyond f32 it is an infinity, as it is beyond those.
Value roundToOdd(NodeImporter &node, Value x) {
  Bits bits(node);
  Type f32 = node.builder().getF32Type(), i32 = node.builder().getI32Type();
  Value nearest = node.cast(x, f32), back = node.cast(nearest, NodeImporter::elementType(x));
  Value isBeyond =
      compare(node, Compare::gt, unary<nn::AbsOp>(node, back), unary<nn::AbsOp>(node, x));
  Value isExact = compare(node, Compare::eq, back, x);
  Value isInfinite = node.create<nn::IsInfOp>(nearest, true, true);
  Value all = node.create<nn::BitCastOp>(nearest, i32);
  Value towardsZero = node.sub(all, node.cast(isBeyond, i32));
  Value odd = node.create<nn::BitwiseOrOp>(towardsZero, bits.of(1));
  Value isKept = node.create<nn::OrOp>(isExact, isInfinite);
  return node.create<nn::BitCastOp>(select(node, isKept, all, odd), f32);
}

Value singles(NodeImporter &node, Value numbers) {
  return NodeImporter::elementType(numbers).isF64()
             ? roundToOdd(node, numbers)
             : node.cast(numbers, node.builder().getF32Type());
}

Value byteOf(NodeImporter &node, Value code) {
  return node.cast(code, node.builder().getIntegerType(8, /*isSigned=*/false));
}

Value encode(NodeImporter &node, Value numbers, const NarrowFloat &type, bool saturate) {
  Bits bits(node);
  Value x = singles(node, numbers);
  Value all = node.create<nn::BitCastOp>(x, node.builder().getI32Type());
  Value magnitude = bits.both(all, f32Magnitude);
  // Rounding the fraction to even carries into the exponent where it must.
  const int32_t cut = f32Fraction - type.fractionBits;
  Value rounded = bits.add(magnitude, (1 << (cut - 1)) - 1);
  rounded = bits.right(node.add(rounded, bits.both(bits.right(magnitude, cut), 1)), cut);
  Value normal = bits.add(rounded, -((f32Bias - type.bias) << type.fractionBits));
  // Below the least exponent codes count steps of one size.
  Value steps = node.mul(unary<nn::AbsOp>(node, x),
                         node.scalar(NodeImporter::elementType(x),
                                     std::ldexp(1.0, type.bias - 1 + type.fractionBits)));
  Value subnormal = node.cast(unary<nn::RoundOp>(node, steps), node.builder().getI32Type());
  const int32_t leastNormal = (f32Bias + 1 - type.bias) << f32Fraction;
  Value code = select(node, bits.is(Compare::lt, magnitude, leastNormal), subnormal, normal);
  code = bits.choose(bits.is(Compare::gt, code, type.largest),
                     saturate ? type.largest : type.overflow, code);
  code = bits.choose(bits.is(Compare::gt, magnitude, f32Infinity), type.nan, code);
  Value sign =
      bits.both(bits.right(all, 31 - (type.exponentBits + type.fractionBits)), type.signBit());
  if (!type.hasNegativeZero)
    sign = bits.choose(bits.is(Compare::eq, bits.both(code, type.signBit() - 1), 0), 0, sign);
  return byteOf(node, node.create<nn::BitwiseXorOp>(code, sign));
}

/// In f32.
Value decode(NodeImporter &node, Value codes, const NarrowFloat &type) {
  Bits bits(node);
  Type f32 = node.builder().getF32Type();
  auto real = [&](double value) { return node.scalar(f32, value); };
  Value code = node.cast(codes, node.builder().getI32Type());
  Value magnitude = bits.both(code, type.signBit() - 1);
  Value exponent = bits.right(magnitude, type.fractionBits);
  Value fraction = bits.both(magnitude, (1 << type.fractionBits) - 1);
  Value leading =
      bits.choose(bits.is(Compare::eq, exponent, 0), 0, bits.of(1 << type.fractionBits));
  exponent = maximum(node, exponent, bits.of(1));
  // Integers have room for half of the exponents; no bits of a float are put together, as these
  // would have to lie in memory between two kernels.
  Value significand = bits.left(node.add(fraction, leading), bits.both(exponent, 15));
  Value number = node.cast(significand, f32);
  if (type.exponentBits > 4)
    number =
        node.mul(number, select(node, bits.is(Compare::gt, exponent, 15), real(65536), real(1)));
  number = node.mul(number, real(std::ldexp(1.0, -type.bias - type.fractionBits)));
  if (type.largest < type.signBit() - 1) {
    Value special = real(std::nan(""));
    if (type.hasInfinity())
      special =
          select(node, bits.is(Compare::eq, magnitude, type.overflow), real(INFINITY), special);
    number = select(node, bits.is(Compare::gt, magnitude, type.largest), special, number);
  }
  number = select(node, bits.is(Compare::ge, code, type.signBit()), unary<nn::NegOp>(node, number),
                  number);
  if (!type.hasNegativeZero)
    number = select(node, bits.is(Compare::eq, code, type.nan), real(std::nan("")), number);
  return number;
}

// An exponent without sign or fraction; the least is that of a subnormal f32.
constexpr int32_t e8m0Least = 1 << (f32Fraction - 1), e8m0Largest = 0xfe, e8m0NaN = 0xff;

Value encodeE8M0(NodeImporter &node, Value numbers, NarrowRounding rounding) {
  Bits bits(node);
  Value all = node.create<nn::BitCastOp>(singles(node, numbers), node.builder().getI32Type());
  Value magnitude = bits.both(all, f32Magnitude);
  // Between the codes n and n + 1 lie 2^23 numbers, but 2^22 between 0 and 1.
  Value isLowest = bits.is(Compare::lt, magnitude, 1 << f32Fraction);
  auto raised = [&](int32_t others, int32_t lowest) {
    return node.add(magnitude, bits.choose(isLowest, lowest, bits.of(others)));
  };
  constexpr int32_t step = 1 << f32Fraction, half = step / 2;
  const Value sums[] = {/*Up=*/raised(step - 1, half - 1), /*Down=*/magnitude,
                        /*Nearest=*/raised(half, half / 2)};
  Value code = bits.right(sums[rounding.mode], f32Fraction);
  Value isTooSmall = bits.is(Compare::lt, magnitude, e8m0Least);
  code = bits.choose(isTooSmall, rounding.saturate ? 0 : e8m0NaN, code);
  code = bits.choose(bits.is(Compare::gt, code, e8m0Largest),
                     rounding.saturate ? e8m0Largest : e8m0NaN, code);
  return byteOf(node, bits.choose(bits.is(Compare::gt, magnitude, f32Infinity), e8m0NaN, code));
}

Value decodeE8M0(NodeImporter &node, Value codes) {
  Bits bits(node);
  Value code = node.cast(codes, node.builder().getI32Type());
  Value shifted = bits.left(code, bits.of(f32Fraction));
  shifted = bits.choose(bits.is(Compare::eq, code, 0), e8m0Least, shifted);
  Value isNaN = bits.is(Compare::eq, code, e8m0NaN);
  // Code 255 is an infinity's exponent.
  shifted = bits.choose(isNaN, f32Infinity | e8m0Least, shifted);
  return node.create<nn::BitCastOp>(shifted, node.builder().getF32Type());
}

/// Operators that take narrow types, and at which of their inputs. Those that only move elements
/// say which results hold them then; the others tell `setOutput`.
struct NarrowUse {
  llvm::StringLiteral name;
  enum { converts, moves } how;
  uint32_t inputs, results;
};
constexpr uint32_t all = ~0u;
constexpr NarrowUse narrowUses[] = {
    {"BitCast", NarrowUse::converts, 1, 0},
    {"Cast", NarrowUse::converts, 1, 0},
    {"CastLike", NarrowUse::converts, 0b11, 0},
    {"Compress", NarrowUse::moves, 1, 1},
    {"Concat", NarrowUse::moves, all, 1},
    {"DepthToSpace", NarrowUse::moves, 1, 1},
    {"DequantizeLinear", NarrowUse::converts, 0b101, 0},
    {"Dropout", NarrowUse::moves, 1, 1},
    {"Expand", NarrowUse::moves, 1, 1},
    {"Flatten", NarrowUse::moves, 1, 1},
    {"Gather", NarrowUse::moves, 1, 1},
    {"GatherElements", NarrowUse::moves, 1, 1},
    {"GatherND", NarrowUse::moves, 1, 1},
    {"Identity", NarrowUse::moves, 1, 1},
    {"IsInf", NarrowUse::converts, 1, 0},
    {"IsNaN", NarrowUse::converts, 1, 0},
    {"Loop", NarrowUse::converts, ~0b11u, 0},
    {"Pad", NarrowUse::moves, 0b101, 1},
    {"QuantizeLinear", NarrowUse::converts, 0b100, 0},
    {"Reshape", NarrowUse::moves, 1, 1},
    {"ReverseSequence", NarrowUse::moves, 1, 1},
    {"Scan", NarrowUse::converts, all, 0},
    {"Shape", NarrowUse::moves, 1, 0},
    {"Size", NarrowUse::moves, 1, 0},
    {"Slice", NarrowUse::moves, 1, 1},
    {"SpaceToDepth", NarrowUse::moves, 1, 1},
    {"Split", NarrowUse::moves, 1, all},
    {"Squeeze", NarrowUse::moves, 1, 1},
    {"Tile", NarrowUse::moves, 1, 1},
    {"Transpose", NarrowUse::moves, 1, 1},
    {"Unsqueeze", NarrowUse::moves, 1, 1},
    {"Where", NarrowUse::moves, 0b110, 1},
};

const NarrowUse *findUse(NodeImporter &node) {
  for (const NarrowUse &use : narrowUses)
    if (use.name == node.opType())
      return &use;
  return nullptr;
}

bool holds(uint32_t places, unsigned index) {
  return places == all || (index < 32 && (places >> index & 1) != 0);
}

} // namespace

bool isE8M0(int dataType) { return dataType == PEBBLE_F8E8M0; }

bool isNarrowFloat(int dataType) { return support::findNarrowFloat(dataType) || isE8M0(dataType); }

Value wrapCodes(NodeImporter &node, Value codes, int dataType) {
  const unsigned bits = narrowBits(dataType);
  if (bits == 0 || bits >= 8)
    return codes;
  Type byte = NodeImporter::elementType(codes);
  Value low = node.create<nn::BitwiseAndOp>(codes, node.scalar(byte, (1 << bits) - 1));
  if (byte.isUnsignedInteger())
    return low;
  Value sign = node.scalar(byte, 1 << (bits - 1));
  return node.sub(node.create<nn::BitwiseXorOp>(low, sign), sign);
}

Value toCodes(NodeImporter &node, Value numbers, int dataType, NarrowRounding rounding) {
  if (const NarrowFloat *type = support::findNarrowFloat(dataType))
    return encode(node, numbers, *type, rounding.saturate);
  if (isE8M0(dataType))
    return encodeE8M0(node, numbers, rounding);
  // Integers keep their lowest bits; floats become integers first.
  if (isFloat(numbers))
    numbers = node.cast(numbers, node.builder().getI32Type());
  return wrapCodes(node, node.cast(numbers, codeTypeOf(dataType, node.builder().getContext())),
                   dataType);
}

Value fromCodes(NodeImporter &node, Value codes, int dataType, Type element) {
  if (const NarrowFloat *type = support::findNarrowFloat(dataType))
    codes = decode(node, codes, *type);
  else if (isE8M0(dataType))
    codes = decodeE8M0(node, codes);
  return node.cast(codes, element);
}

Value numbersOf(NodeImporter &node, unsigned index, Type element) {
  Value input = node.input(index);
  if (!input)
    return {};
  int type = node.narrowType(index);
  return type ? fromCodes(node, input, type, element) : node.cast(input, element);
}

LogicalResult checkNarrowInputs(NodeImporter &node) {
  const NarrowUse *use = findUse(node);
  std::optional<int> moved;
  for (unsigned i = 0; i < node.numInputs(); ++i) {
    int type = node.narrowType(i);
    bool isTaken = use && holds(use->inputs, i);
    if (type && !isTaken)
      return node.unsupported("input " + Twine(i) + " has element type " + dataTypeName(type) +
                              ", which it does not take; expected one that is cast or dequantized");
    if (!isTaken || use->how != NarrowUse::moves || !node.hasInput(i))
      continue;
    if (moved && *moved != type)
      return node.invalid("its inputs differ in their element types: one is " +
                          dataTypeName(*moved ? *moved : type) + "; expected one type");
    moved = type;
  }
  return success();
}

int movedType(NodeImporter &node, unsigned index) {
  const NarrowUse *use = findUse(node);
  if (!use || use->how != NarrowUse::moves || !holds(use->results, index))
    return 0;
  for (unsigned i = 0; i < node.numInputs(); ++i)
    if (holds(use->inputs, i) && node.narrowType(i))
      return node.narrowType(i);
  return 0;
}

} // namespace pebble::onnx
