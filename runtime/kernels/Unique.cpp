// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/kernels/Heap.h"
#include "runtime/kernels/Tensor.h"

namespace pebble::kernels {
namespace {

// The input as `count` slices of outer * inner elements along an axis.
template <typename T> struct Slices {
  const T *elements;
  int64_t outer, count, inner;

  // Negative, zero or positive; NaN is equal to itself and above all numbers.
  int compare(int64_t a, int64_t b) const {
    using C = ComputeOf<T>;
    for (int64_t o = 0; o < outer; ++o)
      for (int64_t i = 0; i < inner; ++i) {
        C x = elements[(o * count + a) * inner + i], y = elements[(o * count + b) * inner + i];
        if (x < y || (x == x && y != y))
          return -1;
        if (x > y || (x != x && y == y))
          return 1;
      }
    return 0;
  }
};

// Orders `order` by slice, equal slices by position, and gives each run of equal slices a number.
// Only then is `counts`, which `order` shares memory with, written: never ahead of what was read.
template <typename T>
int64_t numberSorted(const Slices<T> &slices, int64_t *order, int64_t *indices, int64_t *inverse) {
  for (int64_t i = 0; i < slices.count; ++i)
    order[i] = i;
  auto before = [&](int64_t a, int64_t b) {
    int sign = slices.compare(order[a], order[b]);
    return sign < 0 || (sign == 0 && order[a] < order[b]);
  };
  auto swap = [&](int64_t a, int64_t b) {
    int64_t old = order[a];
    order[a] = order[b];
    order[b] = old;
  };
  makeHeap(slices.count, before, swap);
  sortHeap(slices.count, before, swap);
  int64_t groups = 0;
  for (int64_t i = 0; i < slices.count;) {
    int64_t first = order[i], begin = i;
    for (; i < slices.count && slices.compare(first, order[i]) == 0; ++i)
      inverse[order[i]] = groups;
    indices[groups] = first;
    order[groups++] = i - begin;
  }
  return groups;
}

// Renumbers the groups by first occurrence. A number is stored inverted in `inverse` once final;
// until then it is the group's first position.
void renumberByPosition(int64_t size, int64_t *indices, int64_t *inverse, int64_t *counts) {
  for (int64_t i = 0; i < size; ++i)
    inverse[i] = indices[inverse[i]];
  int64_t groups = 0;
  for (int64_t i = 0; i < size; ++i) {
    int64_t first = inverse[i];
    if (first == i) {
      indices[groups] = i;
      counts[groups] = 0;
      inverse[i] = ~groups++;
    } else {
      inverse[i] = inverse[first];
    }
    ++counts[~inverse[i]];
  }
  for (int64_t i = 0; i < size; ++i)
    inverse[i] = ~inverse[i];
}

} // namespace

template <typename T>
int32_t unique(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  const pebble_tensor &input = tensors[0], &values = tensors[1];
  Attributes attributes(ints, floats);
  bool hasAxis = attributes.flag();
  int64_t axis = attributes.integer();
  bool sorted = attributes.flag();
  if (hasAxis && !normalizeIndex(axis, input.rank))
    return PEBBLE_ERROR_SHAPE;
  Slices<T> slices = {data<const T>(input), 1, numel(input), 1};
  int64_t room = numel(values);
  if (hasAxis) {
    slices.outer = product(input.dims, 0, axis);
    slices.count = input.dims[axis];
    slices.inner = product(input.dims, axis + 1, input.rank);
    if (values.rank != input.rank)
      return PEBBLE_ERROR_SHAPE;
    room = values.dims[axis];
  }
  for (int i = 2; i < 5; ++i)
    if (numel(tensors[i]) < slices.count)
      return PEBBLE_ERROR_SHAPE;
  int64_t *indices = data<int64_t>(tensors[2]), *inverse = data<int64_t>(tensors[3]);
  int64_t *counts = data<int64_t>(tensors[4]);
  int64_t groups = numberSorted(slices, counts, indices, inverse);
  if (!sorted)
    renumberByPosition(slices.count, indices, inverse, counts);
  if (groups > room || numel(values) != slices.outer * room * slices.inner)
    return PEBBLE_ERROR_SHAPE;
  T *to = data<T>(values);
  for (int64_t o = 0; o < slices.outer; ++o)
    for (int64_t g = 0; g < groups; ++g)
      copyElements(to + (o * room + g) * slices.inner,
                   slices.elements + (o * slices.count + indices[g]) * slices.inner, slices.inner);
  *data<int64_t>(tensors[5]) = groups;
  return PEBBLE_OK;
}

} // namespace pebble::kernels

#define PEBBLE_HERE_unique 1
#include "runtime/kernels/Instantiate.h"
