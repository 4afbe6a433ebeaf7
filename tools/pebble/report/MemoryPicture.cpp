// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tools/pebble/report/MemoryPicture.h"

#include <algorithm>
#include <cstdio>

using namespace pebble;
using namespace pebble::cli;

MemoryPicture::MemoryPicture(const package::Manifest &manifest, size_t region)
    : source(manifest), number(region), live(manifest.steps.size(), 0) {
  for (size_t index = 0; index < manifest.slots.size(); ++index)
    if (manifest.slots[index].region == region)
      own.push_back(index);
  for (size_t index : own)
    peak = std::max(peak, manifest.slots[index].offset + manifest.slots[index].bytes);
  for (size_t step = 0; step < live.size(); ++step) {
    // Rows that are written over dead rows of an operand lie in its slot and count once.
    uint64_t end = 0;
    for (const package::SlotSpec *slot : slotsAt(step)) {
      const uint64_t slotEnd = slot->offset + slot->bytes;
      live[step] += slotEnd - std::min(slotEnd, std::max(end, slot->offset));
      end = std::max(end, slotEnd);
    }
    if (live[step] > live[busiest])
      busiest = step;
  }
}

std::vector<MemoryPicture> MemoryPicture::of(const package::Manifest &manifest) {
  std::vector<MemoryPicture> pictures;
  for (size_t region = 0; region < manifest.regionCount(); ++region)
    pictures.emplace_back(manifest, region);
  return pictures;
}

const package::RegionSpec *MemoryPicture::region() const {
  return source.regions.empty() ? nullptr : &source.regions[number];
}

uint64_t MemoryPicture::lowerBound() const {
  return source.regions.empty() ? source.arenaLowerBound : region()->lowerBound;
}

std::vector<const package::SlotSpec *> MemoryPicture::slotsAt(size_t step) const {
  std::vector<const package::SlotSpec *> slots;
  for (size_t index : own) {
    const package::SlotSpec &slot = source.slots[index];
    if (slot.first <= step && step <= slot.last)
      slots.push_back(&slot);
  }
  std::sort(slots.begin(), slots.end(), [](const auto *a, const auto *b) {
    return a->offset != b->offset ? a->offset < b->offset : a < b;
  });
  return slots;
}

std::string MemoryPicture::nodesOf(size_t step) const {
  const package::StepSpec &spec = source.steps[step];
  std::string text;
  if (spec.kernel != package::StepSpec::kNoKernel)
    for (const std::string &node : source.kernels[spec.kernel].nodes)
      text += (text.empty() ? "" : ", ") + node;
  return text.empty() ? spec.name : text;
}

std::vector<uint64_t> pebble::cli::liveBytes(const std::vector<MemoryPicture> &pictures) {
  std::vector<uint64_t> live = pictures.front().liveBytes();
  for (size_t region = 1; region < pictures.size(); ++region)
    for (size_t step = 0; step < live.size(); ++step)
      live[step] += pictures[region].liveBytes()[step];
  return live;
}

uint64_t pebble::cli::peakBytes(const std::vector<MemoryPicture> &pictures) {
  uint64_t bytes = 0;
  for (const MemoryPicture &picture : pictures)
    bytes += picture.peakBytes();
  return bytes;
}

std::string pebble::cli::readableRows(const package::SlotSpec &slot) {
  return slot.rows == 0 ? "" : std::to_string(slot.rows) + (slot.rows == 1 ? " row" : " rows");
}

std::string pebble::cli::readableBytes(uint64_t bytes) {
  constexpr struct {
    uint64_t unit;
    const char *name;
  } units[] = {{uint64_t(1) << 30, "GiB"}, {1 << 20, "MiB"}, {1 << 10, "KiB"}};
  for (const auto &[unit, name] : units)
    if (bytes >= unit) {
      char text[32];
      std::snprintf(text, sizeof(text), "%.1f %s",
                    static_cast<double>(bytes) / static_cast<double>(unit), name);
      return text;
    }
  return std::to_string(bytes) + " B";
}
