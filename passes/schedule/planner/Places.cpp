// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/schedule/planner/Places.h"

#include <algorithm>
#include <numeric>

using namespace pebble::planner;

namespace {

void join(Buffer &place, const Buffer &buffer) {
  place.lower = std::min(place.lower, buffer.lower);
  place.upper = std::max(place.upper, buffer.upper);
  place.size = std::max(place.size, buffer.size);
  place.alignment = joinAlignments(place.alignment, buffer.alignment);
  if (buffer.fixed)
    place.fixed = buffer.fixed;
  place.regions &= buffer.regions;
  place.traffic += buffer.traffic;
}

} // namespace

int64_t pebble::planner::joinAlignments(int64_t a, int64_t b) {
  int64_t factor = b / std::gcd(a, b);
  return a > kMost / factor ? kMost + 1 : a * factor;
}

std::vector<int> Places::membersOf(const std::vector<int> &places) const {
  std::vector<int> all;
  for (int place : places)
    all.insert(all.end(), members[place].begin(), members[place].end());
  std::sort(all.begin(), all.end());
  return all;
}

Places pebble::planner::joinPlaces(const std::vector<Buffer> &buffers) {
  constexpr int unknown = -1;
  Places places;
  places.placeOf.assign(buffers.size(), unknown);
  for (size_t i = 0; i < buffers.size(); ++i)
    if (!buffers[i].sharesWith) {
      places.placeOf[i] = static_cast<int>(places.buffers.size());
      places.buffers.push_back(buffers[i]);
    }
  places.members.resize(places.buffers.size());
  std::vector<int> chain;
  for (size_t i = 0; i < buffers.size(); ++i) {
    int at = static_cast<int>(i);
    for (chain.clear(); places.placeOf[at] == unknown; at = *buffers[at].sharesWith)
      chain.push_back(at);
    for (int link : chain)
      places.placeOf[link] = places.placeOf[at];
    places.members[places.placeOf[i]].push_back(static_cast<int>(i));
    if (buffers[i].sharesWith)
      join(places.buffers[places.placeOf[i]], buffers[i]);
  }
  return places;
}
