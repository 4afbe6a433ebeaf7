// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What makes buffers no problem to solve.
#ifndef PEBBLE_PASSES_SCHEDULE_PLANNER_FAULTS_H
#define PEBBLE_PASSES_SCHEDULE_PLANNER_FAULTS_H

#include "passes/schedule/planner/Problem.h"

namespace pebble::planner {

/// More regions than this have no bit in `Buffer::regions`.
constexpr size_t kMostRegions = 64;

struct Fault {
  enum Field { life, size, alignment, offset, sharesWith, regions, traffic };
  size_t buffer;
  Field field;
  const char *message;
};

/// What makes `buffers` no problem for memory of `regions` regions; empty when all is well.
std::vector<Fault> findFaults(const std::vector<Buffer> &buffers, size_t regions = 1);

} // namespace pebble::planner

#endif // PEBBLE_PASSES_SCHEDULE_PLANNER_FAULTS_H
