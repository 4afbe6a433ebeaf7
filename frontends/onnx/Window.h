// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The attributes that convolutions and pools share.
#ifndef PEBBLE_FRONTENDS_ONNX_WINDOW_H
#define PEBBLE_FRONTENDS_ONNX_WINDOW_H

#include "frontends/onnx/NodeImporter.h"

namespace pebble::onnx {

struct Window {
  std::vector<int64_t> kernelShape; ///< Empty when the node does not say.
  std::vector<int64_t> strides, dilations;
  std::vector<int64_t> pads; ///< [begin..., end...].
  nn::AutoPad autoPad = nn::AutoPad::explicit_pads;
};

/// Reads and checks kernel_shape, strides, dilations, pads and auto_pad for `spatialRank` dims.
mlir::FailureOr<Window> readWindow(NodeImporter &node, int64_t spatialRank);

/// Reports unless there are `count` values of at least `least`, and none is absurd.
mlir::LogicalResult checkSizes(NodeImporter &node, llvm::StringRef name,
                               llvm::ArrayRef<int64_t> values, int64_t count, int64_t least);

} // namespace pebble::onnx

#endif // PEBBLE_FRONTENDS_ONNX_WINDOW_H
