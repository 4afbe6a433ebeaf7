// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An open package as the C API sees it: signature, symbolic dims, and code once it is needed.
#ifndef PEBBLE_RUNTIME_HOST_MODEL_H
#define PEBBLE_RUNTIME_HOST_MODEL_H

#include "runtime/host/Code.h"
#include "runtime/host/pebble.h"
#include "runtime/package/Loader.h"

#include <memory>
#include <mutex>
#include <vector>

namespace pebble::host {

class Model {
public:
  explicit Model(std::unique_ptr<package::Package> package);

  const package::Manifest &manifest() const { return opened->manifest(); }
  const uint8_t *constants() const { return opened->constants().data; }

  /// Points `info` at the signature of an input or output.
  const pebble_tensor_info &inputInfo(size_t index) const { return inputs.infos[index]; }
  const pebble_tensor_info &outputInfo(size_t index) const { return outputs.infos[index]; }

  /// The names of the inputs' symbolic dims; a dim's symbol is an index into them.
  const std::vector<std::string> &symbols() const { return symbolNames; }
  /// The symbol of a dim of an input, -1 for a dim without one.
  int symbol(size_t input, size_t axis) const { return inputSymbols[input][axis]; }

  /// Links the code on the first call; null on failure, which sets `status` and the error text.
  const Code *link(int &status);

private:
  struct Infos {
    std::vector<std::vector<const char *>> dimNames;
    std::vector<pebble_tensor_info> infos;
    void fill(const std::vector<package::TensorSpec> &specs);
  };

  int checkHost() const;

  std::unique_ptr<package::Package> opened;
  Infos inputs, outputs;
  std::vector<std::string> symbolNames;
  std::vector<std::vector<int>> inputSymbols;
  std::mutex mutex;
  std::unique_ptr<Code> code;
};

} // namespace pebble::host

#endif // PEBBLE_RUNTIME_HOST_MODEL_H
