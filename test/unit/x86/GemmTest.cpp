// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/unit/x86/Reference.h"

using namespace pebble::x86;
using namespace pebble::x86::test;

namespace {

template <typename In, typename Out> struct Case {
  int64_t m, n, k, lda, ldc;
  Buffer<In> a;
  Buffer<int8_t> w; // [n][k]
  Buffer<int32_t> bias;
  Store store;
  Buffer<Out> expected;

  Case(Random &random, int64_t m, int64_t n, int64_t k)
      : m(m), n(n), k(k), lda(k + random(0, 3)), ldc(n + random(0, 3)),
        a(random.values<In>((m - 1) * lda + k)), w(random.values<int8_t>(n * k)),
        bias(paddedChannels(n)) {
    for (int32_t &value : bias)
      value = int32_t(random(-100000, 100000));
    store.randomize<Out>(random, paddedChannels(n), 5000 * std::sqrt(double(k)));
  }
  void expect() {
    expected.assign((m - 1) * ldc + n, Out(77));
    for (int64_t i = 0; i < m; ++i)
      for (int64_t j = 0; j < n; ++j) {
        int64_t sum = bias[j];
        for (int64_t x = 0; x < k; ++x) {
          int64_t zero = store.weightZero.empty() ? 0 : store.weightZero[j];
          sum += unsignedValue(a[i * lda + x]) * (w[j * k + x] - zero);
        }
        expected[i * ldc + j] = store.operator()<Out>(sum, j);
      }
  }
};

template <typename In, typename Out>
void checkGemm(Random &random, int64_t m, int64_t n, int64_t k) {
  Case<In, Out> c(random, m, n, k);
  c.expect();
  Buffer<int8_t> packed =
      guarded(packWeights(n, 1, k, [&](int64_t j, int64_t, int64_t x) { return c.w[j * k + x]; }));
  for (const NativeLevel &level : nativeLevels()) {
    Buffer<Out> result(c.expected.size(), Out(77));
    products<In, Out>(level).gemm(bytes(c.a), c.lda, packed.data(), c.bias.data(),
                                  c.store.scale.data(), c.store.weightZeros(), result.data(), c.ldc,
                                  m, n, k, c.store.zero, c.store.lo, c.store.hi);
    ASSERT_EQ(result, c.expected) << level.name << " m " << m << " n " << n << " k " << k;
  }
}

template <typename In, typename Out>
void checkGemm4(Random &random, int64_t m, int64_t n, int64_t k) {
  Case<In, Out> c(random, m, n, k);
  Buffer<int8_t> codes = random.values<int8_t>(16);
  Buffer<uint8_t> code(n * k);
  for (int64_t i = 0; i < n * k; ++i) {
    code[i] = uint8_t(random(0, 15));
    c.w[i] = codes[code[i]];
  }
  c.expect();
  Buffer<uint8_t> packed =
      guarded(packWeights4(n, k, [&](int64_t j, int64_t x) { return code[j * k + x]; }));
  for (const NativeLevel &level : nativeLevels()) {
    Buffer<Out> result(c.expected.size(), Out(77));
    products<In, Out>(level).gemm4(bytes(c.a), c.lda, packed.data(), codes.data(), c.bias.data(),
                                   c.store.scale.data(), c.store.weightZeros(), result.data(),
                                   c.ldc, m, n, k, c.store.zero, c.store.lo, c.store.hi);
    ASSERT_EQ(result, c.expected) << level.name << " m " << m << " n " << n << " k " << k;
  }
}

template <class Check> void checkShapes(uint32_t seed, Check check) {
  Random random(seed);
  for (int round = 0; round < 150; ++round) {
    check(random, random(1, 40), random(1, 70), random(1, 90));
    if (::testing::Test::HasFatalFailure())
      return;
  }
  check(random, 300, 40, 24); // more than a block of rows
  check(random, 3, 17, 1000); // a long reduction
  check(random, 1, 1, 1);
}

} // namespace

TEST(X86Gemm, MatchesScalarReference) {
  forProductTypes(
      [](auto in, auto out) { checkShapes(1, checkGemm<decltype(in), decltype(out)>); });
}

TEST(X86Gemm, FourBitWeightsMatchScalarReference) {
  forProductTypes(
      [](auto in, auto out) { checkShapes(2, checkGemm4<decltype(in), decltype(out)>); });
}

// 255 * -128 four times over does not fit 16 bits: what vpmaddubsw would saturate.
TEST(X86Gemm, ExtremeProductsAreExact) {
  const int64_t k = 64;
  Buffer<uint8_t> a(k, 255);
  Buffer<int8_t> packed = guarded(packWeights(
      16, 1, k, [](int64_t j, int64_t, int64_t) { return int8_t(j % 2 ? 127 : -128); }));
  Buffer<int32_t> bias(16, 0);
  Buffer<float> scale(16, 1.0f);
  for (const NativeLevel &level : nativeLevels()) {
    Buffer<int32_t> c(16);
    products<uint8_t, int32_t>(level).gemm(a.data(), k, packed.data(), bias.data(), scale.data(),
                                           nullptr, c.data(), 16, 1, 16, k, 0, 0, 0);
    for (int j = 0; j < 16; ++j)
      EXPECT_EQ(c[j], k * 255 * (j % 2 ? 127 : -128)) << level.name;
  }
}

// Halves round to even before the zero point is added.
TEST(X86Gemm, TiesRoundToEvenBeforeTheZeroPoint) {
  Buffer<uint8_t> a{1};
  Buffer<int8_t> packed =
      guarded(packWeights(16, 1, 1, [](int64_t j, int64_t, int64_t) { return int8_t(j - 8); }));
  Buffer<int32_t> bias(16, 0);
  Buffer<float> scale(16, 0.5f);
  for (const NativeLevel &level : nativeLevels()) {
    Buffer<uint8_t> c(16);
    products<uint8_t, uint8_t>(level).gemm(a.data(), 1, packed.data(), bias.data(), scale.data(),
                                           nullptr, c.data(), 16, 1, 16, 1, 101, 0, 255);
    const Buffer<uint8_t> expected{97,  97,  98,  99,  99,  99,  100, 101,
                                   101, 101, 102, 103, 103, 103, 104, 105};
    EXPECT_EQ(c, expected) << level.name;
  }
}

// Results too large for an int32 saturate instead of turning into the least integer.
TEST(X86Gemm, HugeScalesSaturate) {
  Buffer<uint8_t> a(4, 255);
  Buffer<int8_t> packed = guarded(packWeights(
      16, 1, 4, [](int64_t j, int64_t, int64_t) { return int8_t(j % 2 ? 127 : -128); }));
  Buffer<int32_t> bias(16, 0);
  Buffer<float> scale(16, 1e30f);
  for (const NativeLevel &level : nativeLevels()) {
    Buffer<int8_t> c(16);
    products<uint8_t, int8_t>(level).gemm(a.data(), 4, packed.data(), bias.data(), scale.data(),
                                          nullptr, c.data(), 16, 1, 16, 4, 5, -128, 127);
    for (int j = 0; j < 16; ++j)
      EXPECT_EQ(int(c[j]), j % 2 ? 127 : -128) << level.name;
  }
}

// This machine must test more than the portable level wherever it can.
TEST(X86Levels, TheLastIsPortable) {
  std::vector<NativeLevel> levels = nativeLevels();
  ASSERT_FALSE(levels.empty());
  EXPECT_STREQ(levels.back().name, "portable");
  EXPECT_EQ(levels.size() > 1, bool(__builtin_cpu_supports("avx2")));
}
