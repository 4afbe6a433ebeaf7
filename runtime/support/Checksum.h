// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// XXH64: finds accidental damage of a package at memory speed. It is no defence against an
// attacker.
#ifndef PEBBLE_RUNTIME_SUPPORT_CHECKSUM_H
#define PEBBLE_RUNTIME_SUPPORT_CHECKSUM_H

#include <cstddef>
#include <cstdint>

namespace pebble::support {

class Checksum {
public:
  Checksum();
  void update(const void *data, size_t size);
  /// The checksum of everything seen so far.
  uint64_t digest() const;

  static uint64_t of(const void *data, size_t size) {
    Checksum checksum;
    checksum.update(data, size);
    return checksum.digest();
  }

private:
  void consumeBlock(const unsigned char *block);

  uint64_t lanes[4];
  unsigned char pending[32];
  size_t numPending = 0;
  uint64_t total = 0;
};

} // namespace pebble::support

#endif // PEBBLE_RUNTIME_SUPPORT_CHECKSUM_H
