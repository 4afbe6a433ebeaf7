// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tools/pebble/report/MemoryPicture.h"

#include <algorithm>
#include <cstdio>

using namespace pebble;
using namespace pebble::cli;

namespace {

constexpr size_t kRows = 24;
constexpr size_t kLabelColumns = 11;
constexpr char kLetters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// What the names in a terminal are cut to.
std::string shortened(const std::string &name) {
  constexpr size_t longest = 60;
  return name.size() <= longest ? name : name.substr(0, longest - 3) + "...";
}

} // namespace

std::string pebble::cli::drawAscii(const MemoryPicture &picture, size_t columns) {
  const package::Manifest &manifest = picture.manifest();
  const size_t steps = manifest.steps.size();
  if (steps == 0 || picture.peakBytes() == 0)
    return "";
  const size_t width = std::min(steps, columns > kLabelColumns ? columns - kLabelColumns : 1);
  const uint64_t rowBytes = (picture.peakBytes() + kRows - 1) / kRows;

  // A cell shows the slot that lies at its middle, at the first step that it stands for.
  std::vector<std::string> rows(kRows, std::string(width, '.'));
  for (size_t index : picture.slots()) {
    const package::SlotSpec &slot = manifest.slots[index];
    for (size_t column = 0; column < width; ++column) {
      const size_t step = column * steps / width;
      if (step < slot.first || step > slot.last)
        continue;
      for (size_t row = 0; row < kRows; ++row) {
        const uint64_t middle = row * rowBytes + rowBytes / 2;
        if (middle >= slot.offset && middle < slot.offset + slot.bytes)
          rows[row][column] = kLetters[index % (sizeof(kLetters) - 1)];
      }
    }
  }
  std::string text;
  char label[64];
  for (size_t row = kRows; row-- > 0;) {
    std::snprintf(label, sizeof(label), "%10s|", readableBytes((row + 1) * rowBytes).c_str());
    text += label + rows[row] + "\n";
  }
  text += std::string(kLabelColumns - 1, ' ') + "+" + std::string(width, '-') + "\n";
  std::snprintf(label, sizeof(label), "step %zu of %zu", picture.busiestStep() + 1, steps);
  text += "at the busiest, " + std::string(label) + " (" +
          shortened(picture.nodesOf(picture.busiestStep())) + "):\n";
  for (const package::SlotSpec *slot : picture.slotsAt(picture.busiestStep())) {
    const size_t index = static_cast<size_t>(slot - manifest.slots.data());
    std::snprintf(label, sizeof(label), "  %c %10s at %llu  ",
                  kLetters[index % (sizeof(kLetters) - 1)], readableBytes(slot->bytes).c_str(),
                  static_cast<unsigned long long>(slot->offset));
    const std::string rows = readableRows(*slot);
    text += label + shortened(slot->name) + (rows.empty() ? "" : " (" + rows + ")") + "\n";
  }
  return text;
}
