// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The memory plan of a program whose sizes follow from its inputs' dims: the compiler knows who is
// alive when, this code the sizes.

#include "runtime/abi/pebble_abi.h"

namespace {

constexpr int64_t alignment = 64;
constexpr int64_t mostBytes = int64_t(1) << 46;

/// The bytes of `rank` dims, rounded up; mostBytes and more is too much.
int64_t bytesOf(const int64_t *dims, int64_t rank, int64_t elementBytes) {
  int64_t bytes = elementBytes;
  for (int64_t i = 0; i < rank; ++i)
    if (dims[i] < 0 || __builtin_mul_overflow(bytes, dims[i], &bytes) || bytes > mostBytes)
      return mostBytes + 1;
  int64_t units = (bytes + alignment - 1) / alignment;
  return (units ? units : 1) * alignment;
}

struct Buffer {
  int64_t rank, elementBytes, first, last;
};

} // namespace

/// Places `count` buffers, each {rank, element size, first and last moment of its life} in `table`,
/// with their dims one after the other in `dims`. Larger ones come first, each at the lowest place
/// from `base` on that is free for its whole life. `plan` takes the end of all of them, then the
/// places, and has room for twice as many words more.
extern "C" int32_t pebble_place_buffers(const int64_t *dims, const int64_t *table, int64_t count,
                                        int64_t base, int64_t *plan) {
  auto *buffers = reinterpret_cast<const Buffer *>(table);
  int64_t *offsets = plan + 1, *bytes = offsets + count, *order = bytes + count;
  for (int64_t i = 0; i < count; ++i) {
    bytes[i] = bytesOf(dims, buffers[i].rank, buffers[i].elementBytes);
    if (bytes[i] > mostBytes)
      return PEBBLE_ERROR_MEMORY;
    dims += buffers[i].rank;
    int64_t at = i;
    for (; at > 0 && bytes[order[at - 1]] < bytes[i]; --at)
      order[at] = order[at - 1];
    order[at] = i;
  }
  int64_t most = base;
  for (int64_t k = 0; k < count; ++k) {
    int64_t i = order[k], offset = base;
    // Behind every buffer in the way there may be the next one.
    for (bool moved = true; moved;) {
      moved = false;
      for (int64_t earlier = 0; earlier < k; ++earlier) {
        int64_t j = order[earlier];
        if (buffers[j].first <= buffers[i].last && buffers[i].first <= buffers[j].last &&
            offset < offsets[j] + bytes[j] && offsets[j] < offset + bytes[i]) {
          offset = offsets[j] + bytes[j];
          moved = true;
        }
      }
    }
    offsets[i] = offset;
    if (offset + bytes[i] > mostBytes)
      return PEBBLE_ERROR_MEMORY;
    if (most < offset + bytes[i])
      most = offset + bytes[i];
  }
  plan[0] = most;
  return PEBBLE_OK;
}
