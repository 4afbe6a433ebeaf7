// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The options by which `run` and `bench` are given a model's inputs.
#ifndef PEBBLE_TOOLS_PEBBLE_INPUTS_H
#define PEBBLE_TOOLS_PEBBLE_INPUTS_H

#include "tools/pebble/Array.h"
#include "tools/pebble/Model.h"

#include <CLI/CLI.hpp>

#include <map>
#include <string>
#include <vector>

namespace pebble::cli {

struct InputOptions {
  std::vector<std::string> files; ///< NAME=FILE.npy
  std::string archive;            ///< FILE.npz

  void declare(CLI::App &app);
  bool given() const { return !files.empty() || !archive.empty(); }
  /// What the options name, by input.
  std::map<std::string, Array> load(const Model &model) const;
};

/// The arrays in the model's order. Throws when one is missing, unknown or of another type.
std::vector<Array> arrangeInputs(const Model &model, std::map<std::string, Array> named);

} // namespace pebble::cli

#endif // PEBBLE_TOOLS_PEBBLE_INPUTS_H
