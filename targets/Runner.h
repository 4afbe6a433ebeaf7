// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs packages whose code the host cannot call: on an emulated board, on a GPU.
#ifndef PEBBLE_TARGETS_RUNNER_H
#define PEBBLE_TARGETS_RUNNER_H

#include "runtime/package/Loader.h"

#include <memory>
#include <string>
#include <vector>

namespace pebble {

class Runner {
public:
  virtual ~Runner() = default;
  /// Runs the package once. `inputs` and `outputs` hold one dense tensor each, in the model's
  /// order; outputs have their size already. An ExitCode; failures have a reason in `error`.
  virtual int run(const package::Package &package, const std::vector<const void *> &inputs,
                  std::vector<std::vector<char>> &outputs, std::string &error) = 0;
};

/// What runs packages for `target` on `board` ("" for the target's default). Null when the host
/// does, or with a reason in `error`.
std::unique_ptr<Runner> createRunner(const std::string &target, const std::string &board,
                                     std::string &error);

} // namespace pebble

#endif // PEBBLE_TARGETS_RUNNER_H
