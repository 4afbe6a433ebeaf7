// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/schedule/planner/Sections.h"

#include <algorithm>
#include <numeric>

using namespace pebble::planner;

Sections pebble::planner::cutSections(const std::vector<Buffer> &buffers) {
  Sections sections;
  std::vector<int64_t> &starts = sections.starts;
  for (const Buffer &buffer : buffers) {
    starts.push_back(buffer.lower);
    starts.push_back(buffer.upper);
  }
  std::sort(starts.begin(), starts.end());
  starts.erase(std::unique(starts.begin(), starts.end()), starts.end());
  if (starts.empty())
    return sections;

  // Sizes enter and leave at the ends of lives; the running sum is what lives between.
  std::vector<int64_t> change(starts.size(), 0);
  auto indexOf = [&](int64_t time) {
    return static_cast<int>(std::lower_bound(starts.begin(), starts.end(), time) - starts.begin());
  };
  for (const Buffer &buffer : buffers) {
    Span span{indexOf(buffer.lower), indexOf(buffer.upper)};
    sections.spans.push_back(span);
    change[span.first] += buffer.size;
    change[span.last] -= buffer.size;
    if (buffer.fixed)
      sections.lowerBound = std::max(sections.lowerBound, *buffer.fixed + buffer.size);
  }
  sections.liveBytes.resize(starts.size() - 1);
  std::partial_sum(change.begin(), change.end() - 1, sections.liveBytes.begin());
  auto most = std::max_element(sections.liveBytes.begin(), sections.liveBytes.end());
  sections.busiest = static_cast<int>(most - sections.liveBytes.begin());
  sections.lowerBound = std::max(sections.lowerBound, *most);
  return sections;
}

std::vector<std::vector<int>>
pebble::planner::independentGroups(const std::vector<Buffer> &buffers) {
  std::vector<int> order(buffers.size());
  std::iota(order.begin(), order.end(), 0);
  sortIndices(order, [&](int a, int b) { return buffers[a].lower < buffers[b].lower; });
  std::vector<std::vector<int>> groups;
  int64_t end = std::numeric_limits<int64_t>::min();
  for (int index : order) {
    if (groups.empty() || buffers[index].lower >= end)
      groups.emplace_back();
    groups.back().push_back(index);
    end = std::max(end, buffers[index].upper);
  }
  return groups;
}
