// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/pebble/TestData.h"

#include "frontends/onnx/onnx-ml.pb.h"
#include "tools/pebble/Files.h"
#include "tools/pebble/TensorProto.h"
#include "tools/pebble/Verb.h"

#include <algorithm>
#include <filesystem>

using namespace pebble;
using namespace pebble::cli;
using pebble::onnx::proto::TensorProto;

namespace {

struct NamedArray {
  std::string name;
  Array array;
};

std::vector<NamedArray> loadNumbered(const std::string &folder, const std::string &prefix) {
  std::vector<NamedArray> arrays;
  for (;;) {
    std::string path = folder + "/" + prefix + std::to_string(arrays.size()) + ".pb";
    if (!std::filesystem::exists(path))
      return arrays;
    TensorProto tensor;
    // A sequence's fields pass for a tensor's with segments, which nothing writes.
    if (!tensor.ParseFromString(readFile(path)) || tensor.data_type() == 0 || tensor.has_segment())
      throw Failure(kUnsupported, "'" + path + "' is not a tensor");
    arrays.push_back({tensor.name(), decodeTensor(tensor, "'" + path + "'")});
  }
}

std::map<std::string, Array> assign(std::vector<NamedArray> arrays,
                                    const std::vector<Signature> &signatures,
                                    const std::string &what) {
  auto isKnown = [&](const NamedArray &named) {
    return std::any_of(signatures.begin(), signatures.end(),
                       [&](const Signature &s) { return s.name == named.name; });
  };
  std::map<std::string, Array> assigned;
  bool byName = std::all_of(arrays.begin(), arrays.end(), isKnown);
  if (!byName && arrays.size() > signatures.size())
    throw Failure(kUsage, "the test data has " + std::to_string(arrays.size()) + " " + what +
                              "s, the model " + std::to_string(signatures.size()));
  for (size_t index = 0; index < arrays.size(); ++index)
    assigned[byName ? arrays[index].name : signatures[index].name] = std::move(arrays[index].array);
  return assigned;
}

} // namespace

std::map<std::string, Array> TestData::loadInputs(const std::string &folder,
                                                  const std::vector<Signature> &inputs) {
  if (!std::filesystem::is_directory(folder))
    throw Failure(kUsage, "'" + folder + "' is not a folder of test data");
  return assign(loadNumbered(folder, "input_"), inputs, "input");
}

TestData TestData::load(const std::string &folder, const Model &model) {
  TestData data;
  data.inputs = loadInputs(folder, model.inputs());
  data.outputs = assign(loadNumbered(folder, "output_"), model.outputs(), "output");
  if (data.outputs.empty())
    throw Failure(kUsage, "'" + folder + "' holds no output_0.pb to compare with");
  return data;
}
