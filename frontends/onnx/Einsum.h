// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Einsum, as transposes, reshapes, sums and matrix products.
#ifndef PEBBLE_FRONTENDS_ONNX_EINSUM_H
#define PEBBLE_FRONTENDS_ONNX_EINSUM_H

#include "frontends/onnx/NodeImporter.h"

namespace pebble::onnx {

llvm::LogicalResult importEinsum(NodeImporter &node);

} // namespace pebble::onnx

#endif // PEBBLE_FRONTENDS_ONNX_EINSUM_H
