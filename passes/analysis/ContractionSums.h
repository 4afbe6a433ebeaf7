// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the sums of a contraction can be.
#ifndef PEBBLE_PASSES_ANALYSIS_CONTRACTIONSUMS_H
#define PEBBLE_PASSES_ANALYSIS_CONTRACTIONSUMS_H

#include "passes/analysis/CodeRanges.h"
#include "passes/analysis/ContractionParameters.h"

namespace pebble {

/// One interval an output channel, over all places of the window: its taps read codes that
/// `inputs` allows, or nothing where they lie outside the input.
llvm::SmallVector<Interval> contractionSums(const ContractionParameters &contraction,
                                            const ChannelRanges &inputs);

} // namespace pebble

#endif // PEBBLE_PASSES_ANALYSIS_CONTRACTIONSUMS_H
