// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Places of a program's buffers of known size in one arena.
#ifndef PEBBLE_PASSES_SCHEDULE_ARENAPLAN_H
#define PEBBLE_PASSES_SCHEDULE_ARENAPLAN_H

#include "passes/Passes.h"
#include "passes/analysis/Lifetimes.h"

#include <optional>
#include <vector>

namespace pebble {

struct ArenaBuffer {
  mlir::memref::AllocOp alloc;
  Life life;
  int64_t bytes, id, offset = 0;
  /// The buffer over which it is written, and whose place it has.
  std::optional<int> over = std::nullopt;
};

struct ArenaPlan {
  std::vector<ArenaBuffer> buffers;
  /// Of unknown size or carried around a loop, with their last users.
  llvm::SmallVector<std::pair<mlir::memref::AllocOp, mlir::Operation *>> released;
  int64_t height = 0, lowerBound = 0;

  /// Plans the buffers of `program`, with what launches write over operands in the operands'
  /// places, and checks the plan. Reports what is wrong.
  /// `steps` bound the search for a lower one.
  static mlir::FailureOr<ArenaPlan> make(mlir::func::FuncOp program, int64_t steps = planSteps);

  /// A fraction of a second where no simple plan is as low as can be, which few models need.
  static constexpr int64_t planSteps = 10'000'000;

private:
  explicit ArenaPlan(mlir::func::FuncOp program);
  llvm::LogicalResult findOver(mlir::func::FuncOp program);
  llvm::LogicalResult place(mlir::func::FuncOp program, int64_t steps);
};

} // namespace pebble

#endif // PEBBLE_PASSES_SCHEDULE_ARENAPLAN_H
