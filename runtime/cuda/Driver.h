// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The parts of NVIDIA's driver API that running a package takes, found at run time: neither its
// headers nor its library are needed to build.
#ifndef PEBBLE_RUNTIME_CUDA_DRIVER_H
#define PEBBLE_RUNTIME_CUDA_DRIVER_H

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace pebble::cuda {

using Result = int; ///< CUresult; 0 is success.
using Address = uint64_t;
using Handle = void *; ///< Of a context, module, function or stream.
inline constexpr Result outOfMemory = 2;

/// X(member, symbol, parameters): the functions, all of which return a Result.
#define PEBBLE_CUDA_FUNCTIONS(X)                                                                   \
  X(init, "cuInit", (unsigned))                                                                    \
  X(getErrorString, "cuGetErrorString", (Result, const char **))                                   \
  X(deviceGet, "cuDeviceGet", (int *, int))                                                        \
  X(contextRetain, "cuDevicePrimaryCtxRetain", (Handle *, int))                                    \
  X(contextRelease, "cuDevicePrimaryCtxRelease_v2", (int))                                         \
  X(contextSetCurrent, "cuCtxSetCurrent", (Handle))                                                \
  X(synchronize, "cuCtxSynchronize", ())                                                           \
  X(moduleLoad, "cuModuleLoadData", (Handle *, const void *))                                      \
  X(moduleUnload, "cuModuleUnload", (Handle))                                                      \
  X(moduleGetFunction, "cuModuleGetFunction", (Handle *, Handle, const char *))                    \
  X(allocate, "cuMemAlloc_v2", (Address *, size_t))                                                \
  X(release, "cuMemFree_v2", (Address))                                                            \
  X(copyToDevice, "cuMemcpyHtoD_v2", (Address, const void *, size_t))                              \
  X(copyToHost, "cuMemcpyDtoH_v2", (void *, Address, size_t))                                      \
  X(copyOnDevice, "cuMemcpyDtoD_v2", (Address, Address, size_t))                                   \
  X(launch, "cuLaunchKernel",                                                                      \
    (Handle, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, Handle,         \
     void **, void **))

/// The driver with a context on its first GPU.
class Driver {
public:
  /// Null, with what is missing in `error`, on a machine without driver or GPU.
  static std::unique_ptr<Driver> open(std::string &error);
  ~Driver();
  Driver(const Driver &) = delete;
  Driver &operator=(const Driver &) = delete;

  /// True on success; otherwise says in `error` what went wrong while doing `what`.
  bool check(Result result, const char *what, std::string &error) const;

#define PEBBLE_CUDA_MEMBER(member, symbol, parameters) Result(*member) parameters = nullptr;
  PEBBLE_CUDA_FUNCTIONS(PEBBLE_CUDA_MEMBER)
#undef PEBBLE_CUDA_MEMBER

private:
  Driver() = default;

  void *library = nullptr;
  int device = 0;
  bool hasContext = false;
};

} // namespace pebble::cuda

#endif // PEBBLE_RUNTIME_CUDA_DRIVER_H
