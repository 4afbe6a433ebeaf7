// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// stream-sweep [MUTANTS]: makes one mistake in each of 10,000 schedules of random programs and
// prints how many are wrong, how many of those the verifier rejects, and how many harmless ones it
// rejects too.
#include "test/unit/schedule/StreamPrograms.h"

#include <cstdio>
#include <cstdlib>

using namespace pebble::stream;

int main(int argc, char **argv) {
  const int count = argc > 1 ? std::atoi(argv[1]) : 10'000;
  std::mt19937 random(1);
  const auto [wrong, rejected, alarms] = judgeMutants(count, random);
  std::printf("%d mutants: %d wrong, of which %d are rejected; %d harmless, of which %d are "
              "rejected\n",
              count, wrong, rejected, count - wrong, alarms);
  return wrong == rejected ? 0 : 1;
}
