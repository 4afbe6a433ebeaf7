// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Places for the buffers of a schedule in several memories.
#ifndef PEBBLE_PASSES_SCHEDULE_STREAM_REGIONPLACEMENT_H
#define PEBBLE_PASSES_SCHEDULE_STREAM_REGIONPLACEMENT_H

#include "passes/schedule/stream/StripSearch.h"

namespace pebble::stream {

/// Bytes of each memory, the most preferred first; none: as many as are needed.
using Capacities = std::vector<std::optional<int64_t>>;

/// Distributes what `schedule` has in the arena: all of it to the first memory where it fits there,
/// else what is read and written most for its size to the first ones. False where the last memory
/// is higher than its capacity.
bool placeInRegions(const Program &program, Schedule &schedule, const Options &options,
                    const Capacities &capacities);

/// Bytes that what lies in the memories ends beyond their capacities.
int64_t excessOf(const Schedule &schedule, const Capacities &capacities);

/// A schedule that fits the memories one by one, where one is found, computing again at most
/// `mostExtraWork` products; else one that needs little. What fits all memories together may not
/// fit each: less than the budget of `options`, the bytes of all, is tried then.
Choice chooseForRegions(const Program &program, const Options &options,
                        const Capacities &capacities, int64_t mostExtraWork);

} // namespace pebble::stream

#endif // PEBBLE_PASSES_SCHEDULE_STREAM_REGIONPLACEMENT_H
