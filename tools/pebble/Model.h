// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An open package, for the verbs that run models: with a session on the host, or with its target's
// runner. Problems are thrown as Failure.
#ifndef PEBBLE_TOOLS_PEBBLE_MODEL_H
#define PEBBLE_TOOLS_PEBBLE_MODEL_H

#include "runtime/host/pebble.h"
#include "targets/Runner.h"
#include "tools/pebble/Array.h"

#include <functional>
#include <memory>

namespace pebble::cli {

/// What the model calls an input or output.
struct Signature {
  std::string name;
  int32_t dtype = PEBBLE_NONE;
  std::vector<int64_t> dims; ///< -1 where only the run knows.
  std::vector<std::string> dimNames;

  /// "f32 [batch, 3, ?]"
  std::string text() const;
};

std::vector<std::string> namesOf(const std::vector<Signature> &signatures);

/// Whether the file starts as a package does.
bool isPackage(const std::string &path);

class Model {
public:
  /// `board` is for packages that run on one: "" takes the target's default. `trace` hears of each
  /// kernel of a run on the host before it runs.
  Model(const std::string &path, int threads, const std::string &board = "",
        std::function<void(int32_t kernel)> trace = {});

  const std::string &name() const { return modelName; }
  const std::vector<Signature> &inputs() const { return inputSignatures; }
  const std::vector<Signature> &outputs() const { return outputSignatures; }

  /// The names of the kernels, by the index that `trace` gets; none of a package for a device.
  std::vector<std::string> kernels() const;

  /// The arrays, one an input in the model's order, are read by every run until bound anew.
  void bind(const std::vector<Array> &arrays);
  void run();
  /// A copy of what the last run left.
  Array output(size_t index) const;

private:
  struct Close {
    void operator()(pebble_package *opened) const { pebble_close(opened); }
  };
  struct Destroy {
    void operator()(pebble_session *made) const { pebble_session_destroy(made); }
  };

  bool openOnDevice(const std::string &path, const std::string &board);
  void bindOnDevice(const std::vector<Array> &arrays);

  std::string modelName;
  std::function<void(int32_t)> trace;
  std::unique_ptr<pebble::package::Package> devicePackage;
  std::unique_ptr<Runner> runner;
  std::vector<const void *> deviceInputs;
  std::vector<std::vector<char>> deviceOutputs;
  std::unique_ptr<pebble_package, Close> package;
  std::unique_ptr<pebble_session, Destroy> session;
  std::vector<Signature> inputSignatures, outputSignatures;
};

} // namespace pebble::cli

#endif // PEBBLE_TOOLS_PEBBLE_MODEL_H
