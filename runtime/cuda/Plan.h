// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a host does to run a model on a GPU: kernel launches and copies, in order. The text form is
// the package's section "plan" (docs/targets/cuda.md).
#ifndef PEBBLE_RUNTIME_CUDA_PLAN_H
#define PEBBLE_RUNTIME_CUDA_PLAN_H

#include <cstdint>
#include <string>
#include <vector>

namespace pebble::cuda {

inline constexpr const char *ptxSection = "ptx";
inline constexpr const char *planSection = "plan";

/// A buffer: byte `at` of the arena ('a') or the constants ('c'), or input ('i') or output ('o')
/// number `at`.
struct Place {
  char space = 'a';
  uint64_t at = 0;
};

/// A launch of `kernel` on `count` threads or, without a kernel, a copy of `count` bytes from the
/// first place to the second.
struct Step {
  std::string kernel;
  uint64_t count = 0;
  std::vector<Place> places;
};

struct Plan {
  uint64_t arenaBytes = 0;
  std::vector<Step> steps;

  std::string text() const;
  /// False with a reason in `error` when the text is not a plan.
  static bool parse(const std::string &text, Plan &plan, std::string &error);
};

/// The PTX entry of a kernel.
std::string entryName(const std::string &kernel);

} // namespace pebble::cuda

#endif // PEBBLE_RUNTIME_CUDA_PLAN_H
