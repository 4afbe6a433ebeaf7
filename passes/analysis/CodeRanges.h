// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which codes quantized tensors can hold, channel by channel, for every input of the function.
//
// A layer's interval is the smallest that its operands' intervals allow: the contract's arithmetic
// on their ends (CodeArithmetic.h says why that is enough), clamps and saturation included. What is
// not followed can hold every code of its type. One walk is enough: values are computed before they
// are used, and nothing is carried around a loop but block arguments, of which nothing is assumed.
#ifndef PEBBLE_PASSES_ANALYSIS_CODERANGES_H
#define PEBBLE_PASSES_ANALYSIS_CODERANGES_H

#include "passes/Passes.h"

namespace pebble {

/// The integers from `low` to `high`.
struct Interval {
  int64_t low, high;

  bool isConstant() const { return low == high; }
  Interval joined(Interval other) const {
    return {std::min(low, other.low), std::max(high, other.high)};
  }
};

/// One interval for each index along `axis`, or one for the whole tensor.
struct ChannelRanges {
  std::optional<int64_t> axis;
  llvm::SmallVector<Interval> intervals;

  Interval at(int64_t channel) const { return intervals[axis ? channel : 0]; }
  Interval whole() const;
};

class CodeRanges {
public:
  explicit CodeRanges(mlir::Operation *root);

  /// Of a tensor of codes of at most 8 bits, quantized or plain; null for other values.
  const ChannelRanges *of(mlir::Value value) const;

  /// The intervals along dim `axis` of such a tensor: one for each index where they are known
  /// apart, else one for all.
  ChannelRanges along(mlir::Value value, int64_t axis) const;

  /// What a contraction's sums can be, one interval an output channel; empty for other ops.
  llvm::ArrayRef<Interval> sumsOf(mlir::Operation *op) const;

private:
  using Map = llvm::function_ref<Interval(mlir::Value operand, Interval codes)>;
  using Combine = llvm::function_ref<Interval(Interval lhs, Interval rhs)>;

  void visit(mlir::Operation *op);
  // Of an op's only result. Without intervals: nothing is known.
  ChannelRanges compute(mlir::Operation *op);
  ChannelRanges contract(mlir::Operation *op);
  ChannelRanges mapped(mlir::Operation *op, Map map) const;
  ChannelRanges mixed(mlir::Operation *op, llvm::ArrayRef<unsigned> operands) const;
  ChannelRanges joined(mlir::Operation *op, int64_t axis, Map map) const;
  ChannelRanges combined(mlir::Operation *op, Combine combine) const;

  llvm::DenseMap<mlir::Value, ChannelRanges> ranges;
  llvm::DenseMap<mlir::Operation *, llvm::SmallVector<Interval>> sums;
};

} // namespace pebble

#endif // PEBBLE_PASSES_ANALYSIS_CODERANGES_H
