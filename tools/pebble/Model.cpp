// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/pebble/Model.h"

#include "runtime/package/Manifest.h"
#include "tools/pebble/Verb.h"

#include <algorithm>
#include <cstring>
#include <fstream>

using namespace pebble::cli;

namespace {

/// How a status of the C API ends the process.
constexpr struct {
  int status;
  ExitCode code;
} kExitCodes[] = {
    {PEBBLE_ERROR_MEMORY, kDoesNotFit},     {PEBBLE_ERROR_UNSUPPORTED, kUnsupported},
    {PEBBLE_ERROR_PACKAGE, kModelRejected}, {PEBBLE_ERROR_VERSION, kModelRejected},
    {PEBBLE_ERROR_HOST, kUnsupported},      {PEBBLE_ERROR_SHAPE, kUsage},
    {PEBBLE_ERROR_INDEX, kUsage},           {PEBBLE_ERROR_VALUE, kUsage},
    {PEBBLE_ERROR_ARGUMENT, kUsage},
};

void check(int status) {
  if (status == PEBBLE_OK)
    return;
  for (const auto &known : kExitCodes)
    if (known.status == status)
      throw Failure(known.code, pebble_last_error());
  throw Failure(kInternal, pebble_last_error());
}

Signature describe(const pebble_tensor_info &info) {
  return {info.name,
          info.dtype,
          {info.dims, info.dims + info.rank},
          {info.dim_names, info.dim_names + info.rank}};
}

} // namespace

std::string Signature::text() const {
  std::string text = std::string(pebble_dtype_name(dtype)) + " [";
  for (size_t axis = 0; axis < dims.size(); ++axis) {
    const std::string &name = dimNames[axis];
    text += axis ? ", " : "";
    text += dims[axis] >= 0 ? std::to_string(dims[axis]) : name.empty() ? "?" : name;
  }
  return text + "]";
}

std::vector<std::string> pebble::cli::namesOf(const std::vector<Signature> &signatures) {
  std::vector<std::string> names;
  for (const Signature &signature : signatures)
    names.push_back(signature.name);
  return names;
}

bool pebble::cli::isPackage(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  char magic[sizeof(package::kMagic)] = {};
  file.read(magic, sizeof(magic));
  return std::memcmp(magic, package::kMagic, sizeof(magic)) == 0;
}

static uint64_t bytesOf(const Signature &signature) {
  uint64_t bytes = 0;
  pebble::support::tensorBytes(signature.dims.data(), signature.dims.size(),
                               pebble::support::findDType(signature.dtype)->bytes, bytes);
  return bytes;
}

/// False when the package runs on the host, or is for the host's loader to refuse.
bool Model::openOnDevice(const std::string &path, const std::string &board) {
  std::string error;
  devicePackage = package::Package::open(path, error);
  if (!devicePackage)
    return false;
  error.clear();
  runner = createRunner(devicePackage->manifest().target, board, error);
  if (!runner && !error.empty())
    throw Failure(kUsage, error);
  if (!runner)
    return false;
  const package::Manifest &manifest = devicePackage->manifest();
  modelName = manifest.modelName;
  auto describeAll = [&](const std::vector<package::TensorSpec> &specs,
                         std::vector<Signature> &signatures) {
    for (const package::TensorSpec &spec : specs) {
      if (!spec.isStatic())
        throw Failure(kModelRejected, "'" + spec.name + "' has no fixed size, which packages for " +
                                          manifest.target + " need");
      signatures.push_back({spec.name, spec.dtype, spec.dims, spec.dimNames});
    }
  };
  describeAll(manifest.inputs, inputSignatures);
  describeAll(manifest.outputs, outputSignatures);
  for (const Signature &output : outputSignatures)
    deviceOutputs.emplace_back(bytesOf(output));
  return true;
}

void Model::bindOnDevice(const std::vector<Array> &arrays) {
  deviceInputs.clear();
  for (size_t index = 0; index < arrays.size(); ++index) {
    const Signature &input = inputSignatures[index];
    if (arrays[index].dims != input.dims)
      throw Failure(kUsage, "input '" + input.name + "' is " + input.text() +
                                ", but it is given as " +
                                typeText(arrays[index].dtype, arrays[index].dims));
    deviceInputs.push_back(arrays[index].data.data());
  }
}

Model::Model(const std::string &path, int threads, const std::string &board,
             std::function<void(int32_t)> trace)
    : trace(std::move(trace)) {
  if (openOnDevice(path, board))
    return;
  devicePackage.reset();
  pebble_package *opened = nullptr;
  check(pebble_open(path.c_str(), &opened));
  package.reset(opened);
  modelName = pebble_model_name(opened);
  pebble_tensor_info info;
  for (int32_t index = 0; index < pebble_input_count(opened); ++index) {
    check(pebble_input_info(opened, index, &info));
    inputSignatures.push_back(describe(info));
  }
  for (int32_t index = 0; index < pebble_output_count(opened); ++index) {
    check(pebble_output_info(opened, index, &info));
    outputSignatures.push_back(describe(info));
  }
  pebble_session_options options = {};
  options.size = sizeof(options);
  options.threads = threads;
  options.user = this;
  if (this->trace)
    options.trace = [](void *user, int32_t kernel) { static_cast<Model *>(user)->trace(kernel); };
  pebble_session *made = nullptr;
  check(pebble_session_create(opened, &options, &made));
  session.reset(made);
}

std::vector<std::string> Model::kernels() const {
  std::vector<std::string> names;
  for (int32_t index = 0; package && index < pebble_kernel_count(package.get()); ++index)
    names.push_back(pebble_kernel_name(package.get(), index));
  return names;
}

void Model::bind(const std::vector<Array> &arrays) {
  if (runner)
    return bindOnDevice(arrays);
  for (size_t index = 0; index < arrays.size(); ++index) {
    const Array &array = arrays[index];
    pebble_tensor tensor = {const_cast<char *>(array.data.data()), array.dims.data(), array.dtype,
                            static_cast<int32_t>(array.dims.size())};
    check(pebble_bind_input(session.get(), static_cast<int32_t>(index), &tensor));
  }
}

void Model::run() {
  if (!runner)
    return check(pebble_run(session.get()));
  std::string error;
  // The exit codes of targets and verbs are one contract.
  if (int code = runner->run(*devicePackage, deviceInputs, deviceOutputs, error))
    throw Failure(static_cast<ExitCode>(code), error);
}

Array Model::output(size_t index) const {
  if (runner)
    return {outputSignatures[index].dtype, outputSignatures[index].dims, deviceOutputs[index]};
  pebble_tensor tensor;
  check(pebble_output(session.get(), static_cast<int32_t>(index), &tensor));
  Array array;
  array.dtype = tensor.dtype;
  array.dims.assign(tensor.dims, tensor.dims + tensor.rank);
  uint64_t bytes = 0;
  support::tensorBytes(tensor.dims, array.dims.size(), array.type().bytes, bytes);
  const char *data = static_cast<const char *>(tensor.data);
  array.data.assign(data, data + bytes);
  return array;
}
