// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// planner-sweep [SECONDS [FIRST LAST]]: plans 100 rectangles cut into 20 to 400 pieces, or those of
// other seeds, each within the steps that take about SECONDS, and prints a line for each.
#include "test/unit/schedule/Problems.h"

#include <cstdio>
#include <cstdlib>
#include <ctime>

using namespace pebble::planner;

int main(int argc, char **argv) {
  constexpr double stepsPerSecond = 1e8;
  const double limit = argc > 1 ? std::atof(argv[1]) : 2;
  const int first = argc > 3 ? std::atoi(argv[2]) : 0, last = argc > 3 ? std::atoi(argv[3]) : 99;
  int planned = 0, all = 0;
  for (int seed = first; seed <= last; ++seed, ++all) {
    const int pieces = 20 + seed % 100 * 380 / 99;
    CutRectangle problem = cutRectangle(pieces, seed);
    Options options;
    options.capacity = problem.capacity;
    options.budget = Budget(static_cast<int64_t>(limit * stepsPerSecond));
    std::clock_t start = std::clock();
    Result result = planBuffers(problem.buffers, options);
    double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    bool fits = result.answer == Answer::fits &&
                faultsOf(problem.buffers, result.plan, problem.capacity).empty();
    planned += fits;
    std::printf("seed %2d: %3d pieces, %s, %lld of %lld, %.3f s\n", seed, pieces,
                fits ? "fits" : "not planned", static_cast<long long>(result.plan.height),
                static_cast<long long>(problem.capacity), seconds);
  }
  std::printf("%d of %d planned\n", planned, all);
  return planned == all ? 0 : 1;
}
