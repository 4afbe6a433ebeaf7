// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/pebble/Peer.h"

#include "tools/pebble/Npy.h"
#include "tools/pebble/Verb.h"

#include <nlohmann/json.hpp>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace pebble::cli;
using nlohmann::json;

namespace {

constexpr const char *kScript = "pebble-onnxruntime.py";

std::string environmentOr(const char *name, const std::string &otherwise) {
  const char *value = std::getenv(name);
  return value && *value ? value : otherwise;
}

/// The Python that the set-up made, where nothing else is asked for.
std::string findPython() {
  std::string home = environmentOr("HOME", "");
  std::string cache = environmentOr("PEBBLE_CACHE", home + "/.cache/pebble");
  return environmentOr("PEBBLE_PYTHON", cache + "/venv/bin/python");
}

std::string findScript() {
  std::error_code failure;
  std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", failure);
  return (program.parent_path() / kScript).string();
}

} // namespace

Peer::Peer(const std::string &model, int threads, const std::vector<std::string> &names,
           const std::vector<Array> &inputs) {
  std::string python = findPython();
  if (access(python.c_str(), X_OK) != 0)
    throw Failure(kUsage, "cannot run '" + python +
                              "' for --vs onnxruntime: run tools/setup, or set PEBBLE_PYTHON to a "
                              "Python that has onnxruntime");
  json request = {{"model", model}, {"threads", threads}, {"inputs", json::object()}};
  for (size_t index = 0; index < inputs.size(); ++index) {
    if (inputs[index].dtype == PEBBLE_BF16)
      throw Failure(kUnsupported,
                    "--vs onnxruntime cannot give it the bf16 input '" + names[index] + "'");
    std::string file = folder.file("input_" + std::to_string(index) + ".npy");
    writeFile(file, encodeNpy(inputs[index]));
    request["inputs"][names[index]] = file;
  }
  start(python, findScript());
  json reply = json::parse(ask(request.dump(-1, ' ', false, json::error_handler_t::replace)),
                           nullptr, /*allow_exceptions=*/false);
  if (!reply.contains("version"))
    throw Failure(kUsage, "ONNX Runtime did not start: " + (reply.contains("error")
                                                                ? reply["error"].get<std::string>()
                                                                : "no answer from " + python));
  peerVersion = reply["version"].get<std::string>();
}

Peer::~Peer() {
  if (toPeer)
    fclose(toPeer);
  if (fromPeer)
    fclose(fromPeer);
  // The end of its input ends it.
  if (process > 0)
    waitpid(process, nullptr, 0);
}

void Peer::start(const std::string &python, const std::string &script) {
  // A peer that dies shows as an error of a write, not as the end of this process.
  signal(SIGPIPE, SIG_IGN);
  int in[2], out[2];
  if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0)
    throw Failure(kInternal, std::string("cannot make a pipe: ") + std::strerror(errno));
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
  const char *arguments[] = {python.c_str(), script.c_str(), nullptr};
  int status = posix_spawn(&process, python.c_str(), &actions, nullptr,
                           const_cast<char **>(arguments), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(in[0]);
  close(out[1]);
  toPeer = fdopen(in[1], "w");
  fromPeer = fdopen(out[0], "r");
  if (status != 0) {
    process = -1;
    throw Failure(kUsage, "cannot run '" + python + "': " + std::strerror(status));
  }
}

/// Sends a line and returns the line that comes back, empty when the peer is gone.
std::string Peer::ask(const std::string &line) {
  std::fprintf(toPeer, "%s\n", line.c_str());
  std::fflush(toPeer);
  char *answer = nullptr;
  size_t capacity = 0;
  ssize_t length = getline(&answer, &capacity, fromPeer);
  std::string result(answer ? answer : "", length > 0 ? static_cast<size_t>(length) : 0);
  free(answer);
  return result;
}

std::vector<double> Peer::run(int iterations) {
  json reply = json::parse(ask(std::to_string(iterations)), nullptr, /*allow_exceptions=*/false);
  if (!reply.is_array())
    throw Failure(kInternal, "ONNX Runtime stopped in the middle of the measurement");
  return reply.get<std::vector<double>>();
}
