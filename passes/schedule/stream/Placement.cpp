// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/schedule/stream/Placement.h"

#include <algorithm>
#include <numeric>
#include <random>

using namespace pebble::stream;

std::vector<Interval> pebble::stream::excludedDistances(const RowBuffer &a, const RowBuffer &b) {
  std::vector<Interval> all;
  for (size_t row = 0; row < b.birth.size(); ++row) {
    // The rows of `a` that are alive at a moment of this row's life follow each other.
    int64_t begin =
        std::lower_bound(a.death.begin(), a.death.end(), b.birth[row]) - a.death.begin();
    int64_t end = std::upper_bound(a.birth.begin(), a.birth.end(), b.death[row]) - a.birth.begin();
    int64_t at = static_cast<int64_t>(row) * b.rowBytes;
    if (begin < end)
      all.push_back({begin * a.rowBytes - at - b.rowBytes, end * a.rowBytes - at});
  }
  std::sort(all.begin(), all.end(),
            [](const Interval &x, const Interval &y) { return x.low < y.low; });
  std::vector<Interval> merged;
  for (const Interval &next : all)
    if (!merged.empty() && next.low < merged.back().high)
      merged.back().high = std::max(merged.back().high, next.high);
    else
      merged.push_back(next);
  return merged;
}

int64_t pebble::stream::mostAlive(const std::vector<RowBuffer> &buffers) {
  std::vector<std::pair<int64_t, int64_t>> changes;
  for (const RowBuffer &buffer : buffers)
    for (size_t row = 0; row < buffer.birth.size(); ++row)
      if (buffer.death[row] >= buffer.birth[row]) {
        changes.push_back({buffer.birth[row], buffer.rowBytes});
        changes.push_back({buffer.death[row] + 1, -buffer.rowBytes});
      }
  // At one moment, what dies goes first.
  std::sort(changes.begin(), changes.end());
  int64_t alive = 0, most = 0;
  for (auto [moment, bytes] : changes)
    most = std::max(most, alive += bytes);
  return most;
}

namespace {

constexpr uint32_t mostClimbs = 8;
constexpr int64_t nearEnough = 200; // A part of the bound.

class Placer {
public:
  explicit Placer(const std::vector<RowBuffer> &buffers)
      : buffers(buffers), excluded(buffers.size()), bound(mostAlive(buffers)) {
    for (size_t b = 0; b < buffers.size(); ++b) {
      excluded[b].resize(buffers.size());
      for (size_t a = 0; a < b; ++a) {
        excluded[b][a] = excludedDistances(buffers[a], buffers[b]);
        for (auto it = excluded[b][a].rbegin(); it != excluded[b][a].rend(); ++it)
          excluded[a][b].push_back({-it->high, -it->low});
      }
    }
  }

  PlacedRows run(int tries) {
    for (std::vector<int> &order : simpleOrders()) {
      offer(std::move(order));
      if (best.height <= bound)
        return best;
    }
    // Where a climb ends is luck: others start from the same order where one ends far up.
    const std::vector<int> start = bestOrder;
    const PlacedRows first = best;
    PlacedRows lowest = best;
    for (uint32_t seed = 1; seed <= mostClimbs; ++seed) {
      best = first;
      bestOrder = start;
      climb(tries, seed);
      if (best.height < lowest.height)
        lowest = best;
      if (lowest.height - bound <= bound / nearEnough)
        break;
    }
    return lowest;
  }

private:
  std::vector<std::vector<int>> simpleOrders() const {
    auto sorted = [&](auto key) { return sortedByKey(buffers.size(), key); };
    auto isLong = [&](int i) { return buffers[i].birth.size() > 1; };
    auto birth = [&](int i) { return buffers[i].birth.front(); };
    auto bytes = [&](int i) { return buffers[i].bytes(); };
    // What is written later is placed first, so that what it is written over can lie above it.
    return {sorted(bytes), sorted([&](int i) { return std::pair(isLong(i), birth(i)); }),
            sorted([&](int i) { return std::pair(isLong(i), -birth(i)); }),
            sorted([&](int i) { return -birth(i); }), sorted(birth)};
  }

  /// Each at the lowest offset that those before it leave.
  PlacedRows place(const std::vector<int> &order) const {
    PlacedRows placed;
    placed.offsets.assign(buffers.size(), -1);
    std::vector<Interval> taken;
    for (int next : order) {
      taken.clear();
      for (size_t other = 0; other < buffers.size(); ++other)
        if (placed.offsets[other] >= 0)
          for (const Interval &interval : excluded[next][other])
            if (placed.offsets[other] + interval.high > 0)
              taken.push_back(
                  {placed.offsets[other] + interval.low, placed.offsets[other] + interval.high});
      std::sort(taken.begin(), taken.end(),
                [](const Interval &x, const Interval &y) { return x.low < y.low; });
      int64_t offset = 0, alignment = buffers[next].alignment;
      for (const Interval &interval : taken)
        if (offset > interval.low && offset < interval.high)
          offset = (interval.high + alignment - 1) / alignment * alignment;
      placed.offsets[next] = offset;
      placed.height = std::max(placed.height, offset + buffers[next].bytes());
    }
    return placed;
  }

  bool offer(std::vector<int> order) {
    PlacedRows placed = place(order);
    bool isBetter = bestOrder.empty() || placed.height < best.height;
    if (isBetter || placed.height == best.height) {
      best = std::move(placed);
      bestOrder = std::move(order);
    }
    return isBetter;
  }

  /// Moves what ends at the top, or anything, to another place of the order.
  void climb(int tries, uint32_t seed) {
    std::mt19937 random(seed);
    size_t count = buffers.size();
    for (int turn = 0; turn < tries && best.height > bound && count > 1; ++turn) {
      std::vector<int> order = bestOrder;
      size_t from = random() % count, to = random() % count;
      if (turn % 2 == 0) {
        std::vector<size_t> top;
        for (size_t i = 0; i < count; ++i)
          if (best.offsets[order[i]] + buffers[order[i]].bytes() == best.height)
            top.push_back(i);
        from = top[random() % top.size()];
        to = from > 0 ? random() % from : to;
      }
      int moved = order[from];
      order.erase(order.begin() + from);
      order.insert(order.begin() + to, moved);
      offer(std::move(order));
    }
  }

  const std::vector<RowBuffer> &buffers;
  /// [b][a]: what `a` excludes of offset(b) - offset(a).
  std::vector<std::vector<std::vector<Interval>>> excluded;
  int64_t bound;
  PlacedRows best;
  std::vector<int> bestOrder;
};

} // namespace

PlacedRows pebble::stream::placeRows(const std::vector<RowBuffer> &buffers, int tries) {
  return Placer(buffers).run(tries);
}
