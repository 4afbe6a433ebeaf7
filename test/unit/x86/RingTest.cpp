// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Rows computed one by one from a ring of input rows are those computed from the whole input.

#include "test/unit/x86/Reference.h"

#include <functional>

using namespace pebble::x86;
using namespace pebble::x86::test;

namespace {

pebble_x86_window randomWindow(Random &random, int64_t channels, int64_t outChannels) {
  pebble_x86_window w{};
  w.batch = 1;
  w.inChannels = w.inStride = channels;
  w.outChannels = w.outStride = outChannels;
  w.kernelHeight = random(1, 5);
  w.kernelWidth = random(1, 5);
  w.strideHeight = random(1, 2);
  w.strideWidth = random(1, 2);
  w.dilationHeight = random(1, 2);
  w.dilationWidth = 1;
  w.padTop = random(0, w.kernelHeight - 1);
  w.padLeft = random(0, w.kernelWidth - 1);
  w.outHeight = random(1, 9);
  w.outWidth = random(1, 20);
  const int64_t span = (w.kernelHeight - 1) * w.dilationHeight + 1;
  w.inHeight = std::max<int64_t>(1, (w.outHeight - 1) * w.strideHeight + span - w.padTop -
                                        random(0, w.kernelHeight - 1));
  w.inWidth = std::max<int64_t>(1, (w.outWidth - 1) * w.strideWidth + w.kernelWidth - w.padLeft -
                                       random(0, w.kernelWidth - 1));
  return w;
}

using Run = std::function<void(const NativeLevel &level, const pebble_x86_window &w,
                               const uint8_t *input, uint8_t *output, int64_t begin, int64_t end)>;

void checkRing(Random &random, pebble_x86_window w, const Run &run) {
  const int64_t rowBytes = w.inWidth * w.inStride;
  Buffer<uint8_t> input = random.values<uint8_t>(w.inHeight * rowBytes);
  const int64_t size = w.outHeight * w.outWidth * w.outStride;
  const int64_t span = (w.kernelHeight - 1) * w.dilationHeight + 1;
  for (const NativeLevel &level : nativeLevels()) {
    Buffer<uint8_t> expected(size, 77), result(size, 77);
    w.inRows = 0;
    run(level, w, input.data(), expected.data(), 0, w.outHeight);
    w.inRows = span + random(0, 2);
    Buffer<uint8_t> ring(w.inRows * rowBytes, 0xEE);
    int64_t held = 0;
    for (int64_t y = 0; y < w.outHeight; ++y) {
      for (; held < std::min(w.inHeight, y * w.strideHeight - w.padTop + span); ++held)
        std::copy_n(input.begin() + held * rowBytes, rowBytes,
                    ring.begin() + held % w.inRows * rowBytes);
      run(level, w, ring.data(), result.data(), y, y + 1);
    }
    ASSERT_EQ(result, expected) << level.name << " kernel " << w.kernelHeight << "x"
                                << w.kernelWidth << " ring of " << w.inRows;
  }
}

TEST(X86Ring, ConvReadsRings) {
  Random random(21);
  for (int round = 0; round < 200 && !::testing::Test::HasFatalFailure(); ++round) {
    pebble_x86_window w = randomWindow(random, random(1, 20), random(1, 40));
    const int64_t taps = w.kernelHeight * w.kernelWidth, padded = paddedChannels(w.outChannels);
    for (pebble_x86_runs kind : {PEBBLE_X86_RUN_TAP, PEBBLE_X86_RUN_ROW}) {
      const int64_t runs = kind == PEBBLE_X86_RUN_ROW ? w.kernelHeight : taps;
      Buffer<int8_t> packed = guarded(
          packWeights(w.outChannels, runs, taps / runs * w.inChannels,
                      [&](int64_t, int64_t, int64_t) { return int8_t(random(-128, 127)); }));
      Buffer<int32_t> bias(padded, 1000);
      Buffer<float> scale(padded, 0.002f);
      Buffer<uint8_t> padding(w.inChannels, 5);
      checkRing(random, w,
                [&](const NativeLevel &level, const pebble_x86_window &window, const uint8_t *input,
                    uint8_t *output, int64_t begin, int64_t end) {
                  products<uint8_t, uint8_t>(level).conv(&window, 1, kind, input, padding.data(),
                                                         packed.data(), bias.data(), scale.data(),
                                                         nullptr, output, 128, 0, 255, begin, end);
                });
    }
  }
}

TEST(X86Ring, DepthwiseReadsRings) {
  Random random(22);
  for (int round = 0; round < 200 && !::testing::Test::HasFatalFailure(); ++round) {
    const int64_t channels = random(1, 100), padded = paddedChannels(channels);
    pebble_x86_window w = randomWindow(random, channels, channels);
    Buffer<int8_t> packed =
        guarded(packWeights(channels, w.kernelWidth, w.kernelHeight,
                            [&](int64_t, int64_t, int64_t) { return int8_t(random(-128, 127)); }));
    Buffer<int32_t> bias(padded, 100);
    Buffer<float> scale(padded, 0.01f);
    checkRing(random, w,
              [&](const NativeLevel &level, const pebble_x86_window &window, const uint8_t *input,
                  uint8_t *output, int64_t begin, int64_t end) {
                products<uint8_t, uint8_t>(level).depthwise(&window, input, 9, packed.data(),
                                                            bias.data(), scale.data(), nullptr,
                                                            output, 128, 0, 255, begin, end);
              });
  }
}

TEST(X86Ring, MaxpoolReadsRings) {
  Random random(23);
  for (int round = 0; round < 200 && !::testing::Test::HasFatalFailure(); ++round) {
    const int64_t channels = random(1, 100);
    checkRing(random, randomWindow(random, channels, channels),
              [&](const NativeLevel &level, const pebble_x86_window &window, const uint8_t *input,
                  uint8_t *output, int64_t begin, int64_t end) {
                std::get<Pointwise<uint8_t>>(level.pointwise)
                    .maxpool(&window, input, output, 0, 255, begin, end);
              });
  }
}

} // namespace
