// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The coordinates and weights of nn.resize, along one axis.
#ifndef PEBBLE_KERNELS_RESIZE_H
#define PEBBLE_KERNELS_RESIZE_H

#include "runtime/kernels/Convert.h"
#include "runtime/kernels/Tensor.h"

namespace pebble::kernels::resizing {

enum Mode { nearest = 0, linear = 1, cubic = 2 };
enum Coordinates {
  halfPixel = 0,
  halfPixelSymmetric = 1,
  pytorchHalfPixel = 2,
  alignCorners = 3,
  asymmetric = 4,
  tfCropAndResize = 5
};
enum NearestMode { roundPreferFloor = 0, roundPreferCeil = 1, roundDown = 2, roundUp = 3 };
enum AspectRatio { stretch = 0, notLarger = 1, notSmaller = 2 };

// Attributes in the op's declared order.
struct Options {
  int64_t mode, coordinates, nearestMode;
  bool antialias, excludeOutside;
  int64_t aspectRatio;
  Attributes::Array axes;
  double cubicA, extrapolation;

  explicit Options(Attributes attributes)
      : mode(attributes.integer()), coordinates(attributes.integer()),
        nearestMode(attributes.integer()), antialias(attributes.flag()),
        excludeOutside(attributes.flag()), aspectRatio(attributes.integer()),
        axes(attributes.array()), cubicA(attributes.real()), extrapolation(attributes.real()) {}
};

// floor without libm; exact below 2^63.
inline int64_t floorToInteger(double x) {
  int64_t towardsZero = floatToInteger<int64_t>(x);
  return towardsZero - (static_cast<double>(towardsZero) > x);
}

struct Axis {
  int64_t in, out;
  int64_t inStride;
  double scale;
  double roiBegin, roiEnd;

  // The input coordinate of output position `x`.
  double coordinate(int64_t x, int64_t coordinates) const {
    double at = static_cast<double>(x), size = static_cast<double>(in), resized = scale * size;
    switch (coordinates) {
    case alignCorners:
      return resized == 1.0 ? 0.0 : at * (size - 1.0) / (resized - 1.0);
    case asymmetric:
      return at / scale;
    case tfCropAndResize: {
      double begin = roiBegin * (size - 1.0), extent = (roiEnd - roiBegin) * (size - 1.0);
      return begin + (out == 1 ? extent / 2.0 : at * extent / static_cast<double>(out - 1));
    }
    case pytorchHalfPixel:
      return resized == 1.0 ? -0.5 : (at + 0.5) / scale - 0.5;
    case halfPixelSymmetric: {
      double offset = size / 2.0 * (1.0 - static_cast<double>(out) / resized);
      return offset + (at + 0.5) / scale - 0.5;
    }
    default:
      return (at + 0.5) / scale - 0.5;
    }
  }

  bool extrapolates(double coordinate, int64_t coordinates) const {
    return coordinates == tfCropAndResize &&
           (coordinate < 0.0 || coordinate > static_cast<double>(in - 1));
  }

  int64_t clamp(int64_t index) const { return index < 0 ? 0 : index >= in ? in - 1 : index; }

  // The input position nearest to a coordinate.
  int64_t nearestIndex(double coordinate, int64_t mode) const {
    int64_t below = floorToInteger(coordinate);
    double fraction = coordinate - static_cast<double>(below);
    bool up = false;
    switch (mode) {
    case roundPreferFloor:
      up = fraction > 0.5;
      break;
    case roundPreferCeil:
      up = fraction >= 0.5;
      break;
    case roundUp:
      up = fraction > 0.0;
      break;
    }
    return clamp(below + up);
  }

  // Nothing to do along this axis.
  bool isIdentity(int64_t coordinates) const {
    double off = scale - 1.0;
    return in == out && off < 1e-9 && off > -1e-9 &&
           (coordinates != tfCropAndResize || (roiBegin == 0.0 && roiEnd == 1.0));
  }
};

// The weight of an input position at `distance` from the coordinate.
inline double filterWeight(double distance, const Options &options) {
  double x = distance < 0 ? -distance : distance, a = options.cubicA;
  if (options.mode == linear)
    return x < 1.0 ? 1.0 - x : 0.0;
  if (x <= 1.0)
    return ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0;
  return x < 2.0 ? ((a * x - 5.0 * a) * x + 8.0 * a) * x - 4.0 * a : 0.0;
}

// The taps of one output position: input positions first .. first + count - 1 (to be clamped).
struct Taps {
  double coordinate, stretch;
  int64_t first, count;
  double norm;
  bool extrapolated;

  Taps() = default;
  Taps(const Axis &axis, int64_t x, const Options &options) {
    coordinate = axis.coordinate(x, options.coordinates);
    extrapolated = axis.extrapolates(coordinate, options.coordinates);
    // Antialiasing widens the filter when it shrinks the image.
    stretch = options.antialias && axis.scale < 1.0 ? axis.scale : 1.0;
    int64_t radius = options.mode == linear ? 1 : 2;
    int64_t start = 1 - radius;
    if (stretch != 1.0)
      start = floorToInteger(static_cast<double>(-radius) / stretch) + 1;
    first = floorToInteger(coordinate) + start;
    count = 2 - 2 * start;
    norm = 1.0;
    if (stretch == 1.0 && !options.excludeOutside)
      return;
    double sum = 0.0;
    for (int64_t t = 0; t < count; ++t)
      sum += rawWeight(axis, t, options);
    norm = sum == 0.0 ? 1.0 : 1.0 / sum;
  }

  // An axis along which nothing changes: the position itself, without taps to weigh.
  static Taps fixed(int64_t x) {
    Taps result = {};
    result.first = x;
    return result;
  }

  double weight(const Axis &axis, int64_t tap, const Options &options) const {
    return rawWeight(axis, tap, options) * norm;
  }

private:
  double rawWeight(const Axis &axis, int64_t tap, const Options &options) const {
    int64_t index = first + tap;
    if (options.excludeOutside && (index < 0 || index >= axis.in))
      return 0.0;
    return filterWeight((static_cast<double>(index) - coordinate) * stretch, options);
  }
};

// What a resize does: the axes from the outermost to the last one that changes, neighbours that
// both stay as they are joined; behind them `inner` elements stay together.
struct Plan {
  Axis axes[maxRank];
  int count = 0; // 0: a plain copy
  int64_t inner = 1;

  // Returns a pebble_status.
  int32_t build(const pebble_tensor *tensors, const Options &options) {
    const pebble_tensor &input = tensors[0], &roi = tensors[1], &scales = tensors[2],
                        &sizes = tensors[3], &result = tensors[4];
    int rank = input.rank;
    if (rank > maxRank)
      return PEBBLE_ERROR_UNSUPPORTED;
    int64_t listed = options.axes.size ? options.axes.size : rank;
    bool useScales = present(scales) && numel(scales) > 0;
    const pebble_tensor &given = useScales ? scales : sizes;
    bool useRoi = options.coordinates == tfCropAndResize;
    if (rank != result.rank || !present(given) || numel(given) != listed ||
        (useRoi && (!present(roi) || numel(roi) != 2 * listed)))
      return PEBBLE_ERROR_SHAPE;
    int64_t strides[maxRank];
    rowMajorStrides(input.dims, rank, strides);
    for (int i = 0; i < rank; ++i)
      axes[i] = {input.dims[i], result.dims[i], strides[i], 1.0, 0.0, 1.0};
    bool resized[maxRank] = {};
    double extreme = 0.0;
    for (int64_t k = 0; k < listed; ++k) {
      int64_t i = options.axes.size ? options.axes[k] : k;
      if (!normalizeIndex(i, rank))
        return PEBBLE_ERROR_INDEX;
      Axis &axis = axes[i];
      resized[i] = true;
      axis.scale = useScales
                       ? realAt(scales, k)
                       : static_cast<double>(indexAt(sizes, k)) / static_cast<double>(axis.in);
      bool better = options.aspectRatio == notLarger ? axis.scale < extreme : axis.scale > extreme;
      extreme = k == 0 || better ? axis.scale : extreme;
      if (useRoi) {
        axis.roiBegin = realAt(roi, k);
        axis.roiEnd = realAt(roi, listed + k);
      }
    }
    for (int i = 0; i < rank; ++i) {
      if (resized[i] && !useScales && options.aspectRatio != stretch)
        axes[i].scale = extreme;
      if (!resized[i] && axes[i].in != axes[i].out)
        return PEBBLE_ERROR_SHAPE;
      if (axes[i].out > 0 && axes[i].in == 0)
        return PEBBLE_ERROR_SHAPE;
      if (!(axes[i].scale > 0.0) && axes[i].out > 0)
        return PEBBLE_ERROR_VALUE;
    }
    while (rank > 0 && axes[rank - 1].isIdentity(options.coordinates))
      inner *= axes[--rank].in;
    for (int i = 0; i < rank; ++i) {
      bool joins = count > 0 && axes[count - 1].isIdentity(options.coordinates) &&
                   axes[i].isIdentity(options.coordinates);
      if (joins) {
        axes[count - 1].in *= axes[i].in;
        axes[count - 1].out *= axes[i].out;
        axes[count - 1].inStride = axes[i].inStride;
      } else {
        axes[count++] = axes[i];
      }
    }
    return PEBBLE_OK;
  }

  // Rows are the output positions of all axes but the last planned one.
  int64_t rows() const {
    int64_t result = 1;
    for (int i = 0; i < count - 1; ++i)
      result *= axes[i].out;
    return result;
  }

  // As many rows as stay in cache while they are written in columns of a chunk, yet enough to make
  // the work on the chunk's positions worthwhile.
  int64_t rowsInBlock(int64_t elementBytes) const {
    int64_t rowBytes = axes[count - 1].out * inner * elementBytes;
    int64_t fitting = (int64_t(1) << 18) / rowBytes;
    return fitting < 64 ? 64 : fitting;
  }

  void position(int64_t row, int64_t *at) const {
    for (int i = count - 2; i >= 0; --i) {
      at[i] = row % axes[i].out;
      row /= axes[i].out;
    }
  }

  // Steps from one row's position to the next; returns the outermost axis that moved.
  int nextRow(int64_t *at) const {
    for (int i = count - 2; i >= 0; --i) {
      if (++at[i] < axes[i].out)
        return i;
      at[i] = 0;
    }
    return 0;
  }
};

} // namespace pebble::kernels::resizing
#endif // PEBBLE_KERNELS_RESIZE_H
