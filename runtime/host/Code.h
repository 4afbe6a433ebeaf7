// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A package's code section, linked into this process.
#ifndef PEBBLE_RUNTIME_HOST_CODE_H
#define PEBBLE_RUNTIME_HOST_CODE_H

#include "runtime/package/Loader.h"

#include <memory>
#include <string>

namespace pebble::host {

class Code {
public:
  /// Links the package's shared object. The caller has checked that this machine can run it.
  static std::unique_ptr<Code> load(const package::Package &package, std::string &error);
  ~Code();
  Code(const Code &) = delete;
  Code &operator=(const Code &) = delete;

  pebble_main_fn entry() const { return main; }
  /// Null for a model without one.
  pebble_main_fn plan() const { return planFunction; }

private:
  Code() = default;

  int fd = -1;
  void *library = nullptr;
  pebble_main_fn main = nullptr, planFunction = nullptr;
};

} // namespace pebble::host

#endif // PEBBLE_RUNTIME_HOST_CODE_H
