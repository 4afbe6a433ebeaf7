// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/lower/ScalarOps.h"

#include "llvm/ADT/StringMap.h"

#include <cmath>

using namespace mlir;
using namespace pebble;

namespace {

/// What an emitter sees: register operands and the nn element type of the first of them.
struct Scalar {
  ImplicitLocOpBuilder &b;
  Operation *op;
  ArrayRef<Value> in;
  Type element;

  bool isFloat() const { return isa<FloatType>(element); }
  bool isUnsigned() const { return element.isUnsignedInteger() || element.isInteger(1); }
  Value constant(double value) const {
    return constantLike(b, in[0], registerType(element), value);
  }
  template <typename OpTy> Value make() const {
    return OpTy::create(b, in[0].getType(), in).getResult();
  }
};

using Emit = Value (*)(const Scalar &);

template <typename FloatOp, typename SignedOp, typename UnsignedOp>
Value arithmetic(const Scalar &s) {
  if (s.isFloat())
    return s.make<FloatOp>();
  return s.isUnsigned() ? s.make<UnsignedOp>() : s.make<SignedOp>();
}

Value compare(const Scalar &s, arith::CmpFPredicate floating, arith::CmpIPredicate signedness,
              arith::CmpIPredicate unsignedness, Value a, Value b) {
  if (s.isFloat())
    return arith::CmpFOp::create(s.b, floating, a, b);
  return arith::CmpIOp::create(s.b, s.isUnsigned() ? unsignedness : signedness, a, b);
}

Value lessThan(const Scalar &s, Value a, Value b) {
  return compare(s, arith::CmpFPredicate::OLT, arith::CmpIPredicate::slt, arith::CmpIPredicate::ult,
                 a, b);
}

/// A routine of the kernel library: pebble_math_<name>_f32 or _f64.
Value callMath(const Scalar &s, StringRef name) {
  std::string symbol = ("pebble_math_" + name + (s.element.isF64() ? "_f64" : "_f32")).str();
  auto module = s.b.getInsertionBlock()->getParent()->getParentOfType<ModuleOp>();
  if (!module.lookupSymbol(symbol)) {
    OpBuilder top = OpBuilder::atBlockEnd(module.getBody());
    SmallVector<Type> types(s.in.size(), s.in[0].getType());
    func::FuncOp::create(top, module.getLoc(), symbol,
                         top.getFunctionType(types, s.in[0].getType()))
        .setPrivate();
  }
  return func::CallOp::create(s.b, symbol, s.in[0].getType(), s.in).getResult(0);
}

Value math(const Scalar &s) { return callMath(s, s.op->getName().stripDialect()); }

Value absolute(const Scalar &s) {
  if (s.isFloat())
    return s.make<math::AbsFOp>();
  return s.isUnsigned() ? s.in[0] : s.make<math::AbsIOp>();
}

Value negate(const Scalar &s) {
  if (s.isFloat())
    return s.make<arith::NegFOp>();
  return arith::SubIOp::create(s.b, s.constant(0), s.in[0]);
}

Value sign(const Scalar &s) {
  Value zero = s.constant(0), one = s.constant(1);
  Value positive = lessThan(s, zero, s.in[0]);
  Value result = arith::SelectOp::create(s.b, positive, one, s.isFloat() ? s.in[0] : zero);
  if (s.isUnsigned())
    return result;
  // Zero and NaN stay themselves.
  return arith::SelectOp::create(s.b, lessThan(s, s.in[0], zero), s.constant(-1), result);
}

Value reciprocal(const Scalar &s) { return arith::DivFOp::create(s.b, s.constant(1), s.in[0]); }

Value relu(const Scalar &s) {
  if (s.isUnsigned())
    return s.in[0];
  Value zero = s.constant(0);
  // NaN compares false and so stays.
  return arith::SelectOp::create(s.b, lessThan(s, s.in[0], zero), zero, s.in[0]);
}

Value complement(const Scalar &s) {
  Value ones = constantLike(s.b, s.in[0], s.in[0].getType(), -1);
  return arith::XOrIOp::create(s.b, s.in[0], ones);
}

Value isNaN(const Scalar &s) {
  return arith::CmpFOp::create(s.b, arith::CmpFPredicate::UNO, s.in[0], s.in[0]);
}

Value isInf(const Scalar &s) {
  auto op = cast<nn::IsInfOp>(s.op);
  double infinity = std::numeric_limits<double>::infinity();
  Value result;
  auto accept = [&](double value) {
    Value hit = arith::CmpFOp::create(s.b, arith::CmpFPredicate::OEQ, s.in[0], s.constant(value));
    result = result ? arith::OrIOp::create(s.b, result, hit) : hit;
  };
  if (op.getDetectPositive())
    accept(infinity);
  if (op.getDetectNegative())
    accept(-infinity);
  return result ? result : constantLike(s.b, isNaN(s), s.b.getI1Type(), 0);
}

/// Division that is defined for every pair of integers: x / 0 is 0, the least by -1 wraps.
Value integerDivision(const Scalar &s, bool remainder) {
  Value zero = s.constant(0), one = s.constant(1);
  Value byZero = arith::CmpIOp::create(s.b, arith::CmpIPredicate::eq, s.in[1], zero);
  Value unsafe = byZero, byMinusOne;
  if (!s.isUnsigned()) {
    byMinusOne = arith::CmpIOp::create(s.b, arith::CmpIPredicate::eq, s.in[1], s.constant(-1));
    unsafe = arith::OrIOp::create(s.b, byZero, byMinusOne);
  }
  Value divisor = arith::SelectOp::create(s.b, unsafe, one, s.in[1]);
  Value result;
  if (remainder)
    result = s.isUnsigned() ? arith::RemUIOp::create(s.b, s.in[0], divisor).getResult()
                            : arith::RemSIOp::create(s.b, s.in[0], divisor).getResult();
  else
    result = s.isUnsigned() ? arith::DivUIOp::create(s.b, s.in[0], divisor).getResult()
                            : arith::DivSIOp::create(s.b, s.in[0], divisor).getResult();
  if (byMinusOne && !remainder)
    result =
        arith::SelectOp::create(s.b, byMinusOne, arith::SubIOp::create(s.b, zero, s.in[0]), result);
  return arith::SelectOp::create(s.b, byZero, zero, result);
}

Value divide(const Scalar &s) {
  return s.isFloat() ? s.make<arith::DivFOp>() : integerDivision(s, /*remainder=*/false);
}

Value modulo(const Scalar &s) {
  Value remainder = s.isFloat() ? callMath(s, "fmod") : integerDivision(s, /*remainder=*/true);
  if (cast<nn::ModOp>(s.op).getFmod() || s.isUnsigned())
    return remainder;
  // Python's %: the sign of the divisor.
  Value zero = s.constant(0);
  Value nonZero =
      s.isFloat()
          ? arith::CmpFOp::create(s.b, arith::CmpFPredicate::UNE, remainder, zero).getResult()
          : arith::CmpIOp::create(s.b, arith::CmpIPredicate::ne, remainder, zero).getResult();
  Value differ =
      arith::XOrIOp::create(s.b, lessThan(s, remainder, zero), lessThan(s, s.in[1], zero));
  Value shifted = s.isFloat() ? arith::AddFOp::create(s.b, remainder, s.in[1]).getResult()
                              : arith::AddIOp::create(s.b, remainder, s.in[1]).getResult();
  return arith::SelectOp::create(s.b, arith::AndIOp::create(s.b, nonZero, differ), shifted,
                                 remainder);
}

Value shift(const Scalar &s, bool left) {
  unsigned width = registerType(s.element).getIntOrFloatBitWidth();
  Value inRange = arith::CmpIOp::create(s.b, arith::CmpIPredicate::ult, s.in[1], s.constant(width));
  Value amount = arith::SelectOp::create(s.b, inRange, s.in[1], s.constant(0));
  Value shifted = left ? arith::ShLIOp::create(s.b, s.in[0], amount).getResult()
                       : arith::ShRUIOp::create(s.b, s.in[0], amount).getResult();
  return arith::SelectOp::create(s.b, inRange, shifted, s.constant(0));
}

Value comparison(const Scalar &s) {
  using F = arith::CmpFPredicate;
  using I = arith::CmpIPredicate;
  struct Row {
    F floating;
    I signedness, unsignedness;
  };
  static constexpr Row rows[] = {{F::OEQ, I::eq, I::eq},
                                 {F::OLT, I::slt, I::ult},
                                 {F::OLE, I::sle, I::ule},
                                 {F::OGT, I::sgt, I::ugt},
                                 {F::OGE, I::sge, I::uge}};
  const Row &row = rows[static_cast<int>(cast<nn::CompareOp>(s.op).getPredicate())];
  return compare(s, row.floating, row.signedness, row.unsignedness, s.in[0], s.in[1]);
}

Type shapedLike(Value like, Type element) {
  if (auto vector = dyn_cast<VectorType>(like.getType()))
    return vector.clone(element);
  return element;
}

/// The same for integers of at most 16 bits: the intrinsic on vectors of those becomes scalar code.
Value saturatingToNarrow(ImplicitLocOpBuilder &b, Value value, Type to) {
  unsigned bits = to.getIntOrFloatBitWidth();
  bool isUnsigned = to.isUnsignedInteger();
  auto number = [&](double constant) {
    return constantLike(b, value, getElementTypeOrSelf(value.getType()), constant);
  };
  auto select = [&](arith::CmpFPredicate predicate, Value with, Value otherwise) {
    Value keeps = arith::CmpFOp::create(b, predicate, value, with);
    value = arith::SelectOp::create(b, keeps, value, otherwise);
  };
  // Each comparison is false for NaN.
  if (!isUnsigned)
    select(arith::CmpFPredicate::ORD, value, number(0));
  Value least = number(isUnsigned ? 0 : -std::ldexp(1.0, bits - 1));
  select(arith::CmpFPredicate::OGT, least, least);
  Value most = number(std::ldexp(1.0, isUnsigned ? bits : bits - 1) - 1);
  select(arith::CmpFPredicate::OLT, most, most);
  Value wide = arith::FPToSIOp::create(b, shapedLike(value, b.getI32Type()), value);
  return arith::TruncIOp::create(b, shapedLike(value, registerType(to)), wide);
}

/// Truncation towards zero that saturates; NaN becomes 0.
Value saturatingFloatToInt(ImplicitLocOpBuilder &b, Value value, Type to) {
  if (to.getIntOrFloatBitWidth() <= 16 && getElementTypeOrSelf(value.getType()).isF32())
    return saturatingToNarrow(b, value, to);
  Type type = shapedLike(value, registerType(to));
  unsigned width = registerType(to).getIntOrFloatBitWidth();
  if (width <= 16) {
    // Bounds that floats hold: the code generator has no vector form of the intrinsic for them.
    auto real = [&](double number) -> Value {
      Type element = getElementTypeOrSelf(value.getType());
      TypedAttr attr = b.getFloatAttr(element, number);
      if (auto vector = dyn_cast<VectorType>(value.getType()))
        attr = DenseElementsAttr::get(vector, attr);
      return arith::ConstantOp::create(b, attr);
    };
    bool isUnsigned = to.isUnsignedInteger();
    double low = isUnsigned ? 0 : -std::ldexp(1.0, static_cast<int>(width) - 1);
    double high = std::ldexp(1.0, static_cast<int>(width) - (isUnsigned ? 0 : 1)) - 1;
    Value clamped = arith::MaxNumFOp::create(b, value, real(low));
    clamped = arith::MinNumFOp::create(b, clamped, real(high));
    if (!isUnsigned) {
      Value isNan = arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, value, value);
      clamped = arith::SelectOp::create(b, isNan, real(0), clamped);
    }
    Type wide = shapedLike(value, b.getI32Type());
    return arith::TruncIOp::create(b, type, arith::FPToSIOp::create(b, wide, clamped));
  }
  StringRef intrinsic = to.isUnsignedInteger() ? "llvm.fptoui.sat" : "llvm.fptosi.sat";
  return LLVM::CallIntrinsicOp::create(b, type, b.getStringAttr(intrinsic), value).getResult(0);
}

Value convert(const Scalar &s) {
  Type to = cast<nn::CastOp>(s.op).getTo(), target = registerType(to);
  Type type = shapedLike(s.in[0], target);
  if (to.isInteger(1)) {
    if (s.isFloat())
      return arith::CmpFOp::create(s.b, arith::CmpFPredicate::UNE, s.in[0], s.constant(0));
    return s.element.isInteger(1)
               ? s.in[0]
               : arith::CmpIOp::create(s.b, arith::CmpIPredicate::ne, s.in[0], s.constant(0))
                     .getResult();
  }
  unsigned from = registerType(s.element).getIntOrFloatBitWidth();
  unsigned width = target.getIntOrFloatBitWidth();
  if (s.isFloat()) {
    if (!isa<FloatType>(to))
      return saturatingFloatToInt(s.b, s.in[0], to);
    if (width > from)
      return arith::ExtFOp::create(s.b, type, s.in[0]);
    return width < from ? arith::TruncFOp::create(s.b, type, s.in[0]).getResult() : s.in[0];
  }
  if (isa<FloatType>(to))
    return s.isUnsigned() ? arith::UIToFPOp::create(s.b, type, s.in[0]).getResult()
                          : arith::SIToFPOp::create(s.b, type, s.in[0]).getResult();
  if (width < from)
    return arith::TruncIOp::create(s.b, type, s.in[0]);
  if (width == from)
    return s.in[0];
  return s.isUnsigned() ? arith::ExtUIOp::create(s.b, type, s.in[0]).getResult()
                        : arith::ExtSIOp::create(s.b, type, s.in[0]).getResult();
}

struct Row {
  Emit emit;
  bool vectorizable = true;
};

const llvm::StringMap<Row> &table() {
  static const llvm::StringMap<Row> rows = {
      {"abs", {absolute}},
      {"neg", {negate}},
      {"sign", {sign}},
      {"ceil", {[](const Scalar &s) { return s.make<math::CeilOp>(); }}},
      {"floor", {[](const Scalar &s) { return s.make<math::FloorOp>(); }}},
      {"round", {[](const Scalar &s) { return s.make<math::RoundEvenOp>(); }}},
      {"sqrt", {[](const Scalar &s) { return s.make<math::SqrtOp>(); }}},
      {"reciprocal", {reciprocal}},
      {"exp", {math, false}},
      {"log", {math, false}},
      {"sin", {math, false}},
      {"cos", {math, false}},
      {"tan", {math, false}},
      {"asin", {math, false}},
      {"acos", {math, false}},
      {"atan", {math, false}},
      {"sinh", {math, false}},
      {"cosh", {math, false}},
      {"tanh", {math, false}},
      {"asinh", {math, false}},
      {"acosh", {math, false}},
      {"atanh", {math, false}},
      {"erf", {math, false}},
      {"sigmoid", {math, false}},
      {"relu", {relu}},
      {"not", {complement}},
      {"bitwise_not", {complement}},
      {"is_nan", {isNaN}},
      {"is_inf", {isInf}},
      {"add", {arithmetic<arith::AddFOp, arith::AddIOp, arith::AddIOp>}},
      {"sub", {arithmetic<arith::SubFOp, arith::SubIOp, arith::SubIOp>}},
      {"mul", {arithmetic<arith::MulFOp, arith::MulIOp, arith::MulIOp>}},
      {"div", {divide}},
      {"pow", {math, false}},
      {"min", {arithmetic<arith::MinimumFOp, arith::MinSIOp, arith::MinUIOp>}},
      {"max", {arithmetic<arith::MaximumFOp, arith::MaxSIOp, arith::MaxUIOp>}},
      {"mod", {modulo, false}},
      {"and", {[](const Scalar &s) { return s.make<arith::AndIOp>(); }}},
      {"or", {[](const Scalar &s) { return s.make<arith::OrIOp>(); }}},
      {"xor", {[](const Scalar &s) { return s.make<arith::XOrIOp>(); }}},
      {"bitwise_and", {[](const Scalar &s) { return s.make<arith::AndIOp>(); }}},
      {"bitwise_or", {[](const Scalar &s) { return s.make<arith::OrIOp>(); }}},
      {"bitwise_xor", {[](const Scalar &s) { return s.make<arith::XOrIOp>(); }}},
      {"shift_left", {[](const Scalar &s) { return shift(s, true); }}},
      {"shift_right", {[](const Scalar &s) { return shift(s, false); }}},
      {"compare", {comparison}},
      {"select", {[](const Scalar &s) -> Value {
         return arith::SelectOp::create(s.b, s.in[0], s.in[1], s.in[2]);
       }}},
      {"cast", {convert}},
  };
  return rows;
}

bool isHalf(Type type) { return type.isF16() || type.isBF16(); }

} // namespace

Type pebble::registerType(Type element) {
  if (auto integer = dyn_cast<IntegerType>(element))
    return IntegerType::get(element.getContext(), integer.getWidth());
  return element;
}

Value pebble::constantLike(ImplicitLocOpBuilder &builder, Value like, Type element, double value) {
  Type scalar = getElementTypeOrSelf(element);
  TypedAttr attr;
  if (isa<FloatType>(scalar))
    attr = builder.getFloatAttr(scalar, value);
  else
    attr = builder.getIntegerAttr(scalar,
                                  APInt(scalar.getIntOrFloatBitWidth(), static_cast<int64_t>(value),
                                        /*isSigned=*/true, /*implicitTrunc=*/true));
  if (auto vector = dyn_cast<VectorType>(like.getType()))
    attr = DenseElementsAttr::get(vector.clone(scalar), attr);
  return arith::ConstantOp::create(builder, attr);
}

bool pebble::isVectorizable(Operation *op) {
  auto row = table().find(op->getName().stripDialect());
  return row != table().end() && row->second.vectorizable;
}

Value pebble::emitScalar(ImplicitLocOpBuilder &builder, Operation *op, ArrayRef<Value> operands) {
  Type element = cast<RankedTensorType>(op->getOperand(0).getType()).getElementType();
  SmallVector<Value> in(operands);
  bool selects = isa<nn::SelectOp>(op), widened = false;
  if (!selects)
    for (Value &operand : in) {
      Type type = getElementTypeOrSelf(operand.getType());
      if (!isHalf(type))
        continue;
      operand = arith::ExtFOp::create(builder, shapedLike(operand, builder.getF32Type()), operand);
      widened = true;
    }
  if (widened && isHalf(element))
    element = builder.getF32Type();

  // The exponent may have another type than the base: both meet in f64, or f32 for f32 and halves.
  Type powResult;
  if (isa<nn::PowOp>(op)) {
    Type exponentType = cast<RankedTensorType>(op->getOperand(1).getType()).getElementType();
    if (!(in[0].getType().isF32() && in[1].getType().isF32())) {
      powResult = cast<RankedTensorType>(op->getResult(0).getType()).getElementType();
      Type wide = builder.getF64Type();
      auto widen = [&](Value value, Type from) -> Value {
        if (isa<FloatType>(value.getType()))
          return value.getType().isF64() ? value : arith::ExtFOp::create(builder, wide, value);
        return from.isUnsignedInteger() ? arith::UIToFPOp::create(builder, wide, value).getResult()
                                        : arith::SIToFPOp::create(builder, wide, value).getResult();
      };
      in[0] = widen(in[0], element);
      in[1] = widen(in[1], exponentType);
      element = wide;
    }
  }

  const Row &row = table().find(op->getName().stripDialect())->second;
  Value result = row.emit(Scalar{builder, op, in, element});

  if (isa_and_nonnull<IntegerType>(powResult))
    return saturatingFloatToInt(builder, result, powResult);
  Type wanted = registerType(cast<RankedTensorType>(op->getResult(0).getType()).getElementType());
  Type got = getElementTypeOrSelf(result.getType());
  if (got != wanted && isa<FloatType>(got) && isa<FloatType>(wanted))
    result = arith::TruncFOp::create(builder, shapedLike(result, wanted), result);
  return result;
}
