// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The bodies of functions that a model defines for itself, with the attributes of a call put in.
#ifndef PEBBLE_FRONTENDS_ONNX_FUNCTIONS_H
#define PEBBLE_FRONTENDS_ONNX_FUNCTIONS_H

#include "llvm/ADT/SmallVector.h"

#include <memory>

namespace pebble::onnx {

namespace proto {
class FunctionProto;
class NodeProto;
} // namespace proto

struct FunctionBody {
  llvm::SmallVector<const proto::NodeProto *> nodes;
  /// Keeps the nodes alive; null when they are the function's own.
  std::shared_ptr<const void> owner;
};

FunctionBody bindAttributes(const proto::FunctionProto &function, const proto::NodeProto &call);

} // namespace pebble::onnx

#endif // PEBBLE_FRONTENDS_ONNX_FUNCTIONS_H
