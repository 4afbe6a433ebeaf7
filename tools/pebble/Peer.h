// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// ONNX Runtime in a process of its own, so that neither engine's threads or memory touch the other.
// The process is a Python script beside the program that runs blocks of iterations on request, or
// once to hand out what it computes.
#ifndef PEBBLE_TOOLS_PEBBLE_PEER_H
#define PEBBLE_TOOLS_PEBBLE_PEER_H

#include "tools/pebble/Array.h"
#include "tools/pebble/Files.h"

#include <nlohmann/json.hpp>

#include <cstdio>
#include <map>
#include <string>
#include <sys/types.h>
#include <vector>

namespace pebble::cli {

struct PeerRequest {
  std::string option; ///< Of the command line, that asked for the peer; for messages.
  std::string model;  ///< Path of the ONNX file.
  int threads = 1;
  std::vector<std::string> names; ///< Of the inputs.
  const std::vector<Array> &inputs;
  /// Whether the graph is optimized; else it is computed node by node, as it says.
  bool isOptimized = true;
  std::vector<std::string> watched = {}; ///< Tensors to make outputs as well.
};

class Peer {
public:
  /// Starts it on an ONNX model. Throws Failure when it cannot.
  explicit Peer(const PeerRequest &request);
  ~Peer();
  Peer(const Peer &) = delete;
  Peer &operator=(const Peer &) = delete;

  const std::string &version() const { return peerVersion; }
  /// Runs the model and returns how long each run took, in seconds.
  std::vector<double> run(int iterations);
  /// Runs the model once and returns these outputs.
  std::map<std::string, Array> outputs(const std::vector<std::string> &names);

private:
  void start(const std::string &python, const std::string &script);
  std::string ask(const std::string &line);
  nlohmann::json askFor(const nlohmann::json &line);

  std::string option;
  TemporaryFolder folder;
  pid_t process = -1;
  FILE *toPeer = nullptr;
  FILE *fromPeer = nullptr;
  std::string peerVersion;
};

} // namespace pebble::cli

#endif // PEBBLE_TOOLS_PEBBLE_PEER_H
