// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/unit/x86/Reference.h"

using namespace pebble::x86;
using namespace pebble::x86::test;

namespace {

/// A window over an image of `channels` channels, with what lies around it.
pebble_x86_window randomWindow(Random &random, int64_t channels, int64_t outChannels,
                               bool isDilated, int64_t mostWidth = 12) {
  pebble_x86_window w{};
  for (bool valid = false; !valid;) {
    w.batch = random(1, 2);
    w.inHeight = random(1, 12);
    w.inWidth = random(1, mostWidth);
    w.inChannels = channels;
    w.inStride = channels + random.pick<int64_t>({0, 0, 5});
    w.kernelHeight = random.pick<int64_t>({1, 1, 2, 3, 3, 5});
    w.kernelWidth = random.pick<int64_t>({1, 1, 2, 3, 3, 5});
    w.strideHeight = random(1, 3);
    w.strideWidth = random(1, 3);
    w.dilationHeight = random(1, isDilated ? 2 : 1);
    w.dilationWidth = random(1, isDilated ? 2 : 1);
    w.padTop = random(0, w.kernelHeight);
    w.padLeft = random(0, w.kernelWidth);
    int64_t height = w.inHeight + w.padTop + random(0, w.kernelHeight);
    int64_t width = w.inWidth + w.padLeft + random(0, w.kernelWidth);
    w.outHeight = (height - 1 - (w.kernelHeight - 1) * w.dilationHeight) / w.strideHeight + 1;
    w.outWidth = (width - 1 - (w.kernelWidth - 1) * w.dilationWidth) / w.strideWidth + 1;
    valid = height > (w.kernelHeight - 1) * w.dilationHeight &&
            width > (w.kernelWidth - 1) * w.dilationWidth;
  }
  w.outChannels = outChannels;
  w.outStride = outChannels + random.pick<int64_t>({0, 0, 3});
  return w;
}

int64_t inSize(const pebble_x86_window &w) {
  return (w.batch * w.inHeight * w.inWidth - 1) * w.inStride + w.inChannels;
}
int64_t outSize(const pebble_x86_window &w) {
  return (w.batch * w.outHeight * w.outWidth - 1) * w.outStride + w.outChannels;
}

/// Calls body(batch, y, x, index of the output's first channel).
template <class Body> void forOutputs(const pebble_x86_window &w, Body body) {
  for (int64_t b = 0; b < w.batch; ++b)
    for (int64_t y = 0; y < w.outHeight; ++y)
      for (int64_t x = 0; x < w.outWidth; ++x)
        body(b, y, x, ((b * w.outHeight + y) * w.outWidth + x) * w.outStride);
}

/// The index of a tap's first channel in the input; -1 in the padding.
int64_t tapIndex(const pebble_x86_window &w, int64_t b, int64_t y, int64_t x, int64_t ky,
                 int64_t kx) {
  int64_t inY = y * w.strideHeight - w.padTop + ky * w.dilationHeight;
  int64_t inX = x * w.strideWidth - w.padLeft + kx * w.dilationWidth;
  if (inY < 0 || inY >= w.inHeight || inX < 0 || inX >= w.inWidth)
    return -1;
  return ((b * w.inHeight + inY) * w.inWidth + inX) * w.inStride;
}

template <typename In, typename Out>
void checkConv(Random &random, const pebble_x86_window &w, int64_t groups, pebble_x86_runs kind) {
  const int64_t inPart = w.inChannels / groups, outPart = w.outChannels / groups;
  const int64_t padded = paddedChannels(outPart), taps = w.kernelHeight * w.kernelWidth;
  Buffer<In> input = random.values<In>(inSize(w));
  Buffer<int8_t> weights = random.values<int8_t>(w.outChannels * taps * inPart);
  auto weight = [&](int64_t channel, int64_t tap, int64_t k) {
    return weights[(channel * taps + tap) * inPart + k];
  };
  const int64_t runs = kind == PEBBLE_X86_RUN_ROW ? w.kernelHeight : taps;
  const int64_t runTaps = taps / runs, runLength = runTaps * inPart;
  std::vector<int8_t> joined;
  for (int64_t group = 0; group < groups; ++group) {
    std::vector<int8_t> part =
        packWeights(outPart, runs, runLength, [&](int64_t channel, int64_t run, int64_t k) {
          return weight(group * outPart + channel, run * runTaps + k / inPart, k % inPart);
        });
    joined.insert(joined.end(), part.begin(), part.end());
  }
  Buffer<int8_t> packed = guarded(joined);
  Buffer<int32_t> bias(groups * padded);
  for (int32_t &value : bias)
    value = int32_t(random(-100000, 100000));
  Store store;
  store.randomize<Out>(random, groups * padded, 5000 * std::sqrt(double(taps * inPart)));
  const In zero = random.values<In>(1)[0];
  Buffer<In> padding(inPart, zero);

  Buffer<Out> expected(outSize(w), Out(77));
  forOutputs(w, [&](int64_t b, int64_t y, int64_t x, int64_t out) {
    for (int64_t c = 0; c < w.outChannels; ++c) {
      const int64_t entry = c / outPart * padded + c % outPart;
      const int64_t weightZero = store.weightZero.empty() ? 0 : store.weightZero[entry];
      int64_t sum = bias[entry];
      for (int64_t tap = 0; tap < taps; ++tap) {
        int64_t at = tapIndex(w, b, y, x, tap / w.kernelWidth, tap % w.kernelWidth);
        for (int64_t k = 0; k < inPart; ++k) {
          In value = at < 0 ? zero : input[at + c / outPart * inPart + k];
          sum += unsignedValue(value) * (weight(c, tap, k) - weightZero);
        }
      }
      expected[out + c] = store.operator()<Out>(sum, entry);
    }
  });

  for (const NativeLevel &level : nativeLevels()) {
    Buffer<Out> result(expected.size(), Out(77));
    const int64_t rows = w.batch * w.outHeight, middle = random(0, rows);
    for (auto [begin, end] : {std::pair(int64_t(0), middle), std::pair(middle, rows)})
      products<In, Out>(level).conv(&w, groups, kind, bytes(input), bytes(padding), packed.data(),
                                    bias.data(), store.scale.data(), store.weightZeros(),
                                    result.data(), store.zero, store.lo, store.hi, begin, end);
    ASSERT_EQ(result, expected) << level.name << " kernel " << w.kernelHeight << "x"
                                << w.kernelWidth << " channels " << w.inChannels << " to "
                                << w.outChannels << " groups " << groups << " runs " << kind;
  }
}

/// 4-bit weights give what the same weights give in bytes.
void checkConv4(Random &random, const pebble_x86_window &w, int64_t groups, pebble_x86_runs kind) {
  const int64_t inPart = w.inChannels / groups, outPart = w.outChannels / groups;
  const int64_t padded = paddedChannels(outPart), taps = w.kernelHeight * w.kernelWidth;
  const int64_t runs = kind == PEBBLE_X86_RUN_ROW ? w.kernelHeight : taps;
  const int64_t runLength = taps / runs * inPart, groupsOf8 = (runLength + 7) / 8;
  Buffer<int8_t> codes = random.values<int8_t>(16);
  const auto none = uint8_t(random(0, 15)); // the code of 0, which fills runs up
  codes[none] = 0;
  Buffer<uint8_t> code(w.outChannels * runs * runLength);
  for (uint8_t &value : code)
    value = uint8_t(random(0, 15));
  std::vector<int8_t> whole;
  std::vector<uint8_t> half;
  for (int64_t group = 0; group < groups; ++group) {
    auto at = [&](int64_t channel, int64_t run, int64_t k) {
      return code[((group * outPart + channel) * runs + run) * runLength + k];
    };
    std::vector<int8_t> bytes =
        packWeights(outPart, runs, runLength, [&](int64_t channel, int64_t run, int64_t k) {
          return codes[at(channel, run, k)];
        });
    whole.insert(whole.end(), bytes.begin(), bytes.end());
    std::vector<uint8_t> nibbles =
        packWeights4(outPart, runs * groupsOf8 * 8, [&](int64_t channel, int64_t k) {
          const int64_t run = k / (groupsOf8 * 8), within = k % (groupsOf8 * 8);
          return within < runLength ? at(channel, run, within) : none;
        });
    half.insert(half.end(), nibbles.begin(), nibbles.end());
  }
  Buffer<int8_t> packed = guarded(whole);
  Buffer<uint8_t> packed4 = guarded(half), input = random.values<uint8_t>(inSize(w));
  Buffer<uint8_t> padding(inPart, random.values<uint8_t>(1)[0]), expected(outSize(w), 77);
  Buffer<int32_t> bias(groups * padded);
  for (int32_t &value : bias)
    value = int32_t(random(-100000, 100000));
  Store store;
  store.randomize<uint8_t>(random, groups * padded, 5000 * std::sqrt(double(taps * inPart)));
  const int64_t rows = w.batch * w.outHeight;
  const std::vector<NativeLevel> levels = nativeLevels();
  products<uint8_t, uint8_t>(levels.back())
      .conv(&w, groups, kind, input.data(), padding.data(), packed.data(), bias.data(),
            store.scale.data(), store.weightZeros(), expected.data(), store.zero, store.lo,
            store.hi, 0, rows);
  for (const NativeLevel &level : levels) {
    Buffer<uint8_t> result(expected.size(), 77);
    level.conv4(&w, groups, kind, input.data(), padding.data(), packed4.data(), codes.data(),
                bias.data(), store.scale.data(), store.weightZeros(), result.data(), store.zero,
                store.lo, store.hi, 0, rows);
    ASSERT_EQ(result, expected) << level.name << " kernel " << w.kernelHeight << "x"
                                << w.kernelWidth << " channels " << w.inChannels << " to "
                                << w.outChannels << " groups " << groups << " runs " << kind;
  }
}

template <typename In, typename Out>
void checkDepthwise(Random &random, const pebble_x86_window &w) {
  const int64_t channels = w.inChannels, padded = paddedChannels(channels);
  const int64_t taps = w.kernelHeight * w.kernelWidth;
  Buffer<In> input = random.values<In>(inSize(w));
  Buffer<int8_t> weights = random.values<int8_t>(channels * taps);
  Buffer<int8_t> packed = guarded(
      packWeights(channels, w.kernelWidth, w.kernelHeight, [&](int64_t c, int64_t kx, int64_t ky) {
        return weights[c * taps + ky * w.kernelWidth + kx];
      }));
  Buffer<int32_t> bias(padded);
  for (int32_t &value : bias)
    value = int32_t(random(-10000, 10000));
  Store store;
  store.randomize<Out>(random, padded, 5000 * std::sqrt(double(taps)));
  const In zero = random.values<In>(1)[0];

  Buffer<Out> expected(outSize(w), Out(77));
  forOutputs(w, [&](int64_t b, int64_t y, int64_t x, int64_t out) {
    for (int64_t c = 0; c < channels; ++c) {
      int64_t sum = bias[c];
      for (int64_t tap = 0; tap < taps; ++tap) {
        int64_t at = tapIndex(w, b, y, x, tap / w.kernelWidth, tap % w.kernelWidth);
        sum += unsignedValue(at < 0 ? zero : input[at + c]) *
               (weights[c * taps + tap] - (store.weightZero.empty() ? 0 : store.weightZero[c]));
      }
      expected[out + c] = store.operator()<Out>(sum, c);
    }
  });

  for (const NativeLevel &level : nativeLevels()) {
    Buffer<Out> result(expected.size(), Out(77));
    const int64_t rows = w.batch * w.outHeight, middle = random(0, rows);
    for (auto [begin, end] : {std::pair(int64_t(0), middle), std::pair(middle, rows)})
      products<In, Out>(level).depthwise(&w, bytes(input), zero, packed.data(), bias.data(),
                                         store.scale.data(), store.weightZeros(), result.data(),
                                         store.zero, store.lo, store.hi, begin, end);
    ASSERT_EQ(result, expected) << level.name << " kernel " << w.kernelHeight << "x"
                                << w.kernelWidth << " channels " << channels;
  }
}

template <typename T> void checkMaxpool(Random &random, const pebble_x86_window &w) {
  Buffer<T> input = random.values<T>(inSize(w));
  int32_t lo = std::numeric_limits<T>::lowest(), hi = std::numeric_limits<T>::max();
  if (random(0, 1)) {
    lo = int32_t(random(lo, hi));
    hi = int32_t(random(lo, hi));
  }
  Buffer<T> expected(outSize(w), T(77));
  forOutputs(w, [&](int64_t b, int64_t y, int64_t x, int64_t out) {
    for (int64_t c = 0; c < w.inChannels; ++c) {
      int64_t best = lo;
      for (int64_t ky = 0; ky < w.kernelHeight; ++ky)
        for (int64_t kx = 0; kx < w.kernelWidth; ++kx)
          if (int64_t at = tapIndex(w, b, y, x, ky, kx); at >= 0)
            best = std::max<int64_t>(best, input[at + c]);
      expected[out + c] = T(std::min<int64_t>(best, hi));
    }
  });
  for (const NativeLevel &level : nativeLevels()) {
    Buffer<T> result(expected.size(), T(77));
    std::get<Pointwise<T>>(level.pointwise)
        .maxpool(&w, input.data(), result.data(), lo, hi, 0, w.batch * w.outHeight);
    ASSERT_EQ(result, expected) << level.name << " channels " << w.inChannels;
  }
}

template <typename T> void checkAvgpool(Random &random, const pebble_x86_window &w) {
  Buffer<T> input = random.values<T>(inSize(w));
  const int32_t inputZero = random.values<T>(1)[0];
  const float scaleIn = float(random(1, 100)) / 1000;
  const float scaleOut = scaleIn * random.pick({1.0f, 0.5f, 2.0f, 0.37f});
  const int64_t countPadding = random(0, 1);
  Store store;
  store.randomize<T>(random, 1, 1);
  Buffer<T> expected(outSize(w), T(77));
  forOutputs(w, [&](int64_t b, int64_t y, int64_t x, int64_t out) {
    for (int64_t c = 0; c < w.inChannels; ++c) {
      int64_t sum = 0, inside = 0;
      for (int64_t ky = 0; ky < w.kernelHeight; ++ky)
        for (int64_t kx = 0; kx < w.kernelWidth; ++kx)
          if (int64_t at = tapIndex(w, b, y, x, ky, kx); at >= 0) {
            sum += input[at + c] - inputZero;
            ++inside;
          }
      int64_t count = countPadding ? w.kernelHeight * w.kernelWidth : std::max<int64_t>(inside, 1);
      store.scale[0] = scaleIn / (scaleOut * float(count));
      expected[out + c] = store.operator()<T>(sum, 0);
    }
  });
  for (const NativeLevel &level : nativeLevels()) {
    Buffer<T> result(expected.size(), T(77));
    std::get<Pointwise<T>>(level.pointwise)
        .avgpool(&w, input.data(), result.data(), inputZero, scaleIn, scaleOut, countPadding,
                 store.zero, store.lo, store.hi, 0, w.batch * w.outHeight);
    ASSERT_EQ(result, expected) << level.name << " channels " << w.inChannels;
  }
}

} // namespace

TEST(X86Conv, TapsMatchScalarReference) {
  forProductTypes([](auto in, auto out) {
    Random random(3);
    for (int round = 0; round < 100 && !::testing::Test::HasFatalFailure(); ++round) {
      int64_t groups = random.pick<int64_t>({1, 1, 2, 3});
      pebble_x86_window w =
          randomWindow(random, groups * random(1, 20), groups * random(1, 40), true);
      checkConv<decltype(in), decltype(out)>(random, w, groups, PEBBLE_X86_RUN_TAP);
    }
  });
}

TEST(X86Conv, WindowRowsMatchScalarReference) {
  forProductTypes([](auto in, auto out) {
    Random random(4);
    for (int round = 0; round < 100 && !::testing::Test::HasFatalFailure(); ++round) {
      pebble_x86_window w = randomWindow(random, random(1, 24), random(1, 40), round % 2);
      checkConv<decltype(in), decltype(out)>(random, w, 1, PEBBLE_X86_RUN_ROW);
    }
  });
}

TEST(X86Conv, FourBitWeightsMatchBytes) {
  Random random(12);
  for (int round = 0; round < 200 && !::testing::Test::HasFatalFailure(); ++round) {
    const int64_t groups = round % 2 ? 1 : random.pick<int64_t>({1, 2, 3});
    pebble_x86_window w =
        randomWindow(random, groups * random(1, 20), groups * random(1, 40), true);
    checkConv4(random, w, groups, round % 2 ? PEBBLE_X86_RUN_ROW : PEBBLE_X86_RUN_TAP);
  }
}

// A kernel of more taps than pointers fit on the stack is reduced in parts.
TEST(X86Conv, HugeKernelsMatchScalarReference) {
  Random random(5);
  pebble_x86_window w = {1, 40, 40, 2, 2, 3, 2, 20, 20, 32, 33, 4, 4, 1, 1, 1, 1, 0};
  checkConv<uint8_t, uint8_t>(random, w, 1, PEBBLE_X86_RUN_TAP);
  checkConv<int8_t, int32_t>(random, w, 1, PEBBLE_X86_RUN_TAP);
  pebble_x86_window row = {1, 1, 3000, 1, 1, 1, 3, 5, 5, 1, 2048, 1, 400, 1, 1, 0, 8, 0};
  checkConv<int8_t, int8_t>(random, row, 1, PEBBLE_X86_RUN_ROW);
  checkConv<uint8_t, float>(random, row, 1, PEBBLE_X86_RUN_TAP);
  pebble_x86_window column = {1, 3000, 1, 1, 1, 6, 1, 5, 5, 512, 1, 400, 1, 1, 1, 8, 0, 0};
  checkConv<uint8_t, int8_t>(random, column, 1, PEBBLE_X86_RUN_ROW);
}

TEST(X86Conv, DepthwiseMatchesScalarReference) {
  forProductTypes([](auto in, auto out) {
    Random random(6);
    for (int round = 0; round < 150 && !::testing::Test::HasFatalFailure(); ++round) {
      int64_t channels = random.pick<int64_t>({1, 4, 8, 12, 16, 24, 32, 64, 96, random(1, 150)});
      // Few channels are computed for several pixels at once.
      int64_t mostWidth = channels <= 16 ? 36 : 12;
      checkDepthwise<decltype(in), decltype(out)>(
          random, randomWindow(random, channels, channels, round % 2, mostWidth));
    }
  });
}

TEST(X86Conv, LongDepthwiseKernelsMatchScalarReference) {
  Random random(11);
  pebble_x86_window wide = {1, 3, 300, 20, 20, 3, 237, 20, 20, 1, 64, 1, 1, 1, 1, 0, 0, 0};
  checkDepthwise<uint8_t, uint8_t>(random, wide);
  pebble_x86_window high = {1, 300, 3, 70, 70, 45, 3, 70, 70, 256, 1, 1, 1, 1, 1, 0, 0, 0};
  checkDepthwise<int8_t, int8_t>(random, high);
}

TEST(X86Conv, PoolsMatchScalarReference) {
  forPointwiseTypes([](auto type) {
    Random random(7);
    for (int round = 0; round < 200 && !::testing::Test::HasFatalFailure(); ++round) {
      int64_t channels = random.pick<int64_t>({1, 3, 8, 16, 24, 64, random(1, 150)});
      checkMaxpool<decltype(type)>(random, randomWindow(random, channels, channels, true));
      checkAvgpool<decltype(type)>(random, randomWindow(random, channels, channels, true));
    }
  });
}
