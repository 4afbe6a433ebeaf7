// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "targets/x86/kernels/Packing.h"

using namespace pebble::x86;

std::vector<int8_t>
pebble::x86::packWeights(int64_t channels, int64_t runs, int64_t runLength,
                         const std::function<int8_t(int64_t, int64_t, int64_t)> &weight) {
  const int64_t groups = (runLength + 3) / 4;
  std::vector<int8_t> packed(paddedChannels(channels) * runs * groups * 4);
  for (int64_t channel = 0; channel < channels; ++channel)
    for (int64_t run = 0; run < runs; ++run)
      for (int64_t k = 0; k < runLength; ++k)
        packed[(((channel / 16 * runs + run) * groups + k / 4) * 16 + channel % 16) * 4 + k % 4] =
            weight(channel, run, k);
  return packed;
}

std::vector<uint8_t>
pebble::x86::packWeights4(int64_t channels, int64_t length,
                          const std::function<uint8_t(int64_t, int64_t)> &code) {
  const int64_t groups = (length + 7) / 8;
  std::vector<uint8_t> packed(paddedChannels(channels) * groups * 4);
  for (int64_t channel = 0; channel < channels; ++channel)
    for (int64_t k = 0; k < length; ++k)
      packed[((channel / 16 * groups + k / 8) * 16 + channel % 16) * 4 + k % 4] |=
          uint8_t((code(channel, k) & 15) << (k % 8 / 4 * 4));
  return packed;
}

bool pebble::x86::prefersRowRuns(int64_t channels, int64_t kernelHeight, int64_t kernelWidth,
                                 int64_t groups) {
  constexpr int64_t maxBytes = 2048; // of a window, by the kernel's contract
  return groups == 1 && kernelHeight * kernelWidth > 1 &&
         kernelHeight * ((kernelWidth * channels + 3) / 4 * 4) <= maxBytes &&
         (channels % 4 != 0 || channels <= 32);
}
