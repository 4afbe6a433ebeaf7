// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// order-sweep [STEPS [FIRST LAST]]: orders the cells of seeds FIRST to LAST (0 to 199) and prints,
// for each, the peak of the best simple order, the one found, what is proven, and the seconds it
// took.
#include "test/unit/schedule/Graphs.h"

#include <cstdio>
#include <cstdlib>
#include <ctime>

using namespace pebble::order;

int main(int argc, char **argv) {
  const int64_t steps = argc > 1 ? std::atoll(argv[1]) : 1'000'000;
  const int first = argc > 3 ? std::atoi(argv[2]) : 0, last = argc > 3 ? std::atoi(argv[3]) : 199;
  int proven = 0, worse = 0;
  for (int seed = first; seed <= last; ++seed) {
    Graph graph = wattsStrogatzCell(static_cast<uint32_t>(seed));
    std::clock_t start = std::clock();
    Result result = orderNodes(graph, steps);
    double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    int64_t simple = simplePeak(graph);
    proven += result.isOptimal();
    worse += result.peak > simple;
    std::printf("seed %3d: %2d nodes, simple %lld, found %lld, bound %lld%s, %.2f s\n", seed,
                graph.nodes, static_cast<long long>(simple), static_cast<long long>(result.peak),
                static_cast<long long>(result.lowerBound), result.isOptimal() ? " (optimal)" : "",
                seconds);
  }
  std::printf("%d of %d proven optimal, %d worse than a simple order\n", proven, last - first + 1,
              worse);
  return worse == 0 ? 0 : 1;
}
