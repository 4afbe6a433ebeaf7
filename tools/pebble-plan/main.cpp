// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// pebble-plan: the memory planner by itself, on files in MiniMalloc's format.
#include "passes/schedule/planner/Planner.h"
#include "passes/schedule/verifier/PlanVerifier.h"
#include "tools/pebble-plan/Csv.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <unistd.h>

using namespace pebble;
using nlohmann::ordered_json;

namespace {

/// A stable contract (docs/memory.md).
enum ExitCode {
  kFits = 0,
  kUsage = 1,
  kMalformed = 2,
  kDoesNotFit = 4, ///< Proven.
  kOutOfTime = 6,
  kInternal = 70
};

constexpr int kSchema = 1;

struct Failure : std::runtime_error {
  Failure(ExitCode code, const std::string &message) : std::runtime_error(message), code(code) {}
  ExitCode code;
};

struct Arguments {
  std::string input, output, json;
  int64_t capacity = 0;
  double seconds = 60;
};

std::string readFile(const std::string &path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored))
    throw Failure(kUsage, "error[E1004]: cannot read '" + path + "': it is a folder");
  std::ifstream file(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  if (!file)
    throw Failure(kUsage, "error[E1004]: cannot read '" + path + "': " + std::strerror(errno));
  return std::move(bytes).str();
}

/// Writes a file beside `path` and renames it, so that nothing half-written is ever seen.
void writeFile(const std::string &path, const std::string &text) {
  std::string part = path + ".part" + std::to_string(getpid());
  std::ofstream file(part, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (file && std::rename(part.c_str(), path.c_str()) == 0)
    return;
  std::string reason = std::strerror(errno);
  std::error_code ignored;
  std::filesystem::remove(part, ignored);
  throw Failure(kUsage, "error[E1005]: cannot write '" + path + "': " + reason);
}

plan::Table readTable(const std::string &path) {
  std::vector<plan::Fault> faults;
  plan::Table table = plan::parseTable(readFile(path), faults);
  if (faults.empty())
    return table;
  std::string message;
  for (const plan::Fault &fault : faults)
    message += (message.empty() ? "" : "\n") + ("error[E2501]: '" + path + "', line ") +
               std::to_string(fault.line) + ", column " + std::to_string(fault.column) + ": " +
               fault.message;
  throw Failure(kMalformed, message);
}

/// A plan that is not what it claims to be is a defect of the planner, and is not handed out.
void verify(const plan::Table &table, const planner::Plan &plan, int64_t capacity) {
  std::vector<verifier::PlacedRange> ranges;
  for (size_t i = 0; i < table.buffers.size(); ++i) {
    const planner::Buffer &buffer = table.buffers[i];
    ranges.push_back({buffer.lower, buffer.upper, plan.offsets[i], buffer.size, buffer.alignment});
  }
  auto violations = verifier::verifyPlan(ranges, capacity);
  std::string message = "error[E9002]: the planner made a plan that is not valid:";
  for (const auto &violation : violations)
    message += "\n  " + verifier::describe(violation, ranges, table.ids, capacity);
  for (size_t i = 0; i < table.buffers.size(); ++i)
    if (table.buffers[i].fixed && table.buffers[i].fixed != plan.offsets[i])
      throw Failure(kInternal, message + "\n  '" + table.ids[i] + "' is not at its offset");
  if (!violations.empty())
    throw Failure(kInternal, message);
}

const char *verdict(planner::Answer answer) {
  switch (answer) {
  case planner::Answer::fits:
    return "fits";
  case planner::Answer::doesNotFit:
    return "does_not_fit";
  case planner::Answer::unknown:
    return "out_of_time";
  }
  return "";
}

std::string toJson(const plan::Table &table, const planner::Result &result, int64_t capacity) {
  bool fits = result.answer == planner::Answer::fits;
  ordered_json json = {{"schema_version", kSchema},
                       {"verdict", verdict(result.answer)},
                       {"capacity_bytes", capacity},
                       {"buffers", table.buffers.size()},
                       {"lower_bound_bytes", result.lowerBound}};
  json["peak_bytes"] = fits ? ordered_json(result.plan.height) : ordered_json();
  json["gap_bytes"] = fits ? ordered_json(result.plan.height - result.lowerBound) : ordered_json();
  json["optimal"] = fits && result.isOptimal();
  json["conflict"] = ordered_json::array();
  for (int index : result.conflict)
    json["conflict"].push_back(table.ids[index]);
  json["conflict_minimal"] = result.conflictIsMinimal;
  return json.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

std::string describeConflict(const plan::Table &table, const planner::Result &result,
                             int64_t capacity) {
  int64_t bytes = 0, lower = std::numeric_limits<int64_t>::min();
  std::string list;
  for (int index : result.conflict) {
    const planner::Buffer &buffer = table.buffers[index];
    bytes += buffer.size;
    lower = std::max(lower, buffer.lower);
    list += "\n  '" + table.ids[index] + "': " + std::to_string(buffer.size) + " bytes, alive [" +
            std::to_string(buffer.lower) + ", " + std::to_string(buffer.upper) + ")";
  }
  std::string why = "a complete search found no place for all of them";
  if (result.reason == planner::Reason::aliveTogether)
    why = "they are alive together at " + std::to_string(lower) + " and need " +
          std::to_string(bytes) + " bytes";
  else if (result.reason == planner::Reason::fixedOffsets)
    why = "the offsets that they have to have do not allow it";
  return "error[E4001]: " + std::to_string(result.conflict.size()) + " buffers do not fit " +
         std::to_string(capacity) + " bytes: " + why + list;
}

int run(const Arguments &arguments) {
  plan::Table table = readTable(arguments.input);
  planner::Options options;
  options.capacity = arguments.capacity;
  // A year is as good as no limit, and can be added to the clock.
  double seconds = std::min(arguments.seconds, 3e7);
  options.budget =
      planner::Budget(std::numeric_limits<int64_t>::max() / 2,
                      planner::Budget::Clock::now() +
                          std::chrono::microseconds(static_cast<int64_t>(seconds * 1e6)));
  planner::Result result = planner::planBuffers(table.buffers, options);

  if (result.answer == planner::Answer::fits) {
    verify(table, result.plan, arguments.capacity);
    writeFile(arguments.output, plan::printTable(table, result.plan.offsets));
  }
  if (!arguments.json.empty())
    writeFile(arguments.json, toJson(table, result, arguments.capacity));
  switch (result.answer) {
  case planner::Answer::fits:
    std::printf("fits: %zu buffers in %lld of %lld bytes; no plan is lower than %lld%s\n",
                table.buffers.size(), static_cast<long long>(result.plan.height),
                static_cast<long long>(arguments.capacity),
                static_cast<long long>(result.lowerBound), result.isOptimal() ? ": optimal" : "");
    return kFits;
  case planner::Answer::doesNotFit:
    throw Failure(kDoesNotFit, describeConflict(table, result, arguments.capacity));
  case planner::Answer::unknown:
    break;
  }
  std::ostringstream message;
  message << "error[E6001]: no plan of " << arguments.capacity << " bytes was found in "
          << arguments.seconds << " s, and none was proven impossible; the lowest plan found needs "
          << result.plan.height << " bytes, no plan is lower than " << result.lowerBound
          << "; raise --time-limit or --capacity";
  throw Failure(kOutOfTime, message.str());
}

int runMain(int argc, char **argv) {
  CLI::App app("Finds offsets for buffers, so that none that are alive together overlap.",
               "pebble-plan");
  app.footer("Exit codes: 0 fits, 1 usage, 2 malformed file, 4 proven not to fit, 6 out of time,\n"
             "70 internal error.");
  Arguments arguments;
  app.add_option("input", arguments.input, "Buffers: id,lower,upper,size[,alignment][,offset]")
      ->required()
      ->type_name("IN.csv");
  app.add_option("--capacity", arguments.capacity, "Bytes that the plan may take")
      ->required()
      ->check(CLI::NonNegativeNumber)
      ->type_name("BYTES");
  app.add_option("--output", arguments.output, "The same with the column offset")
      ->required()
      ->type_name("OUT.csv");
  app.add_option("--time-limit", arguments.seconds, "Give up after this long (60)")
      ->check(CLI::PositiveNumber)
      ->type_name("SECONDS");
  app.add_option("--json", arguments.json, "What is known about the plan, as JSON")
      ->type_name("FILE");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &error) {
    return app.exit(error) == 0 ? kFits : kUsage;
  }
  if (!std::isfinite(arguments.seconds))
    throw Failure(kUsage, "error[E1003]: --time-limit has to be a number of seconds");
  return run(arguments);
}

} // namespace

int main(int argc, char **argv) {
  try {
    return runMain(argc, argv);
  } catch (const Failure &failure) {
    std::fprintf(stderr, "%s\n", failure.what());
    return failure.code;
  } catch (const std::bad_alloc &) {
    std::fprintf(stderr, "error: there is not enough memory\n");
    return kInternal;
  } catch (const std::exception &error) {
    std::fprintf(stderr, "internal error: %s\n", error.what());
    return kInternal;
  }
}
