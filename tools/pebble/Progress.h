// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A line on the terminal that says how far a long task is.
#ifndef PEBBLE_TOOLS_PEBBLE_PROGRESS_H
#define PEBBLE_TOOLS_PEBBLE_PROGRESS_H

#include <chrono>
#include <cstddef>
#include <string>

namespace pebble::cli {

/// Draws on standard error, and only where that is a terminal. Goes away with this object.
class ProgressLine {
public:
  ProgressLine();
  ~ProgressLine();
  ProgressLine(const ProgressLine &) = delete;
  ProgressLine &operator=(const ProgressLine &) = delete;

  void show(const std::string &what, size_t done, size_t steps);

private:
  bool isTerminal, isDrawn = false;
  std::chrono::steady_clock::time_point next;
};

} // namespace pebble::cli

#endif // PEBBLE_TOOLS_PEBBLE_PROGRESS_H
