// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/interpreter/Dispatch.h"
#include "dialects/interpreter/Elementwise.h"
#include "dialects/nn/NN.h"
#include "runtime/kernels/Convert.h"
#include "runtime/kernels/math.h"

#include "llvm/ADT/StringMap.h"

#include <cmath>

using namespace pebble;
using namespace pebble::interpreter;
using kernels::ComputeOf;

namespace {

template <typename Fn>
bool onNumbers(mlir::Operation *op, llvm::ArrayRef<Tensor> operands, Tensor &result) {
  return withNumber(operands[0].dtype(), [&](auto tag) {
    using T = typename decltype(tag)::Type;
    mapBinary<T, T, T>(result, operands[0], operands[1],
                       [](T x, T y) { return T(Fn()(ComputeOf<T>(x), ComputeOf<T>(y))); });
  });
}

template <typename Fn>
bool onIntegers(mlir::Operation *, llvm::ArrayRef<Tensor> operands, Tensor &result) {
  return withInteger(operands[0].dtype(), [&](auto tag) {
    using T = typename decltype(tag)::Type;
    mapBinary<T, T, T>(result, operands[0], operands[1], [](T x, T y) { return T(Fn()(x, y)); });
  });
}

template <typename Fn>
bool onBooleans(mlir::Operation *, llvm::ArrayRef<Tensor> operands, Tensor &result) {
  mapBinary<uint8_t, uint8_t, uint8_t>(result, operands[0], operands[1], Fn());
  return true;
}

struct Add {
  template <typename T> T operator()(T a, T b) const { return kernels::wrapAdd(a, b); }
};
struct Sub {
  template <typename T> T operator()(T a, T b) const { return kernels::wrapSub(a, b); }
};
struct Mul {
  template <typename T> T operator()(T a, T b) const { return kernels::wrapMul(a, b); }
};

struct Div {
  template <typename T> T operator()(T a, T b) const {
    if constexpr (kernels::isFloat<T>)
      return a / b;
    if (b == T(0))
      return T(0);
    // The least integer by -1 wraps.
    if (T(-1) < T(0) && b == T(-1))
      return kernels::wrapSub(T(0), a);
    return a / b;
  }
};

/// The lesser or greater; NaN when either is NaN, and -0 is less than 0.
template <bool Greater> struct Extreme {
  template <typename T> T operator()(T a, T b) const {
    if constexpr (kernels::isFloat<T>) {
      if (a != a || b != b)
        return a + b;
      if (a == b)
        return std::signbit(a) == Greater ? b : a;
    }
    return (a < b) == Greater ? b : a;
  }
};

struct Remainder {
  template <typename T> T operator()(T a, T b) const {
    if constexpr (std::is_same_v<T, float>)
      return pebble_math_fmod_f32(a, b);
    else if constexpr (std::is_same_v<T, double>)
      return pebble_math_fmod_f64(a, b);
    else
      return b == T(0) || (T(-1) < T(0) && b == T(-1)) ? T(0) : T(a % b);
  }
};

/// Python's %, with the sign of the divisor.
struct Modulo {
  template <typename T> T operator()(T a, T b) const {
    T remainder = Remainder()(a, b);
    bool differ = (remainder < T(0)) != (b < T(0));
    return remainder != T(0) && differ ? kernels::wrapAdd(remainder, b) : remainder;
  }
};

bool evaluateMod(mlir::Operation *op, llvm::ArrayRef<Tensor> operands, Tensor &result) {
  return llvm::cast<nn::ModOp>(op).getFmod() ? onNumbers<Remainder>(op, operands, result)
                                             : onNumbers<Modulo>(op, operands, result);
}

struct And {
  template <typename T> T operator()(T a, T b) const { return T(a & b); }
};
struct Or {
  template <typename T> T operator()(T a, T b) const { return T(a | b); }
};
struct Xor {
  template <typename T> T operator()(T a, T b) const { return T(a ^ b); }
};

template <bool Left> struct Shift {
  template <typename T> T operator()(T a, T b) const {
    using U = kernels::StorageOf<T>;
    if (U(b) >= sizeof(T) * 8)
      return T(0);
    return T(Left ? U(uint64_t(U(a)) << U(b)) : U(U(a) >> U(b)));
  }
};

template <typename Fn> bool compareWith(llvm::ArrayRef<Tensor> operands, Tensor &result, Fn fn) {
  return withAny(operands[0].dtype(), [&](auto tag) {
    using T = typename decltype(tag)::Type;
    mapBinary<uint8_t, T, T>(result, operands[0], operands[1],
                             [&](T x, T y) { return fn(ComputeOf<T>(x), ComputeOf<T>(y)); });
  });
}

} // namespace

ElementwiseFunction pebble::interpreter::findBinary(llvm::StringRef mnemonic) {
  static const llvm::StringMap<ElementwiseFunction> table = {
      {"add", onNumbers<Add>},
      {"sub", onNumbers<Sub>},
      {"mul", onNumbers<Mul>},
      {"div", onNumbers<Div>},
      {"min", onNumbers<Extreme<false>>},
      {"max", onNumbers<Extreme<true>>},
      {"mod", evaluateMod},
      {"and", onBooleans<And>},
      {"or", onBooleans<Or>},
      {"xor", onBooleans<Xor>},
      {"bitwise_and", onIntegers<And>},
      {"bitwise_or", onIntegers<Or>},
      {"bitwise_xor", onIntegers<Xor>},
      {"shift_left", onIntegers<Shift<true>>},
      {"shift_right", onIntegers<Shift<false>>},
  };
  return table.lookup(mnemonic);
}

bool pebble::interpreter::evaluateCompare(mlir::Operation *op, llvm::ArrayRef<Tensor> operands,
                                          Tensor &result) {
  switch (llvm::cast<nn::CompareOp>(op).getPredicate()) {
  case nn::ComparePredicate::eq:
    return compareWith(operands, result, [](auto a, auto b) { return a == b; });
  case nn::ComparePredicate::lt:
    return compareWith(operands, result, [](auto a, auto b) { return a < b; });
  case nn::ComparePredicate::le:
    return compareWith(operands, result, [](auto a, auto b) { return a <= b; });
  case nn::ComparePredicate::gt:
    return compareWith(operands, result, [](auto a, auto b) { return a > b; });
  case nn::ComparePredicate::ge:
    return compareWith(operands, result, [](auto a, auto b) { return a >= b; });
  }
  return false;
}

bool pebble::interpreter::evaluateSelect(mlir::Operation *, llvm::ArrayRef<Tensor> operands,
                                         Tensor &result) {
  // Only the size of an element matters.
  return withAny(result.dtype(), [&](auto tag) {
    using T = kernels::StorageOf<typename decltype(tag)::Type>;
    T *out = result.mutableData<T>();
    BroadcastRows rows(result.dims(), {&operands[0], &operands[1], &operands[2]});
    for (; !rows.done(); rows.next()) {
      const uint8_t *condition = operands[0].data<uint8_t>() + rows.begin(0);
      const T *onTrue = operands[1].data<T>() + rows.begin(1);
      const T *onFalse = operands[2].data<T>() + rows.begin(2);
      for (int64_t i = 0, n = rows.rowLength(); i < n; ++i)
        *out++ =
            condition[i * rows.step(0)] != 0 ? onTrue[i * rows.step(1)] : onFalse[i * rows.step(2)];
    }
  });
}

bool pebble::interpreter::evaluatePow(mlir::Operation *, llvm::ArrayRef<Tensor> operands,
                                      Tensor &result) {
  auto isNarrowFloat = [](const Tensor &tensor) {
    return tensor.dtype() == PEBBLE_F32 || tensor.dtype() == PEBBLE_F16 ||
           tensor.dtype() == PEBBLE_BF16;
  };
  // Base and exponent may differ in type: they meet in f32 or else in f64.
  bool isSingle = isNarrowFloat(operands[0]) && isNarrowFloat(operands[1]);
  int32_t wide = isSingle ? PEBBLE_F32 : PEBBLE_F64;
  std::optional<Tensor> base = Tensor::allocate(wide, operands[0].dims());
  std::optional<Tensor> exponent = Tensor::allocate(wide, operands[1].dims());
  std::optional<Tensor> power = Tensor::allocate(wide, result.dims());
  if (!base || !exponent || !power || !convertElements(operands[0], *base) ||
      !convertElements(operands[1], *exponent))
    return false;
  if (isSingle)
    mapBinary<float, float, float>(*power, *base, *exponent, pebble_math_pow_f32);
  else
    mapBinary<double, double, double>(*power, *base, *exponent, pebble_math_pow_f64);
  return convertElements(*power, result);
}
