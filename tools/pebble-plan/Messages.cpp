// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tools/pebble-plan/Messages.h"

#include "passes/schedule/planner/Places.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <limits>
#include <set>
#include <sstream>

using namespace pebble;
using namespace pebble::plan;
using nlohmann::ordered_json;

namespace {

constexpr int kSchema = 1;

std::string number(int64_t value) { return std::to_string(value); }

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

bool isIn(uint64_t set, size_t region) { return set >> region & 1; }

/// 'a' (64 bytes) and 'b' (8 bytes).
std::string listRegions(const std::vector<planner::Region> &regions, uint64_t set) {
  std::vector<std::string> names;
  for (size_t r = 0; r < regions.size(); ++r)
    if (isIn(set, r))
      names.push_back(
          "'" + regions[r].name + "'" +
          (regions[r].capacity ? " (" + number(*regions[r].capacity) + " bytes)" : std::string()));
  std::string text;
  for (size_t i = 0; i < names.size(); ++i)
    text += (i == 0 ? "" : i + 1 < names.size() ? ", " : " and ") + names[i];
  return text;
}

std::string explain(const Outcome &outcome) {
  const planner::RegionsResult &result = outcome.result;
  if (result.reason == planner::Reason::fixedOffsets)
    return "the offsets that they have to have do not allow it";
  if (result.reason != planner::Reason::aliveTogether)
    return "a complete search found no place for all of them";
  // Those that share a place need it once.
  const planner::Places places = planner::joinPlaces(outcome.table.buffers);
  std::set<int> conflict;
  for (int index : result.conflict)
    conflict.insert(places.placeOf[index]);
  int64_t bytes = 0, lower = std::numeric_limits<int64_t>::min();
  for (int place : conflict) {
    bytes += places.buffers[place].size;
    lower = std::max(lower, places.buffers[place].lower);
  }
  if (outcome.isNamed && conflict.size() == 1)
    return "no region in which " + std::string(result.conflict.size() == 1 ? "it" : "they") +
           " may lie has " + number(bytes) + " bytes";
  return "they are alive together at " + number(lower) + " and need " + number(bytes) + " bytes";
}

/// Null where it is not known.
template <typename T> ordered_json known(const std::optional<T> &value) {
  return value ? ordered_json(*value) : ordered_json();
}

void addRegions(const Outcome &outcome, ordered_json &json) {
  const planner::RegionsResult &result = outcome.result;
  const bool fits = result.answer == planner::Answer::fits;
  json["regions"] = ordered_json::array();
  json["conflict_regions"] = ordered_json::array();
  for (size_t r = 0; r < outcome.regions.size(); ++r) {
    const planner::Region &region = outcome.regions[r];
    ordered_json row = {{"name", region.name}, {"capacity_bytes", known(region.capacity)}};
    row["peak_bytes"] = fits ? ordered_json(result.uses[r].height) : ordered_json();
    row["lower_bound_bytes"] = fits ? ordered_json(result.uses[r].lowerBound) : ordered_json();
    json["regions"].push_back(row);
    if (result.answer == planner::Answer::doesNotFit && isIn(result.conflictRegions, r))
      json["conflict_regions"].push_back(region.name);
  }
  json["traffic_bytes"] = result.totalTraffic;
  json["preferred_traffic_bytes"] = fits ? ordered_json(result.preferredTraffic) : ordered_json();
  json["cost"] = fits ? ordered_json(result.cost) : ordered_json();
  json["cost_lower_bound"] = fits ? ordered_json(result.costBound) : ordered_json();
}

} // namespace

std::string pebble::plan::describePlan(const Outcome &outcome) {
  const planner::RegionsResult &result = outcome.result;
  std::string text = "fits: " + number(outcome.table.buffers.size()) + " buffers";
  for (size_t r = 0; r < outcome.regions.size(); ++r) {
    const planner::RegionUse &use = result.uses[r];
    const std::optional<int64_t> &capacity = outcome.regions[r].capacity;
    text += outcome.isNamed ? "\n  " + outcome.regions[r].name + ": " : " in ";
    text += number(use.height) + (capacity ? " of " + number(*capacity) : "") + " bytes; no plan" +
            (outcome.isNamed ? " of what lies there" : "") + " is lower than " +
            number(use.lowerBound) + (use.height == use.lowerBound ? ": optimal" : "");
  }
  if (outcome.isNamed && result.totalTraffic > 0)
    text += "\n  traffic: " + number(result.preferredTraffic) + " of " +
            number(result.totalTraffic) + " bytes in " + outcome.regions.front().name +
            "; the cost is " + number(result.cost) + ", that of no plan is less than " +
            number(result.costBound) + (result.isOptimal() ? ": optimal" : "");
  return text;
}

std::string pebble::plan::describeConflict(const Outcome &outcome) {
  const planner::RegionsResult &result = outcome.result;
  std::string text = "error[E4001]: " + number(result.conflict.size()) +
                     (outcome.isNamed && result.conflict.size() == 1 ? " buffer does not fit "
                                                                     : " buffers do not fit ");
  if (outcome.isNamed)
    text += listRegions(outcome.regions,
                        result.conflictRegions ? result.conflictRegions : ~uint64_t(0));
  else
    text += number(outcome.regions.front().capacity.value_or(0)) + " bytes";
  text += ": " + explain(outcome);
  for (int index : result.conflict) {
    const planner::Buffer &buffer = outcome.table.buffers[index];
    text += "\n  '" + outcome.table.ids[index] + "': " + number(buffer.size) + " bytes, alive [" +
            number(buffer.lower) + ", " + number(buffer.upper) + ")";
    if (buffer.sharesWith)
      text += ", in the place of '" + outcome.table.ids[*buffer.sharesWith] + "'";
  }
  return text;
}

std::string pebble::plan::describeTimeOut(const Outcome &outcome, double seconds) {
  std::ostringstream message;
  message << "error[E6001]: no plan ";
  if (outcome.isNamed)
    message << "for " << listRegions(outcome.regions, ~uint64_t(0));
  else
    message << "of " << outcome.regions.front().capacity.value_or(0) << " bytes";
  message << " was found in " << seconds << " s, and none was proven impossible; ";
  if (outcome.isNamed)
    message << "raise --time-limit or the size of a --region";
  else
    message << "the lowest plan found needs " << outcome.result.uses.front().height
            << " bytes, no plan is lower than " << outcome.result.uses.front().lowerBound
            << "; raise --time-limit or --capacity";
  return message.str();
}

std::string pebble::plan::toJson(const Outcome &outcome) {
  const planner::RegionsResult &result = outcome.result;
  const bool fits = result.answer == planner::Answer::fits;
  ordered_json json = {{"schema_version", kSchema},    {"verdict", verdict(result.answer)},
                       {"capacity_bytes", nullptr},    {"buffers", outcome.table.buffers.size()},
                       {"lower_bound_bytes", nullptr}, {"peak_bytes", nullptr},
                       {"gap_bytes", nullptr},         {"optimal", fits && result.isOptimal()}};
  if (outcome.isNamed) {
    addRegions(outcome, json);
  } else {
    const planner::RegionUse &use = result.uses.front();
    json["capacity_bytes"] = known(outcome.regions.front().capacity);
    json["lower_bound_bytes"] = use.lowerBound;
    json["optimal"] = fits && use.height == use.lowerBound;
    if (fits) {
      json["peak_bytes"] = use.height;
      json["gap_bytes"] = use.height - use.lowerBound;
    }
  }
  json["conflict"] = ordered_json::array();
  for (int index : result.conflict)
    json["conflict"].push_back(outcome.table.ids[index]);
  json["conflict_minimal"] = result.conflictIsMinimal;
  return json.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}
