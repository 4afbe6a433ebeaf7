// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Cross-layer equalization (Nagel et al., Data-Free Quantization Through Weight Equalization and
// Bias Correction, 2019): between two layers with nothing but Relu between them, each channel can
// be scaled down in the first and up in the second without a change of the result.
#ifndef PEBBLE_TOOLS_QUANTIZE_EQUALIZE_H
#define PEBBLE_TOOLS_QUANTIZE_EQUALIZE_H

#include "tools/quantize/Plan.h"

namespace pebble::quantize {

/// Makes the ranges of weights that share a channel alike. Returns how many pairs of layers there
/// were.
int equalizeLayers(Graph &graph, const Plan &plan);

} // namespace pebble::quantize

#endif // PEBBLE_TOOLS_QUANTIZE_EQUALIZE_H
