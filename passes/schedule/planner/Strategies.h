// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How the search chooses what to place next, and how the ways to choose take turns.
#ifndef PEBBLE_PASSES_SCHEDULE_PLANNER_STRATEGIES_H
#define PEBBLE_PASSES_SCHEDULE_PLANNER_STRATEGIES_H

#include "passes/schedule/planner/Random.h"
#include "passes/schedule/planner/Sections.h"

#include <array>

namespace pebble::planner {

enum class Key { width, area, total };
/// The order of what could be placed next, by falling keys compared one after the other.
using Order = std::array<Key, 3>;

/// Which buffer is placed next: one that no other can lie below, in a section that is chosen.
enum class Focus {
  lowest,   ///< The lowest offset, wherever it is.
  critical, ///< Among the sections with the lowest floor, where there is least choice and room.
  tightest  ///< The section with the least room, which may build towers beside valleys.
};

struct Strategy {
  Focus focus;
  Order order;
};

/// None is best for all problems, and most problems are easy for one: they take turns.
inline constexpr Strategy kStrategies[] = {
    {Focus::critical, {Key::width, Key::area, Key::total}},
    {Focus::critical, {Key::total, Key::area, Key::width}},
    {Focus::lowest, {Key::width, Key::area, Key::total}},
    {Focus::lowest, {Key::total, Key::area, Key::width}},
    {Focus::critical, {Key::total, Key::width, Key::area}},
    {Focus::lowest, {Key::total, Key::width, Key::area}},
    {Focus::tightest, {Key::width, Key::area, Key::total}},
};
/// So many of them, the first, are shaken: they find most, and differ in the first key, which is
/// all that counts then.
inline constexpr int64_t kShakenStrategies = 2;

/// Of each section: how often it was the reason to turn back.
using Weights = std::vector<double>;

/// What searches for one height leave to those after them.
struct Experience {
  int64_t turns = 0;
  Random random;
  std::vector<Weights> weights; ///< By strategy.
};

struct Turn {
  size_t strategy;
  int64_t length; ///< In shortest turns.
  bool isShaken;  ///< It starts with chance in its order and its weights.
};

/// Long turns prove, and what they learn is kept. Many short turns that differ by chance find: how
/// long a search takes depends so much on its first choices that it is better to start again.
Turn turnAt(int64_t number);

/// The buffers in `order`; with `shake`, each key is multiplied by chance.
std::vector<int32_t> rankBuffers(const std::vector<Buffer> &buffers, const Sections &sections,
                                 const Order &order, Random *shake);

/// Weights to start with that only chance sets apart.
Weights shakenWeights(size_t sections, Random &random);

} // namespace pebble::planner

#endif // PEBBLE_PASSES_SCHEDULE_PLANNER_STRATEGIES_H
