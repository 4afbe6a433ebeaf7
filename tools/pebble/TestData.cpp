// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/pebble/TestData.h"

#include "frontends/onnx/onnx-ml.pb.h"
#include "tools/pebble/Files.h"
#include "tools/pebble/Verb.h"

#include <algorithm>
#include <cstring>
#include <filesystem>

using namespace pebble;
using namespace pebble::cli;
using pebble::onnx::proto::TensorProto;

namespace {

/// Appends each value of a typed field, narrowed to the element's size.
template <typename Field> void appendNarrowed(const Field &values, uint32_t bytes, Array &array) {
  for (auto value : values) {
    const char *data = reinterpret_cast<const char *>(&value);
    array.data.insert(array.data.end(), data, data + bytes);
  }
}

/// Fills the data from the field that ONNX prescribes for the element type.
void appendTyped(const TensorProto &tensor, Array &array) {
  switch (array.dtype) {
  case PEBBLE_F32:
    return appendNarrowed(tensor.float_data(), 4, array);
  case PEBBLE_F64:
    return appendNarrowed(tensor.double_data(), 8, array);
  case PEBBLE_I64:
    return appendNarrowed(tensor.int64_data(), 8, array);
  case PEBBLE_U32:
  case PEBBLE_U64:
    return appendNarrowed(tensor.uint64_data(), array.type().bytes, array);
  default:
    return appendNarrowed(tensor.int32_data(), array.type().bytes, array);
  }
}

Array decodeTensor(const TensorProto &tensor, const std::string &file) {
  Array array;
  array.dtype = tensor.data_type();
  if (!support::findDType(array.dtype))
    throw Failure(kUnsupported, "'" + file + "' holds elements of ONNX's type " +
                                    std::to_string(tensor.data_type()) +
                                    ", which Pebble does not have");
  if (tensor.data_location() == TensorProto::EXTERNAL)
    throw Failure(kUnsupported, "'" + file + "' keeps its data in another file");
  array.dims.assign(tensor.dims().begin(), tensor.dims().end());
  uint64_t bytes = 0;
  if (!support::tensorBytes(array.dims.data(), array.dims.size(), array.type().bytes, bytes))
    throw Failure(kUsage, "'" + file + "' has the impossible shape " + shapeText(array.dims));
  if (tensor.has_raw_data())
    array.data.assign(tensor.raw_data().begin(), tensor.raw_data().end());
  else
    appendTyped(tensor, array);
  if (array.data.size() != bytes)
    throw Failure(kUsage, "'" + file + "' has " + std::to_string(array.data.size()) +
                              " bytes of data for " + typeText(array.dtype, array.dims));
  return array;
}

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
    arrays.push_back({tensor.name(), decodeTensor(tensor, path)});
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

TestData TestData::load(const std::string &folder, const Model &model) {
  if (!std::filesystem::is_directory(folder))
    throw Failure(kUsage, "'" + folder + "' is not a folder of test data");
  TestData data;
  data.inputs = assign(loadNumbered(folder, "input_"), model.inputs(), "input");
  data.outputs = assign(loadNumbered(folder, "output_"), model.outputs(), "output");
  if (data.outputs.empty())
    throw Failure(kUsage, "'" + folder + "' holds no output_0.pb to compare with");
  return data;
}
