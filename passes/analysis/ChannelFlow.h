// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How channels travel through layers that keep them apart.
#ifndef PEBBLE_PASSES_ANALYSIS_CHANNELFLOW_H
#define PEBBLE_PASSES_ANALYSIS_CHANNELFLOW_H

#include "passes/Passes.h"

namespace pebble {

/// Channel c of an operand, along `operandAxis`, is in the channels offset + c * repeat to
/// offset + (c + 1) * repeat - 1 of the result along `resultAxis`, and nothing else is there but
/// what comes from the same channels of other operands.
struct ChannelFlow {
  int64_t operandAxis, resultAxis;
  int64_t offset = 0, repeat = 1;

  /// From an operand of codes whose channels lie along `axis` to the only result. Nothing when the
  /// layer mixes channels, broadcasts them, or is not known to do neither.
  static std::optional<ChannelFlow> of(mlir::OpOperand &operand, int64_t axis);
};

} // namespace pebble

#endif // PEBBLE_PASSES_ANALYSIS_CHANNELFLOW_H
