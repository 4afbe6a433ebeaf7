// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/unit/x86/Reference.h"

using namespace pebble::x86;
using namespace pebble::x86::test;

namespace {

template <typename T> T saturate(float value, int32_t lo, int32_t hi) {
  return T(std::min<double>(std::max<double>(std::nearbyint(double(value)), lo), hi));
}

template <typename T> struct Case {
  int64_t count;
  Buffer<T> a, b;
  int32_t zeroA, zeroB, zeroC, lo, hi;
  float scaleA, scaleB, scaleC;

  explicit Case(Random &random)
      : count(random(1, 200)), a(random.values<T>(count)), b(random.values<T>(count)) {
    using Limits = std::numeric_limits<T>;
    for (int32_t *zero : {&zeroA, &zeroB, &zeroC})
      *zero = int32_t(random(Limits::lowest(), Limits::max()));
    for (float *scale : {&scaleA, &scaleB, &scaleC})
      *scale = random(0, 3) ? float(random(1, 1000)) / 4096 : float(std::exp2(random(-6, 2)));
    lo = Limits::lowest();
    hi = Limits::max();
    if (random(0, 1)) {
      lo = int32_t(random(lo, hi));
      hi = int32_t(random(lo, hi));
    }
  }
};

template <typename T> void checkAdd(Random &random) {
  Case<T> c(random);
  const float ratioA = c.scaleA / c.scaleC, ratioB = c.scaleB / c.scaleC;
  const float offset = float(c.zeroC) - (ratioA * float(c.zeroA) + ratioB * float(c.zeroB));
  Buffer<T> expected(c.count);
  for (int64_t i = 0; i < c.count; ++i)
    expected[i] = saturate<T>(
        std::fma(float(c.a[i]), ratioA, std::fma(float(c.b[i]), ratioB, offset)), c.lo, c.hi);
  for (const NativeLevel &level : nativeLevels()) {
    Buffer<T> result(c.count);
    std::get<Pointwise<T>>(level.pointwise)
        .add(c.a.data(), c.b.data(), result.data(), c.count, ratioA, ratioB, offset, c.lo, c.hi);
    ASSERT_EQ(result, expected) << level.name << " count " << c.count;
  }
}

template <typename T> void checkMul(Random &random) {
  Case<T> c(random);
  const float scale = c.scaleA * c.scaleB / c.scaleC;
  Buffer<T> expected(c.count);
  for (int64_t i = 0; i < c.count; ++i) {
    // Volatile: the product is rounded before the sum, whatever the compiler fuses.
    volatile float product = float((c.a[i] - c.zeroA) * (c.b[i] - c.zeroB)) * scale;
    expected[i] = saturate<T>(product + float(c.zeroC), c.lo, c.hi);
  }
  for (const NativeLevel &level : nativeLevels()) {
    Buffer<T> result(c.count);
    std::get<Pointwise<T>>(level.pointwise)
        .mul(c.a.data(), c.b.data(), result.data(), c.count, c.zeroA, c.zeroB, c.zeroC, scale, c.lo,
             c.hi);
    ASSERT_EQ(result, expected) << level.name << " count " << c.count;
  }
}

} // namespace

TEST(X86Elementwise, AddMatchesScalarReference) {
  forPointwiseTypes([](auto type) {
    Random random(8);
    for (int round = 0; round < 3000 && !::testing::Test::HasFatalFailure(); ++round)
      checkAdd<decltype(type)>(random);
  });
}

TEST(X86Elementwise, MulMatchesScalarReference) {
  forPointwiseTypes([](auto type) {
    Random random(9);
    for (int round = 0; round < 3000 && !::testing::Test::HasFatalFailure(); ++round)
      checkMul<decltype(type)>(random);
  });
}

TEST(X86Elementwise, LookupAndFlip) {
  Random random(10);
  Buffer<uint8_t> table = random.values<uint8_t>(256);
  for (int64_t count : {0, 1, 7, 8, 63, 64, 65, 200}) {
    Buffer<uint8_t> a = random.values<uint8_t>(count), mapped(count), flipped(count);
    for (int64_t i = 0; i < count; ++i) {
      mapped[i] = table[a[i]];
      flipped[i] = uint8_t(a[i] + 128);
    }
    for (const NativeLevel &level : nativeLevels()) {
      Buffer<uint8_t> result(count);
      level.lookup(a.data(), table.data(), result.data(), count);
      EXPECT_EQ(result, mapped) << level.name;
      level.flip(a.data(), result.data(), count);
      EXPECT_EQ(result, flipped) << level.name;
    }
  }
}
