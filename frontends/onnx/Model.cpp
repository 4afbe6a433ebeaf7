// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/Model.h"

#include "frontends/onnx/ExternalData.h"
#include "frontends/onnx/ModelCheck.h"
#include "frontends/onnx/onnx-ml.pb.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/Path.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <cerrno>
#include <climits>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace pebble::onnx {

Model::Model() : message(std::make_unique<proto::ModelProto>()) {}
Model::~Model() = default;

llvm::ArrayRef<char> Model::rawData(const proto::TensorProto &tensor) const {
  if (tensor.data_location() != proto::TensorProto::EXTERNAL)
    return {tensor.raw_data().data(), tensor.raw_data().size()};
  llvm::Expected<llvm::ArrayRef<char>> data = external->data(tensor);
  if (data)
    return *data;
  // The reader refuses models whose external data it cannot reach.
  llvm::consumeError(data.takeError());
  return {};
}

class ModelReader {
public:
  static std::shared_ptr<const Model> read(llvm::ArrayRef<char> bytes, const std::string &folder,
                                           llvm::StringRef name, Problems &problems);
};

/// A subgraph is three messages deeper than the graph of its node; 64 of them are allowed.
static constexpr int maxMessageDepth = 3 * 64 + 8;

std::shared_ptr<const Model> ModelReader::read(llvm::ArrayRef<char> bytes,
                                               const std::string &folder, llvm::StringRef name,
                                               Problems &problems) {
  if (bytes.size() > INT_MAX) {
    problems.add(ProblemCode::TooLarge,
                 "the model's file has " + llvm::Twine(bytes.size()) +
                     " bytes; protobuf allows 2 GiB: save the weights as external data");
    return nullptr;
  }
  std::shared_ptr<Model> model(new Model());
  google::protobuf::io::ArrayInputStream array(bytes.data(), static_cast<int>(bytes.size()));
  google::protobuf::io::CodedInputStream stream(&array);
  stream.SetTotalBytesLimit(INT_MAX);
  stream.SetRecursionLimit(maxMessageDepth);
  if (bytes.empty() || !model->message->ParseFromCodedStream(&stream) ||
      !stream.ConsumedEntireMessage()) {
    problems.add(ProblemCode::NotOnnx, "not an ONNX model: the file is not a complete ModelProto "
                                       "message, or nests subgraphs more than 64 deep");
    return nullptr;
  }
  model->external = std::make_unique<ExternalFiles>(folder);
  model->modelName = !name.empty() ? name.str() : model->proto().graph().name();
  size_t before = problems.size();
  checkModel(model->proto(), *model->external, problems);
  return problems.size() == before ? model : nullptr;
}

std::shared_ptr<const Model> readModel(llvm::ArrayRef<char> bytes, const std::string &folder,
                                       Problems &problems) {
  return ModelReader::read(bytes, folder, "", problems);
}

std::shared_ptr<const Model> readModel(const std::string &path, Problems &problems) {
  int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) {
    problems.add(ProblemCode::UnreadableFile,
                 "cannot open '" + path + "': " + std::strerror(errno));
    return nullptr;
  }
  llvm::scope_exit closeFile([&] { close(descriptor); });
  llvm::Expected<std::unique_ptr<MappedFile>> file = MappedFile::map(descriptor, path);
  if (!file) {
    problems.add(ProblemCode::UnreadableFile, llvm::toString(file.takeError()));
    return nullptr;
  }
  llvm::StringRef folder = llvm::sys::path::parent_path(path);
  return ModelReader::read((*file)->bytes(), folder.empty() ? "." : folder.str(),
                           llvm::sys::path::stem(path), problems);
}

} // namespace pebble::onnx
