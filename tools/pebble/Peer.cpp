// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/pebble/Peer.h"

#include "frontends/onnx/onnx-ml.pb.h"
#include "tools/pebble/Npy.h"
#include "tools/pebble/Verb.h"

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

std::string errorOf(const json &reply) {
  return reply.contains("error") ? reply["error"].get<std::string>() : "it gave no answer";
}

std::string findScript() {
  std::error_code failure;
  std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", failure);
  return (program.parent_path() / kScript).string();
}

} // namespace

/// A model that has nothing but outputs: appended to another, it gives that one these outputs too.
static std::string encodeOutputs(const std::vector<std::string> &names) {
  pebble::onnx::proto::ModelProto model;
  for (const std::string &name : names)
    model.mutable_graph()->add_output()->set_name(name);
  return names.empty() ? "" : model.SerializeAsString();
}

Peer::Peer(const PeerRequest &request) : option(request.option + " onnxruntime") {
  std::string python = findPython();
  if (access(python.c_str(), X_OK) != 0)
    throw Failure(kUsage, "cannot run '" + python + "' for " + option +
                              ": run tools/setup, or set PEBBLE_PYTHON to a Python that has "
                              "onnxruntime");
  json line = {{"model", request.model},
               {"threads", request.threads},
               {"inputs", json::object()},
               {"optimized", request.isOptimized},
               {"watched", folder.file("watched.pb")},
               {"folder", folder.file("")}};
  writeFile(folder.file("watched.pb"), encodeOutputs(request.watched));
  for (size_t index = 0; index < request.inputs.size(); ++index) {
    const Array &input = request.inputs[index];
    if (!input.type().isInNumpy())
      throw Failure(kUnsupported, option + " cannot give it the " + input.type().name + " input '" +
                                      request.names[index] + "'");
    std::string file = folder.file("input_" + std::to_string(index) + ".npy");
    writeFile(file, encodeNpy(input));
    line["inputs"][request.names[index]] = file;
  }
  start(python, findScript());
  json reply = askFor(line);
  if (!reply.contains("version"))
    throw Failure(kUsage, "ONNX Runtime did not start: " + errorOf(reply));
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

json Peer::askFor(const json &line) {
  return json::parse(ask(line.dump(-1, ' ', false, json::error_handler_t::replace)), nullptr,
                     /*allow_exceptions=*/false);
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
  json reply = askFor(iterations);
  if (!reply.is_array())
    throw Failure(kInternal, "ONNX Runtime stopped in the middle of the measurement");
  return reply.get<std::vector<double>>();
}

std::map<std::string, Array> Peer::outputs(const std::vector<std::string> &names) {
  // ONNX Runtime takes an empty list for all.
  if (names.empty())
    return {};
  json reply = askFor(names);
  if (!reply.contains("files"))
    throw Failure(kUsage, "ONNX Runtime cannot compute the model: " + errorOf(reply));
  std::map<std::string, Array> arrays;
  for (size_t index = 0; index < names.size(); ++index) {
    std::string file = reply["files"][index].get<std::string>();
    arrays[names[index]] = decodeNpy(readFile(file), "output '" + names[index] + "' of " + option);
  }
  return arrays;
}
