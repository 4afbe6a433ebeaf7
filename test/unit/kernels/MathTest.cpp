// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Accuracy of runtime/kernels/math.h: f32 against libm's f64, f64 against libm's long double, on
// bit patterns spread over the whole range, and C's special values.

#include "runtime/kernels/math.h"

#include "gtest/gtest.h"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

namespace {

template <typename T> T sigmoidReference(T x) { return 1 / (1 + std::exp(-x)); }

// |got - want| in units of the last place of T at `want`; infinite for a wrong class of value.
template <typename T, typename Wide> double ulps(T got, Wide want) {
  T rounded = static_cast<T>(want);
  if (std::isnan(rounded) || std::isnan(got))
    return std::isnan(rounded) && std::isnan(got) ? 0 : HUGE_VAL;
  if (got == rounded)
    return std::signbit(got) == std::signbit(rounded) ? 0 : HUGE_VAL;
  constexpr T largest = std::numeric_limits<T>::max();
  if (std::isinf(got) || std::isinf(rounded))
    return std::fabs(got) >= largest && std::fabs(want) >= largest ? 1 : HUGE_VAL;
  int exponent;
  std::frexp(want, &exponent);
  exponent = std::max(exponent, std::numeric_limits<T>::min_exponent);
  Wide unit = std::ldexp(Wide(1), exponent - std::numeric_limits<T>::digits);
  return static_cast<double>(std::fabs(static_cast<Wide>(got) - want) / unit);
}

struct Function {
  const char *name;
  float (*single)(float);
  double (*singleReference)(double);
  double singleBound;
  double (*twice)(double);
  long double (*twiceReference)(long double);
  double twiceBound;
};

template <typename T> T fromBits(uint64_t bits) {
  T value;
  if constexpr (sizeof(T) == 4) {
    uint32_t low = static_cast<uint32_t>(bits);
    std::memcpy(&value, &low, 4);
  } else {
    std::memcpy(&value, &bits, 8);
  }
  return value;
}

// clang-format off
#define ROW(name, singleBound, twiceBound)                                                         \
  {#name, pebble_math_##name##_f32, [](double x) { return double(std::name(x)); }, singleBound,    \
   pebble_math_##name##_f64, [](long double x) { return std::name(x); }, twiceBound}
// clang-format on
const Function functions[] = {
    ROW(exp, 1.5, 2),
    ROW(log, 1.5, 2),
    ROW(tanh, 1.5, 4),
    ROW(erf, 1.5, 4),
    ROW(sin, 2, 2),
    ROW(cos, 2, 2),
    ROW(tan, 2, 4),
    ROW(asin, 2, 4),
    ROW(acos, 2, 4),
    ROW(atan, 2, 4),
    ROW(sinh, 2, 4),
    ROW(cosh, 2, 4),
    ROW(asinh, 2, 4),
    ROW(acosh, 2, 4),
    ROW(atanh, 2, 4),
    ROW(sqrt, 0.5, 0.5),
    {"sigmoid", pebble_math_sigmoid_f32, sigmoidReference<double>, 1.5, pebble_math_sigmoid_f64,
     sigmoidReference<long double>, 4},
};
#undef ROW

class Accuracy : public testing::TestWithParam<Function> {};

TEST_P(Accuracy, Single) {
  const Function &f = GetParam();
  double worst = 0;
  float where = 0;
  // 9973 is prime, so that all exponents and all low bits come up.
  for (uint64_t bits = 0; bits < (uint64_t(1) << 32); bits += 9973) {
    float x = fromBits<float>(bits);
    double error = ulps(f.single(x), f.singleReference(x));
    if (error > worst) {
      worst = error;
      where = x;
    }
  }
  EXPECT_LE(worst, f.singleBound) << "at " << std::hexfloat << where;
}

TEST_P(Accuracy, Double) {
  if (std::numeric_limits<long double>::digits <= 53)
    GTEST_SKIP() << "long double is no wider than double here";
  const Function &f = GetParam();
  double worst = 0, where = 0;
  uint64_t state = 1;
  for (int i = 0; i < 200000; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    uint64_t bits = state ^ state >> 29;
    // Three of four samples where the functions do something: exponents from 2^-15 to 2^16.
    if (i & 3)
      bits = (bits & 0x800fffffffffffff) | (1023 - 15 + (state >> 40) % 32) << 52;
    double x = fromBits<double>(bits);
    double error = ulps(f.twice(x), f.twiceReference(x));
    if (error > worst) {
      worst = error;
      where = x;
    }
  }
  EXPECT_LE(worst, f.twiceBound) << "at " << std::hexfloat << where;
}

INSTANTIATE_TEST_SUITE_P(Math, Accuracy, testing::ValuesIn(functions),
                         [](const auto &info) { return info.param.name; });

const double specials[] = {0.0,
                           -0.0,
                           1.0,
                           -1.0,
                           0.5,
                           -0.5,
                           2.0,
                           -2.0,
                           3.0,
                           -3.0,
                           1e-45,
                           -1e-45,
                           1.1754943508222875e-38,
                           88.8,
                           -104.5,
                           3.4028234663852886e38,
                           -3.4028234663852886e38,
                           4503599627370497.0,
                           HUGE_VAL,
                           -HUGE_VAL,
                           NAN};

TEST(Math, SqrtByBitsIsCorrectlyRounded) {
  for (double x : specials)
    EXPECT_EQ(ulps(pebble::math::sqrtByBits(x), static_cast<long double>(std::sqrt(x))), 0) << x;
  uint64_t state = 3;
  for (int i = 0; i < 200000; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    double x = fromBits<double>((state ^ state >> 30) & 0x7fffffffffffffff);
    if (x == x)
      ASSERT_EQ(pebble::math::sqrtByBits(x), std::sqrt(x)) << std::hexfloat << x;
  }
}

TEST(Math, SpecialValuesOfUnaryFunctions) {
  for (const Function &f : functions)
    for (double x : specials) {
      float narrow = static_cast<float>(x);
      EXPECT_LE(ulps(f.single(narrow), f.singleReference(narrow)), f.singleBound)
          << f.name << "_f32(" << x << ") = " << f.single(narrow);
      EXPECT_LE(ulps(f.twice(x), f.twiceReference(x)), f.twiceBound)
          << f.name << "_f64(" << x << ") = " << f.twice(x);
    }
}

void expectBinary(float x, float y) {
  double wide = std::pow(static_cast<double>(x), static_cast<double>(y));
  EXPECT_LE(ulps(pebble_math_pow_f32(x, y), wide), 1) << "powf " << x << " " << y;
  float remainder = std::fmod(x, y);
  EXPECT_EQ(ulps(pebble_math_fmod_f32(x, y), static_cast<double>(remainder)), 0)
      << "fmodf " << x << " " << y;
}

void expectBinary(double x, double y) {
  long double wide = std::pow(static_cast<long double>(x), static_cast<long double>(y));
  EXPECT_LE(ulps(pebble_math_pow_f64(x, y), wide), 2) << "pow " << x << " " << y;
  double remainder = std::fmod(x, y);
  EXPECT_EQ(ulps(pebble_math_fmod_f64(x, y), static_cast<long double>(remainder)), 0)
      << "fmod " << x << " " << y;
}

TEST(Math, PowAndFmodOnSpecialValues) {
  for (double x : specials)
    for (double y : specials) {
      expectBinary(x, y);
      expectBinary(static_cast<float>(x), static_cast<float>(y));
    }
}

TEST(Math, PowAndFmodOnSamples) {
  uint64_t state = 7;
  auto next = [&](int exponents) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    uint64_t bits = (state ^ state >> 31) & 0x800fffffffffffff;
    return fromBits<double>(bits | (1023 - exponents / 2 + (state >> 33) % exponents) << 52);
  };
  for (int i = 0; i < 100000 && !HasFailure(); ++i) {
    double x = next(i % 2 ? 8 : 200), y = next(i % 3 ? 10 : 60);
    expectBinary(std::fabs(x), y);
    expectBinary(static_cast<float>(std::fabs(x)), static_cast<float>(y));
    expectBinary(x, std::nearbyint(y));
  }
}

} // namespace
