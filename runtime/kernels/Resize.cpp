// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/kernels/Resize.h"

namespace pebble::kernels {
namespace resizing {
namespace {

// Positions along the last axis are worked out for this many outputs at a time and then used for
// all rows.
constexpr int64_t chunkSize = 128;

template <typename T> struct NearestChunk {
  int64_t begin, size;
  int64_t table[chunkSize]; // source offsets along the last axis, -1 outside
  bool extrapolates = false;
  bool doubles; // every source element twice: by far the most frequent resize, and it vectorizes

  NearestChunk(const Plan &plan, const Options &options, int64_t begin) : begin(begin) {
    const Axis &last = plan.axes[plan.count - 1];
    size = last.out - begin < chunkSize ? last.out - begin : chunkSize;
    doubles = size % 2 == 0 && plan.inner == 1;
    for (int64_t x = 0; x < size; ++x) {
      double coordinate = last.coordinate(begin + x, options.coordinates);
      bool outside = last.extrapolates(coordinate, options.coordinates);
      table[x] = outside ? -1 : last.nearestIndex(coordinate, options.nearestMode) * plan.inner;
      extrapolates |= outside;
      doubles &= !outside && table[x] == table[0] + x / 2;
    }
  }

  void copyRow(T *target, const T *source, int64_t inner, T fill) const {
    if (doubles) {
      for (int64_t x = 0; x < size / 2; ++x)
        target[2 * x] = target[2 * x + 1] = source[table[0] + x];
    } else if (inner == 1 && !extrapolates) {
      for (int64_t x = 0; x < size; ++x)
        target[x] = source[table[x]];
    } else {
      for (int64_t x = 0; x < size; ++x, target += inner) {
        if (table[x] < 0)
          fillElements(target, fill, inner);
        else
          copyElements(target, source + table[x], inner);
      }
    }
  }
};

template <typename T>
void resizeNearestRows(const Plan &plan, const Options &options, const NearestChunk<T> &chunk,
                       int64_t firstRow, int64_t lastRow, T *to, const T *from, T fill) {
  int64_t inner = plan.inner, rowSize = plan.axes[plan.count - 1].out * inner;
  int64_t at[maxRank], offsets[maxRank], before = -1;
  bool outside[maxRank];
  int moved = 0;
  plan.position(firstRow, at);
  for (int64_t row = firstRow; row < lastRow; ++row, moved = plan.nextRow(at)) {
    for (int i = moved; i < plan.count - 1; ++i) {
      const Axis &axis = plan.axes[i];
      double coordinate = axis.coordinate(at[i], options.coordinates);
      outside[i] = axis.extrapolates(coordinate, options.coordinates);
      offsets[i] = axis.nearestIndex(coordinate, options.nearestMode) * axis.inStride;
    }
    int64_t offset = 0;
    bool rowOutside = false;
    for (int i = 0; i < plan.count - 1; ++i) {
      offset += offsets[i];
      rowOutside |= outside[i];
    }
    T *target = to + row * rowSize + chunk.begin * inner;
    if (rowOutside)
      fillElements(target, fill, chunk.size * inner);
    else if (offset == before) // enlarging repeats rows
      copyElements(target, target - rowSize, chunk.size * inner);
    else
      chunk.copyRow(target, from + offset, inner, fill);
    before = rowOutside ? -1 : offset;
  }
}

template <typename T>
void resizeNearest(const Plan &plan, const Options &options, T *to, const T *from, T fill) {
  int64_t rows = plan.rows(), block = plan.rowsInBlock(sizeof(T));
  for (int64_t row = 0; row < rows; row += block)
    for (int64_t x = 0, columns = plan.axes[plan.count - 1].out; x < columns; x += chunkSize)
      resizeNearestRows(plan, options, NearestChunk<T>(plan, options, x), row,
                        row + block < rows ? row + block : rows, to, from, fill);
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
  int axes;
  int64_t at[maxRank];
  int counts[maxRank], position[maxRank] = {};
  bool outside[maxRank] = {};
  C weights[maxRank][most];
  int64_t offsets[maxRank][most];

  RowTaps(const Plan &plan, const Options &options, int64_t row) : axes(plan.count - 1) {
    plan.position(row, at);
    update(plan, options, 0);
  }

  void nextRow(const Plan &plan, const Options &options) {
    update(plan, options, plan.nextRow(at));
  }

  bool extrapolated() const {
    bool result = false;
    for (int i = 0; i < axes; ++i)
      result |= outside[i];
    return result;
  }

  bool empty() const {
    bool result = false;
    for (int i = 0; i < axes; ++i)
      result |= counts[i] == 0;
    return result;
  }

  C weight() const {
    C result = C(1);
    for (int i = 0; i < axes; ++i)
      result *= weights[i][position[i]];
    return result;
  }

  int64_t offset() const {
    int64_t result = 0;
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

private:
  void update(const Plan &plan, const Options &options, int moved) {
    for (int i = moved; i < axes; ++i) {
      const Axis &axis = plan.axes[i];
      if (axis.isIdentity(options.coordinates)) {
        counts[i] = 1;
        weights[i][0] = C(1);
        offsets[i][0] = at[i] * axis.inStride;
        continue;
      }
      Taps taps(axis, at[i], options);
      outside[i] = taps.extrapolated;
      counts[i] = 0;
      for (int64_t t = 0; t < taps.count; ++t) {
        C weight = static_cast<C>(taps.weight(axis, t, options));
        if (weight == C(0))
          continue;
        weights[i][counts[i]] = weight;
        offsets[i][counts[i]++] = axis.clamp(taps.first + t) * axis.inStride;
      }
    }
  }
};

// The taps of a chunk of outputs along the last axis, and the source rows that were last
// interpolated along it: neighbouring rows of the result mostly share them.
template <typename C> struct ChunkTaps {
  static constexpr int64_t capacity = sizeof(C) == 4 ? 48 : 24; // keeps the frame below 4 KiB
  static constexpr int most = RowTaps<C>::most, slots = 4;
  int64_t size;
  int tapCount;
  int32_t positions[most][capacity];
  C weights[most][capacity];
  bool outside[capacity], anyOutside = false;
  C rows[slots][capacity];
  int64_t rowOffsets[slots];
  int nextSlot = 0;

  ChunkTaps(const Axis &axis, const Options &options, int64_t begin) {
    size = axis.out - begin < capacity ? axis.out - begin : capacity;
    tapCount = options.mode == linear ? 2 : 4;
    for (int64_t x = 0; x < size; ++x) {
      Taps taps(axis, begin + x, options);
      outside[x] = taps.extrapolated;
      anyOutside |= taps.extrapolated;
      for (int t = 0; t < tapCount; ++t) {
        positions[t][x] = static_cast<int32_t>(axis.clamp(taps.first + t));
        weights[t][x] = static_cast<C>(taps.weight(axis, t, options));
      }
    }
    for (int64_t &offset : rowOffsets)
      offset = -1;
  }

  // The row that starts at from[offset], interpolated.
  template <typename T> const C *row(const T *from, int64_t offset) {
    for (int slot = 0; slot < slots; ++slot)
      if (rowOffsets[slot] == offset)
        return rows[slot];
    C *result = rows[nextSlot];
    rowOffsets[nextSlot] = offset;
    nextSlot = (nextSlot + 1) % slots;
    const T *source = from + offset;
    for (int64_t x = 0; x < size; ++x) {
      C sum = C(0);
      for (int t = 0; t < tapCount; ++t)
        sum += weights[t][x] * static_cast<C>(source[positions[t][x]]);
      result[x] = sum;
    }
    return result;
  }
};

template <typename T, typename C = typename InterpolationType<T>::Type>
void interpolateRows(const Plan &plan, const Options &options, ChunkTaps<C> &chunk, int64_t begin,
                     int64_t firstRow, int64_t lastRow, T *to, const T *from, T fill) {
  constexpr int64_t capacity = ChunkTaps<C>::capacity;
  int64_t inner = plan.inner, rowSize = plan.axes[plan.count - 1].out * inner;
  C sums[capacity];
  RowTaps<C> rowTaps(plan, options, firstRow);
  for (int64_t row = firstRow; row < lastRow; ++row, rowTaps.nextRow(plan, options)) {
    T *target = to + row * rowSize + begin * inner;
    if (rowTaps.extrapolated() || rowTaps.empty()) {
      fillElements(target, rowTaps.extrapolated() ? fill : T(0.0f), chunk.size * inner);
      continue;
    }
    if (inner == 1) {
      C weight = rowTaps.weight();
      const C *source = chunk.row(from, rowTaps.offset());
      for (int64_t x = 0; x < chunk.size; ++x)
        sums[x] = weight * source[x];
      while (rowTaps.next()) {
        weight = rowTaps.weight();
        source = chunk.row(from, rowTaps.offset());
        for (int64_t x = 0; x < chunk.size; ++x)
          sums[x] += weight * source[x];
      }
      for (int64_t x = 0; x < chunk.size; ++x)
        target[x] = store<T>(sums[x]);
      for (int64_t x = 0; chunk.anyOutside && x < chunk.size; ++x)
        target[x] = chunk.outside[x] ? fill : target[x];
      continue;
    }
    for (int64_t x = 0; x < chunk.size; ++x, target += inner)
      for (int64_t c0 = 0; c0 < inner; c0 += capacity) {
        int64_t width = inner - c0 < capacity ? inner - c0 : capacity;
        fillElements(sums, C(0), width);
        do {
          const T *source = from + rowTaps.offset() + c0;
          C weight = rowTaps.weight();
          for (int t = 0; t < chunk.tapCount; ++t) {
            C product = weight * chunk.weights[t][x];
            const T *run = source + chunk.positions[t][x] * inner;
            for (int64_t c = 0; c < width; ++c)
              sums[c] += product * static_cast<C>(run[c]);
          }
        } while (rowTaps.next());
        for (int64_t c = 0; c < width; ++c)
          target[c0 + c] = chunk.outside[x] ? fill : store<T>(sums[c]);
      }
  }
}

// Linear and cubic interpolation without antialiasing: at most 4 taps an axis.
template <typename T>
void interpolate(const Plan &plan, const Options &options, T *to, const T *from, T fill) {
  using Chunk = ChunkTaps<typename InterpolationType<T>::Type>;
  const Axis &last = plan.axes[plan.count - 1];
  int64_t rows = plan.rows(), block = plan.rowsInBlock(sizeof(T));
  for (int64_t row = 0; row < rows; row += block)
    for (int64_t x = 0; x < last.out; x += Chunk::capacity) {
      Chunk chunk(last, options, x);
      interpolateRows<T>(plan, options, chunk, x, row, row + block < rows ? row + block : rows, to,
                         from, fill);
    }
}

// Any number of taps an axis, as antialiasing asks for.
template <typename T>
void interpolateWide(const Plan &plan, const Options &options, T *to, const T *from, T fill) {
  // Weights along the last axis are worked out once for an output as far as they have room here.
  constexpr int64_t room = 64;
  int before = plan.count - 1;
  const Axis &last = plan.axes[before];
  int64_t rows = plan.rows(), at[maxRank] = {}, position[maxRank] = {};
  Taps taps[maxRank];
  double lastWeights[room];
  int moved = 0;
  for (int64_t row = 0; row < rows; ++row, moved = plan.nextRow(at)) {
    bool rowOutside = false;
    for (int i = 0; i < before; ++i) {
      const Axis &axis = plan.axes[i];
      if (i >= moved && axis.isIdentity(options.coordinates))
        taps[i] = Taps::fixed(at[i]);
      else if (i >= moved)
        taps[i] = Taps(axis, at[i], options);
      rowOutside |= taps[i].extrapolated;
    }
    for (int64_t x = 0; x < last.out; ++x) {
      Taps lastTaps(last, x, options);
      int64_t held = lastTaps.count < room ? lastTaps.count : room;
      for (int64_t t = 0; t < held; ++t)
        lastWeights[t] = lastTaps.weight(last, t, options);
      bool outside = rowOutside || lastTaps.extrapolated;
      for (int64_t c = 0; c < plan.inner; ++c, ++to) {
        double sum = 0.0;
        for (bool more = true; more;) {
          double weight = 1.0;
          const T *source = from + c;
          for (int i = 0; i < before; ++i) {
            const Axis &axis = plan.axes[i];
            if (taps[i].count > 0)
              weight *= taps[i].weight(axis, position[i], options);
            source += axis.clamp(taps[i].first + position[i]) * axis.inStride;
          }
          double rowSum = 0.0;
          for (int64_t t = 0; t < lastTaps.count && weight != 0.0; ++t) {
            double w = t < held ? lastWeights[t] : lastTaps.weight(last, t, options);
            int64_t index = last.clamp(lastTaps.first + t);
            if (w != 0.0)
              rowSum +=
                  w * static_cast<double>(static_cast<ComputeOf<T>>(source[index * plan.inner]));
          }
          sum += weight * rowSum;
          more = false;
          for (int i = before - 1; i >= 0 && !more; --i) {
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
  // Positions in the tables of taps have 32 bits.
  if (options.mode != nearest && plan.axes[plan.count - 1].in > INT32_MAX)
    return PEBBLE_ERROR_UNSUPPORTED;
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
