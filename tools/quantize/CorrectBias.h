// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Rounding and clipping shift the mean of what a layer computes. The shift is measured and taken
// off the bias, layer by layer from the front, so that each sees its operands as they will be.
#ifndef PEBBLE_TOOLS_QUANTIZE_CORRECTBIAS_H
#define PEBBLE_TOOLS_QUANTIZE_CORRECTBIAS_H

#include "tools/quantize/Emit.h"
#include "tools/quantize/Statistics.h"

namespace pebble::quantize {

/// Changes the biases in `numbers`; gives one to layers that have none and can take it.
void correctBiases(const Graph &graph, const Plan &plan, const Statistics &statistics,
                   Numbers &numbers, const Compile &compile, size_t samples,
                   const Progress &progress);

} // namespace pebble::quantize

#endif // PEBBLE_TOOLS_QUANTIZE_CORRECTBIAS_H
