// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Pools regions of an image, with samples between its elements.

#include "runtime/kernels/Accumulate.h"
#include "runtime/kernels/Sampling.h"
#include "runtime/kernels/Tensor.h"

namespace pebble::kernels {
namespace {

enum Mode { average, maximum };

// The four elements around a sample and their weights; no element when it lies outside.
template <typename A> struct Corners {
  int64_t offset[4];
  A weight[4];
  bool inside;
};

template <typename A>
PEBBLE_INLINE Corners<A> findCorners(A y, A x, int64_t height, int64_t width) {
  Corners<A> corners = {};
  // Also false for NaN.
  corners.inside =
      y >= A(-1) && y <= static_cast<A>(height) && x >= A(-1) && x <= static_cast<A>(width);
  if (!corners.inside)
    return corners;
  auto split = [](A &position, int64_t size, int64_t &low, int64_t &high) {
    position = position > 0 ? position : A(0);
    low = static_cast<int64_t>(position);
    if (low >= size - 1) {
      low = high = size - 1;
      position = static_cast<A>(low);
    } else {
      high = low + 1;
    }
  };
  int64_t top, bottom, left, right;
  split(y, height, top, bottom);
  split(x, width, left, right);
  A dy = y - static_cast<A>(top), dx = x - static_cast<A>(left);
  int64_t offsets[4] = {top * width + left, top * width + right, bottom * width + left,
                        bottom * width + right};
  A weights[4] = {(A(1) - dy) * (A(1) - dx), (A(1) - dy) * dx, dy * (A(1) - dx), dy * dx};
  for (int i = 0; i < 4; ++i) {
    corners.offset[i] = offsets[i];
    corners.weight[i] = weights[i];
  }
  return corners;
}

// One dim of a region: where it starts, how long a bin is, and the samples of a bin.
template <typename A> struct Region {
  A start, bin;
  int64_t samples;

  PEBBLE_INLINE A at(int64_t index, int64_t sample) const {
    return start + static_cast<A>(index) * bin +
           (static_cast<A>(sample) + A(0.5)) * bin / static_cast<A>(samples);
  }
};

template <typename A>
PEBBLE_INLINE Region<A> makeRegion(A begin, A end, A scale, bool halfPixel, int64_t bins,
                                   int64_t samplingRatio) {
  A offset = halfPixel ? A(0.5) : A(0);
  Region<A> region;
  region.start = begin * scale - offset;
  A extent = end * scale - offset - region.start;
  // Without half_pixel a malformed region counts as one element.
  if (!halfPixel && !(extent > A(1)))
    extent = A(1);
  region.bin = extent / static_cast<A>(bins);
  A bounded = clampCoordinate(region.bin, A(0), A(coordinateLimit));
  region.samples = samplingRatio > 0 ? samplingRatio : -floorToInteger(-bounded);
  return region;
}

} // namespace

template <typename T>
int32_t roi_align(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  using A = Acc<T>;
  const pebble_tensor &input = tensors[0], &rois = tensors[1], &batchIndices = tensors[2];
  const pebble_tensor &result = tensors[3];
  Attributes attributes(ints, floats);
  int64_t mode = attributes.integer();
  bool halfPixel = attributes.flag();
  int64_t outHeight = attributes.integer(), outWidth = attributes.integer();
  int64_t samplingRatio = attributes.integer();
  A scale = static_cast<A>(attributes.real());
  if (input.rank != 4 || rois.rank != 2 || rois.dims[1] != 4 || batchIndices.rank != 1 ||
      batchIndices.dims[0] != rois.dims[0] || result.rank != 4 || result.dims[0] != rois.dims[0] ||
      result.dims[1] != input.dims[1] || result.dims[2] != outHeight ||
      result.dims[3] != outWidth || rois.dtype != input.dtype)
    return PEBBLE_ERROR_SHAPE;
  if (mode < average || mode > maximum || samplingRatio < 0)
    return PEBBLE_ERROR_VALUE;
  int64_t channels = input.dims[1], height = input.dims[2], width = input.dims[3];
  if (height == 0 || width == 0)
    return numel(result) == 0 ? PEBBLE_OK : PEBBLE_ERROR_SHAPE;

  for (int64_t roi = 0; roi < rois.dims[0]; ++roi) {
    int64_t batch = indexAt(batchIndices, roi);
    if (batch < 0 || batch >= input.dims[0])
      return PEBBLE_ERROR_INDEX;
    const T *box = data<const T>(rois) + roi * 4;
    Region<A> columns =
        makeRegion(widen(box[0]), widen(box[2]), scale, halfPixel, outWidth, samplingRatio);
    Region<A> rows =
        makeRegion(widen(box[1]), widen(box[3]), scale, halfPixel, outHeight, samplingRatio);
    int64_t samples = rows.samples * columns.samples;
    for (int64_t c = 0; c < channels; ++c) {
      const T *image = data<const T>(input) + (batch * channels + c) * height * width;
      T *out = data<T>(result) + (roi * channels + c) * outHeight * outWidth;
      for (int64_t bin = 0; bin < outHeight * outWidth; ++bin) {
        A value = A(0);
        for (int64_t s = 0; s < samples; ++s) {
          Corners<A> corners =
              findCorners(rows.at(bin / outWidth, s / columns.samples),
                          columns.at(bin % outWidth, s % columns.samples), height, width);
          A terms[4] = {};
          for (int i = 0; i < 4 && corners.inside; ++i)
            terms[i] = corners.weight[i] * widen(image[corners.offset[i]]);
          if (mode == average) {
            value += terms[0] + terms[1] + terms[2] + terms[3];
            continue;
          }
          A largest = terms[0];
          for (int i = 1; i < 4; ++i)
            largest = terms[i] > largest ? terms[i] : largest;
          value = s == 0 || largest > value ? largest : value;
        }
        if (mode == average)
          value /= static_cast<A>(samples > 1 ? samples : 1);
        out[bin] = static_cast<T>(value);
      }
    }
  }
  return PEBBLE_OK;
}

} // namespace pebble::kernels

#define PEBBLE_HERE_roi_align 1
#include "runtime/kernels/Instantiate.h"
