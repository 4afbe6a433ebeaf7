// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// pebble.h: the C side of Model and Session. No exception passes it.
#include "runtime/host/LastError.h"
#include "runtime/host/Session.h"
#include "runtime/host/pebble.h"
#include "runtime/support/DType.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <new>

using namespace pebble;
using namespace pebble::host;

struct pebble_package {
  std::shared_ptr<Model> model;
};

struct pebble_session {
  Session session;
};

static constexpr int32_t kMaxThreads = 4096;

/// Calls `body`, which returns a status, and turns what it throws into one.
template <typename Body> static int guarded(Body body) {
  try {
    return body();
  } catch (const std::bad_alloc &) {
    return fail(PEBBLE_ERROR_MEMORY, "there is not enough memory");
  } catch (const std::exception &error) {
    return fail(PEBBLE_ERROR_PACKAGE, "unexpected failure: %s", error.what());
  }
}

static int adopt(std::unique_ptr<package::Package> opened, const std::string &error,
                 pebble_package **result) {
  if (!opened)
    return fail(PEBBLE_ERROR_PACKAGE, "%s", error.c_str());
  *result = new pebble_package{std::make_shared<Model>(std::move(opened))};
  return PEBBLE_OK;
}

const char *pebble_last_error(void) { return lastError(); }

const char *pebble_version(void) { return PEBBLE_VERSION; }

int pebble_open(const char *path, pebble_package **result) {
  if (!path || !result)
    return fail(PEBBLE_ERROR_ARGUMENT, "pebble_open was given a null pointer");
  *result = nullptr;
  return guarded([&] {
    std::string error;
    std::unique_ptr<package::Package> opened = package::Package::open(path, error);
    return adopt(std::move(opened), error, result);
  });
}

int pebble_open_memory(const void *data, size_t size, pebble_package **result) {
  if (!data || !result)
    return fail(PEBBLE_ERROR_ARGUMENT, "pebble_open_memory was given a null pointer");
  *result = nullptr;
  return guarded([&] {
    std::string error;
    std::unique_ptr<package::Package> opened = package::Package::fromMemory(data, size, error);
    return adopt(std::move(opened), error, result);
  });
}

void pebble_close(pebble_package *package) { delete package; }

const char *pebble_model_name(const pebble_package *package) {
  return package->model->manifest().modelName.c_str();
}

int32_t pebble_input_count(const pebble_package *package) {
  return static_cast<int32_t>(package->model->manifest().inputs.size());
}

int32_t pebble_output_count(const pebble_package *package) {
  return static_cast<int32_t>(package->model->manifest().outputs.size());
}

int pebble_input_info(const pebble_package *package, int32_t index, pebble_tensor_info *info) {
  if (index < 0 || index >= pebble_input_count(package))
    return fail(PEBBLE_ERROR_ARGUMENT, "there is no input %d: the model has %d", index,
                pebble_input_count(package));
  *info = package->model->inputInfo(static_cast<size_t>(index));
  return PEBBLE_OK;
}

int pebble_output_info(const pebble_package *package, int32_t index, pebble_tensor_info *info) {
  if (index < 0 || index >= pebble_output_count(package))
    return fail(PEBBLE_ERROR_ARGUMENT, "there is no output %d: the model has %d", index,
                pebble_output_count(package));
  *info = package->model->outputInfo(static_cast<size_t>(index));
  return PEBBLE_OK;
}

static int32_t find(const std::vector<package::TensorSpec> &specs, const char *name) {
  auto found = std::find_if(specs.begin(), specs.end(),
                            [&](const package::TensorSpec &spec) { return spec.name == name; });
  return found == specs.end() ? -1 : static_cast<int32_t>(found - specs.begin());
}

int32_t pebble_find_input(const pebble_package *package, const char *name) {
  return find(package->model->manifest().inputs, name);
}

int32_t pebble_find_output(const pebble_package *package, const char *name) {
  return find(package->model->manifest().outputs, name);
}

int32_t pebble_kernel_count(const pebble_package *package) {
  return static_cast<int32_t>(package->model->manifest().kernels.size());
}

const char *pebble_kernel_name(const pebble_package *package, int32_t index) {
  const auto &kernels = package->model->manifest().kernels;
  return index >= 0 && static_cast<size_t>(index) < kernels.size() ? kernels[index].symbol.c_str()
                                                                   : nullptr;
}

size_t pebble_dtype_size(int32_t dtype) {
  const support::DTypeInfo *type = support::findDType(dtype);
  return type ? type->bytes : 0;
}

const char *pebble_dtype_name(int32_t dtype) {
  const support::DTypeInfo *type = support::findDType(dtype);
  return type ? type->name : nullptr;
}

/// Reads the options of a caller that was built with an older or newer header.
static int readOptions(const pebble_session_options *given, pebble_session_options &options) {
  options = {};
  if (!given)
    return PEBBLE_OK;
  if (given->size < sizeof(size_t))
    return fail(PEBBLE_ERROR_ARGUMENT,
                "the session options have no size: set .size to sizeof(pebble_session_options)");
  const auto *bytes = reinterpret_cast<const unsigned char *>(given);
  for (size_t index = sizeof(options); index < given->size; ++index)
    if (bytes[index] != 0)
      return fail(PEBBLE_ERROR_ARGUMENT,
                  "the session options set something that this version (%s) does not know",
                  PEBBLE_VERSION);
  std::memcpy(&options, given, std::min(given->size, sizeof(options)));
  if (options.threads < 0 || options.threads > kMaxThreads)
    return fail(PEBBLE_ERROR_ARGUMENT, "the number of threads is %d, not 0 to %d", options.threads,
                kMaxThreads);
  if (!options.allocate != !options.release)
    return fail(PEBBLE_ERROR_ARGUMENT,
                "the session options set only one of allocate and release: set both or neither");
  return PEBBLE_OK;
}

int pebble_session_create(pebble_package *package, const pebble_session_options *given,
                          pebble_session **result) {
  if (!package || !result)
    return fail(PEBBLE_ERROR_ARGUMENT, "pebble_session_create was given a null pointer");
  *result = nullptr;
  return guarded([&]() -> int {
    pebble_session_options options;
    if (int status = readOptions(given, options))
      return status;
    std::unique_ptr<pebble_session> session(new pebble_session{{package->model, options}});
    if (int status = session->session.prepare())
      return status;
    *result = session.release();
    return PEBBLE_OK;
  });
}

void pebble_session_destroy(pebble_session *session) { delete session; }

int pebble_bind_input(pebble_session *session, int32_t index, const pebble_tensor *tensor) {
  if (!session || !tensor)
    return fail(PEBBLE_ERROR_ARGUMENT, "pebble_bind_input was given a null pointer");
  return session->session.bindInput(index, *tensor);
}

int pebble_bind_output(pebble_session *session, int32_t index, void *data, size_t bytes) {
  if (!session)
    return fail(PEBBLE_ERROR_ARGUMENT, "pebble_bind_output was given a null pointer");
  return session->session.bindOutput(index, data, bytes);
}

int pebble_run(pebble_session *session) {
  if (!session)
    return fail(PEBBLE_ERROR_ARGUMENT, "pebble_run was given a null pointer");
  return guarded([&] { return session->session.run(); });
}

int pebble_output(const pebble_session *session, int32_t index, pebble_tensor *output) {
  if (!session || !output)
    return fail(PEBBLE_ERROR_ARGUMENT, "pebble_output was given a null pointer");
  return session->session.output(index, *output);
}

size_t pebble_arena_bytes(const pebble_session *session) {
  return session ? session->session.arenaBytes() : 0;
}
