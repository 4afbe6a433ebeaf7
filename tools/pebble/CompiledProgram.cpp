// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/pebble/CompiledProgram.h"

#include "targets/Driver.h"
#include "tools/pebble/Verb.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <cstring>

using namespace pebble;
using namespace pebble::cli;

std::string pebble::cli::serialize(const quantize::proto::ModelProto &model) {
  std::string bytes;
  if (model.ByteSizeLong() > INT32_MAX)
    throw Failure(kUnsupported, "the model has more than 2 GiB, which one ONNX file cannot hold");
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    // Maps would be written in any order.
    coded.SetSerializationDeterministic(true);
    model.SerializeToCodedStream(&coded);
  }
  return bytes;
}

CompiledProgram::CompiledProgram(const quantize::Graph &graph,
                                 const std::vector<std::string> &outputs, bool integer,
                                 const ProgramOptions &options) {
  quantize::proto::ModelProto wanted = graph.model;
  wanted.mutable_graph()->clear_output();
  std::map<std::string, size_t> known;
  for (const std::string &name : outputs) {
    auto [place, isNew] = known.try_emplace(name, known.size());
    if (isNew)
      wanted.mutable_graph()->add_output()->set_name(name);
    places.push_back(place->second);
  }
  CompileOptions compile;
  compile.model = folder.file("model.onnx");
  compile.output = folder.file("model.pbl");
  compile.dims = options.dims;
  compile.integerQdq = integer;
  writeFile(compile.model, serialize(wanted));
  if (int code = compileModel(compile, llvm::errs()))
    throw Failure(static_cast<cli::ExitCode>(code), "the model does not compile");
  model.emplace(compile.output, options.threads);
}

void CompiledProgram::run(size_t sample,
                          const std::map<std::string, quantize::FloatTensor> &extra) {
  std::map<std::string, Array> named = samples->sample(sample);
  bound.clear();
  for (const Signature &input : model->inputs()) {
    Array array;
    if (auto found = extra.find(input.name); found != extra.end()) {
      array.dtype = PEBBLE_F32;
      array.dims = found->second.dims;
      const char *bytes = reinterpret_cast<const char *>(found->second.values.data());
      array.data.assign(bytes, bytes + found->second.values.size() * sizeof(float));
    } else {
      array = std::move(named.at(input.name));
    }
    bound.push_back(std::move(array));
  }
  model->bind(bound);
  model->run();
}

quantize::FloatTensor CompiledProgram::output(size_t index) const {
  Array array = model->output(places[index]);
  quantize::FloatTensor tensor;
  tensor.dims = array.dims;
  if (array.dtype == PEBBLE_F32) {
    tensor.values.resize(array.data.size() / sizeof(float));
    std::memcpy(tensor.values.data(), array.data.data(), array.data.size());
    return tensor;
  }
  for (int64_t i = 0; i < array.elements(); ++i)
    tensor.values.push_back(static_cast<float>(array.value(i)));
  return tensor;
}
