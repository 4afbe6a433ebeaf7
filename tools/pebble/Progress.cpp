// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/pebble/Progress.h"

#include <cstdio>
#include <unistd.h>

using namespace pebble::cli;

ProgressLine::ProgressLine() : isTerminal(isatty(STDERR_FILENO)) {}

ProgressLine::~ProgressLine() {
  if (isDrawn)
    std::fputs("\r\x1b[K", stderr);
}

void ProgressLine::show(const std::string &what, size_t done, size_t steps) {
  auto now = std::chrono::steady_clock::now();
  if (!isTerminal || steps == 0 || (now < next && done != steps))
    return;
  constexpr size_t kWidth = 30;
  std::string bar(done * kWidth / steps, '#');
  bar.resize(kWidth, '.');
  std::fprintf(stderr, "\r\x1b[K%s [%s] %zu/%zu", what.c_str(), bar.c_str(), done, steps);
  std::fflush(stderr);
  isDrawn = true;
  next = now + std::chrono::milliseconds(100);
}
