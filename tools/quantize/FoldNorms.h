// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Rewrites of a float graph that leave its values the same up to rounding and give quantization
// fewer and plainer layers.
#ifndef PEBBLE_TOOLS_QUANTIZE_FOLDNORMS_H
#define PEBBLE_TOOLS_QUANTIZE_FOLDNORMS_H

#include "tools/quantize/Graph.h"

namespace pebble::quantize {

/// Moves each BatchNormalization behind a Conv or Gemm that nothing else reads into its weights and
/// bias. Returns how many.
int foldNorms(Graph &graph);

/// Moves the factors `alpha` and `beta` of each Gemm into its weights and bias, and writes a mean
/// that drops its dims as one that keeps them and a Squeeze.
void plainLayers(Graph &graph);

} // namespace pebble::quantize

#endif // PEBBLE_TOOLS_QUANTIZE_FOLDNORMS_H
