// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/support/Checksum.h"

#include <algorithm>
#include <cstring>

using namespace pebble::support;

namespace {

constexpr uint64_t kPrime1 = 0x9E3779B185EBCA87u;
constexpr uint64_t kPrime2 = 0xC2B2AE3D27D4EB4Fu;
constexpr uint64_t kPrime3 = 0x165667B19E3779F9u;
constexpr uint64_t kPrime4 = 0x85EBCA77C2B2AE63u;
constexpr uint64_t kPrime5 = 0x27D4EB2F165667C5u;

uint64_t rotate(uint64_t value, int bits) { return (value << bits) | (value >> (64 - bits)); }

/// Reads a little-endian integer; every supported host is little-endian.
template <typename T> T read(const unsigned char *data) {
  T value;
  std::memcpy(&value, data, sizeof(T));
  return value;
}

uint64_t round(uint64_t lane, uint64_t input) {
  return rotate(lane + input * kPrime2, 31) * kPrime1;
}

uint64_t merge(uint64_t hash, uint64_t lane) { return (hash ^ round(0, lane)) * kPrime1 + kPrime4; }

} // namespace

Checksum::Checksum() : lanes{kPrime1 + kPrime2, kPrime2, 0, 0 - kPrime1} {}

void Checksum::consumeBlock(const unsigned char *block) {
  for (int lane = 0; lane < 4; ++lane)
    lanes[lane] = round(lanes[lane], read<uint64_t>(block + 8 * lane));
}

void Checksum::update(const void *data, size_t size) {
  if (size == 0)
    return;
  const auto *bytes = static_cast<const unsigned char *>(data);
  total += size;
  if (numPending != 0) {
    size_t taken = std::min(size, sizeof(pending) - numPending);
    std::memcpy(pending + numPending, bytes, taken);
    numPending += taken;
    bytes += taken;
    size -= taken;
    if (numPending < sizeof(pending))
      return;
    consumeBlock(pending);
    numPending = 0;
  }
  for (; size >= sizeof(pending); bytes += sizeof(pending), size -= sizeof(pending))
    consumeBlock(bytes);
  std::memcpy(pending, bytes, size);
  numPending = size;
}

uint64_t Checksum::digest() const {
  uint64_t hash = lanes[2] + kPrime5;
  if (total >= sizeof(pending)) {
    hash = rotate(lanes[0], 1) + rotate(lanes[1], 7) + rotate(lanes[2], 12) + rotate(lanes[3], 18);
    for (uint64_t lane : lanes)
      hash = merge(hash, lane);
  }
  hash += total;

  const unsigned char *bytes = pending;
  size_t size = numPending;
  for (; size >= 8; bytes += 8, size -= 8)
    hash = rotate(hash ^ round(0, read<uint64_t>(bytes)), 27) * kPrime1 + kPrime4;
  if (size >= 4) {
    hash = rotate(hash ^ (read<uint32_t>(bytes) * kPrime1), 23) * kPrime2 + kPrime3;
    bytes += 4;
    size -= 4;
  }
  for (; size > 0; ++bytes, --size)
    hash = rotate(hash ^ (*bytes * kPrime5), 11) * kPrime1;

  hash = (hash ^ (hash >> 33)) * kPrime2;
  hash = (hash ^ (hash >> 29)) * kPrime3;
  return hash ^ (hash >> 32);
}
