// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What must hold of a model before anything looks into it further.
#ifndef PEBBLE_FRONTENDS_ONNX_MODELCHECK_H
#define PEBBLE_FRONTENDS_ONNX_MODELCHECK_H

#include "frontends/onnx/ExternalData.h"
#include "frontends/onnx/Problems.h"

namespace pebble::onnx {

namespace proto {
class ModelProto;
} // namespace proto

/// Adds every violation to `problems`. Maps the files of external data as it checks their sizes.
void checkModel(const proto::ModelProto &model, ExternalFiles &external, Problems &problems);

} // namespace pebble::onnx

#endif // PEBBLE_FRONTENDS_ONNX_MODELCHECK_H
