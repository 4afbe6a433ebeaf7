// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tools/pebble/report/Html.h"

#include "tools/pebble/report/MemoryPicture.h"

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"

using namespace pebble;
using namespace pebble::cli;
using llvm::formatv;

std::string pebble::cli::escapeHtml(const std::string &text) {
  std::string escaped;
  for (char c : llvm::json::fixUTF8(text)) {
    switch (c) {
    case '&':
      escaped += "&amp;";
      break;
    case '<':
      escaped += "&lt;";
      break;
    case '>':
      escaped += "&gt;";
      break;
    case '"':
      escaped += "&quot;";
      break;
    default:
      escaped += c;
    }
  }
  return escaped;
}

std::string pebble::cli::htmlPage(const std::string &title, const std::string &body) {
  return formatv("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                 "<title>{0}</title>\n<style>\n"
                 "body {{ font-family: sans-serif; margin: 2em; max-width: 1200px }\n"
                 "table {{ border-collapse: collapse; margin: 1em 0 }\n"
                 "th, td {{ padding: 0.2em 0.7em; border-bottom: 1px solid #ddd; "
                 "text-align: left }\n"
                 "td.number {{ text-align: right; font-variant-numeric: tabular-nums }\n"
                 "</style>\n</head>\n<body>\n<h1>{1}</h1>\n{2}</body>\n</html>\n",
                 escapeHtml(title), escapeHtml(title), body)
      .str();
}

namespace {

std::string number(uint64_t value) { return formatv("<td class=\"number\">{0}</td>", value).str(); }
/// A copy has none, and of some kernels only the run knows.
std::string macs(const package::Manifest &manifest, const package::StepSpec &step) {
  const bool isLaunch = step.kernel != package::StepSpec::kNoKernel;
  const int64_t count = isLaunch ? manifest.kernels[step.kernel].macs : 0;
  return count < 0 ? "<td class=\"number\">?</td>" : number(static_cast<uint64_t>(count));
}
std::string cell(const std::string &text) { return "<td>" + escapeHtml(text) + "</td>"; }

/// What a picture shows, where there are regions.
std::string regionHeading(const MemoryPicture &picture) {
  const package::RegionSpec *region = picture.region();
  if (!region)
    return "";
  std::string capacity = region->capacity < 0 ? "" : formatv(" of {0}", region->capacity).str();
  return formatv("<h2>Region {0}</h2>\n<p>{1}{2} bytes ({3}); no plan of the buffers that lie here "
                 "needs less than {4}.</p>\n",
                 escapeHtml(region->name), region->bytes, capacity, readableBytes(region->bytes),
                 region->lowerBound)
      .str();
}

} // namespace

std::string pebble::cli::writeHtml(const std::vector<MemoryPicture> &pictures) {
  const package::Manifest &manifest = pictures.front().manifest();
  const std::vector<uint64_t> live = liveBytes(pictures);
  std::string body =
      formatv(
          "<p>The arena of {0} ({1}) is {2} bytes ({3}); no plan of these buffers in this order "
          "needs less than {4}. {5} multiply-adds a run are done to need less memory.</p>\n",
          escapeHtml(manifest.modelName), escapeHtml(manifest.target), manifest.arenaBytes,
          readableBytes(manifest.arenaBytes), manifest.arenaLowerBound, manifest.extraMacs)
          .str();
  for (const MemoryPicture &picture : pictures)
    body += regionHeading(picture) + drawSvg(picture);
  body += "<h2>Steps</h2>\n<table>\n<tr><th>step</th><th>nodes</th><th>bytes in "
          "use</th><th>multiply-adds</th></tr>\n";
  for (size_t step = 0; step < manifest.steps.size(); ++step)
    body += "<tr>" + number(step) + cell(pictures.front().nodesOf(step)) + number(live[step]) +
            macs(manifest, manifest.steps[step]) + "</tr>\n";
  body += "</table>\n<h2>Tensors</h2>\n<table>\n<tr><th>made by</th><th>bytes</th>"
          "<th>offset</th><th>first step</th><th>last step</th><th>at a time</th>";
  body += manifest.regions.empty() ? "</tr>\n" : "<th>region</th></tr>\n";
  for (const package::SlotSpec &slot : manifest.slots) {
    body += "<tr>" + cell(slot.name) + number(slot.bytes) + number(slot.offset) +
            number(slot.first) + number(slot.last) + cell(readableRows(slot));
    body += (manifest.regions.empty() ? "" : cell(manifest.regions[slot.region].name)) + "</tr>\n";
  }
  return htmlPage("Memory of " + manifest.modelName, body + "</table>\n");
}
