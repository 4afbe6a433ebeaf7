// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/pebble/Inputs.h"

#include "tools/pebble/Files.h"
#include "tools/pebble/Npy.h"
#include "tools/pebble/Verb.h"

#include <algorithm>

using namespace pebble::cli;

static const Signature *findInput(const Model &model, const std::string &name) {
  auto found = std::find_if(model.inputs().begin(), model.inputs().end(),
                            [&](const Signature &input) { return input.name == name; });
  return found == model.inputs().end() ? nullptr : &*found;
}

static std::string listInputs(const Model &model) {
  std::string list;
  for (const Signature &input : model.inputs())
    list += "\n  " + input.name + ": " + input.text();
  return model.inputs().empty() ? "the model has no inputs" : "the model's inputs are" + list;
}

void InputOptions::declare(CLI::App &app) {
  app.add_option("--input", files, "An input: NAME=FILE.npy (repeat for each)")
      ->allow_extra_args(false)
      ->type_name("NAME=FILE");
  app.add_option("--inputs", archive, "All inputs by name in one .npz file")->type_name("FILE");
}

std::map<std::string, Array> InputOptions::load(const Model &model) const {
  std::map<std::string, Array> named;
  if (!archive.empty())
    named = decodeNpz(readFile(archive), "'" + archive + "'");
  for (const std::string &argument : files) {
    // ONNX allows a name to hold '=', so a split that gives a known name is preferred.
    size_t split = argument.find('=');
    for (size_t at = split; at != std::string::npos; at = argument.find('=', at + 1))
      if (findInput(model, argument.substr(0, at)))
        split = at;
    if (split == std::string::npos)
      throw Failure(kUsage, "--input " + argument + " is not of the form NAME=FILE.npy; " +
                                listInputs(model));
    std::string file = argument.substr(split + 1);
    named[argument.substr(0, split)] = decodeNpy(readFile(file), "'" + file + "'");
  }
  return named;
}

std::vector<Array> pebble::cli::arrangeInputs(const Model &model,
                                              std::map<std::string, Array> named) {
  for (const auto &[name, array] : named)
    if (!findInput(model, name))
      throw Failure(kUsage, "there is no input '" + name + "'; " + listInputs(model));
  std::vector<Array> arrays;
  for (const Signature &input : model.inputs()) {
    auto found = named.find(input.name);
    if (found == named.end())
      throw Failure(kUsage, "input '" + input.name + "' is not given; " + listInputs(model));
    Array &array = found->second;
    if (!takeAs(array, input.dtype))
      throw Failure(kUsage, "input '" + input.name + "' is " + input.text() +
                                ", but its file holds " + contentsText(array) +
                                ": convert it with astype");
    arrays.push_back(std::move(array));
  }
  return arrays;
}
