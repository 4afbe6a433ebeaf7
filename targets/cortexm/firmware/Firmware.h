// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the parts of the firmware know of each other, of the compiled model and of the linker
// script (targets/cortexm/Layout.cpp).
#ifndef PEBBLE_TARGETS_CORTEXM_FIRMWARE_FIRMWARE_H
#define PEBBLE_TARGETS_CORTEXM_FIRMWARE_FIRMWARE_H

#include <stddef.h>
#include <stdint.h>

// Buffers start at multiples of this.
#define PEBBLE_FIRMWARE_ALIGNMENT 64

// Exit codes of the firmware besides the pebble_status values of the model.
#define PEBBLE_FIRMWARE_FAULT 64
#define PEBBLE_FIRMWARE_INPUT 65
#define PEBBLE_FIRMWARE_OUTPUT 66

// The compiler defines one: pebble_firmware_model.
struct pebble_firmware {
  int32_t (*run)(void *memory, const void *const *inputs, void *const *outputs);
  void *memory; // The arena, or a table of its regions where it has several.
  uint32_t inputs, outputs;
  const uint32_t *bytes; // Sizes of the inputs, then of the outputs.
  void **buffers;        // As many, filled at the start.
};
extern const struct pebble_firmware pebble_firmware_model;

// Memory that the linker script reserves for inputs and outputs.
extern uint8_t pebble_buffers[];

// Semihost.c: the host's services, through the debugger or emulator.
void pebble_host_print(const char *text);
void pebble_host_exit(int32_t code) __attribute__((noreturn));
// Fills `text` with the command line.
int pebble_host_command_line(char *text, uint32_t size);
// True when exactly `bytes` were read or written.
int pebble_host_read(const char *path, void *data, uint32_t bytes);
int pebble_host_write(const char *path, const void *data, uint32_t bytes);

int pebble_firmware_main(void);

#endif // PEBBLE_TARGETS_CORTEXM_FIRMWARE_FIRMWARE_H
