/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Runs a package on inputs of ones and prints the shape and the first element of each output.
 */
#include "runtime/host/pebble.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void check(int status) {
  if (status == PEBBLE_OK)
    return;
  fprintf(stderr, "error %d: %s\n", status, pebble_last_error());
  exit(1);
}

/* Sets every element to one where that is easy to write, to zero elsewhere. */
static void fill(void *data, int32_t dtype, int64_t elements) {
  for (int64_t i = 0; i < elements; ++i) {
    if (dtype == PEBBLE_F32)
      ((float *)data)[i] = 1;
    else if (dtype == PEBBLE_I64)
      ((int64_t *)data)[i] = 1;
    else if (dtype == PEBBLE_I32)
      ((int32_t *)data)[i] = 1;
  }
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: run_model PACKAGE\n");
    return 1;
  }
  pebble_package *package;
  check(pebble_open(argv[1], &package));

  pebble_session_options options = {.size = sizeof(options), .threads = 1};
  pebble_session *session;
  check(pebble_session_create(package, &options, &session));

  int32_t count = pebble_input_count(package);
  void **buffers = calloc((size_t)count + 1, sizeof(void *));
  for (int32_t i = 0; i < count; ++i) {
    pebble_tensor_info info;
    check(pebble_input_info(package, i, &info));
    int64_t dims[64], elements = 1;
    for (int32_t axis = 0; axis < info.rank; ++axis) {
      dims[axis] = info.dims[axis] < 0 ? 1 : info.dims[axis];
      elements *= dims[axis];
    }
    buffers[i] = calloc((size_t)elements + 1, pebble_dtype_size(info.dtype));
    if (!buffers[i])
      return 1;
    fill(buffers[i], info.dtype, elements);
    pebble_tensor input = {buffers[i], dims, info.dtype, info.rank};
    check(pebble_bind_input(session, i, &input));
  }

  check(pebble_run(session));

  for (int32_t i = 0; i < pebble_output_count(package); ++i) {
    pebble_tensor_info info;
    pebble_tensor output;
    check(pebble_output_info(package, i, &info));
    check(pebble_output(session, i, &output));
    printf("%s: %s [", info.name, pebble_dtype_name(output.dtype));
    int64_t elements = 1;
    for (int32_t axis = 0; axis < output.rank; ++axis) {
      printf("%s%" PRId64, axis ? ", " : "", output.dims[axis]);
      elements *= output.dims[axis];
    }
    printf("]");
    if (output.dtype == PEBBLE_F32 && elements > 0)
      printf(" %g", ((const float *)output.data)[0]);
    printf("\n");
  }

  pebble_session_destroy(session);
  pebble_close(package);
  for (int32_t i = 0; i < count; ++i)
    free(buffers[i]);
  free(buffers);
  return 0;
}
