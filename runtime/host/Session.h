// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One user of a model: bindings, memory and threads. Everything a run of static shapes needs is
// made here, before the first run.
#ifndef PEBBLE_RUNTIME_HOST_SESSION_H
#define PEBBLE_RUNTIME_HOST_SESSION_H

#include "runtime/host/Memory.h"
#include "runtime/host/Model.h"
#include "runtime/host/ThreadPool.h"

namespace pebble::host {

class Session {
public:
  /// The options have been checked. Call `prepare` before anything else.
  Session(std::shared_ptr<Model> model, const pebble_session_options &options);
  ~Session();
  Session(const Session &) = delete;
  Session &operator=(const Session &) = delete;

  // Each returns a status and sets the error text.
  int prepare();
  int bindInput(int32_t index, const pebble_tensor &tensor);
  int bindOutput(int32_t index, void *data, uint64_t bytes);
  int run();
  int output(int32_t index, pebble_tensor &tensor) const;
  /// The bytes of the arena and the further regions: those of the largest shapes so far.
  uint64_t arenaBytes() const { return arenaSize + furtherBytes; }

private:
  struct Input {
    std::vector<int64_t> dims;
    bool bound = false;
  };
  struct Output {
    std::vector<int64_t> dims; ///< Of the last run.
    void *bound = nullptr;
    uint64_t boundBytes = 0;
    void *owned = nullptr;
    uint64_t ownedBytes = 0;
    void *data = nullptr; ///< Where the last run put it.
    bool written = false;
  };

  int ownOutput(size_t index, uint64_t bytes);
  int checkInputs();
  int reserveArena(uint64_t bytes);
  int reserveRegions();
  int failMemory(uint64_t bytes) const;
  int updatePlan();
  int reportFailure(int32_t status) const;
  void *provideOutput(int32_t index, const int64_t *dims, int32_t rank);
  void makeEnvironment();

  std::shared_ptr<Model> model;
  Allocator allocator;
  pebble_session_options options;
  BlockPool blocks;
  std::unique_ptr<ThreadPool> threads;
  pebble_main_fn entry = nullptr, plan = nullptr;
  pebble_env environment = {};
  void *arena = nullptr;
  uint64_t arenaSize = 0, furtherBytes = 0;
  std::vector<uint8_t *> regions;   ///< All of them; the first is the arena.
  std::vector<int64_t> plannedDims; ///< The dims of all inputs that the plan is for.
  bool isPlanned = false;
  std::vector<Input> inputs;
  std::vector<pebble_tensor> inputTensors; ///< What compiled code reads, in the model's order.
  std::vector<Output> outputs;
  std::vector<int64_t> symbolValues;
  bool hasRun = false;
  /// Why the last run refused an output; empty when it did not.
  char refusal[512] = "";
};

} // namespace pebble::host

#endif // PEBBLE_RUNTIME_HOST_SESSION_H
