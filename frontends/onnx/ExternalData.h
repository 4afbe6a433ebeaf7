// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tensor data that a model keeps in files beside itself. The names of these files come from the
// model and are not trusted: only plain files inside the model's folder are opened.
#ifndef PEBBLE_FRONTENDS_ONNX_EXTERNALDATA_H
#define PEBBLE_FRONTENDS_ONNX_EXTERNALDATA_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Error.h"

#include <memory>
#include <string>

namespace pebble::onnx {

namespace proto {
class TensorProto;
} // namespace proto

/// A read-only mapping of a whole file.
class MappedFile {
public:
  MappedFile(const char *data, size_t size) : data(data), size(size) {}
  MappedFile(const MappedFile &) = delete;
  MappedFile &operator=(const MappedFile &) = delete;
  ~MappedFile();
  llvm::ArrayRef<char> bytes() const { return {data, size}; }

  /// Maps the regular file behind a descriptor and leaves the descriptor open.
  static llvm::Expected<std::unique_ptr<MappedFile>> map(int descriptor, const llvm::Twine &name);

private:
  const char *data;
  size_t size;
};

class ExternalFiles {
public:
  /// `folder` holds the model; when empty, the model was not read from a file and may not refer to
  /// any.
  explicit ExternalFiles(std::string folder) : folder(std::move(folder)) {}

  /// The bytes that a tensor with external data refers to. Opens the file at its first use.
  llvm::Expected<llvm::ArrayRef<char>> data(const proto::TensorProto &tensor);

private:
  llvm::Expected<const MappedFile *> open(llvm::StringRef location);

  std::string folder;
  llvm::StringMap<std::unique_ptr<MappedFile>> files;
};

} // namespace pebble::onnx

#endif // PEBBLE_FRONTENDS_ONNX_EXTERNALDATA_H
