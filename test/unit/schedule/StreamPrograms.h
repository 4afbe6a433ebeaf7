// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Programs for the tests of the streaming scheduler, and a machine that runs their schedules.
#ifndef PEBBLE_TEST_UNIT_SCHEDULE_STREAMPROGRAMS_H
#define PEBBLE_TEST_UNIT_SCHEDULE_STREAMPROGRAMS_H

#include "passes/schedule/stream/Scheduler.h"
#include "passes/schedule/verifier/AccessVerifier.h"

#include <random>

namespace pebble::stream {

/// An inverted residual block of a mobile network.
struct Bottleneck {
  int64_t inputs, outputs, kernel, expansion, stride;
};

/// A network of such blocks on an image of `size` x `size` pixels of 3 bytes. The image lies in the
/// arena as a whole or is read row by row from somebody else's memory.
Program mobileNetwork(int64_t size, const std::vector<Bottleneck> &blocks, bool imageInArena);
std::vector<Bottleneck> mcunet320();
std::vector<Bottleneck> mobilenetV2();

/// A few layers with windows, shortcuts, whole layers and scratch; with branches, where asked.
Program randomProgram(std::mt19937 &random, bool hasBranches = false);

/// What the machine of the tests says of a schedule.
struct Outcome {
  bool isRight = true;    ///< No read saw another writer's byte, and results are as without a plan.
  bool isAccepted = true; ///< The verifier found nothing.
};

/// Computes the schedule in memory of its height, every byte tagged with its writer, and asks the
/// verifier.
Outcome runSchedule(const Program &program, const Schedule &schedule);

/// Whether the verifier accepts the accesses of a schedule.
bool isAccepted(const Program &program, const Schedule &schedule);

/// A schedule with one mistake that a planner could make: a shifted offset, a ring with one row
/// less, a life that ends early, steps in another order.
Schedule mutate(const Program &program, const Schedule &schedule, const Options &options,
                std::mt19937 &random);

/// What became of mutants of the schedules of random programs.
struct Mutants {
  int wrong = 0;
  int rejected = 0; ///< Of the wrong ones, by the verifier.
  int alarms = 0;   ///< Harmless ones that it rejects too.
};
Mutants judgeMutants(int count, std::mt19937 &random);

} // namespace pebble::stream

#endif // PEBBLE_TEST_UNIT_SCHEDULE_STREAMPROGRAMS_H
