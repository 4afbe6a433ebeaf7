// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Arm semihosting: bkpt 0xAB with an operation number and a block of arguments.

#include "targets/cortexm/firmware/Firmware.h"

enum {
  SYS_OPEN = 0x01,
  SYS_CLOSE = 0x02,
  SYS_WRITE0 = 0x04,
  SYS_WRITE = 0x05,
  SYS_READ = 0x06,
  SYS_GET_CMDLINE = 0x15,
  SYS_EXIT_EXTENDED = 0x20
};
enum { MODE_READ_BINARY = 1, MODE_WRITE_BINARY = 5 };
enum { APPLICATION_EXIT = 0x20026 };

static int32_t call(uint32_t operation, const void *arguments) {
  register uint32_t r0 __asm__("r0") = operation;
  register const void *r1 __asm__("r1") = arguments;
  __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
  return (int32_t)r0;
}

static uint32_t length(const char *text) {
  uint32_t count = 0;
  while (text[count])
    ++count;
  return count;
}

void pebble_host_print(const char *text) { call(SYS_WRITE0, text); }

void pebble_host_exit(int32_t code) {
  const uint32_t arguments[2] = {APPLICATION_EXIT, (uint32_t)code};
  for (;;)
    call(SYS_EXIT_EXTENDED, arguments);
}

int pebble_host_command_line(char *text, uint32_t size) {
  const uint32_t arguments[2] = {(uint32_t)text, size};
  return call(SYS_GET_CMDLINE, arguments) == 0;
}

// SYS_READ and SYS_WRITE return how many bytes they left out.
static int transfer(const char *path, uint32_t mode, uint32_t operation, const void *data,
                    uint32_t bytes) {
  const uint32_t open[3] = {(uint32_t)path, mode, length(path)};
  int32_t handle = call(SYS_OPEN, open);
  if (handle < 0)
    return 0;
  const uint32_t arguments[3] = {(uint32_t)handle, (uint32_t)data, bytes};
  int32_t left = bytes ? call(operation, arguments) : 0;
  return call(SYS_CLOSE, arguments) == 0 && left == 0;
}

int pebble_host_read(const char *path, void *data, uint32_t bytes) {
  return transfer(path, MODE_READ_BINARY, SYS_READ, data, bytes);
}

int pebble_host_write(const char *path, const void *data, uint32_t bytes) {
  return transfer(path, MODE_WRITE_BINARY, SYS_WRITE, data, bytes);
}
