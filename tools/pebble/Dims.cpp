// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/pebble/Dims.h"

#include "tools/pebble/Verb.h"

#include <charconv>

using namespace pebble::cli;

void pebble::cli::declareDims(CLI::App &app, std::vector<std::string> &arguments,
                              const std::string &help) {
  app.add_option("--dim", arguments, help)->allow_extra_args(false)->type_name("NAME=SIZE");
}

std::map<std::string, int64_t> pebble::cli::parseDims(const std::vector<std::string> &arguments) {
  std::map<std::string, int64_t> dims;
  for (const std::string &argument : arguments) {
    // A name may hold '=', a size does not.
    size_t split = argument.rfind('=');
    int64_t size = -1;
    const char *end = argument.data() + argument.size();
    const char *parsed = end;
    if (split != std::string::npos && split != 0)
      parsed = std::from_chars(argument.data() + split + 1, end, size).ptr;
    if (size < 0 || parsed != end)
      throw Failure(kUsage, "--dim " + argument + " is not of the form NAME=SIZE");
    dims[argument.substr(0, split)] = size;
  }
  return dims;
}
