// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/interpreter/Dispatch.h"
#include "dialects/interpreter/Elementwise.h"
#include "dialects/nn/NN.h"
#include "runtime/kernels/math.h"

#include "llvm/ADT/StringMap.h"

#include <cmath>
#include <limits>

using namespace pebble;
using namespace pebble::interpreter;
using kernels::ComputeOf;

namespace {

/// A float function that the kernel library exports for f32 and f64.
template <float (*Single)(float), double (*Double)(double)>
bool transcendental(mlir::Operation *, llvm::ArrayRef<Tensor> operands, Tensor &result) {
  return withFloat(operands[0].dtype(), [&](auto tag) {
    using T = typename decltype(tag)::Type;
    mapUnary<T, T>(result, operands[0], [](T x) {
      if constexpr (std::is_same_v<T, double>)
        return Double(x);
      else
        return T(Single(x));
    });
  });
}

template <typename Fn>
bool onFloats(mlir::Operation *, llvm::ArrayRef<Tensor> operands, Tensor &result) {
  return withFloat(operands[0].dtype(), [&](auto tag) {
    using T = typename decltype(tag)::Type;
    mapUnary<T, T>(result, operands[0], [](T x) { return T(Fn()(ComputeOf<T>(x))); });
  });
}

template <typename Fn>
bool onNumbers(mlir::Operation *, llvm::ArrayRef<Tensor> operands, Tensor &result) {
  return withNumber(operands[0].dtype(), [&](auto tag) {
    using T = typename decltype(tag)::Type;
    mapUnary<T, T>(result, operands[0], [](T x) { return T(Fn()(ComputeOf<T>(x))); });
  });
}

struct Abs {
  template <typename T> T operator()(T x) const {
    if constexpr (kernels::isFloat<T>)
      return std::fabs(x);
    else
      return x < T(0) ? kernels::wrapSub(T(0), x) : x;
  }
};

struct Neg {
  template <typename T> T operator()(T x) const {
    if constexpr (kernels::isFloat<T>)
      return -x;
    else
      return kernels::wrapSub(T(0), x);
  }
};

struct Sign {
  template <typename T> T operator()(T x) const {
    // Zeros and NaN stay themselves.
    return x > T(0) ? T(1) : x < T(0) ? T(-1) : x;
  }
};

struct Relu {
  template <typename T> T operator()(T x) const { return x < T(0) ? T(0) : x; }
};

struct Ceil {
  template <typename T> T operator()(T x) const { return std::ceil(x); }
};

struct Floor {
  template <typename T> T operator()(T x) const { return std::floor(x); }
};

struct RoundEven {
  template <typename T> T operator()(T x) const { return std::nearbyint(x); }
};

struct Sqrt {
  template <typename T> T operator()(T x) const { return std::sqrt(x); }
};

struct Reciprocal {
  template <typename T> T operator()(T x) const { return T(1) / x; }
};

bool logicalNot(mlir::Operation *, llvm::ArrayRef<Tensor> operands, Tensor &result) {
  mapUnary<uint8_t, uint8_t>(result, operands[0], [](uint8_t x) { return x == 0; });
  return true;
}

bool bitwiseNot(mlir::Operation *, llvm::ArrayRef<Tensor> operands, Tensor &result) {
  return withInteger(operands[0].dtype(), [&](auto tag) {
    using T = typename decltype(tag)::Type;
    mapUnary<T, T>(result, operands[0], [](T x) { return T(~x); });
  });
}

bool isNaN(mlir::Operation *, llvm::ArrayRef<Tensor> operands, Tensor &result) {
  return withFloat(operands[0].dtype(), [&](auto tag) {
    using T = typename decltype(tag)::Type;
    mapUnary<uint8_t, T>(result, operands[0], [](T x) {
      ComputeOf<T> value = x;
      return value != value;
    });
  });
}

bool isInf(mlir::Operation *op, llvm::ArrayRef<Tensor> operands, Tensor &result) {
  auto test = llvm::cast<nn::IsInfOp>(op);
  bool positive = test.getDetectPositive(), negative = test.getDetectNegative();
  return withFloat(operands[0].dtype(), [&](auto tag) {
    using T = typename decltype(tag)::Type;
    constexpr double infinity = std::numeric_limits<double>::infinity();
    mapUnary<uint8_t, T>(result, operands[0], [=](T x) {
      double value = ComputeOf<T>(x);
      return (positive && value == infinity) || (negative && value == -infinity);
    });
  });
}

} // namespace

ElementwiseFunction pebble::interpreter::findUnary(llvm::StringRef mnemonic) {
  static const llvm::StringMap<ElementwiseFunction> table = {
#define PEBBLE_ROW(name)                                                                           \
  {#name, transcendental<pebble_math_##name##_f32, pebble_math_##name##_f64>},
      PEBBLE_MATH_UNARY(PEBBLE_ROW)
#undef PEBBLE_ROW
          {"abs", onNumbers<Abs>},
      {"neg", onNumbers<Neg>},
      {"sign", onNumbers<Sign>},
      {"relu", onNumbers<Relu>},
      {"ceil", onFloats<Ceil>},
      {"floor", onFloats<Floor>},
      {"round", onFloats<RoundEven>},
      {"sqrt", onFloats<Sqrt>},
      {"reciprocal", onFloats<Reciprocal>},
      {"not", logicalNot},
      {"bitwise_not", bitwiseNot},
      {"is_nan", isNaN},
      {"is_inf", isInf},
  };
  return table.lookup(mnemonic);
}
