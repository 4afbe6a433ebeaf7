// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a verb of the command line is: a row of the table in main.cpp, and a file of its own.
#ifndef PEBBLE_TOOLS_PEBBLE_VERB_H
#define PEBBLE_TOOLS_PEBBLE_VERB_H

#include <CLI/CLI.hpp>

#include <functional>
#include <stdexcept>
#include <string>

namespace pebble::cli {

/// The process's exit codes, a stable contract (docs/cli.md).
enum ExitCode {
  kSuccess = 0,
  kUsage = 1,         ///< The command, or what it was given to work on, makes no sense.
  kModelRejected = 2, ///< The model or package is not valid.
  kUnsupported = 3,   ///< Valid, but not supported: by the compiler, or by this machine.
  kDoesNotFit = 4,
  kMismatch = 5,
  kInternal = 70
};

/// Ends a verb with a message and an exit code.
struct Failure : std::runtime_error {
  Failure(ExitCode code, const std::string &message) : std::runtime_error(message), code(code) {}
  ExitCode code;
};

/// Declares a verb's options on its subcommand and returns what runs it, to be called after
/// parsing.
using DeclareVerb = std::function<int()> (*)(CLI::App &);

std::function<int()> declareCheck(CLI::App &app);
std::function<int()> declareCompile(CLI::App &app);
std::function<int()> declareRun(CLI::App &app);
std::function<int()> declareBench(CLI::App &app);
std::function<int()> declareDiff(CLI::App &app);
std::function<int()> declareOps(CLI::App &app);
std::function<int()> declareInspect(CLI::App &app);
std::function<int()> declareQuantize(CLI::App &app);
std::function<int()> declareReport(CLI::App &app);

} // namespace pebble::cli

#endif // PEBBLE_TOOLS_PEBBLE_VERB_H
