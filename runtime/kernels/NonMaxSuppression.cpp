// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/kernels/Heap.h"
#include "runtime/kernels/Tensor.h"

namespace pebble::kernels {
namespace {

template <typename C> struct Box {
  C top, left, bottom, right;

  C area() const { return (bottom - top) * (right - left); }
};

template <typename T> Box<ComputeOf<T>> readBox(const T *at, bool centered) {
  using C = ComputeOf<T>;
  C a = at[0], b = at[1], c = at[2], d = at[3];
  if (centered)
    return {b - d / C(2), a - c / C(2), b + d / C(2), a + c / C(2)};
  return {a < c ? a : c, b < d ? b : d, a < c ? c : a, b < d ? d : b};
}

template <typename C> bool overlap(const Box<C> &a, const Box<C> &b, double threshold) {
  C top = a.top > b.top ? a.top : b.top, bottom = a.bottom < b.bottom ? a.bottom : b.bottom;
  C left = a.left > b.left ? a.left : b.left, right = a.right < b.right ? a.right : b.right;
  if (!(right > left) || !(bottom > top))
    return false;
  C common = (right - left) * (bottom - top);
  C areaA = a.area(), areaB = b.area(), whole = areaA + areaB - common;
  if (!(common > C(0)) || !(areaA > C(0)) || !(areaB > C(0)) || !(whole > C(0)))
    return false;
  return static_cast<double>(common / whole) > threshold;
}

struct Limits {
  int64_t boxes, selections;
  double overlap, score;
  bool centered, hasScore;
};

// One class of one batch: writes the numbers of the selected boxes to `work`, best first, and
// returns how many. `work` holds 3 * selections numbers: behind the selected ones there is room
// for a batch of candidates, the best of those not looked at yet, which is filled again by another
// pass over the scores when it runs out.
template <typename T>
int64_t selectBoxes(const T *boxes, const T *scores, const Limits &limits, int64_t *work) {
  using C = ComputeOf<T>;
  int64_t *batch = work + limits.selections;
  int64_t capacity = 2 * limits.selections, selected = 0;
  auto ranksBefore = [&](int64_t a, int64_t b) {
    C x = scores[a], y = scores[b];
    return x > y || (x == y && a < b);
  };
  auto before = [&](int64_t a, int64_t b) { return ranksBefore(batch[a], batch[b]); };
  auto swap = [&](int64_t a, int64_t b) {
    int64_t old = batch[a];
    batch[a] = batch[b];
    batch[b] = old;
  };
  int64_t last = -1; // the worst candidate looked at so far
  for (;;) {
    int64_t size = 0;
    for (int64_t i = 0; i < limits.boxes; ++i) {
      C score = scores[i];
      // NaN ranks nowhere.
      if (score != score || (limits.hasScore && !(static_cast<double>(score) > limits.score)) ||
          (last >= 0 && !ranksBefore(last, i)))
        continue;
      if (size < capacity) {
        batch[size++] = i;
        if (size == capacity)
          makeHeap(size, before, swap);
      } else if (ranksBefore(i, batch[0])) {
        batch[0] = i;
        siftDown(0, size, before, swap);
      }
    }
    if (size < capacity)
      makeHeap(size, before, swap);
    sortHeap(size, before, swap);
    for (int64_t k = 0; k < size; ++k) {
      Box<C> box = readBox(boxes + 4 * batch[k], limits.centered);
      bool keep = true;
      for (int64_t s = 0; keep && s < selected; ++s)
        keep = !overlap(box, readBox(boxes + 4 * work[s], limits.centered), limits.overlap);
      if (!keep)
        continue;
      work[selected++] = batch[k];
      if (selected == limits.selections)
        return selected;
    }
    if (size < capacity)
      return selected;
    last = batch[size - 1];
  }
}

} // namespace

template <typename T>
int32_t non_max_suppression(const pebble_tensor *tensors, const int64_t *ints,
                            const double *floats) {
  const pebble_tensor &boxes = tensors[0], &scores = tensors[1], &most = tensors[2],
                      &overlapLimit = tensors[3], &scoreLimit = tensors[4], &result = tensors[5];
  int64_t *count = data<int64_t>(tensors[6]);
  if (boxes.rank != 3 || scores.rank != 3 || boxes.dims[2] != 4 ||
      scores.dims[0] != boxes.dims[0] || scores.dims[2] != boxes.dims[1])
    return PEBBLE_ERROR_SHAPE;
  auto given = [](const pebble_tensor &t) { return present(t) && numel(t) > 0; };
  Limits limits;
  limits.boxes = boxes.dims[1];
  limits.selections = given(most) ? indexAt(most, 0) : 0;
  if (limits.selections > limits.boxes)
    limits.selections = limits.boxes;
  limits.overlap = given(overlapLimit) ? realAt(overlapLimit, 0) : 0.0;
  limits.hasScore = given(scoreLimit);
  limits.score = limits.hasScore ? realAt(scoreLimit, 0) : 0.0;
  limits.centered = Attributes(ints, floats).flag();
  *count = 0;
  if (limits.selections <= 0)
    return PEBBLE_OK;
  int64_t batches = boxes.dims[0], classes = scores.dims[1];
  if (numel(result) < batches * classes * limits.selections * 3)
    return PEBBLE_ERROR_SHAPE;
  for (int64_t b = 0; b < batches; ++b)
    for (int64_t c = 0; c < classes; ++c) {
      int64_t *rows = data<int64_t>(result) + *count * 3;
      int64_t selected =
          selectBoxes(data<const T>(boxes) + b * limits.boxes * 4,
                      data<const T>(scores) + (b * classes + c) * limits.boxes, limits, rows);
      // From the last on, so that a row overwrites no number that is still to be read.
      for (int64_t k = selected - 1; k >= 0; --k) {
        int64_t box = rows[k];
        rows[3 * k] = b;
        rows[3 * k + 1] = c;
        rows[3 * k + 2] = box;
      }
      *count += selected;
    }
  return PEBBLE_OK;
}

} // namespace pebble::kernels

#define PEBBLE_HERE_non_max_suppression 1
#include "runtime/kernels/Instantiate.h"
