// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/cuda/Execute.h"

#include "runtime/cuda/Driver.h"
#include "runtime/support/DType.h"

#include <algorithm>

using namespace pebble;
using namespace pebble::cuda;

namespace {

constexpr unsigned threadsInBlock = 128;

/// Device memory and the module of one run; all of it goes with this object.
class Execution {
public:
  Execution(Driver &driver, std::string &error) : driver(driver), error(error) {}

  ~Execution() {
    for (Address memory : allocated)
      driver.release(memory);
    if (module)
      driver.moduleUnload(module);
  }

  Outcome run(const package::Package &package, const Plan &plan, const std::string &ptx,
              const std::vector<const void *> &inputs, std::vector<std::vector<char>> &outputs) {
    if (!driver.check(driver.moduleLoad(&module, ptx.c_str()), "compiling the kernels", error))
      return Outcome::Failed;
    arena = allocate(plan.arenaBytes);
    constants = upload(package.constants().data, package.constants().size);
    for (size_t index = 0; index < inputs.size(); ++index)
      inputBuffers.push_back(upload(inputs[index], bytesOf(package.manifest().inputs[index])));
    for (const std::vector<char> &output : outputs)
      outputBuffers.push_back(allocate(output.size()));
    // Of pebble_env, kernels read only the constants.
    Address environment[9] = {0, constants, arena};
    environmentBuffer = upload(environment, sizeof(environment));
    int32_t status = 0;
    statusBuffer = upload(&status, sizeof(status));
    for (const Step &step : plan.steps)
      if (outcome == Outcome::Done)
        execute(step);
    perform(driver.synchronize(), "running the kernels");
    for (size_t index = 0; index < outputs.size(); ++index)
      if (outcome == Outcome::Done && !outputs[index].empty())
        perform(
            driver.copyToHost(outputs[index].data(), outputBuffers[index], outputs[index].size()),
            "copying an output");
    if (outcome == Outcome::Done)
      perform(driver.copyToHost(&status, statusBuffer, sizeof(status)), "copying the status");
    if (outcome == Outcome::Done && status != PEBBLE_OK) {
      error = "the model refused its inputs with status " + std::to_string(status);
      outcome = Outcome::BadInput;
    }
    return outcome;
  }

private:
  static uint64_t bytesOf(const package::TensorSpec &tensor) {
    uint64_t bytes = 0;
    const support::DTypeInfo *type = support::findDType(tensor.dtype);
    support::tensorBytes(tensor.dims.data(), tensor.dims.size(), type ? type->bytes : 1, bytes);
    return bytes;
  }

  /// Keeps the first failure.
  bool perform(Result result, const char *what) {
    if (outcome != Outcome::Done)
      return false;
    if (!driver.check(result, what, error))
      outcome = result == outOfMemory ? Outcome::NoMemory : Outcome::Failed;
    return outcome == Outcome::Done;
  }

  Address allocate(uint64_t bytes) {
    Address memory = 0;
    if (outcome == Outcome::Done &&
        perform(driver.allocate(&memory, std::max<uint64_t>(bytes, 1)), "allocating memory"))
      allocated.push_back(memory);
    return memory;
  }

  Address upload(const void *data, uint64_t bytes) {
    Address memory = allocate(bytes);
    if (outcome == Outcome::Done && bytes)
      perform(driver.copyToDevice(memory, data, bytes), "copying to the GPU");
    return memory;
  }

  Address addressOf(const Place &place) {
    auto entry = [&](const std::vector<Address> &buffers) -> Address {
      if (place.at < buffers.size())
        return buffers[place.at];
      error = "the launch plan names an input or output that the model does not have";
      outcome = Outcome::BadPackage;
      return 0;
    };
    switch (place.space) {
    case 'i':
      return entry(inputBuffers);
    case 'o':
      return entry(outputBuffers);
    case 'c':
      return constants + place.at;
    default:
      return arena + place.at;
    }
  }

  void execute(const Step &step) {
    std::vector<Address> values{environmentBuffer};
    for (const Place &place : step.places)
      values.push_back(addressOf(place));
    if (outcome != Outcome::Done)
      return;
    if (step.kernel.empty()) {
      if (step.count)
        perform(driver.copyOnDevice(values[2], values[1], step.count), "copying on the GPU");
      return;
    }
    values.push_back(statusBuffer);
    std::vector<void *> parameters;
    for (Address &value : values)
      parameters.push_back(&value);
    Handle function = nullptr;
    if (!perform(driver.moduleGetFunction(&function, module, entryName(step.kernel).c_str()),
                 "looking up a kernel"))
      return;
    // Kernels share any number of iterations among any number of threads.
    unsigned block = static_cast<unsigned>(std::clamp<uint64_t>(step.count, 1, threadsInBlock));
    unsigned grid =
        static_cast<unsigned>(std::clamp<uint64_t>((step.count + block - 1) / block, 1, 1u << 20));
    perform(
        driver.launch(function, grid, 1, 1, block, 1, 1, 0, nullptr, parameters.data(), nullptr),
        "launching a kernel");
  }

  Driver &driver;
  std::string &error;
  Outcome outcome = Outcome::Done;
  Handle module = nullptr;
  Address arena = 0, constants = 0, environmentBuffer = 0, statusBuffer = 0;
  std::vector<Address> inputBuffers, outputBuffers, allocated;
};

} // namespace

Outcome pebble::cuda::execute(const package::Package &package,
                              const std::vector<const void *> &inputs,
                              std::vector<std::vector<char>> &outputs, std::string &error) {
  const package::SectionView *ptx = package.findSection(ptxSection);
  const package::SectionView *planText = package.findSection(planSection);
  if (!ptx || !planText) {
    error = "the package lacks its PTX or its launch plan";
    return Outcome::BadPackage;
  }
  auto text = [](const package::SectionView &section) {
    return std::string(reinterpret_cast<const char *>(section.data), section.size);
  };
  Plan plan;
  if (!Plan::parse(text(*planText), plan, error))
    return Outcome::BadPackage;
  std::unique_ptr<Driver> driver = Driver::open(error);
  if (!driver)
    return Outcome::NoDevice;
  return Execution(*driver, error).run(package, plan, text(*ptx), inputs, outputs);
}
