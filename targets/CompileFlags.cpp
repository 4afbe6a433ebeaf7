// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "targets/CompileFlags.h"

#include "llvm/Support/FormatVariadic.h"

using namespace pebble;

std::vector<std::string> pebble::flagsOf(const CompileOptions &options) {
  std::vector<std::string> flags;
  for (auto &[name, value] : options.dims)
    flags.push_back("--dim=" + name + "=" + std::to_string(value));
  if (options.fastMath)
    flags.push_back("--fast-math");
  if (!options.integerQdq)
    flags.push_back("--qdq=float");
  if (!options.rangeAnalysis)
    flags.push_back("--range-analysis=off");
  if (options.rounding != "onnx")
    flags.push_back("--rounding=" + options.rounding);
  if (options.quantizedIo)
    flags.push_back("--io=quantized");
  const ScheduleOptions &schedule = options.schedule;
  if (schedule.byRows && schedule.budget < 0)
    flags.push_back("--objective=memory");
  if (schedule.recompute)
    flags.push_back("--rematerialize");
  if (schedule.extraWork > 0 && (schedule.byRows || schedule.recompute))
    flags.push_back("--extra-macs=" + llvm::formatv("{0:f}", schedule.extraWork).str());
  if (schedule.capacity >= 0)
    flags.push_back("--memory-budget=" + std::to_string(schedule.capacity));
  if (!schedule.regions.empty()) {
    std::string regions;
    for (const MemoryRegion &region : schedule.regions)
      regions += (regions.empty() ? "" : ",") + region.text();
    flags.push_back("--memory-regions=" + regions);
  }
  if (schedule.inputInArena)
    flags.push_back("--input-memory=arena");
  if (schedule.alignment != ScheduleOptions().alignment)
    flags.push_back("--layout=cortexm7");
  return flags;
}
