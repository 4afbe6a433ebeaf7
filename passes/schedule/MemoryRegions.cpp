// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/schedule/MemoryRegions.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"

using namespace pebble;

std::string MemoryRegion::text() const {
  return capacity ? name + "=" + std::to_string(*capacity) : name;
}

std::optional<MemoryRegion> MemoryRegion::parse(llvm::StringRef text) {
  auto [name, size] = text.split('=');
  MemoryRegion region{name.str(), std::nullopt, ""};
  if (name.size() == text.size())
    return region;
  int64_t bytes;
  if (size.getAsInteger(10, bytes) || bytes < 0)
    return std::nullopt;
  region.capacity = bytes;
  return region;
}

std::string pebble::faultOf(llvm::ArrayRef<MemoryRegion> regions) {
  if (regions.size() > mostMemoryRegions)
    return "there are more than " + std::to_string(mostMemoryRegions);
  // Names become macros of C headers, which are written in capitals.
  llvm::StringSet<> names;
  for (const MemoryRegion &region : regions) {
    llvm::StringRef name = region.name;
    bool isIdentifier = !name.empty() && !llvm::isDigit(name.front()) &&
                        llvm::all_of(name, [](char c) { return llvm::isAlnum(c) || c == '_'; });
    if (!isIdentifier)
      return "'" + region.name + "' is no name of letters, digits and _";
    if (!names.insert(name.upper()).second)
      return "two are named '" + region.name + "'";
    if (!region.capacity && &region != &regions.back())
      return "'" + region.name + "' has no size: only the last may have as much as is needed";
  }
  return "";
}

std::string pebble::readRegions(llvm::ArrayRef<std::string> texts,
                                llvm::SmallVectorImpl<MemoryRegion> &regions) {
  for (const std::string &text : texts) {
    std::optional<MemoryRegion> region = MemoryRegion::parse(text);
    if (!region)
      return "'" + text + "' is not NAME=BYTES";
    regions.push_back(std::move(*region));
  }
  return faultOf(regions);
}
