// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/schedule/planner/Greedy.h"

#include "passes/schedule/planner/Random.h"

#include <algorithm>
#include <array>
#include <numeric>

using namespace pebble::planner;

namespace {

int64_t alignUp(int64_t value, int64_t alignment) {
  return (value + alignment - 1) / alignment * alignment;
}

/// Bytes [begin, end) that are taken.
struct Taken {
  int64_t begin, end;
  bool operator<(const Taken &other) const {
    return begin != other.begin ? begin < other.begin : end < other.end;
  }
};

/// The lowest gap between `taken`, which is sorted, that holds `buffer`; with `tight`, the
/// smallest.
int64_t findGap(const std::vector<Taken> &taken, const Buffer &buffer, bool tight) {
  int64_t end = 0, found = -1, smallest = std::numeric_limits<int64_t>::max();
  for (const Taken &range : taken) {
    int64_t offset = alignUp(end, buffer.alignment);
    int64_t gap = range.begin - offset;
    if (gap >= buffer.size && gap < smallest) {
      found = offset;
      smallest = gap;
      if (!tight)
        break;
    }
    end = std::max(end, range.end);
  }
  return found >= 0 ? found : alignUp(end, buffer.alignment);
}

int64_t heightOf(const std::vector<Buffer> &buffers, const std::vector<int64_t> &offsets) {
  int64_t height = 0;
  for (size_t i = 0; i < buffers.size(); ++i)
    height = std::max(height, offsets[i] + buffers[i].size);
  return height;
}

} // namespace

Plan pebble::planner::planByTime(const std::vector<Buffer> &buffers) {
  std::vector<int> order(buffers.size());
  std::iota(order.begin(), order.end(), 0);
  sortIndices(order, [&](int a, int b) {
    return buffers[a].lower != buffers[b].lower ? buffers[a].lower < buffers[b].lower
                                                : buffers[a].size > buffers[b].size;
  });
  Plan plan;
  plan.offsets.assign(buffers.size(), 0);
  std::vector<int> fixed, alive;
  for (int index : order)
    if (buffers[index].fixed) {
      fixed.push_back(index);
      plan.offsets[index] = *buffers[index].fixed;
    }
  std::vector<Taken> taken;
  for (int index : order) {
    const Buffer &buffer = buffers[index];
    if (buffer.fixed)
      continue;
    std::erase_if(alive, [&](int other) { return buffers[other].upper <= buffer.lower; });
    taken.clear();
    for (int other : alive)
      taken.push_back({plan.offsets[other], plan.offsets[other] + buffers[other].size});
    for (int other : fixed)
      if (buffers[other].lower < buffer.upper && buffer.lower < buffers[other].upper)
        taken.push_back({plan.offsets[other], plan.offsets[other] + buffers[other].size});
    std::sort(taken.begin(), taken.end());
    plan.offsets[index] = findGap(taken, buffer, /*tight=*/true);
    alive.push_back(index);
  }
  plan.height = heightOf(buffers, plan.offsets);
  return plan;
}

bool pebble::planner::isGreedyAffordable(const Sections &sections) {
  constexpr int64_t most = 1 << 24;
  // Buffers that start while another is alive, counted by how many are alive at each section.
  std::vector<int64_t> change(sections.count() + 1, 0), starting(sections.count() + 1, 0);
  for (const Span &span : sections.spans) {
    ++change[span.first];
    --change[span.last];
    ++starting[span.first];
  }
  int64_t alive = 0, pairs = 0;
  for (int s = 0; s < sections.count(); ++s) {
    alive += change[s];
    pairs += alive * starting[s];
    if (pairs > most)
      return false;
  }
  return true;
}

Greedy::Greedy(const std::vector<Buffer> &buffers, const Sections &sections)
    : buffers(buffers), sections(sections), neighbors(buffers.size()) {
  std::vector<int> byStart(buffers.size()), alive;
  std::iota(byStart.begin(), byStart.end(), 0);
  sortIndices(byStart, [&](int a, int b) { return buffers[a].lower < buffers[b].lower; });
  for (int index : byStart) {
    std::erase_if(alive, [&](int other) { return buffers[other].upper <= buffers[index].lower; });
    for (int other : alive) {
      neighbors[index].push_back(other);
      neighbors[other].push_back(index);
    }
    alive.push_back(index);
  }
  best.height = std::numeric_limits<int64_t>::max();
}

Plan Greedy::place(const std::vector<int> &order, Budget &budget) const {
  constexpr int64_t unplaced = -1;
  Plan plan;
  plan.offsets.assign(buffers.size(), unplaced);
  for (size_t i = 0; i < buffers.size(); ++i)
    if (buffers[i].fixed)
      plan.offsets[i] = *buffers[i].fixed;
  std::vector<Taken> taken;
  for (int index : order) {
    if (buffers[index].fixed)
      continue;
    budget.spend(static_cast<int64_t>(neighbors[index].size()) + 16);
    taken.clear();
    for (int other : neighbors[index])
      if (plan.offsets[other] != unplaced)
        taken.push_back({plan.offsets[other], plan.offsets[other] + buffers[other].size});
    std::sort(taken.begin(), taken.end());
    plan.offsets[index] = findGap(taken, buffers[index], /*tight=*/false);
  }
  plan.height = heightOf(buffers, plan.offsets);
  return plan;
}

void Greedy::keep(const std::vector<int> &order, Plan plan) {
  if (plan.height >= best.height)
    return;
  best = std::move(plan);
  bestOrder = order;
}

Plan Greedy::plan(int64_t goal, Budget &budget) {
  size_t n = buffers.size();
  std::vector<int64_t> pressure(n); // The most bytes alive during a buffer's life.
  for (size_t i = 0; i < n; ++i)
    for (int s = sections.spans[i].first; s < sections.spans[i].last; ++s)
      pressure[i] = std::max(pressure[i], sections.liveBytes[s]);
  auto width = [&](int i) { return buffers[i].upper - buffers[i].lower; };
  auto area = [&](int i) { return double(width(i)) * double(buffers[i].size); };
  auto first = [&](auto key) {
    std::vector<int> order(n);
    std::iota(order.begin(), order.end(), 0);
    sortIndices(order, [&](int a, int b) { return key(a) > key(b); });
    return order;
  };
  const std::vector<int> orders[] = {
      first([&](int i) { return std::pair(buffers[i].size, width(i)); }),
      first([&](int i) { return area(i); }),
      first([&](int i) { return std::pair(pressure[i], area(i)); }),
      first([&](int i) { return std::pair(width(i), buffers[i].size); }),
      first([&](int i) { return std::pair(-buffers[i].lower, buffers[i].size); }),
      first([&](int i) { return std::pair(buffers[i].upper, buffers[i].size); }),
      first([&](int i) { return neighbors[i].size(); }),
  };
  for (const std::vector<int> &order : orders) {
    keep(order, place(order, budget));
    if (best.height <= goal || budget.empty())
      break;
  }
  return best;
}

Plan Greedy::climb(int64_t goal, Budget &budget) {
  if (bestOrder.empty())
    plan(goal, budget);
  Random random;
  std::vector<int> order = bestOrder, position(order.size());
  Plan current = best;
  std::vector<int> top;
  while (best.height > goal && budget.spend(static_cast<int64_t>(buffers.size()))) {
    for (size_t i = 0; i < order.size(); ++i)
      position[order[i]] = static_cast<int>(i);
    top.clear();
    for (size_t i = 0; i < buffers.size(); ++i)
      if (current.offsets[i] + buffers[i].size == current.height && !buffers[i].fixed)
        top.push_back(static_cast<int>(i));
    if (top.empty())
      break; // Only a fixed buffer is that high.
    int moved = top[random.below(top.size())];
    // One in two moves goes to what lies below, so that a whole tower can change.
    for (size_t depth = random.below(4); depth > 0; --depth) {
      const std::vector<int> &near = neighbors[moved];
      int below = near.empty() ? moved : near[random.below(near.size())];
      if (current.offsets[below] < current.offsets[moved] && !buffers[below].fixed)
        moved = below;
    }
    int from = position[moved];
    if (from == 0)
      continue;
    const std::vector<int> &near = neighbors[moved];
    int to = near.empty() ? 0 : position[near[random.below(near.size())]];
    if (to >= from)
      to = static_cast<int>(random.below(from));
    std::vector<int> changed = order;
    std::rotate(changed.begin() + to, changed.begin() + from, changed.begin() + from + 1);
    Plan plan = place(changed, budget);
    if (plan.height <= current.height) {
      order = changed;
      current = plan;
      keep(order, std::move(plan));
    }
  }
  return best;
}
