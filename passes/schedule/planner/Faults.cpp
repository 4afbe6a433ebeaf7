// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/schedule/planner/Faults.h"

#include "passes/schedule/planner/Places.h"

#include <algorithm>

using namespace pebble::planner;

namespace {

class Finder {
public:
  Finder(const std::vector<Buffer> &buffers, size_t regions)
      : buffers(buffers), mostTraffic(kMost / static_cast<int64_t>(std::max<size_t>(regions, 1))),
        known(regions >= kMostRegions ? ~uint64_t(0) : (uint64_t(1) << regions) - 1) {}

  std::vector<Fault> run() {
    for (size_t i = 0; i < buffers.size(); ++i)
      checkAlone(i);
    checkCycles();
    checkPlaces();
    return std::move(faults);
  }

private:
  void check(bool isWrong, size_t buffer, Fault::Field field, const char *message) {
    if (isWrong)
      faults.push_back({buffer, field, message});
  }

  void checkAlone(size_t i) {
    const Buffer &buffer = buffers[i];
    const size_t before = faults.size();
    check(buffer.lower < -kMost || buffer.upper > kMost, i, Fault::life,
          "its life is too far from 0");
    check(buffer.lower >= buffer.upper, i, Fault::life, "its end has to be after its start");
    check(buffer.size < 0, i, Fault::size, "its size is negative");
    check(buffer.alignment < 1, i, Fault::alignment, "its alignment has to be at least 1");
    check(buffer.alignment > kMost, i, Fault::alignment, "its alignment is too large");
    if (buffer.fixed) {
      check(*buffer.fixed < 0, i, Fault::offset, "its offset is negative");
      check(buffer.alignment > 0 && *buffer.fixed % buffer.alignment != 0, i, Fault::offset,
            "its offset is no multiple of its alignment");
    }
    if (buffer.sharesWith)
      check(*buffer.sharesWith < 0 || *buffer.sharesWith >= static_cast<int64_t>(buffers.size()), i,
            Fault::sharesWith, "what it shares its place with is not there");
    check((buffer.regions & known) == 0, i, Fault::regions,
          "it may lie in none of the regions that there are");
    check(buffer.traffic < 0, i, Fault::traffic, "its traffic is negative");
    if (faults.size() > before)
      return;
    check(!count(bytes, {buffer.size, buffer.alignment - 1, buffer.fixed.value_or(0)}, kMost), i,
          Fault::size, "it and those before it take more bytes than can be counted");
    check(!count(traffic, {buffer.traffic}, mostTraffic), i, Fault::traffic,
          "it and those before it have more traffic than can be counted");
  }

  /// Adds to `sum` what is not negative; false where it gets more than `most`.
  static bool count(int64_t &sum, std::initializer_list<int64_t> values, int64_t most) {
    for (int64_t value : values) {
      // Each summand is checked alone first, so that the sum cannot wrap around.
      if (value > most || sum + value > most)
        return false;
      sum += value;
    }
    return true;
  }

  /// Reports the first of those that share with one another in a circle.
  void checkCycles() {
    constexpr size_t nobody = ~size_t(0);
    std::vector<size_t> metBy(buffers.size(), nobody);
    for (size_t i = 0; i < buffers.size(); ++i) {
      size_t at = i;
      auto hasNext = [&] {
        const std::optional<int> &next = buffers[at].sharesWith;
        return next && *next >= 0 && *next < static_cast<int64_t>(buffers.size());
      };
      while (metBy[at] == nobody) {
        metBy[at] = i;
        if (!hasNext())
          break;
        at = *buffers[at].sharesWith;
      }
      if (metBy[at] != i || !hasNext())
        continue;
      size_t first = at;
      for (size_t next = *buffers[at].sharesWith; next != at; next = *buffers[next].sharesWith)
        first = std::min(first, next);
      check(true, first, Fault::sharesWith, "it shares its place with itself, by way of others");
    }
  }

  /// What only those that share a place can have wrong together; where none has a fault of its own.
  void checkPlaces() {
    std::vector<Buffer> sound = buffers;
    std::vector<bool> isFaulty(buffers.size(), false);
    for (const Fault &fault : faults) {
      isFaulty[fault.buffer] = true;
      sound[fault.buffer].sharesWith.reset();
      sound[fault.buffer].alignment = 1;
    }
    for (const std::vector<int> &members : joinPlaces(sound).members)
      if (members.size() > 1 &&
          std::none_of(members.begin(), members.end(), [&](int i) { return isFaulty[i]; }))
        checkPlace(members);
  }

  void checkPlace(const std::vector<int> &members) {
    int64_t alignment = 1;
    uint64_t regions = known;
    std::optional<int64_t> fixed;
    for (int index : members) {
      const Buffer &buffer = buffers[index];
      check(fixed && buffer.fixed && *fixed != *buffer.fixed, index, Fault::offset,
            "its offset is not that of what it shares its place with");
      if (buffer.fixed)
        fixed = buffer.fixed;
      check(regions && !(regions & buffer.regions), index, Fault::regions,
            "it and what it shares its place with may lie in no region together");
      regions &= buffer.regions;
      if (alignment <= kMost)
        alignment = joinAlignments(alignment, buffer.alignment);
    }
    check(alignment > kMost || !count(bytes, {alignment - 1}, kMost), members.front(),
          Fault::alignment,
          "its alignment and those of what shares its place have no common multiple that can be "
          "counted");
    if (alignment <= kMost && fixed && *fixed % alignment != 0)
      for (int index : members)
        if (buffers[index].fixed) {
          check(true, index, Fault::offset,
                "its offset is no multiple of the alignment of what it shares its place with");
          break;
        }
  }

  const std::vector<Buffer> &buffers;
  const int64_t mostTraffic;
  const uint64_t known; ///< A bit for each region.
  int64_t bytes = 0, traffic = 0;
  std::vector<Fault> faults;
};

} // namespace

std::vector<Fault> pebble::planner::findFaults(const std::vector<Buffer> &buffers, size_t regions) {
  return Finder(buffers, regions).run();
}
