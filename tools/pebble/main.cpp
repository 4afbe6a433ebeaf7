// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// pebble: the command line. `pebble VERB`; every verb has a file of its own.
#include "tools/pebble/Verb.h"

#include <cstdio>
#include <vector>

using namespace pebble::cli;

namespace {

struct Verb {
  const char *name;
  const char *summary;
  DeclareVerb declare;
};

constexpr Verb kVerbs[] = {
    {"check", "Tell what stops a model from compiling", declareCheck},
    {"compile", "Compile a model", declareCompile},
    {"run", "Run a package on this machine", declareRun},
    {"bench", "Measure how fast a model runs on this machine", declareBench},
    {"quantize", "Turn a float model into a quantized one", declareQuantize},
    {"diff", "Compare a model's tensors with another computation of them", declareDiff},
    {"inspect", "Show what a package holds", declareInspect},
    {"report", "Draw where a compiled model keeps its tensors", declareReport},
    {"ops", "List the ONNX operators that are imported", declareOps},
};

int runMain(int argc, char **argv) {
  CLI::App app("Compiles ONNX models to the machine that runs them.", "pebble");
  app.set_version_flag("--version", "pebble " PEBBLE_VERSION);
  app.require_subcommand(1);
  app.footer("Exit codes: 0 success, 1 usage, 2 model rejected, 3 unsupported, 4 does not fit,\n"
             "5 numeric mismatch, 70 internal error.");
  std::vector<std::pair<CLI::App *, std::function<int()>>> declared;
  for (const Verb &verb : kVerbs) {
    CLI::App *subcommand = app.add_subcommand(verb.name, verb.summary);
    declared.emplace_back(subcommand, verb.declare(*subcommand));
  }
  if (argc < 2) {
    std::fputs(app.help().c_str(), stderr);
    return kUsage;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &error) {
    return app.exit(error) == 0 ? kSuccess : kUsage;
  }
  for (const auto &[subcommand, run] : declared)
    if (subcommand->parsed())
      return run();
  return kUsage;
}

} // namespace

int main(int argc, char **argv) {
  try {
    return runMain(argc, argv);
  } catch (const Failure &failure) {
    std::fprintf(stderr, "error: %s\n", failure.what());
    return failure.code;
  } catch (const std::bad_alloc &) {
    std::fprintf(stderr, "error: there is not enough memory\n");
    return kInternal;
  } catch (const std::exception &error) {
    std::fprintf(stderr, "internal error: %s\n", error.what());
    return kInternal;
  }
}
