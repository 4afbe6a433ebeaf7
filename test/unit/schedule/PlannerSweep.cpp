// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// planner-sweep [SECONDS]: plans 100 rectangles cut into 20 to 400 pieces, each within SECONDS of
// processor time or the steps that take about as long, and prints a line for each.
#include "test/unit/schedule/Problems.h"

#include <cstdio>
#include <cstdlib>
#include <ctime>

using namespace pebble::planner;

int main(int argc, char **argv) {
  constexpr double stepsPerSecond = 1e8;
  const double limit = argc > 1 ? std::atof(argv[1]) : 2;
  int planned = 0;
  for (uint32_t seed = 0; seed < 100; ++seed) {
    const int pieces = static_cast<int>(20 + seed * 380 / 99);
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
    std::printf("seed %2u: %3d pieces, %s, %lld of %lld, %.3f s\n", seed, pieces,
                fits ? "fits" : "not planned", static_cast<long long>(result.plan.height),
                static_cast<long long>(problem.capacity), seconds);
  }
  std::printf("%d of 100 planned\n", planned);
  return planned == 100 ? 0 : 1;
}
