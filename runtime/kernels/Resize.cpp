// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/kernels/Resize.h"

namespace pebble::kernels {
namespace resizing {
namespace {

// Positions along the last axis are worked out for this many outputs at a time and then used for
// all rows.
constexpr int64_t chunkSize = 128;

template <typename T>
void resizeNearest(const Plan &plan, const Options &options, T *to, const T *from, T fill) {
  const Axis &last = plan.axes[plan.count - 1];
  int64_t rows = plan.rows(), inner = plan.inner, rowSize = last.out * inner;
  int64_t table[chunkSize];
  for (int64_t begin = 0; begin < last.out; begin += chunkSize) {
    int64_t size = last.out - begin < chunkSize ? last.out - begin : chunkSize;
    for (int64_t x = 0; x < size; ++x) {
      double coordinate = last.coordinate(begin + x, options.coordinates);
      bool outside = last.extrapolates(coordinate, options.coordinates);
      table[x] = outside ? -1 : last.nearestIndex(coordinate, options.nearestMode) * inner;
    }
    for (int64_t row = 0; row < rows; ++row) {
      T *target = to + row * rowSize + begin * inner;
      int64_t at[maxRank], offset = 0;
      bool outside = false;
      plan.position(row, at);
      for (int i = 0; i < plan.count - 1; ++i) {
        const Axis &axis = plan.axes[i];
        double coordinate = axis.coordinate(at[i], options.coordinates);
        outside |= axis.extrapolates(coordinate, options.coordinates);
        offset += axis.nearestIndex(coordinate, options.nearestMode) * axis.inStride;
      }
      const T *source = from + offset;
      for (int64_t x = 0; x < size; ++x, target += inner) {
        if (outside || table[x] < 0)
          fillElements(target, fill, inner);
        else if (inner == 1)
          *target = source[table[x]];
        else
          copyElements(target, source + table[x], inner);
      }
    }
  }
}

// Rounds and saturates to integers, as ONNX's reference does.
template <typename T, typename C> T store(C value) {
  if constexpr (isFloat<T>) {
    return T(value);
  } else {
    double wide = static_cast<double>(value);
    int64_t below = floorToInteger(wide);
    double fraction = wide - static_cast<double>(below);
    bool up = fraction > 0.5 || (fraction == 0.5 && (below & 1));
    double rounded = static_cast<double>(below) + (up ? 1.0 : 0.0);
    return floatToInteger<T>(rounded);
  }
}

template <typename T> struct InterpolationType {
  using Type = double;
};
template <> struct InterpolationType<float> {
  using Type = float;
};
template <> struct InterpolationType<Half> {
  using Type = float;
};
template <> struct InterpolationType<BFloat16> {
  using Type = float;
};

// The taps of the axes before the last one for one row: every combination of one tap from each
// axis, with its weight and offset, those of weight 0 left out.
template <typename C> struct RowTaps {
  static constexpr int most = 4;
  int axes = 0;
  int counts[maxRank], position[maxRank];
  C weights[maxRank][most];
  int64_t offsets[maxRank][most];
  int64_t base = 0;
  bool extrapolated = false;

  RowTaps(const Plan &plan, const Options &options, int64_t row) {
    int64_t at[maxRank];
    plan.position(row, at);
    for (int i = 0; i < plan.count - 1; ++i) {
      const Axis &axis = plan.axes[i];
      if (axis.isIdentity(options.coordinates)) {
        base += at[i] * axis.inStride;
        continue;
      }
      Taps taps(axis, at[i], options);
      extrapolated |= taps.extrapolated;
      int kept = 0;
      for (int64_t t = 0; t < taps.count; ++t) {
        C weight = static_cast<C>(taps.weight(axis, t, options));
        if (weight == C(0))
          continue;
        weights[axes][kept] = weight;
        offsets[axes][kept++] = axis.clamp(taps.first + t) * axis.inStride;
      }
      position[axes] = 0;
      counts[axes++] = kept;
    }
  }

  bool empty() const {
    for (int i = 0; i < axes; ++i)
      if (counts[i] == 0)
        return true;
    return false;
  }

  C weight() const {
    C result = C(1);
    for (int i = 0; i < axes; ++i)
      result *= weights[i][position[i]];
    return result;
  }

  int64_t offset() const {
    int64_t result = base;
    for (int i = 0; i < axes; ++i)
      result += offsets[i][position[i]];
    return result;
  }

  // False after the last combination, which leaves the first one behind.
  bool next() {
    for (int i = axes - 1; i >= 0; --i) {
      if (++position[i] < counts[i])
        return true;
      position[i] = 0;
    }
    return false;
  }
};

// Linear and cubic interpolation without antialiasing: at most 4 taps an axis.
template <typename T>
void interpolate(const Plan &plan, const Options &options, T *to, const T *from, T fill) {
  using C = typename InterpolationType<T>::Type;
  constexpr int most = RowTaps<C>::most;
  constexpr int64_t chunk = sizeof(C) == 4 ? 64 : 32;
  const Axis &last = plan.axes[plan.count - 1];
  int64_t rows = plan.rows(), inner = plan.inner, rowSize = last.out * inner;
  int64_t table[most][chunk];
  C weights[most][chunk];
  bool outside[chunk];
  int tapCount = options.mode == linear ? 2 : 4;
  for (int64_t begin = 0; begin < last.out; begin += chunk) {
    int64_t size = last.out - begin < chunk ? last.out - begin : chunk;
    for (int64_t x = 0; x < size; ++x) {
      Taps taps(last, begin + x, options);
      outside[x] = taps.extrapolated;
      for (int t = 0; t < tapCount; ++t) {
        table[t][x] = last.clamp(taps.first + t) * inner;
        weights[t][x] = static_cast<C>(taps.weight(last, t, options));
      }
    }
    for (int64_t row = 0; row < rows; ++row) {
      RowTaps<C> rowTaps(plan, options, row);
      T *target = to + row * rowSize + begin * inner;
      if (rowTaps.extrapolated || rowTaps.empty()) {
        fillElements(target, rowTaps.extrapolated ? fill : T(0.0f), size * inner);
        continue;
      }
      C sums[chunk];
      // With one element behind the last axis a pass covers the chunk's outputs, else it covers
      // neighbouring inner elements of one output.
      int64_t passes = inner == 1 ? 1 : size;
      for (int64_t pass = 0; pass < passes; ++pass)
        for (int64_t c0 = 0; c0 < inner; c0 += chunk) {
          int64_t width = inner == 1 ? size : inner - c0 < chunk ? inner - c0 : chunk;
          fillElements(sums, C(0), width);
          do {
            const T *source = from + rowTaps.offset();
            C weight = rowTaps.weight();
            if (inner == 1) {
              for (int64_t x = 0; x < width; ++x) {
                C sum = C(0);
                for (int t = 0; t < tapCount; ++t)
                  sum += weights[t][x] * static_cast<C>(source[table[t][x]]);
                sums[x] += weight * sum;
              }
              continue;
            }
            for (int t = 0; t < tapCount; ++t) {
              C product = weight * weights[t][pass];
              const T *run = source + table[t][pass] + c0;
              for (int64_t c = 0; c < width; ++c)
                sums[c] += product * static_cast<C>(run[c]);
            }
          } while (rowTaps.next());
          T *out = target + pass * inner + c0;
          for (int64_t x = 0; x < width; ++x)
            out[x] = outside[inner == 1 ? x : pass] ? fill : store<T>(sums[x]);
        }
    }
  }
}

// Any number of taps: weights are worked out as they are met.
template <typename T>
void interpolateWide(const Plan &plan, const Options &options, T *to, const T *from, T fill) {
  const Axis &last = plan.axes[plan.count - 1];
  int64_t rows = plan.rows();
  int axes = plan.count;
  for (int64_t row = 0; row < rows; ++row) {
    int64_t at[maxRank];
    plan.position(row, at);
    for (at[axes - 1] = 0; at[axes - 1] < last.out; ++at[axes - 1]) {
      Taps taps[maxRank];
      int64_t position[maxRank] = {};
      bool outside = false;
      for (int i = 0; i < axes; ++i) {
        const Axis &axis = plan.axes[i];
        if (axis.isIdentity(options.coordinates)) {
          taps[i].first = at[i];
          taps[i].count = 0;
          continue;
        }
        taps[i] = Taps(axis, at[i], options);
        outside |= taps[i].extrapolated;
      }
      for (int64_t c = 0; c < plan.inner; ++c, ++to) {
        double sum = 0.0;
        for (bool more = true; more;) {
          double weight = 1.0;
          int64_t offset = c;
          for (int i = 0; i < axes; ++i) {
            const Axis &axis = plan.axes[i];
            if (taps[i].count > 0)
              weight *= taps[i].weight(axis, position[i], options);
            offset += axis.clamp(taps[i].first + position[i]) * axis.inStride;
          }
          if (weight != 0.0)
            sum += weight * static_cast<double>(static_cast<ComputeOf<T>>(from[offset]));
          more = false;
          for (int i = axes - 1; i >= 0 && !more; --i) {
            more = ++position[i] < taps[i].count;
            position[i] = more ? position[i] : 0;
          }
        }
        *to = outside ? fill : store<T>(sum);
      }
    }
  }
}

} // namespace
} // namespace resizing

template <typename T>
int32_t resize(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  using namespace resizing;
  Options options(Attributes(ints, floats));
  const pebble_tensor &result = tensors[4];
  Plan plan;
  if (int32_t status = plan.build(tensors, options))
    return status;
  if (numel(result) == 0)
    return PEBBLE_OK;
  if (plan.count == 0) {
    copyElements(data<T>(result), data<const T>(tensors[0]), numel(result));
    return PEBBLE_OK;
  }
  T fill = convert<T>(options.extrapolation);
  if (options.mode == nearest) {
    using S = StorageOf<T>;
    resizeNearest(plan, options, data<S>(result), data<const S>(tensors[0]), bitCast<S>(fill));
    return PEBBLE_OK;
  }
  if constexpr (dtypeOf<T> == PEBBLE_BOOL) {
    return PEBBLE_ERROR_UNSUPPORTED;
  } else {
    auto run = options.antialias ? interpolateWide<T> : interpolate<T>;
    run(plan, options, data<T>(result), data<const T>(tensors[0]), fill);
    return PEBBLE_OK;
  }
}

} // namespace pebble::kernels

#define PEBBLE_HERE_resize 1
#include "runtime/kernels/Instantiate.h"
