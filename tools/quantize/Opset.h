// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Raises a model to a newer version of ONNX's operator set: QuantizeLinear with a scale a channel
// came with version 13, and the 4-bit types with 21.
#ifndef PEBBLE_TOOLS_QUANTIZE_OPSET_H
#define PEBBLE_TOOLS_QUANTIZE_OPSET_H

#include "tools/quantize/Graph.h"

namespace pebble::quantize {

/// Does nothing for a model of that version or a newer one. Throws Refusal with all nodes that
/// mean something else in the new version and cannot be rewritten.
void raiseOpset(Graph &graph, int64_t version);

} // namespace pebble::quantize

#endif // PEBBLE_TOOLS_QUANTIZE_OPSET_H
