// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tools/Size.h"

#include <charconv>
#include <utility>

int64_t pebble::parseSize(std::string_view text) {
  static constexpr std::pair<std::string_view, int64_t> units[] = {
      {"KiB", 1024}, {"MiB", 1024 * 1024}, {"kB", 1000}, {"MB", 1'000'000}, {"B", 1}};
  int64_t unit = 1;
  for (auto [name, bytes] : units)
    if (text.ends_with(name)) {
      text.remove_suffix(name.size());
      unit = bytes;
      break;
    }
  double number;
  const char *end = text.data() + text.size();
  auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || rest != end || !(number >= 0) || number * unit > 1e15)
    return -1;
  return static_cast<int64_t>(number * unit);
}
