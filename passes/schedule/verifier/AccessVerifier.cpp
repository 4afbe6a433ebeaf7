// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/schedule/verifier/AccessVerifier.h"

#include <algorithm>

using namespace pebble::verifier;

bool MemoryContents::isInBounds(const Region &region) const {
  return region.memory >= 0 && region.memory < static_cast<int64_t>(capacities.size()) &&
         region.offset >= 0 && region.size >= 0 &&
         region.offset <= capacities[region.memory] - region.size;
}

std::optional<AccessFault> MemoryContents::run(const std::vector<Region> &reads,
                                               const std::vector<Region> &writes,
                                               const std::vector<Region> &scratch) {
  for (const std::vector<Region> *list : {&reads, &writes, &scratch})
    for (const Region &region : *list) {
      if (!isInBounds(region))
        return AccessFault{AccessFault::outOfBounds, region, 0, std::nullopt};
      highest = std::max(highest, region.offset + region.size);
    }
  for (const Region &region : reads)
    if (auto fault = check(region))
      return fault;
  if (auto fault = checkOverlaps(reads, writes, scratch))
    return fault;
  for (const Region &region : writes)
    put(region, true);
  for (const Region &region : scratch)
    put(region, false);
  return std::nullopt;
}

std::optional<AccessFault> MemoryContents::checkOverlaps(const std::vector<Region> &reads,
                                                         const std::vector<Region> &writes,
                                                         const std::vector<Region> &scratch) {
  struct Use {
    const Region *region;
    bool isWritten;
  };
  std::vector<Use> uses;
  for (const std::vector<Region> *list : {&reads, &writes, &scratch})
    for (const Region &region : *list)
      if (region.size > 0)
        uses.push_back({&region, list != &reads});
  std::sort(uses.begin(), uses.end(), [](const Use &a, const Use &b) {
    return std::pair(a.region->memory, a.region->offset) <
           std::pair(b.region->memory, b.region->offset);
  });
  // Those that begin before the one in turn and may reach into it.
  std::vector<Use> open;
  for (const Use &use : uses) {
    const Region &region = *use.region;
    std::erase_if(open, [&](const Use &other) {
      return other.region->memory != region.memory ||
             other.region->offset + other.region->size <= region.offset;
    });
    for (const Use &other : open) {
      bool isPair = region.pair >= 0 && region.pair == other.region->pair;
      if (isPair || !(use.isWritten || other.isWritten))
        continue;
      const Use &written = use.isWritten ? use : other;
      const Region &found = use.isWritten ? *other.region : region;
      return AccessFault{AccessFault::overlap, *written.region, region.offset, found.content};
    }
    open.push_back(use);
  }
  return std::nullopt;
}

std::optional<AccessFault> MemoryContents::check(const Region &region) const {
  const std::map<int64_t, Piece> &pieces = this->pieces[region.memory];
  int64_t at = region.offset, end = region.offset + region.size;
  while (at < end) {
    auto next = pieces.upper_bound(at);
    if (next == pieces.begin() || std::prev(next)->second.end <= at)
      return AccessFault{AccessFault::stale, region, at, std::nullopt};
    const Piece &piece = std::prev(next)->second;
    if (piece.content != region.content)
      return AccessFault{AccessFault::stale, region, at, piece.content};
    at = piece.end;
  }
  return std::nullopt;
}

void MemoryContents::meet(const MemoryContents &other) {
  for (size_t memory = 0; memory < pieces.size(); ++memory) {
    const std::map<int64_t, Piece> &others = other.pieces[memory];
    std::map<int64_t, Piece> both;
    for (const auto &[begin, piece] : pieces[memory]) {
      auto at = others.upper_bound(begin);
      if (at != others.begin())
        --at;
      for (; at != others.end() && at->first < piece.end; ++at) {
        int64_t first = std::max(begin, at->first), end = std::min(piece.end, at->second.end);
        if (first < end && piece.content == at->second.content)
          both[first] = {end, piece.content};
      }
    }
    pieces[memory] = std::move(both);
  }
  highest = std::max(highest, other.highest);
}

void MemoryContents::put(const Region &region, bool isDefined) {
  std::map<int64_t, Piece> &pieces = this->pieces[region.memory];
  int64_t begin = region.offset, end = region.offset + region.size;
  if (begin == end)
    return;
  // What begins before or ends behind the region keeps its other bytes.
  auto first = pieces.lower_bound(begin);
  if (first != pieces.begin() && std::prev(first)->second.end > begin) {
    Piece &before = std::prev(first)->second;
    if (before.end > end)
      pieces[end] = before;
    before.end = begin;
  }
  auto last = pieces.lower_bound(begin);
  while (last != pieces.end() && last->first < end) {
    if (last->second.end > end)
      pieces[end] = last->second;
    last = pieces.erase(last);
  }
  if (isDefined)
    pieces[begin] = {end, region.content};
}
