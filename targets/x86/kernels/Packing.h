// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Weights and per-channel arrays in the form that the microkernels read (Abi.h).
#ifndef PEBBLE_X86_KERNELS_PACKING_H
#define PEBBLE_X86_KERNELS_PACKING_H

#include <cstdint>
#include <functional>
#include <vector>

namespace pebble::x86 {

/// The entries of a per-channel array of `channels` channels.
constexpr int64_t paddedChannels(int64_t channels) { return (channels + 15) / 16 * 16; }

/// weight(channel, run, k) as int8 [ceil(channels/16)][runs][ceil(runLength/4)][16][4].
std::vector<int8_t>
packWeights(int64_t channels, int64_t runs, int64_t runLength,
            const std::function<int8_t(int64_t channel, int64_t run, int64_t k)> &weight);

/// code(channel, k), of 4 bits, as uint8 [ceil(channels/16)][ceil(length/8)][16][4].
std::vector<uint8_t> packWeights4(int64_t channels, int64_t length,
                                  const std::function<uint8_t(int64_t channel, int64_t k)> &code);

/// Whether a convolution may run, and runs better, with the rows of windows as runs: taps of few
/// channels lose much to padding and pointers.
bool prefersRowRuns(int64_t channels, int64_t kernelHeight, int64_t kernelWidth, int64_t groups);

} // namespace pebble::x86

#endif // PEBBLE_X86_KERNELS_PACKING_H
