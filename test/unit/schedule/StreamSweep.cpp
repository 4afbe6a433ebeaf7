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
  int wrong = 0, rejected = 0, alarms = 0;
  for (int round = 0; round < count; ++round) {
    Program program = randomProgram(random);
    Options options;
    Schedule mutant = mutate(program, scheduleProgram(program, options), options, random);
    Outcome outcome = runSchedule(program, mutant);
    wrong += !outcome.isRight;
    rejected += !outcome.isRight && !outcome.isAccepted;
    alarms += outcome.isRight && !outcome.isAccepted;
  }
  std::printf("%d mutants: %d wrong, of which %d are rejected; %d harmless, of which %d are "
              "rejected\n",
              count, wrong, rejected, count - wrong, alarms);
  return wrong == rejected ? 0 : 1;
}
