// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// count-allocations PACKAGE DIMS...: runs a model of one f32 input with each of the dims
// ("1,3,48"), once and then ten times more, and prints how often those ten asked for memory, and
// the arena's size.
#include "runtime/host/pebble.h"
#include "test/unit/runtime/CountAllocations.h"

#include <cstdio>
#include <cstdlib>
#include <vector>

static int fail(const char *what) {
  std::fprintf(stderr, "%s: %s\n", what, pebble_last_error());
  return 1;
}

int main(int argc, char **argv) {
  pebble_package *package = nullptr;
  pebble_session *session = nullptr;
  if (argc < 3) {
    std::fprintf(stderr, "usage: count-allocations PACKAGE DIMS...\n");
    return 1;
  }
  if (pebble_open(argv[1], &package) != PEBBLE_OK)
    return fail("open");
  pebble_session_options options = {};
  options.size = sizeof(options);
  options.threads = 1;
  if (pebble_session_create(package, &options, &session) != PEBBLE_OK)
    return fail("session");
  for (int argument = 2; argument < argc; ++argument) {
    std::vector<int64_t> dims;
    int64_t count = 1;
    for (char *text = argv[argument]; *text;) {
      dims.push_back(std::strtoll(text, &text, 10));
      count *= dims.back();
      if (*text)
        ++text;
    }
    std::vector<float> data(count, 0.5f);
    pebble_tensor tensor = {data.data(), dims.data(), PEBBLE_F32,
                            static_cast<int32_t>(dims.size())};
    if (pebble_bind_input(session, 0, &tensor) != PEBBLE_OK || pebble_run(session) != PEBBLE_OK)
      return fail(argv[argument]);
    long before = allocations;
    for (int run = 0; run < 10; ++run)
      if (pebble_run(session) != PEBBLE_OK)
        return fail(argv[argument]);
    long made = allocations - before;
    std::printf("%s: %ld allocations, arena of %zu bytes\n", argv[argument], made,
                pebble_arena_bytes(session));
  }
  pebble_session_destroy(session);
  pebble_close(package);
  return 0;
}
