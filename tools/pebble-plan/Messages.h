// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What pebble-plan says about a plan, or why there is none.
#ifndef PEBBLE_TOOLS_PEBBLE_PLAN_MESSAGES_H
#define PEBBLE_TOOLS_PEBBLE_PLAN_MESSAGES_H

#include "passes/schedule/planner/Regions.h"
#include "tools/pebble-plan/Csv.h"

namespace pebble::plan {

/// A question and its answer. Where there are no names there is one region, the capacity.
struct Outcome {
  const Table &table;
  const std::vector<planner::Region> &regions;
  const planner::RegionsResult &result;
  bool isNamed;
};

/// A line, or with names more.
std::string describePlan(const Outcome &outcome);
/// The buffers that clash.
std::string describeConflict(const Outcome &outcome);
/// What was found before `seconds` were over.
std::string describeTimeOut(const Outcome &outcome, double seconds);
std::string toJson(const Outcome &outcome);

} // namespace pebble::plan

#endif // PEBBLE_TOOLS_PEBBLE_PLAN_MESSAGES_H
