// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// ONNX Runtime in a process of its own, so that neither engine's threads or memory touch the other.
// The process is a Python script beside the program that runs blocks of iterations on request.
#ifndef PEBBLE_TOOLS_PEBBLE_PEER_H
#define PEBBLE_TOOLS_PEBBLE_PEER_H

#include "tools/pebble/Array.h"
#include "tools/pebble/Files.h"

#include <cstdio>
#include <string>
#include <sys/types.h>
#include <vector>

namespace pebble::cli {

class Peer {
public:
  /// Starts it on an ONNX model with these inputs. Throws Failure when it cannot.
  Peer(const std::string &model, int threads, const std::vector<std::string> &names,
       const std::vector<Array> &inputs);
  ~Peer();
  Peer(const Peer &) = delete;
  Peer &operator=(const Peer &) = delete;

  const std::string &version() const { return peerVersion; }
  /// Runs the model and returns how long each run took, in seconds.
  std::vector<double> run(int iterations);

private:
  void start(const std::string &python, const std::string &script);
  std::string ask(const std::string &line);

  TemporaryFolder folder;
  pid_t process = -1;
  FILE *toPeer = nullptr;
  FILE *fromPeer = nullptr;
  std::string peerVersion;
};

} // namespace pebble::cli

#endif // PEBBLE_TOOLS_PEBBLE_PEER_H
