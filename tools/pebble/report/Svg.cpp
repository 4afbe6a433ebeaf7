// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tools/pebble/report/Html.h"
#include "tools/pebble/report/MemoryPicture.h"

#include "llvm/Support/FormatVariadic.h"

#include <algorithm>
#include <optional>

using namespace pebble;
using namespace pebble::cli;
using llvm::formatv;

namespace {

constexpr double kWidth = 1100, kHeight = 480, kLeft = 80, kBottom = 30, kTop = 10;
constexpr int kTicks = 8;
/// A capacity is drawn up to this many times the peak.
constexpr uint64_t kMostRoom = 4;
/// Neighbors in this sequence of hues are far apart.
constexpr int kHueStep = 137;
/// Narrower or lower ones carry no text; they have it when pointed at.
constexpr double kTextWidth = 90, kTextHeight = 14, kLetterWidth = 6.5;

class Drawing {
public:
  explicit Drawing(const MemoryPicture &picture)
      : picture(picture), manifest(picture.manifest()), bytes(static_cast<double>(top(picture))),
        stepWidth((kWidth - kLeft) / static_cast<double>(manifest.steps.size())) {}

  std::string draw() {
    text = formatv("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" "
                   "font-family=\"sans-serif\" font-size=\"11\">\n",
                   kWidth, kHeight)
               .str();
    drawAxes();
    for (size_t index : picture.slots())
      drawSlot(index);
    drawLive();
    line(picture.peakBytes(), "#c00", "peak");
    if (picture.lowerBound() > 0)
      line(picture.lowerBound(), "#060", "lower bound");
    if (std::optional<uint64_t> capacity = shownCapacity(picture))
      line(*capacity, "#00c", "capacity");
    return text + "</svg>\n";
  }

private:
  /// One that is far above the buffers would leave no room for them.
  static std::optional<uint64_t> shownCapacity(const MemoryPicture &picture) {
    const package::RegionSpec *region = picture.region();
    if (!region || region->capacity < 0)
      return std::nullopt;
    const auto capacity = static_cast<uint64_t>(region->capacity);
    return capacity / kMostRoom <= picture.peakBytes() ? std::optional(capacity) : std::nullopt;
  }

  static uint64_t top(const MemoryPicture &picture) {
    return std::max(
        {picture.peakBytes(), picture.lowerBound(), shownCapacity(picture).value_or(0)});
  }

  double x(size_t step) const { return kLeft + stepWidth * static_cast<double>(step); }
  double y(uint64_t offset) const {
    return kHeight - kBottom -
           (kHeight - kBottom - kTop) * static_cast<double>(offset) / std::max(bytes, 1.0);
  }

  void drawAxes() {
    for (int tick = 0; tick <= kTicks; ++tick) {
      auto at = static_cast<uint64_t>(bytes * tick / kTicks);
      text += formatv("<text x=\"{0:F1}\" y=\"{1:F1}\" text-anchor=\"end\">{2}</text>\n", kLeft - 6,
                      y(at) + 4, readableBytes(at))
                  .str();
      text += formatv("<line x1=\"{0:F1}\" x2=\"{1:F1}\" y1=\"{2:F1}\" y2=\"{3:F1}\" "
                      "stroke=\"#ddd\"/>\n",
                      kLeft, kWidth, y(at), y(at))
                  .str();
    }
    text += formatv("<text x=\"{0:F1}\" y=\"{1:F1}\">steps 0 to {2}</text>\n", kLeft, kHeight - 8,
                    manifest.steps.size() - 1)
                .str();
  }

  void drawSlot(size_t index) {
    const package::SlotSpec &slot = manifest.slots[index];
    const double left = x(slot.first), width = x(slot.last + size_t(1)) - left;
    const double top = y(slot.offset + slot.bytes), height = y(slot.offset) - top;
    text += formatv("<rect x=\"{0:F2}\" y=\"{1:F2}\" width=\"{2:F2}\" height=\"{3:F2}\" "
                    "fill=\"hsl({4},60%,75%)\" stroke=\"#555\" stroke-width=\"0.5\">"
                    "<title>{5}\n{6} bytes at {7}\nsteps {8} to {9}\n{10}</title></rect>\n",
                    left, top, width, height, index * kHueStep % 360, escapeHtml(slot.name),
                    slot.bytes, slot.offset, slot.first, slot.last, readableRows(slot))
                .str();
    if (width < kTextWidth || height < kTextHeight)
      return;
    std::string name = slot.name.substr(0, static_cast<size_t>((width - 6) / kLetterWidth));
    text += formatv("<text x=\"{0:F2}\" y=\"{1:F2}\" pointer-events=\"none\">{2}</text>\n",
                    left + 3, top + height / 2 + 4, escapeHtml(name))
                .str();
  }

  void drawLive() {
    std::string points;
    for (size_t step = 0; step < manifest.steps.size(); ++step)
      for (size_t side = 0; side < 2; ++side)
        points += formatv("{0:F1},{1:F1} ", x(step + side), y(picture.liveBytes()[step])).str();
    text += formatv("<polyline points=\"{0}\" fill=\"none\" stroke=\"#000\" "
                    "stroke-dasharray=\"3 2\"><title>bytes in use</title></polyline>\n",
                    points)
                .str();
  }

  void line(uint64_t at, const char *color, const char *name) {
    text += formatv("<line x1=\"{0:F1}\" x2=\"{1:F1}\" y1=\"{2:F1}\" y2=\"{3:F1}\" "
                    "stroke=\"{4}\"><title>{5}: {6} bytes</title></line>\n",
                    kLeft, kWidth, y(at), y(at), color, name, at)
                .str();
  }

  const MemoryPicture &picture;
  const package::Manifest &manifest;
  const double bytes, stepWidth;
  std::string text;
};

} // namespace

std::string pebble::cli::drawSvg(const MemoryPicture &picture) {
  return picture.manifest().steps.empty() ? "" : Drawing(picture).draw();
}
