// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Places of a program's buffers of known size in the arena, which may have several regions.
#ifndef PEBBLE_PASSES_SCHEDULE_ARENAPLAN_H
#define PEBBLE_PASSES_SCHEDULE_ARENAPLAN_H

#include "passes/Passes.h"
#include "passes/analysis/Lifetimes.h"
#include "passes/schedule/MemoryRegions.h"
#include "passes/schedule/planner/Regions.h"

#include <optional>
#include <vector>

namespace pebble {

struct ArenaBuffer {
  mlir::memref::AllocOp alloc;
  Life life;
  int64_t bytes, id, offset = 0;
  /// The buffer over which it is written, and whose place it has.
  std::optional<int> over = std::nullopt;
  int64_t traffic = 0; ///< Bytes that launches and copies move of it, each counted once.
  int64_t region = 0;  ///< The number of the one in which the offset counts.
};

/// A memory and what lies in it.
struct PlannedRegion {
  MemoryRegion memory;
  int64_t height = 0, lowerBound = 0;
};

/// Says in `mem.regions` of `program` what lies in each region up to the last that is used; nothing
/// where there are none.
void describeRegions(mlir::func::FuncOp program, std::vector<PlannedRegion> regions);

struct ArenaPlan {
  std::vector<ArenaBuffer> buffers;
  /// Of unknown size or carried around a loop, with their last users.
  llvm::SmallVector<std::pair<mlir::memref::AllocOp, mlir::Operation *>> released;
  int64_t height = 0, lowerBound = 0; ///< Of all regions together.
  /// Empty where none were asked for, or where sizes are unknown.
  std::vector<PlannedRegion> regions;
  /// Buffers that do not fit into the regions by themselves, where that is proven.
  std::vector<int> conflict;

  /// Plans the buffers of `program`, with what launches write over operands in the operands'
  /// places, and checks the plan. Reports what is wrong. Where no plan is found in `regions`, the
  /// last of them is higher than its capacity.
  /// `steps` bound the search for a lower one.
  static mlir::FailureOr<ArenaPlan> make(mlir::func::FuncOp program, int64_t steps = planSteps,
                                         llvm::ArrayRef<MemoryRegion> regions = {});

  /// A fraction of a second where no simple plan is as low as can be, which few models need.
  static constexpr int64_t planSteps = 10'000'000;

private:
  explicit ArenaPlan(mlir::func::FuncOp program);
  llvm::LogicalResult findOver(mlir::func::FuncOp program);
  void addTraffic(mlir::func::FuncOp program);
  llvm::LogicalResult place(mlir::func::FuncOp program, int64_t steps,
                            llvm::ArrayRef<MemoryRegion> memories);
  bool placeInRegions(const std::vector<planner::Buffer> &problem,
                      llvm::ArrayRef<MemoryRegion> memories, const planner::Options &options);
  llvm::LogicalResult verify(mlir::func::FuncOp program) const;

  llvm::DenseMap<mlir::Value, int64_t> numbers; ///< Of the buffers.
};

} // namespace pebble

#endif // PEBBLE_PASSES_SCHEDULE_ARENAPLAN_H
