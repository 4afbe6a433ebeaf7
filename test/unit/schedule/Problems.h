// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Problems for the tests of the planner, and the planner that cannot be wrong.
#ifndef PEBBLE_TEST_UNIT_SCHEDULE_PROBLEMS_H
#define PEBBLE_TEST_UNIT_SCHEDULE_PROBLEMS_H

#include "passes/schedule/planner/Planner.h"

#include <random>
#include <string>

namespace pebble::planner {

/// Where rectangles come from whose lowest plan is known: one is cut until there are `pieces`.
struct CutRectangle {
  std::vector<Buffer> buffers;
  int64_t height;   ///< Of the rectangle.
  int64_t capacity; ///< The same, and 5 % more from 120 pieces on.
};
CutRectangle cutRectangle(int pieces, uint32_t seed);

/// The lowest height, found by trying all orders.
int64_t bruteForce(const std::vector<Buffer> &buffers);

/// What the verifier says about `plan`; empty when it is right.
std::string faultsOf(const std::vector<Buffer> &buffers, const Plan &plan, int64_t capacity);

/// Reads id,lower,upper,size.
std::vector<Buffer> readProblem(const std::string &path);

} // namespace pebble::planner

#endif // PEBBLE_TEST_UNIT_SCHEDULE_PROBLEMS_H
