// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// pebble-plan: the memory planner by itself, on files in MiniMalloc's format.
#include "passes/schedule/verifier/PlanVerifier.h"
#include "tools/Size.h"
#include "tools/pebble-plan/Messages.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <unistd.h>

using namespace pebble;

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

struct Failure : std::runtime_error {
  Failure(ExitCode code, const std::string &message) : std::runtime_error(message), code(code) {}
  ExitCode code;
};

struct Arguments {
  std::string input, output, json;
  std::optional<int64_t> capacity;
  std::vector<std::string> regions; ///< NAME[=SIZE].
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

/// What `NAME[=SIZE]` says; without names one region for the capacity.
std::vector<planner::Region> parseRegions(const Arguments &arguments) {
  std::vector<planner::Region> regions;
  auto refuse = [](const std::string &text, const std::string &why) {
    throw Failure(kUsage, "error[E1003]: --region '" + text + "': " + why);
  };
  for (const std::string &text : arguments.regions) {
    const size_t sign = text.find('=');
    planner::Region region;
    region.name = text.substr(0, sign);
    if (region.name.empty() || region.name.find_first_of(",| \t") != std::string::npos)
      refuse(text, "expected NAME=SIZE, with a name without ',', '|' and blanks");
    for (const planner::Region &other : regions)
      if (other.name == region.name)
        refuse(text, "the name was used before");
    if (sign != std::string::npos) {
      region.capacity = parseSize(std::string_view(text).substr(sign + 1));
      if (*region.capacity < 0)
        refuse(text, "the size is none such as 262144, 256KiB or 1MiB");
    } else if (&text != &arguments.regions.back()) {
      refuse(text, "only the last region may be without a size");
    }
    regions.push_back(std::move(region));
  }
  if (regions.size() > planner::kMostRegions)
    throw Failure(kUsage, "error[E1003]: there can be no more than " +
                              std::to_string(planner::kMostRegions) + " regions");
  if (regions.empty())
    regions.push_back({"", arguments.capacity});
  return regions;
}

plan::Table readTable(const std::string &path, const std::vector<std::string> &regions) {
  std::vector<plan::Fault> faults;
  plan::Table table = plan::parseTable(readFile(path), regions, faults);
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
void verify(const plan::Outcome &outcome) {
  const plan::Table &table = outcome.table;
  std::vector<verifier::PlacedRange> ranges;
  for (size_t i = 0; i < table.buffers.size(); ++i) {
    const planner::Buffer &buffer = table.buffers[i];
    ranges.push_back({buffer.lower, buffer.upper, outcome.result.offsets[i], buffer.size,
                      buffer.alignment, outcome.result.region[i], buffer.regions, std::nullopt});
    if (buffer.sharesWith)
      ranges.back().sharesWith = *buffer.sharesWith;
  }
  std::vector<verifier::Memory> memories;
  for (const planner::Region &region : outcome.regions)
    memories.push_back({region.name, region.capacity});
  auto violations = verifier::verifyPlan(ranges, memories);
  std::string message = "error[E9002]: the planner made a plan that is not valid:";
  for (const auto &violation : violations)
    message += "\n  " + verifier::describe(violation, ranges, table.ids, memories);
  for (size_t i = 0; i < table.buffers.size(); ++i)
    if (table.buffers[i].fixed && table.buffers[i].fixed != outcome.result.offsets[i])
      throw Failure(kInternal, message + "\n  '" + table.ids[i] + "' is not at its offset");
  if (!violations.empty())
    throw Failure(kInternal, message);
}

std::string printPlan(const plan::Outcome &outcome) {
  std::vector<plan::NewColumn> columns;
  if (outcome.isNamed) {
    columns.push_back({"region", {}});
    for (int region : outcome.result.region)
      columns.back().values.push_back(outcome.regions[region].name);
  }
  columns.push_back({"offset", {}});
  for (int64_t offset : outcome.result.offsets)
    columns.back().values.push_back(std::to_string(offset));
  return plan::printTable(outcome.table, columns);
}

int run(const Arguments &arguments) {
  const std::vector<planner::Region> regions = parseRegions(arguments);
  std::vector<std::string> names;
  for (size_t r = 0; r < arguments.regions.size(); ++r)
    names.push_back(regions[r].name);
  const plan::Table table = readTable(arguments.input, names);
  planner::Options options;
  // A year is as good as no limit, and can be added to the clock.
  double seconds = std::min(arguments.seconds, 3e7);
  options.budget =
      planner::Budget(std::numeric_limits<int64_t>::max() / 2,
                      planner::Budget::Clock::now() +
                          std::chrono::microseconds(static_cast<int64_t>(seconds * 1e6)));
  const planner::RegionsResult result = planner::planRegions(table.buffers, regions, options);
  const plan::Outcome outcome{table, regions, result, !names.empty()};

  if (result.answer == planner::Answer::fits) {
    verify(outcome);
    writeFile(arguments.output, printPlan(outcome));
  }
  if (!arguments.json.empty())
    writeFile(arguments.json, toJson(outcome));
  switch (result.answer) {
  case planner::Answer::fits:
    std::printf("%s\n", describePlan(outcome).c_str());
    return kFits;
  case planner::Answer::doesNotFit:
    throw Failure(kDoesNotFit, describeConflict(outcome));
  case planner::Answer::unknown:
    break;
  }
  throw Failure(kOutOfTime, describeTimeOut(outcome, arguments.seconds));
}

int runMain(int argc, char **argv) {
  CLI::App app("Finds offsets for buffers, so that none that are alive together overlap.",
               "pebble-plan");
  app.footer("Exit codes: 0 fits, 1 usage, 2 malformed file, 4 proven not to fit, 6 out of time,\n"
             "70 internal error.");
  Arguments arguments;
  app.add_option("input", arguments.input,
                 "Buffers: id,lower,upper,size and, if need be, alignment, "
                 "offset, regions, region, traffic, shares_with")
      ->required()
      ->type_name("IN.csv");
  CLI::Option *capacity =
      app.add_option("--capacity", arguments.capacity, "Bytes that the plan may take")
          ->check(CLI::NonNegativeNumber)
          ->type_name("BYTES");
  app.add_option("--region", arguments.regions,
                 "A region of the memory and its size, such as dtcm=64KiB (repeat for each, the "
                 "preferred one first); the last may be without a size")
      ->allow_extra_args(false)
      ->excludes(capacity)
      ->type_name("NAME=SIZE");
  app.add_option("--output", arguments.output, "The same with the columns region and offset")
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
  if (!arguments.capacity && arguments.regions.empty())
    throw Failure(kUsage, "error[E1003]: expected --capacity or --region");
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
