// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/kernels/Tensor.h"

namespace pebble::kernels {
namespace {

enum PadMode { constant = 0, reflect = 1, edge = 2, wrap = 3 };

// One axis: result positions [begin, begin + size) hold the input's [first, first + size), what is
// left of it after negative pads cropped it.
struct PadAxis {
  int64_t begin, first, size;

  // The input position that result position `i` shows, -1 for the constant.
  int64_t source(int64_t i, int64_t mode) const {
    int64_t at = i - begin;
    if (at >= 0 && at < size)
      return first + at;
    switch (mode) {
    case reflect: {
      if (size == 1)
        return first;
      int64_t period = 2 * (size - 1);
      at %= period;
      at = at < 0 ? at + period : at;
      return first + (at < size ? at : period - at);
    }
    case edge:
      return at < 0 ? first : first + size - 1;
    case wrap:
      at %= size;
      return first + (at < 0 ? at + size : at);
    default:
      return -1;
    }
  }
};

} // namespace

template <typename T>
int32_t pad(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  const pebble_tensor &input = tensors[0], &pads = tensors[1], &value = tensors[2],
                      &axes = tensors[3], &result = tensors[4];
  int64_t mode = Attributes(ints, floats).integer();
  int rank = input.rank;
  if (rank > maxRank)
    return PEBBLE_ERROR_UNSUPPORTED;
  int64_t count = present(axes) ? numel(axes) : rank;
  if (rank != result.rank || numel(pads) != 2 * count)
    return PEBBLE_ERROR_SHAPE;
  PadAxis axis[maxRank];
  for (int i = 0; i < rank; ++i)
    axis[i] = {0, 0, input.dims[i]};
  for (int64_t k = 0; k < count; ++k) {
    int64_t i = present(axes) ? indexAt(axes, k) : k;
    if (!normalizeIndex(i, rank))
      return PEBBLE_ERROR_INDEX;
    int64_t begin = indexAt(pads, k), end = indexAt(pads, count + k);
    if (input.dims[i] + begin + end != result.dims[i])
      return PEBBLE_ERROR_SHAPE;
    int64_t first = begin < 0 ? -begin : 0, past = input.dims[i] + (end < 0 ? end : 0);
    axis[i] = {begin < 0 ? 0 : begin, first, past - first};
  }
  T fill = present(value) ? *data<const T>(value) : T(0);
  T *to = data<T>(result);
  int64_t total = numel(result);
  if (total == 0)
    return PEBBLE_OK;
  for (int i = 0; i < rank; ++i) {
    if (axis[i].size <= 0 && mode != constant)
      return PEBBLE_ERROR_SHAPE;
    // Pads that crop more than there is leave nothing but padding.
    if (axis[i].size < 0)
      axis[i] = {0, 0, 0};
  }
  if (rank == 0) {
    *to = *data<const T>(input);
    return PEBBLE_OK;
  }
  int64_t strides[maxRank], position[maxRank] = {};
  rowMajorStrides(input.dims, rank, strides);
  PadAxis inner = axis[rank - 1];
  int64_t columns = result.dims[rank - 1];
  for (int64_t done = 0; done < total; done += columns, to += columns) {
    const T *from = data<const T>(input);
    bool outside = false;
    for (int i = 0; i < rank - 1; ++i) {
      int64_t source = axis[i].source(position[i], mode);
      outside |= source < 0;
      from += source * strides[i];
    }
    if (outside) {
      fillElements(to, fill, columns);
    } else {
      int64_t behind = inner.begin + inner.size;
      for (int64_t j = 0; j < columns; ++j) {
        if (j == inner.begin && inner.size > 0) {
          copyElements(to + j, from + inner.first, inner.size);
          j = behind;
          if (j >= columns)
            break;
        }
        int64_t source = inner.source(j, mode);
        to[j] = source < 0 ? fill : from[source];
      }
    }
    for (int i = rank - 2; i >= 0 && ++position[i] == result.dims[i]; --i)
      position[i] = 0;
  }
  return PEBBLE_OK;
}

} // namespace pebble::kernels

#define PEBBLE_HERE_pad 1
#include "runtime/kernels/Instantiate.h"
