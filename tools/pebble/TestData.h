// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// ONNX's test data folders: input_0.pb, ... and output_0.pb, ..., a TensorProto each.
#ifndef PEBBLE_TOOLS_PEBBLE_TESTDATA_H
#define PEBBLE_TOOLS_PEBBLE_TESTDATA_H

#include "tools/pebble/Model.h"

#include <map>

namespace pebble::cli {

struct TestData {
  std::map<std::string, Array> inputs, outputs;

  /// A file belongs to the tensor that it names, or else to the one of its number.
  static TestData load(const std::string &folder, const Model &model);
  /// The inputs alone, of a folder that need not have outputs.
  static std::map<std::string, Array> loadInputs(const std::string &folder,
                                                 const std::vector<Signature> &inputs);
};

} // namespace pebble::cli

#endif // PEBBLE_TOOLS_PEBBLE_TESTDATA_H
