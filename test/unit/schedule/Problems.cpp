// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/unit/schedule/Problems.h"

#include "passes/schedule/verifier/PlanVerifier.h"

#include <algorithm>
#include <cstdio>
#include <fstream>

using namespace pebble::planner;

CutRectangle pebble::planner::cutRectangle(int pieces, uint32_t seed) {
  constexpr int64_t side = 1 << 20, grain = 1 << 10;
  struct Piece {
    int64_t left, right, bottom, top;
  };
  std::mt19937 random(seed);
  auto below = [&](int64_t count) { return static_cast<int64_t>(random() % count); };
  std::vector<Piece> all = {{0, side, 0, side}};
  while (static_cast<int>(all.size()) < pieces) {
    // One of a few, the largest: pieces of very different sizes, but no dust.
    size_t chosen = below(all.size());
    for (int more = 0; more < 2; ++more) {
      size_t other = below(all.size());
      auto area = [&](size_t i) {
        return double(all[i].right - all[i].left) * double(all[i].top - all[i].bottom);
      };
      if (area(other) > area(chosen))
        chosen = other;
    }
    Piece &piece = all[chosen], rest = piece;
    bool inTime = below(2) == 0;
    int64_t extent = (inTime ? piece.right - piece.left : piece.top - piece.bottom) / grain;
    if (extent < 2)
      continue;
    int64_t cut = grain * (1 + below(extent - 1));
    if (inTime)
      piece.right = rest.left = piece.left + cut;
    else
      piece.top = rest.bottom = piece.bottom + cut;
    all.push_back(rest);
  }
  CutRectangle problem;
  for (size_t i = all.size(); i > 1; --i)
    std::swap(all[i - 1], all[below(i)]);
  for (const Piece &piece : all)
    problem.buffers.push_back({piece.left, piece.right, piece.top - piece.bottom});
  problem.height = side;
  problem.capacity = pieces >= 120 ? side * 105 / 100 : side;
  return problem;
}

int64_t pebble::planner::bruteForce(const std::vector<Buffer> &buffers) {
  std::vector<size_t> order;
  int64_t least = 0;
  for (size_t i = 0; i < buffers.size(); ++i)
    if (buffers[i].fixed)
      least = std::max(least, *buffers[i].fixed + buffers[i].size);
    else
      order.push_back(i);
  // Some order of placing each at its lowest free offset gives every plan that is as low as can be.
  int64_t best = std::numeric_limits<int64_t>::max();
  std::vector<int64_t> offsets(buffers.size());
  do {
    std::vector<size_t> placed;
    for (size_t i = 0; i < buffers.size(); ++i)
      if (buffers[i].fixed) {
        offsets[i] = *buffers[i].fixed;
        placed.push_back(i);
      }
    int64_t height = least;
    for (size_t i : order) {
      const Buffer &buffer = buffers[i];
      int64_t offset = 0;
      for (bool moved = true; moved;) {
        moved = false;
        for (size_t j : placed)
          if (buffers[j].lower < buffer.upper && buffer.lower < buffers[j].upper &&
              offset < offsets[j] + buffers[j].size && offsets[j] < offset + buffer.size) {
            offset = offsets[j] + buffers[j].size;
            offset += (buffer.alignment - offset % buffer.alignment) % buffer.alignment;
            moved = true;
          }
      }
      offsets[i] = offset;
      placed.push_back(i);
      height = std::max(height, offset + buffer.size);
    }
    best = std::min(best, height);
  } while (std::next_permutation(order.begin(), order.end()));
  return best;
}

std::string pebble::planner::faultsOf(const std::vector<Buffer> &buffers, const Plan &plan,
                                      int64_t capacity) {
  std::vector<verifier::PlacedRange> ranges;
  std::vector<std::string> names;
  std::string faults;
  for (size_t i = 0; i < buffers.size(); ++i) {
    ranges.push_back({buffers[i].lower, buffers[i].upper, plan.offsets[i], buffers[i].size,
                      buffers[i].alignment});
    names.push_back(std::to_string(i));
    if (buffers[i].fixed && *buffers[i].fixed != plan.offsets[i])
      faults += names[i] + " is not at its offset\n";
  }
  for (const auto &violation : verifier::verifyPlan(ranges, capacity))
    faults += verifier::describe(violation, ranges, names, capacity) + "\n";
  return faults;
}

std::vector<Buffer> pebble::planner::readProblem(const std::string &path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  std::vector<Buffer> buffers;
  while (std::getline(file, line)) {
    long long lower, upper, size;
    if (std::sscanf(line.c_str(), "%*[^,],%lld,%lld,%lld", &lower, &upper, &size) == 3)
      buffers.push_back({lower, upper, size});
  }
  return buffers;
}
