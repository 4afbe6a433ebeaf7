// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/schedule/planner/Search.h"

#include "passes/schedule/planner/Frame.h"

#include <algorithm>
#include <memory>
#include <numeric>

using namespace pebble::planner;

namespace {

/// Depth first over placements. At each node one buffer is placed at the lowest offset it can have;
/// if that fails, it cannot be there, so it lies on something that is left to place: its offset is
/// raised to the lowest end of those, and the node goes on. Every plan in which all buffers rest on
/// the ground or on another is met once. `T` holds offsets, in units of the sizes' common divisor.
template <typename T> class Search {
public:
  Search(const std::vector<Buffer> &buffers, const Sections &sections, int64_t capacity,
         int64_t unit)
      : buffers(buffers), sections(sections), capacity(static_cast<T>(capacity / unit)), unit(unit),
        total(sections.count()), cuts(sections.count()), floor(sections.count()),
        load(sections.count()) {}

  Answer run(Budget &budget, Experience &experience, std::vector<int64_t> &offsets);

private:
  static constexpr T kNone = std::numeric_limits<T>::max();

  void fillRoot();
  Answer search(int depth);
  Answer place(int depth, int32_t chosen, bool &isFree);
  Answer descend(int depth, int32_t first, int32_t last);
  bool lift(Frame<T> &frame);
  bool fitsSections(Frame<T> &frame);
  int32_t choose(const Frame<T> &frame);
  int32_t chooseAtFloor(const Frame<T> &frame);
  int32_t chooseTightest(const Frame<T> &frame);
  T nextLevel(const Frame<T> &frame, int32_t index) const;

  Frame<T> &frameAt(int depth) {
    while (static_cast<int>(frames.size()) <= depth)
      frames.push_back(std::make_unique<Frame<T>>());
    return *frames[depth];
  }
  T alignUp(T value, int32_t rank) const {
    T step = alignment[rank];
    return step == 1 ? value : (value + step - 1) / step * step;
  }
  /// Two with the same life, one on the other, may change places: only one order is tried.
  bool isSwapped(int32_t rank, T offset) const {
    int32_t below = classRank[classOf[rank]];
    return aligned && below > rank && classTop[classOf[rank]] == offset && fixed[rank] < 0 &&
           fixed[below] < 0;
  }

  const std::vector<Buffer> &buffers;
  const Sections &sections;
  const T capacity;
  const int64_t unit;
  Focus focus = Focus::lowest;
  Budget *limit = nullptr;
  std::vector<std::unique_ptr<Frame<T>>> frames;

  // By rank.
  std::vector<int32_t> bufferOf;
  std::vector<T> alignment, fixed, placedAt;
  bool aligned = true; ///< Every offset is aligned as it comes.
  bool anyFixed = false;

  /// Buffers with the same life are a class; the last one placed of each, and where it ends.
  std::vector<int32_t> classOf, classRank;
  std::vector<T> classTop;

  // By section.
  Weights weight;
  std::vector<T> total;      ///< Bytes left to place.
  std::vector<int32_t> cuts; ///< How many of what is left to place cross into the next section.
  std::vector<T> floor;      ///< The lowest offset of what is left to place.
  std::vector<T> load;       ///< Scratch of one function at a time.
};

template <typename T> void Search<T>::fillRoot() {
  size_t n = bufferOf.size();
  alignment.assign(n, 1);
  fixed.assign(n, -1);
  placedAt.assign(n, 0);
  std::fill(total.begin(), total.end(), 0);
  std::fill(cuts.begin(), cuts.end(), 0);
  Frame<T> &root = frameAt(0);
  root.reset(n, 0, sections.count());
  root.count = static_cast<int32_t>(n);
  std::vector<std::pair<int64_t, int32_t>> lives;
  for (int32_t r = 0; r < root.count; ++r) {
    const Buffer &buffer = buffers[bufferOf[r]];
    Span span = sections.spans[bufferOf[r]];
    // Offsets are sums of sizes, so that an alignment that divides the unit holds by itself.
    if (unit % buffer.alignment != 0) {
      alignment[r] = static_cast<T>(buffer.alignment / unit);
      aligned = false;
    }
    if (buffer.fixed) {
      fixed[r] = static_cast<T>(*buffer.fixed / unit);
      anyFixed = true;
    }
    T size = static_cast<T>(buffer.size / unit);
    root.offset[r] = root.support[r] = std::max<T>(fixed[r], 0);
    root.size[r] = size;
    root.first[r] = span.first;
    root.last[r] = span.last;
    root.rank[r] = root.sorted[r] = r;
    for (int s = span.first; s < span.last; ++s)
      total[s] += size;
    for (int s = span.first; s + 1 < span.last; ++s)
      ++cuts[s];
    lives.push_back({(static_cast<int64_t>(span.first) << 32) | span.last, r});
  }
  std::sort(lives.begin(), lives.end());
  classOf.resize(n);
  int32_t classes = 0;
  for (size_t i = 0; i < n; ++i) {
    classes += i > 0 && lives[i].first != lives[i - 1].first;
    classOf[lives[i].second] = classes;
  }
  classTop.assign(classes + 1, -1);
  classRank.assign(classes + 1, -1);
}

/// The lowest end of what is left to place and alive together with `index`.
template <typename T> T Search<T>::nextLevel(const Frame<T> &frame, int32_t index) const {
  int32_t first = frame.first[index], last = frame.last[index];
  T level = kNone;
  for (int32_t i = 0; i < frame.count; ++i) {
    bool together = frame.first[i] < last && frame.last[i] > first && i != index;
    level = std::min<T>(level, together ? frame.offset[i] + frame.size[i] : kNone);
  }
  return level;
}

/// What was raised above its support lies on something that is left to place, so that it rises with
/// the lowest end of those. False when there is nothing it could lie on.
template <typename T> bool Search<T>::lift(Frame<T> &frame) {
  for (bool changed = true; changed;) {
    changed = false;
    for (int32_t i = 0; i < frame.count; ++i) {
      if (frame.offset[i] <= frame.support[i])
        continue;
      T level = nextLevel(frame, i);
      if (level > capacity)
        return false;
      level = alignUp(level, frame.rank[i]);
      if (level > frame.offset[i]) {
        frame.offset[i] = level;
        changed = true;
      }
    }
  }
  return true;
}

/// Whether in each section, for every height, what can only be above it still fits between it and
/// the capacity. Sets `floor`.
template <typename T> bool Search<T>::fitsSections(Frame<T> &frame) {
  // Insertion: a frame has nearly the order of the one it was made from.
  int32_t *sorted = frame.sorted.data();
  const T *offsets = frame.offset.data();
  for (int32_t i = 1; i < frame.count; ++i) {
    int32_t index = sorted[i], j = i;
    for (; j > 0 && offsets[sorted[j - 1]] < offsets[index]; --j)
      sorted[j] = sorted[j - 1];
    sorted[j] = index;
  }
  std::fill(load.begin() + frame.begin, load.begin() + frame.end, 0);
  for (int32_t i = 0; i < frame.count; ++i) {
    int32_t index = sorted[i], first = frame.first[index], last = frame.last[index];
    T offset = offsets[index], size = frame.size[index], most = 0;
    for (int32_t s = first; s < last; ++s) {
      load[s] += size;
      floor[s] = offset;
      most = std::max(most, load[s]);
    }
    if (most + offset <= capacity)
      continue;
    for (int32_t s = first; s < last; ++s)
      weight[s] += load[s] + offset > capacity;
    return false;
  }
  return true;
}

/// The first by rank of what is at the lowest offset; with `Focus::critical`, of that in the
/// section with the least product of choice and room, by its weight.
template <typename T> int32_t Search<T>::chooseAtFloor(const Frame<T> &frame) {
  T lowest = frame.offset[frame.sorted[frame.count - 1]];
  int32_t from = frame.count;
  while (from > 0 && frame.offset[frame.sorted[from - 1]] == lowest)
    --from;
  int32_t chosen = frame.count, section = -1;
  if (focus == Focus::critical) {
    std::fill(load.begin() + frame.begin, load.begin() + frame.end, 0);
    for (int32_t k = from; k < frame.count; ++k)
      for (int32_t s = frame.first[frame.sorted[k]]; s < frame.last[frame.sorted[k]]; ++s)
        ++load[s];
    // Room is counted on top of a tenth of the capacity: with no room anywhere, choice decides.
    double least = std::numeric_limits<double>::max(), base = 0.1 * static_cast<double>(capacity);
    for (int32_t s = frame.begin; s < frame.end; ++s) {
      if (load[s] == 0)
        continue;
      double room = static_cast<double>(capacity - floor[s] - total[s]);
      double score = (room + base) * static_cast<double>(load[s]) / weight[s];
      if (score < least) {
        least = score;
        section = s;
      }
    }
  }
  for (int32_t k = from; k < frame.count; ++k) {
    int32_t i = frame.sorted[k];
    if (section < 0 || (frame.first[i] <= section && section < frame.last[i]))
      chosen = std::min(chosen, i);
  }
  return chosen;
}

template <typename T> int32_t Search<T>::chooseTightest(const Frame<T> &frame) {
  double least = std::numeric_limits<double>::max();
  int32_t section = frame.begin;
  for (int32_t s = frame.begin; s < frame.end; ++s) {
    if (total[s] == 0)
      continue;
    double room = (static_cast<double>(capacity - floor[s] - total[s]) + 1) / weight[s];
    if (room < least) {
      least = room;
      section = s;
    }
  }
  int32_t chosen = -1;
  for (int32_t i = 0; i < frame.count; ++i)
    if (frame.first[i] <= section && section < frame.last[i] &&
        (chosen < 0 || frame.offset[i] < frame.offset[chosen]))
      chosen = i;
  // What could lie below goes first.
  for (int32_t below = chosen; below >= 0;) {
    chosen = below;
    below = -1;
    for (int32_t i = 0; i < frame.count; ++i)
      if (i != chosen && frame.first[i] < frame.last[chosen] &&
          frame.last[i] > frame.first[chosen] &&
          frame.offset[i] + frame.size[i] <= frame.offset[chosen] &&
          (below < 0 || frame.offset[i] < frame.offset[below]))
        below = i;
  }
  return chosen;
}

template <typename T> int32_t Search<T>::choose(const Frame<T> &frame) {
  return focus == Focus::tightest ? chooseTightest(frame) : chooseAtFloor(frame);
}

template <typename T> Answer Search<T>::search(int depth) {
  Frame<T> &frame = *frames[depth];
  if (frame.count == 0)
    return Answer::fits;
  while (true) {
    if (!limit->spend(frame.count + 16))
      return Answer::unknown;
    if (!lift(frame) || !fitsSections(frame))
      return Answer::doesNotFit;
    int32_t chosen = choose(frame), rank = frame.rank[chosen];
    T offset = frame.offset[chosen], size = frame.size[chosen];
    if (!isSwapped(rank, offset)) {
      bool isFree = false;
      Answer answer = place(depth, chosen, isFree);
      // If nothing has to lie above it, it can be here in every plan.
      if (answer != Answer::doesNotFit || isFree)
        return answer;
    }
    T level = nextLevel(frame, chosen);
    if (fixed[rank] >= 0 || level > capacity)
      return Answer::doesNotFit;
    // The same holds for all that are equal to it.
    for (int32_t i = 0; i < frame.count; ++i) {
      int32_t other = frame.rank[i];
      if (classOf[other] == classOf[rank] && frame.size[i] == size && frame.offset[i] == offset &&
          fixed[other] < 0 && alignment[other] == alignment[rank])
        frame.offset[i] = alignUp(level, other);
    }
  }
}

/// Places `chosen` at its offset and searches on; `isFree` tells that nothing has to lie above it.
template <typename T> Answer Search<T>::place(int depth, int32_t chosen, bool &isFree) {
  Frame<T> &frame = *frames[depth];
  int32_t rank = frame.rank[chosen], first = frame.first[chosen], last = frame.last[chosen];
  T offset = frame.offset[chosen], size = frame.size[chosen], top = offset + size;
  Frame<T> &child = frameAt(depth + 1);
  child.reset(frame.count, frame.begin, frame.end);
  for (int32_t i = 0; i < frame.count; ++i)
    if (i != chosen)
      child.push(frame, i);
  for (int32_t i = 0, next = 0; i < frame.count; ++i)
    if (frame.sorted[i] != chosen)
      child.sorted[next++] = frame.sorted[i] - (frame.sorted[i] > chosen);

  isFree = true;
  for (int32_t i = 0; i < child.count; ++i) {
    bool together = child.first[i] < last && child.last[i] > first;
    isFree &= !together || child.offset[i] >= top;
    child.support[i] = std::max(child.support[i], together ? top : child.support[i]);
    child.offset[i] = std::max(child.offset[i], together ? top : child.offset[i]);
  }
  if (!aligned)
    for (int32_t i = 0; i < child.count; ++i) {
      child.support[i] = alignUp(child.support[i], child.rank[i]);
      child.offset[i] = alignUp(child.offset[i], child.rank[i]);
    }
  if (anyFixed)
    for (int32_t i = 0; i < child.count; ++i)
      if (fixed[child.rank[i]] >= 0 && child.offset[i] != fixed[child.rank[i]])
        return Answer::doesNotFit;

  placedAt[rank] = offset;
  T &classEnd = classTop[classOf[rank]], oldEnd = classEnd;
  int32_t &classLast = classRank[classOf[rank]], oldLast = classLast;
  classEnd = top;
  classLast = rank;
  for (int32_t s = first; s < last; ++s)
    total[s] -= size;
  Answer answer = descend(depth + 1, first, last);
  for (int32_t s = first; s < last; ++s)
    total[s] += size;
  classEnd = oldEnd;
  classLast = oldLast;
  return answer;
}

/// Searches on after a placement in sections [first, last). Ranges of sections that nothing left to
/// place connects are searched one by one: what fails in one is not tried again for each plan of
/// another.
template <typename T> Answer Search<T>::descend(int depth, int32_t first, int32_t last) {
  Frame<T> &frame = *frames[depth];
  std::vector<int32_t> bounds;
  for (int32_t s = first; s + 1 < last; ++s)
    if (--cuts[s] == 0)
      bounds.push_back(s + 1);
  Answer answer = Answer::fits;
  if (bounds.empty()) {
    answer = search(depth);
  } else {
    struct Part {
      int32_t count, begin, end;
    };
    std::vector<Part> parts;
    bounds.push_back(frame.end);
    int32_t begin = frame.begin;
    for (int32_t bound : bounds) {
      int32_t count = 0;
      for (int32_t i = 0; i < frame.count; ++i)
        count += frame.first[i] >= begin && frame.last[i] <= bound;
      parts.push_back({count, begin, bound});
      begin = bound;
    }
    // Small ones first: where there is no plan, that is found soonest.
    std::sort(parts.begin(), parts.end(), [](const Part &a, const Part &b) {
      return a.count != b.count ? a.count < b.count : a.begin < b.begin;
    });
    for (const Part &part : parts) {
      Frame<T> &piece = frameAt(depth + 1);
      piece.reset(part.count, part.begin, part.end);
      for (int32_t i = 0; i < frame.count; ++i)
        if (frame.first[i] >= part.begin && frame.last[i] <= part.end)
          piece.push(frame, i);
      answer = search(depth + 1);
      if (answer != Answer::fits)
        break;
    }
  }
  for (int32_t s = first; s + 1 < last; ++s)
    ++cuts[s];
  return answer;
}

template <typename T>
Answer Search<T>::run(Budget &budget, Experience &experience, std::vector<int64_t> &offsets) {
  const int64_t count = static_cast<int64_t>(buffers.size());
  // A node costs about as many steps as there are buffers left, so that this is twice the way down.
  const int64_t shortest = count * std::max<int64_t>(400, count);
  experience.weights.resize(std::size(kStrategies), Weights(sections.count(), 1.0));
  while (!budget.empty()) {
    const Turn next = turnAt(experience.turns++);
    const Strategy &strategy = kStrategies[next.strategy];
    Random *shake = next.isShaken ? &experience.random : nullptr;
    focus = strategy.focus;
    bufferOf = rankBuffers(buffers, sections, strategy.order, shake);
    fillRoot();
    Weights &kept = experience.weights[next.strategy];
    weight = shake ? shakenWeights(kept.size(), *shake) : kept;
    Budget turn = budget.part(shortest * next.length);
    limit = &turn;
    int64_t before = turn.remaining();
    Answer answer = search(0);
    budget.spend(before - turn.remaining());
    if (!shake)
      kept.swap(weight);
    if (answer == Answer::fits) {
      offsets.assign(buffers.size(), 0);
      for (size_t rank = 0; rank < buffers.size(); ++rank)
        offsets[bufferOf[rank]] = static_cast<int64_t>(placedAt[rank]) * unit;
    }
    if (answer != Answer::unknown)
      return answer;
  }
  return Answer::unknown;
}

} // namespace

Answer pebble::planner::searchFit(const std::vector<Buffer> &buffers, int64_t capacity,
                                  Budget &budget, Experience &experience,
                                  std::vector<int64_t> &offsets) {
  if (buffers.empty())
    return Answer::fits;
  Sections sections = cutSections(buffers);
  if (sections.lowerBound > capacity)
    return Answer::doesNotFit;
  if (buffers.size() > kMostSearched)
    return Answer::unknown;
  int64_t unit = 0, steepest = 1;
  for (const Buffer &buffer : buffers) {
    unit = std::gcd(unit, buffer.size);
    unit = std::gcd(unit, buffer.fixed.value_or(0));
    steepest = std::max(steepest, buffer.alignment);
  }
  for (const Buffer &buffer : buffers)
    if (unit % buffer.alignment != 0)
      unit = std::gcd(unit, buffer.alignment);
  // Ends and loads are at most three times the capacity, and are rounded up to an alignment.
  constexpr int64_t mostInNarrow = std::numeric_limits<int32_t>::max() / 8;
  if (capacity / unit < mostInNarrow && steepest / unit < mostInNarrow)
    return Search<int32_t>(buffers, sections, capacity, unit).run(budget, experience, offsets);
  return Search<int64_t>(buffers, sections, capacity, unit).run(budget, experience, offsets);
}
