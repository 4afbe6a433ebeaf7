// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PEBBLE_TARGETS_EXITCODE_H
#define PEBBLE_TARGETS_EXITCODE_H

namespace pebble {

/// Exit codes of the tools.
enum ExitCode : int {
  ExitOk = 0,
  ExitUsage = 1,
  ExitRejected = 2,
  ExitUnsupported = 3,
  ExitDoesNotFit = 4,
  ExitMismatch = 5,
  ExitInternal = 70
};

} // namespace pebble

#endif // PEBBLE_TARGETS_EXITCODE_H
