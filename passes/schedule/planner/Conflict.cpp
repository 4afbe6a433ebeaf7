// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/schedule/planner/Conflict.h"

#include <algorithm>

using namespace pebble::planner;

std::vector<int> pebble::planner::findLiveConflict(const std::vector<Buffer> &buffers,
                                                   int64_t capacity) {
  Sections sections = cutSections(buffers);
  std::vector<int> alive;
  for (size_t i = 0; i < buffers.size(); ++i)
    if (sections.spans[i].first <= sections.busiest && sections.busiest < sections.spans[i].last)
      alive.push_back(static_cast<int>(i));
  sortIndices(alive, [&](int a, int b) { return buffers[a].size > buffers[b].size; });
  int64_t bytes = 0;
  size_t count = 0;
  while (count < alive.size() && bytes <= capacity)
    bytes += buffers[alive[count++]].size;
  if (bytes <= capacity)
    return {};
  alive.resize(count);
  std::sort(alive.begin(), alive.end());
  return alive;
}

bool pebble::planner::shrinkConflict(const std::vector<Buffer> &buffers, int64_t capacity,
                                     Budget &budget, std::vector<int> &conflict) {
  // What takes the least area matters least, most likely.
  std::vector<int> order = conflict;
  auto area = [&](int i) {
    return static_cast<double>(buffers[i].upper - buffers[i].lower) *
           static_cast<double>(buffers[i].size);
  };
  sortIndices(order, [&](int a, int b) { return area(a) < area(b); });
  bool isMinimal = true;
  for (int left : order) {
    std::vector<Buffer> rest;
    for (int index : conflict)
      if (index != left)
        rest.push_back(buffers[index]);
    Experience none;
    std::vector<int64_t> offsets;
    Answer answer = searchFit(rest, capacity, budget, none, offsets);
    if (answer == Answer::doesNotFit)
      std::erase(conflict, left);
    else if (answer == Answer::unknown)
      isMinimal = false;
  }
  return isMinimal;
}
