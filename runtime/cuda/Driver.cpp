// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/cuda/Driver.h"

#include <dlfcn.h>

using namespace pebble::cuda;

std::unique_ptr<Driver> Driver::open(std::string &error) {
  std::unique_ptr<Driver> driver(new Driver());
  driver->library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!driver->library) {
    error = "there is no NVIDIA driver on this machine (libcuda.so.1 cannot be loaded): run the "
            "package on a machine with an NVIDIA GPU, or compile for another target";
    return nullptr;
  }
#define PEBBLE_CUDA_LOOK_UP(member, symbol, parameters)                                            \
  driver->member = reinterpret_cast<decltype(driver->member)>(dlsym(driver->library, symbol));     \
  if (!driver->member) {                                                                           \
    error = std::string("the NVIDIA driver is too old: it lacks ") + symbol;                       \
    return nullptr;                                                                                \
  }
  PEBBLE_CUDA_FUNCTIONS(PEBBLE_CUDA_LOOK_UP)
#undef PEBBLE_CUDA_LOOK_UP
  Handle context = nullptr;
  if (!driver->check(driver->init(0), "starting the driver", error) ||
      !driver->check(driver->deviceGet(&driver->device, 0), "looking for a GPU", error) ||
      !driver->check(driver->contextRetain(&context, driver->device), "opening the GPU", error))
    return nullptr;
  driver->hasContext = true;
  if (!driver->check(driver->contextSetCurrent(context), "opening the GPU", error))
    return nullptr;
  return driver;
}

Driver::~Driver() {
  if (hasContext)
    contextRelease(device);
  // The driver's own threads may outlive this object, so its library stays loaded.
}

bool Driver::check(Result result, const char *what, std::string &error) const {
  if (result == 0)
    return true;
  const char *reason = nullptr;
  if (getErrorString(result, &reason) != 0 || !reason)
    reason = "unknown error";
  error = std::string("CUDA: ") + what + " failed: " + reason + " (" + std::to_string(result) + ")";
  return false;
}
