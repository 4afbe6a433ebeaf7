// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/host/LastError.h"

#include <cstdarg>
#include <cstdio>

static thread_local char message[2048];

const char *pebble::host::lastError() { return message; }

int pebble::host::fail(int status, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof(message), format, arguments);
  va_end(arguments);
  return status;
}
