// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// libpebble's handles for tests: owned, and checked where a test expects success.
#ifndef PEBBLE_TEST_UNIT_RUNTIME_HOSTHELPERS_H
#define PEBBLE_TEST_UNIT_RUNTIME_HOSTHELPERS_H

#include "runtime/host/pebble.h"
#include "test/unit/runtime/TestPackages.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <vector>

namespace pebble::test {

struct PackageDeleter {
  void operator()(pebble_package *package) const { pebble_close(package); }
};
struct SessionDeleter {
  void operator()(pebble_session *session) const { pebble_session_destroy(session); }
};
using PackagePtr = std::unique_ptr<pebble_package, PackageDeleter>;
using SessionPtr = std::unique_ptr<pebble_session, SessionDeleter>;

inline PackagePtr open(const std::string &bytes) {
  pebble_package *package = nullptr;
  EXPECT_EQ(pebble_open_memory(bytes.data(), bytes.size(), &package), PEBBLE_OK)
      << pebble_last_error();
  return PackagePtr(package);
}

inline pebble_session_options optionsWithThreads(int threads) {
  pebble_session_options options = {};
  options.size = sizeof(options);
  options.threads = threads;
  return options;
}

inline SessionPtr makeSession(const PackagePtr &package, int threads = 1) {
  pebble_session_options options = optionsWithThreads(threads);
  pebble_session *session = nullptr;
  EXPECT_EQ(pebble_session_create(package.get(), &options, &session), PEBBLE_OK)
      << pebble_last_error();
  return SessionPtr(session);
}

inline pebble_tensor tensor(const void *data, const std::vector<int64_t> &dims,
                            int32_t dtype = PEBBLE_F32) {
  return {const_cast<void *>(data), dims.data(), dtype, static_cast<int32_t>(dims.size())};
}

inline int bind(const SessionPtr &session, int index, const void *data,
                const std::vector<int64_t> &dims, int32_t dtype = PEBBLE_F32) {
  pebble_tensor bound = tensor(data, dims, dtype);
  return pebble_bind_input(session.get(), index, &bound);
}

/// The text of the last error holds `part`.
inline ::testing::AssertionResult says(const char *part) {
  if (std::strstr(pebble_last_error(), part))
    return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "'" << pebble_last_error() << "' lacks '" << part << "'";
}

} // namespace pebble::test

#endif // PEBBLE_TEST_UNIT_RUNTIME_HOSTHELPERS_H
