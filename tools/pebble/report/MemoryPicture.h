// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a memory region, or the one that is all of the arena, holds at each step of a program, and
// pictures of it.
#ifndef PEBBLE_TOOLS_PEBBLE_REPORT_MEMORYPICTURE_H
#define PEBBLE_TOOLS_PEBBLE_REPORT_MEMORYPICTURE_H

#include "runtime/package/Manifest.h"

#include <string>
#include <vector>

namespace pebble::cli {

class MemoryPicture {
public:
  /// `manifest` has passed the loader's checks and outlives this object.
  MemoryPicture(const package::Manifest &manifest, size_t region);
  /// One of each region.
  static std::vector<MemoryPicture> of(const package::Manifest &manifest);

  const package::Manifest &manifest() const { return source; }
  /// The region; null where it is all of the arena and has no name.
  const package::RegionSpec *region() const;
  /// The indices of the slots that lie here, in the manifest's order.
  const std::vector<size_t> &slots() const { return own; }
  /// No plan of these slots is lower.
  uint64_t lowerBound() const;
  /// The bytes in use at each step.
  const std::vector<uint64_t> &liveBytes() const { return live; }
  /// The step at which the most bytes are in use; 0 without steps.
  size_t busiestStep() const { return busiest; }
  /// The slots in use at `step`, by offset.
  std::vector<const package::SlotSpec *> slotsAt(size_t step) const;
  /// The end of the highest slot.
  uint64_t peakBytes() const { return peak; }
  /// "conv_1, relu_1": the nodes of the kernel that `step` launches, or the step's own name.
  std::string nodesOf(size_t step) const;

private:
  const package::Manifest &source;
  size_t number;
  std::vector<size_t> own;
  std::vector<uint64_t> live;
  size_t busiest = 0;
  uint64_t peak = 0;
};

/// Offset over time in characters, at most `columns` wide, with a legend of the busiest step.
std::string drawAscii(const MemoryPicture &picture, size_t columns);

/// Offset over time as an SVG element; each slot says what it is when pointed at.
std::string drawSvg(const MemoryPicture &picture);

/// One file that needs nothing else: the pictures, what is in them, and the steps.
std::string writeHtml(const std::vector<MemoryPicture> &pictures);

/// Of all regions, the bytes in use at each step, and the ends of the highest slots together.
std::vector<uint64_t> liveBytes(const std::vector<MemoryPicture> &pictures);
uint64_t peakBytes(const std::vector<MemoryPicture> &pictures);

/// "7 rows", those that are there at a time; empty for what is made at once.
std::string readableRows(const package::SlotSpec &slot);

/// "96.5 KiB"
std::string readableBytes(uint64_t bytes);

} // namespace pebble::cli

#endif // PEBBLE_TOOLS_PEBBLE_REPORT_MEMORYPICTURE_H
