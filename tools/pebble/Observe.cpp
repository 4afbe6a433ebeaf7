// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/pebble/Observe.h"

#include "targets/Driver.h"
#include "tools/pebble/Files.h"
#include "tools/pebble/Peer.h"
#include "tools/pebble/Verb.h"

using namespace pebble;
using namespace pebble::cli;

namespace {

std::map<std::string, Array> outputsOf(Model &model, const std::vector<Array> &inputs) {
  model.bind(inputs);
  model.run();
  std::map<std::string, Array> values;
  for (size_t index = 0; index < model.outputs().size(); ++index)
    values[model.outputs()[index].name] = model.output(index);
  return values;
}

/// Adds what was watched to the outputs of the undisturbed run, and notes what the watching
/// changed.
void addWatched(Observation &observation, std::map<std::string, Array> watched) {
  for (auto &[name, array] : watched) {
    auto [known, isNew] = observation.values.try_emplace(name, std::move(array));
    if (!isNew && known->second.data != array.data)
      observation.disturbed.push_back(name);
  }
}

} // namespace

PebbleSide::PebbleSide(const std::string &path, const PebbleOptions &options)
    : path(path), options(options), isOnnx(!isPackage(path)), plain(open({})) {}

std::unique_ptr<Model> PebbleSide::open(const std::vector<std::string> &watched) {
  if (!isOnnx)
    return std::make_unique<Model>(path, options.threads);
  TemporaryFolder folder;
  CompileOptions compileOptions;
  compileOptions.model = path;
  compileOptions.output = folder.file("model.pbl");
  compileOptions.dims = options.dims;
  compileOptions.integerQdq = options.integerQdq;
  compileOptions.watched = watched;
  int code = compileModel(compileOptions, llvm::errs());
  if (code != kSuccess)
    throw Failure(static_cast<cli::ExitCode>(code), "cannot compile '" + path + "'");
  // An open package does not need its file.
  return std::make_unique<Model>(compileOptions.output, options.threads);
}

Observation PebbleSide::observe(const std::vector<Array> &inputs,
                                const std::vector<std::string> &watched) {
  Observation observation{outputsOf(*plain, inputs), {}};
  if (isOnnx && !watched.empty())
    addWatched(observation, outputsOf(*open(watched), inputs));
  return observation;
}

Observation pebble::cli::observeOnnxRuntime(const std::string &path, bool isOptimized, int threads,
                                            const Model &model, const std::vector<Array> &inputs,
                                            const std::vector<std::string> &outputs,
                                            const std::vector<std::string> &watched) {
  PeerRequest request{"--against", path, threads, namesOf(model.inputs()), inputs, isOptimized};
  Observation observation{Peer(request).outputs(outputs), {}};
  if (watched.empty())
    return observation;
  request.watched = watched;
  std::vector<std::string> all = outputs;
  all.insert(all.end(), watched.begin(), watched.end());
  addWatched(observation, Peer(request).outputs(all));
  return observation;
}
