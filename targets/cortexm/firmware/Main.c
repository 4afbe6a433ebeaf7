// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs the model once: reads input_0.bin, ... from the folder that the command line names, writes
// output_0.bin, ... there.

#include "targets/cortexm/firmware/Firmware.h"

enum { PATH_BYTES = 512, DIGITS = 10 };
static char commandLine[PATH_BYTES];
static char path[PATH_BYTES + 32];

// "<folder>/<kind>_<index>.bin"; the command line is "<program> <folder>".
static const char *pathOf(const char *kind, uint32_t index) {
  const char *folder = commandLine;
  while (*folder && *folder != ' ')
    ++folder;
  if (*folder)
    ++folder;
  char *to = path;
  while (*folder)
    *to++ = *folder++;
  *to++ = '/';
  while (*kind)
    *to++ = *kind++;
  *to++ = '_';
  char digits[DIGITS];
  int count = 0;
  do
    digits[count++] = (char)('0' + index % 10);
  while (index /= 10);
  while (count)
    *to++ = digits[--count];
  for (const char *extension = ".bin"; *extension;)
    *to++ = *extension++;
  *to = 0;
  return path;
}

static int report(const char *what, int code) {
  pebble_host_print(what);
  pebble_host_print(path);
  pebble_host_print("\n");
  return code;
}

int pebble_firmware_main(void) {
  const struct pebble_firmware *model = &pebble_firmware_model;
  if (!pebble_host_command_line(commandLine, PATH_BYTES)) {
    pebble_host_print("the command line does not name the folder of the inputs\n");
    return PEBBLE_FIRMWARE_INPUT;
  }
  uint8_t *next = pebble_buffers;
  uint32_t count = model->inputs + model->outputs;
  for (uint32_t index = 0; index < count; ++index) {
    model->buffers[index] = next;
    next += (model->bytes[index] + PEBBLE_FIRMWARE_ALIGNMENT - 1) / PEBBLE_FIRMWARE_ALIGNMENT *
            PEBBLE_FIRMWARE_ALIGNMENT;
  }
  for (uint32_t index = 0; index < model->inputs; ++index)
    if (!pebble_host_read(pathOf("input", index), model->buffers[index], model->bytes[index]))
      return report("cannot read ", PEBBLE_FIRMWARE_INPUT);
  void **outputs = model->buffers + model->inputs;
  int32_t status =
      model->run(model->memory, (const void *const *)model->buffers, (void *const *)outputs);
  if (status != 0)
    return status;
  for (uint32_t index = 0; index < model->outputs; ++index)
    if (!pebble_host_write(pathOf("output", index), outputs[index],
                           model->bytes[model->inputs + index]))
      return report("cannot write ", PEBBLE_FIRMWARE_OUTPUT);
  return 0;
}
