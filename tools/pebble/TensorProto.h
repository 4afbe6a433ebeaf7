// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// ONNX's message for a tensor, as an array.
#ifndef PEBBLE_TOOLS_PEBBLE_TENSORPROTO_H
#define PEBBLE_TOOLS_PEBBLE_TENSORPROTO_H

#include "frontends/onnx/onnx-ml.pb.h"
#include "tools/pebble/Array.h"

namespace pebble::cli {

/// `what` names the tensor in messages. Throws Failure for a message that does not hold a tensor of
/// an element type that Pebble has, or keeps its data in another file.
Array decodeTensor(const onnx::proto::TensorProto &tensor, const std::string &what);

} // namespace pebble::cli

#endif // PEBBLE_TOOLS_PEBBLE_TENSORPROTO_H
