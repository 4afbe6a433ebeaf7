// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The same layers in oneDNN, weights packed ahead. Without oneDNN they are empty functions.
#ifndef PEBBLE_TEST_BENCH_INT8PEER_H
#define PEBBLE_TEST_BENCH_INT8PEER_H

#include "targets/x86/kernels/Abi.h"

#include <functional>
#include <vector>

namespace pebble::bench {

struct Int8Peer {
  /// Its version, or that it is missing.
  static const char *description();

  /// u8 [m][k] times s8 weights [n][k] to u8, with an int32 bias and a scale a channel.
  static std::function<void()> gemm(int64_t m, int64_t n, int64_t k, const uint8_t *a,
                                    const std::vector<int8_t> &weights,
                                    const std::vector<int32_t> &bias,
                                    const std::vector<float> &scale);

  /// The same of a convolution of NHWC tensors.
  static std::function<void()> conv(const pebble_x86_window &window, bool isDepthwise,
                                    const uint8_t *input, const std::vector<int8_t> &weights,
                                    const std::vector<int32_t> &bias,
                                    const std::vector<float> &scale);
};

} // namespace pebble::bench

#endif // PEBBLE_TEST_BENCH_INT8PEER_H
