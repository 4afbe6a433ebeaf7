// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/quantize/Ranges.h"
#include "tools/quantize/Weights.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

using namespace pebble::quantize;

namespace {

std::vector<float> laplace(size_t count) {
  std::mt19937 random(3);
  std::vector<float> values;
  for (size_t i = 0; i < count; ++i) {
    double share = (random() + 0.5) / 4294967296.0;
    values.push_back(
        static_cast<float>(share < 0.5 ? std::log(2 * share) : -std::log(2 - 2 * share)));
  }
  return values;
}

double squaredError(const std::vector<float> &values, const Code &code) {
  double error = 0;
  for (float value : values) {
    double step = std::nearbyint(value / code.scale) + code.zeroPoint;
    step = std::min(std::max(step, 0.0), double(code.most())) - code.zeroPoint;
    error += std::pow(value - step * code.scale, 2);
  }
  return error;
}

TEST(Histogram, DoesNotDependOnTheOrder) {
  std::vector<float> values = laplace(10000);
  values[7] = 0;
  Histogram forwards, backwards;
  ASSERT_TRUE(forwards.add(values.data(), values.size()));
  for (size_t i = values.size(); i-- > 0;)
    ASSERT_TRUE(backwards.add(&values[i], 1));
  EXPECT_EQ(forwards.min(), backwards.min());
  EXPECT_EQ(forwards.max(), backwards.max());
  EXPECT_EQ(forwards.zeros(), 1u);
  std::vector<Histogram::Bin> a = forwards.bins(), b = backwards.bins();
  ASSERT_EQ(a.size(), b.size());
  double count = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].center, b[i].center);
    EXPECT_EQ(a[i].count, b[i].count);
    count += a[i].count;
  }
  EXPECT_EQ(count, 9999);
}

TEST(Histogram, RefusesWhatIsNotFinite) {
  for (float value : {std::numeric_limits<float>::infinity(), std::nanf("")}) {
    Histogram histogram;
    EXPECT_FALSE(histogram.add(&value, 1));
  }
}

TEST(Ranges, ZeroHasACode) {
  for (auto [low, high] : {std::pair{-1.0, 3.0}, {2.0, 5.0}, {-7.0, -6.0}, {0.0, 0.0}})
    for (int bits = 2; bits <= 8; ++bits) {
      Code code = codeFor(low, high, bits);
      EXPECT_GE(code.zeroPoint, 0);
      EXPECT_LE(code.zeroPoint, code.most());
      EXPECT_GT(code.scale, 0);
      EXPECT_LE(code.low(), low + code.scale / 2 + 1e-6);
      EXPECT_GE(code.high(), high - code.scale / 2 - 1e-6);
    }
}

TEST(Ranges, LeastSquaresHasTheLeastError) {
  std::vector<float> values = laplace(20000);
  Histogram histogram;
  ASSERT_TRUE(histogram.add(values.data(), values.size()));
  for (int bits : {3, 4, 6, 8}) {
    double best = squaredError(values, chooseCode(histogram, bits, {Method::Mse, 0}));
    for (Method other : {Method::MinMax, Method::Percentile, Method::Kl})
      EXPECT_LE(best, 1.02 * squaredError(values, chooseCode(histogram, bits, {other, 99.9})))
          << bits << " bits, method " << static_cast<int>(other);
    // A grid of its own finds nothing that is much better.
    for (double bound = 0.2; bound < 12; bound += 0.1)
      EXPECT_LE(best, 1.05 * squaredError(values, codeFor(-bound, bound, bits))) << bound;
  }
}

TEST(Ranges, PercentileCutsBothEnds) {
  std::vector<float> values;
  for (int i = -1000; i <= 1000; ++i)
    values.push_back(static_cast<float>(i));
  Histogram histogram;
  ASSERT_TRUE(histogram.add(values.data(), values.size()));
  Code code = chooseCode(histogram, 8, {Method::Percentile, 90});
  EXPECT_NEAR(code.low(), -900, 8);
  EXPECT_NEAR(code.high(), 900, 8);
}

TEST(Weights, CodesFillTheirWidth) {
  FloatTensor weight = {{2, 3}, {1, -0.5f, 0.25f, 0, 0, 0}};
  for (int bits = 2; bits <= 8; ++bits) {
    QuantizedWeight quantized = quantizeWeight(weight, {bits, 0, true, false, {}});
    EXPECT_EQ(quantized.codes[0], (1 << (bits - 1)) - 1);
    EXPECT_NEAR(quantized.dequantized().values[0], 1, 1e-6);
    // A channel of zeros has a scale like the others.
    EXPECT_EQ(quantized.scales[1], quantized.scales[0]);
  }
}

TEST(Weights, ScalesLeaveRoomForTheBias) {
  FloatTensor weight = {{2, 1}, {1e-20f, 1}};
  QuantizedWeight quantized = quantizeWeight(weight, {8, 0, true, true, {0.5, 0}});
  EXPECT_EQ(quantized.scales[0], 0.5f);
  EXPECT_EQ(quantized.codes[0], 0);
  EXPECT_EQ(quantized.codes[1], 127);
}

} // namespace
