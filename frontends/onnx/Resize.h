// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PEBBLE_FRONTENDS_ONNX_RESIZE_H
#define PEBBLE_FRONTENDS_ONNX_RESIZE_H

#include <vector>

namespace pebble::onnx {

struct OpEntry;

void addResizeOps(std::vector<OpEntry> &rows); ///< Resize and Upsample.

} // namespace pebble::onnx

#endif // PEBBLE_FRONTENDS_ONNX_RESIZE_H
