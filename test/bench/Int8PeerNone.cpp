// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/bench/Int8Peer.h"

using pebble::bench::Int8Peer;

const char *Int8Peer::description() {
  return "oneDNN is NOT INSTALLED (libdnnl-dev): no peer is timed";
}

std::function<void()> Int8Peer::gemm(int64_t, int64_t, int64_t, const uint8_t *,
                                     const std::vector<int8_t> &, const std::vector<int32_t> &,
                                     const std::vector<float> &) {
  return {};
}

std::function<void()> Int8Peer::conv(const pebble_x86_window &, bool, const uint8_t *,
                                     const std::vector<int8_t> &, const std::vector<int32_t> &,
                                     const std::vector<float> &) {
  return {};
}
