// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/host/Session.h"

#include "runtime/host/LastError.h"
#include "runtime/support/DType.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <sched.h>
#include <system_error>

using namespace pebble::host;

namespace {

/// The CPUs that this process may use, which in a container are fewer than the machine has.
int availableCpus() {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof(set), &set) == 0 ? std::max(1, CPU_COUNT(&set)) : 1;
}

/// "[1, 3, batch]"; writes into a buffer because it serves runs, which do not allocate.
void printDims(char *buffer, size_t size, const int64_t *dims, size_t rank,
               const std::vector<std::string> *names) {
  size_t used = static_cast<size_t>(snprintf(buffer, size, "["));
  for (size_t axis = 0; axis < rank && used < size; ++axis) {
    const char *comma = axis ? ", " : "";
    bool symbolic = names && dims[axis] < 0;
    const char *name = symbolic && !(*names)[axis].empty() ? (*names)[axis].c_str() : "?";
    used += static_cast<size_t>(symbolic ? snprintf(buffer + used, size - used, "%s%s", comma, name)
                                         : snprintf(buffer + used, size - used, "%s%lld", comma,
                                                    static_cast<long long>(dims[axis])));
  }
  if (used < size)
    snprintf(buffer + used, size - used, "]");
}

bool matches(const std::vector<int64_t> &spec, const int64_t *dims, int32_t rank) {
  if (rank < 0 || static_cast<size_t>(rank) != spec.size())
    return false;
  for (size_t axis = 0; axis < spec.size(); ++axis)
    if (dims[axis] < 0 || (spec[axis] >= 0 && spec[axis] != dims[axis]))
      return false;
  return true;
}

bool isAligned(const void *data, uint32_t bytes) {
  return reinterpret_cast<uintptr_t>(data) % bytes == 0;
}

constexpr struct {
  int32_t status;
  const char *name;
  const char *meaning;
} kStatuses[] = {
    {PEBBLE_ERROR_SHAPE, "PEBBLE_ERROR_SHAPE", "the shapes of the inputs do not fit together"},
    {PEBBLE_ERROR_INDEX, "PEBBLE_ERROR_INDEX", "an index in the data is out of range"},
    {PEBBLE_ERROR_MEMORY, "PEBBLE_ERROR_MEMORY", "there is not enough memory"},
    {PEBBLE_ERROR_VALUE, "PEBBLE_ERROR_VALUE", "a value is outside its operator's domain"},
    {PEBBLE_ERROR_UNSUPPORTED, "PEBBLE_ERROR_UNSUPPORTED", "a case that is not supported"},
};

} // namespace

Session::Session(std::shared_ptr<Model> model, const pebble_session_options &options)
    : model(std::move(model)),
      allocator(options.allocate ? Allocator{options.user, options.allocate, options.release}
                                 : Allocator::heap()),
      options(options), blocks(allocator) {}

Session::~Session() {
  threads.reset();
  for (Output &output : outputs)
    allocator.releaseTensor(output.owned);
  for (size_t region = 1; region < regions.size(); ++region)
    allocator.releaseTensor(regions[region]);
  allocator.releaseTensor(arena);
}

int Session::prepare() {
  int status;
  const Code *code = model->link(status);
  if (!code)
    return status;
  entry = code->entry();
  plan = code->plan();
  const package::Manifest &manifest = model->manifest();

  if (int failure = reserveRegions())
    return failure;
  if (plan) {
    size_t dims = 0;
    for (const package::TensorSpec &input : manifest.inputs)
      dims += input.dims.size();
    plannedDims.resize(dims);
  }
  if (!options.parallel_for) {
    try {
      threads = std::make_unique<ThreadPool>(options.threads ? options.threads : availableCpus());
    } catch (const std::system_error &error) {
      return fail(PEBBLE_ERROR_MEMORY, "cannot start %d threads: %s", options.threads,
                  error.what());
    }
  }

  symbolValues.resize(model->symbols().size());
  inputs.resize(manifest.inputs.size());
  inputTensors.resize(manifest.inputs.size());
  for (size_t index = 0; index < inputs.size(); ++index) {
    inputs[index].dims = manifest.inputs[index].dims;
    inputTensors[index] = {nullptr, inputs[index].dims.data(), manifest.inputs[index].dtype,
                           static_cast<int32_t>(inputs[index].dims.size())};
  }
  outputs.resize(manifest.outputs.size());
  for (size_t index = 0; index < outputs.size(); ++index) {
    const package::TensorSpec &spec = manifest.outputs[index];
    outputs[index].dims = spec.dims;
    uint64_t bytes = 0;
    if (support::tensorBytes(spec.dims.data(), spec.dims.size(),
                             support::findDType(spec.dtype)->bytes, bytes))
      if (int failure = ownOutput(index, bytes))
        return failure;
  }
  makeEnvironment();
  return PEBBLE_OK;
}

/// Makes the arena and the further regions, which the model may have only with known sizes.
int Session::reserveRegions() {
  const package::Manifest &manifest = model->manifest();
  regions.resize(manifest.regionCount());
  for (size_t region = 1; region < regions.size(); ++region) {
    const uint64_t bytes = manifest.regionBytes(region);
    regions[region] = static_cast<uint8_t *>(allocator.allocateTensor(bytes));
    if (!regions[region])
      return failMemory(bytes);
    furtherBytes += bytes;
  }
  environment.regions = regions.data();
  return reserveArena(manifest.regionBytes(0));
}

int Session::failMemory(uint64_t bytes) const {
  return fail(PEBBLE_ERROR_MEMORY, "'%s' needs %llu bytes of memory, which are not to be had",
              model->manifest().modelName.c_str(), static_cast<unsigned long long>(bytes));
}

/// Makes the arena at least `bytes` large; of what it held, the plan stays.
int Session::reserveArena(uint64_t bytes) {
  if (arena && bytes <= arenaSize)
    return PEBBLE_OK;
  const package::Manifest &manifest = model->manifest();
  void *larger = allocator.allocateTensor(bytes);
  if (!larger)
    return failMemory(bytes);
  if (arena) {
    uint64_t start = manifest.arenaBytes - manifest.planBytes;
    std::memcpy(static_cast<uint8_t *>(larger) + start, environment.arena + start,
                manifest.planBytes);
  }
  allocator.releaseTensor(arena);
  arena = larger;
  arenaSize = bytes;
  environment.arena = regions[0] = static_cast<uint8_t *>(arena);
  return PEBBLE_OK;
}

/// Sizes and places of buffers follow from the inputs' dims: they are computed when those change.
int Session::updatePlan() {
  size_t at = 0;
  for (const Input &input : inputs)
    for (int64_t dim : input.dims) {
      isPlanned = isPlanned && plannedDims[at] == dim;
      plannedDims[at++] = dim;
    }
  if (isPlanned)
    return PEBBLE_OK;
  if (int32_t status = plan(&environment, inputTensors.data()))
    return reportFailure(status);
  uint64_t bytes;
  const package::Manifest &manifest = model->manifest();
  std::memcpy(&bytes, environment.arena + manifest.arenaBytes - manifest.planBytes, sizeof(bytes));
  int status = reserveArena(bytes);
  isPlanned = status == PEBBLE_OK;
  return status;
}

void Session::makeEnvironment() {
  environment.self = this;
  environment.constants = model->constants();
  environment.allocate = [](void *self, uint64_t bytes) {
    return static_cast<Session *>(self)->blocks.allocate(bytes);
  };
  environment.release = [](void *self, void *memory) {
    static_cast<Session *>(self)->blocks.release(memory);
  };
  environment.output = [](void *self, int32_t index, const int64_t *dims, int32_t rank) {
    return static_cast<Session *>(self)->provideOutput(index, dims, rank);
  };
  environment.parallel_for = [](void *self, int64_t count, ThreadPool::Body body, void *closure) {
    auto *session = static_cast<Session *>(self);
    if (session->options.parallel_for)
      session->options.parallel_for(session->options.user, count, body, closure);
    else
      session->threads->parallelFor(count, body, closure);
  };
  if (options.trace)
    environment.trace = [](void *self, int32_t kernel) {
      const pebble_session_options &options = static_cast<Session *>(self)->options;
      options.trace(options.user, kernel);
    };
}

/// Makes the session's own memory for an output at least `bytes` large.
int Session::ownOutput(size_t index, uint64_t bytes) {
  Output &output = outputs[index];
  if (output.owned && output.ownedBytes >= bytes)
    return PEBBLE_OK;
  allocator.releaseTensor(output.owned);
  output.owned = allocator.allocateTensor(bytes);
  output.ownedBytes = output.owned ? bytes : 0;
  if (output.owned)
    return PEBBLE_OK;
  return fail(PEBBLE_ERROR_MEMORY, "there is no memory for the %llu bytes of output '%s'",
              static_cast<unsigned long long>(bytes),
              model->manifest().outputs[index].name.c_str());
}

int Session::bindInput(int32_t index, const pebble_tensor &tensor) {
  if (index < 0 || static_cast<size_t>(index) >= inputs.size())
    return fail(PEBBLE_ERROR_ARGUMENT, "there is no input %d: the model has %zu", index,
                inputs.size());
  const package::TensorSpec &spec = model->manifest().inputs[index];
  const support::DTypeInfo *type = support::findDType(spec.dtype);
  const char *name = spec.name.c_str();
  if (tensor.dtype != spec.dtype) {
    const support::DTypeInfo *given = support::findDType(tensor.dtype);
    return fail(PEBBLE_ERROR_ARGUMENT, "input '%s' holds %s elements, not %s", name, type->name,
                given ? given->name : "an unknown type");
  }
  if ((tensor.rank > 0 && !tensor.dims) || !matches(spec.dims, tensor.dims, tensor.rank)) {
    char wanted[512], given[512] = "no dims";
    printDims(wanted, sizeof(wanted), spec.dims.data(), spec.dims.size(), &spec.dimNames);
    if (tensor.dims && tensor.rank >= 0)
      printDims(given, sizeof(given), tensor.dims, static_cast<size_t>(tensor.rank), nullptr);
    return fail(PEBBLE_ERROR_ARGUMENT, "input '%s' has shape %s, not %s", name, wanted, given);
  }
  uint64_t bytes = 0;
  if (!support::tensorBytes(tensor.dims, spec.dims.size(), type->bytes, bytes))
    return fail(PEBBLE_ERROR_ARGUMENT, "input '%s' is larger than the address space", name);
  if (!tensor.data && bytes != 0)
    return fail(PEBBLE_ERROR_ARGUMENT, "input '%s' has no data", name);
  if (!isAligned(tensor.data, type->bytes))
    return fail(PEBBLE_ERROR_ARGUMENT, "the data of input '%s' is not aligned to %u bytes", name,
                type->bytes);
  std::copy_n(tensor.dims, spec.dims.size(), inputs[index].dims.begin());
  inputs[index].bound = true;
  inputTensors[index].data = tensor.data;
  return PEBBLE_OK;
}

int Session::bindOutput(int32_t index, void *data, uint64_t bytes) {
  if (index < 0 || static_cast<size_t>(index) >= outputs.size())
    return fail(PEBBLE_ERROR_ARGUMENT, "there is no output %d: the model has %zu", index,
                outputs.size());
  const package::TensorSpec &spec = model->manifest().outputs[index];
  const support::DTypeInfo *type = support::findDType(spec.dtype);
  Output &output = outputs[index];
  uint64_t needed = 0;
  bool fixed = support::tensorBytes(spec.dims.data(), spec.dims.size(), type->bytes, needed);
  if (!data) {
    output.bound = nullptr;
    output.boundBytes = 0;
    return fixed ? ownOutput(static_cast<size_t>(index), needed) : PEBBLE_OK;
  }
  if (fixed && bytes < needed)
    return fail(PEBBLE_ERROR_ARGUMENT, "output '%s' takes %llu bytes, the buffer has %llu",
                spec.name.c_str(), static_cast<unsigned long long>(needed),
                static_cast<unsigned long long>(bytes));
  if (!isAligned(data, type->bytes))
    return fail(PEBBLE_ERROR_ARGUMENT, "the buffer for output '%s' is not aligned to %u bytes",
                spec.name.c_str(), type->bytes);
  output.bound = data;
  output.boundBytes = bytes;
  if (fixed && output.data != output.owned) {
    allocator.releaseTensor(output.owned);
    output.owned = nullptr;
    output.ownedBytes = 0;
  }
  return PEBBLE_OK;
}

/// Equal names of dims stand for equal values in all inputs.
int Session::checkInputs() {
  const package::Manifest &manifest = model->manifest();
  std::fill(symbolValues.begin(), symbolValues.end(), -1);
  for (size_t index = 0; index < inputs.size(); ++index) {
    const char *name = manifest.inputs[index].name.c_str();
    if (!inputs[index].bound)
      return fail(PEBBLE_ERROR_STATE, "input '%s' is not bound", name);
    for (size_t axis = 0; axis < inputs[index].dims.size(); ++axis) {
      int symbol = model->symbol(index, axis);
      if (symbol < 0)
        continue;
      int64_t &value = symbolValues[symbol];
      if (value < 0)
        value = inputs[index].dims[axis];
      if (value != inputs[index].dims[axis])
        return fail(PEBBLE_ERROR_SHAPE,
                    "dim %zu of input '%s' is %lld, but '%s' is %lld in an input before it", axis,
                    name, static_cast<long long>(inputs[index].dims[axis]),
                    model->symbols()[symbol].c_str(), static_cast<long long>(value));
    }
  }
  return PEBBLE_OK;
}

void *Session::provideOutput(int32_t index, const int64_t *dims, int32_t rank) {
  auto refuse = [&](const char *reason) {
    char given[256] = "";
    if (rank >= 0)
      printDims(given, sizeof(given), dims, static_cast<size_t>(rank), nullptr);
    snprintf(refusal, sizeof(refusal), "output %d of shape %s %s", index, given, reason);
    return nullptr;
  };
  if (index < 0 || static_cast<size_t>(index) >= outputs.size())
    return refuse("does not exist");
  const package::TensorSpec &spec = model->manifest().outputs[index];
  Output &output = outputs[index];
  uint64_t bytes = 0;
  if (!matches(spec.dims, dims, rank))
    return refuse("does not fit the model's signature");
  if (!support::tensorBytes(dims, spec.dims.size(), support::findDType(spec.dtype)->bytes, bytes))
    return refuse("is larger than the address space");
  if (output.bound && output.boundBytes >= bytes)
    output.data = output.bound;
  else if (ownOutput(static_cast<size_t>(index), bytes) == PEBBLE_OK)
    output.data = output.owned;
  else
    return refuse("does not fit into memory");
  std::copy_n(dims, spec.dims.size(), output.dims.begin());
  output.written = true;
  return output.data;
}

int Session::reportFailure(int32_t status) const {
  const char *name = model->manifest().modelName.c_str();
  if (refusal[0])
    return fail(status, "'%s' stopped: %s", name, refusal);
  for (const auto &known : kStatuses)
    if (known.status == status)
      return fail(status, "'%s' stopped: %s (%s)", name, known.meaning, known.name);
  return fail(PEBBLE_ERROR_UNSUPPORTED, "'%s' stopped with the unknown status %d", name, status);
}

int Session::run() {
  hasRun = false;
  if (int status = checkInputs())
    return status;
  refusal[0] = '\0';
  for (Output &output : outputs)
    output.written = false;
  if (plan)
    if (int failure = updatePlan())
      return failure;
  int32_t status = entry(&environment, inputTensors.data());
  blocks.releaseAll();
  if (status != PEBBLE_OK)
    return reportFailure(status);
  for (size_t index = 0; index < outputs.size(); ++index)
    if (!outputs[index].written)
      return fail(PEBBLE_ERROR_UNSUPPORTED, "'%s' did not write output '%s'",
                  model->manifest().modelName.c_str(),
                  model->manifest().outputs[index].name.c_str());
  hasRun = true;
  return PEBBLE_OK;
}

int Session::output(int32_t index, pebble_tensor &tensor) const {
  if (index < 0 || static_cast<size_t>(index) >= outputs.size())
    return fail(PEBBLE_ERROR_ARGUMENT, "there is no output %d: the model has %zu", index,
                outputs.size());
  if (!hasRun)
    return fail(PEBBLE_ERROR_STATE, "there are no outputs: no run has succeeded yet");
  const Output &output = outputs[index];
  tensor = {output.data, output.dims.data(), model->manifest().outputs[index].dtype,
            static_cast<int32_t>(output.dims.size())};
  return PEBBLE_OK;
}
