// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The text behind pebble_last_error. A fixed buffer, so that reporting works when memory is short.
#ifndef PEBBLE_RUNTIME_HOST_LASTERROR_H
#define PEBBLE_RUNTIME_HOST_LASTERROR_H

namespace pebble::host {

const char *lastError();

/// Sets this thread's error text and returns `status`.
int fail(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

} // namespace pebble::host

#endif // PEBBLE_RUNTIME_HOST_LASTERROR_H
