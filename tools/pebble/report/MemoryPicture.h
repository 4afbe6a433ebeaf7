// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the arena holds at each step of a program, and pictures of it.
#ifndef PEBBLE_TOOLS_PEBBLE_REPORT_MEMORYPICTURE_H
#define PEBBLE_TOOLS_PEBBLE_REPORT_MEMORYPICTURE_H

#include "runtime/package/Manifest.h"

#include <string>
#include <vector>

namespace pebble::cli {

class MemoryPicture {
public:
  /// `manifest` has passed the loader's checks and outlives this object.
  explicit MemoryPicture(const package::Manifest &manifest);

  const package::Manifest &manifest() const { return source; }
  /// The bytes of the arena in use at each step.
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
  std::vector<uint64_t> live;
  size_t busiest = 0;
  uint64_t peak = 0;
};

/// Offset over time in characters, at most `columns` wide, with a legend of the busiest step.
std::string drawAscii(const MemoryPicture &picture, size_t columns);

/// Offset over time as an SVG element; each slot says what it is when pointed at.
std::string drawSvg(const MemoryPicture &picture);

/// One file that needs nothing else: the picture, what is in it, and the steps.
std::string writeHtml(const MemoryPicture &picture);

/// "7 rows", those that are there at a time; empty for what is made at once.
std::string readableRows(const package::SlotSpec &slot);

/// "96.5 KiB"
std::string readableBytes(uint64_t bytes);

} // namespace pebble::cli

#endif // PEBBLE_TOOLS_PEBBLE_REPORT_MEMORYPICTURE_H
