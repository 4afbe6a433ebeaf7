// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An ONNX model that has been read and checked: whatever is reached through it has the sizes that
// it says it has, names are defined before they are used, and no name means two things.
#ifndef PEBBLE_FRONTENDS_ONNX_MODEL_H
#define PEBBLE_FRONTENDS_ONNX_MODEL_H

#include "frontends/onnx/Problems.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <memory>
#include <optional>
#include <string>

namespace pebble::onnx {

namespace proto {
class ModelProto;
class TensorProto;
} // namespace proto

class ExternalFiles;

/// Versions of the ai.onnx operator set that the front end knows.
constexpr int64_t oldestOpset = 7;
constexpr int64_t newestOpset = 27;

/// What no real model exceeds; hostile ones do, to exhaust the compiler.
constexpr int64_t maxRank = 64;
constexpr int64_t maxTensorBytes = int64_t(1) << 40;

class Model {
public:
  ~Model();
  Model(const Model &) = delete;
  Model &operator=(const Model &) = delete;

  const proto::ModelProto &proto() const { return *message; }
  /// What to call the model: its file's stem, or its graph's name.
  llvm::StringRef name() const { return modelName; }
  /// A tensor's raw bytes: its raw_data or external data. Empty when it uses the typed fields.
  llvm::ArrayRef<char> rawData(const proto::TensorProto &tensor) const;

private:
  friend class ModelReader;
  Model();

  std::unique_ptr<proto::ModelProto> message;
  std::unique_ptr<ExternalFiles> external;
  std::string modelName;
};

/// Reads a model file; null, with the reasons in `problems`, when it is not a valid model.
std::shared_ptr<const Model> readModel(const std::string &path, Problems &problems);
/// Reads a model in memory. `folder` is where its external data is; empty when it may have none.
std::shared_ptr<const Model> readModel(llvm::ArrayRef<char> bytes, const std::string &folder,
                                       Problems &problems);

} // namespace pebble::onnx

#endif // PEBBLE_FRONTENDS_ONNX_MODEL_H
