// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How many products layers add up.
#ifndef PEBBLE_PASSES_ANALYSIS_MACS_H
#define PEBBLE_PASSES_ANALYSIS_MACS_H

#include "passes/Passes.h"

namespace pebble {

/// The multiply-adds of a convolution, matrix product or recurrent layer, those with padding
/// included and those with what only fills up blocks of packed weights not. 0 for other layers.
/// Nothing where dims are not known.
std::optional<int64_t> macsOf(mlir::Operation *op);

} // namespace pebble

#endif // PEBBLE_PASSES_ANALYSIS_MACS_H
