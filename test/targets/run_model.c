// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A program around a model compiled with --emit obj or so; the test names the header (HEADER) and
// the model (MODEL_PREFIX, and MACRO_PREFIX in capitals), and with HAS_REGIONS says that it was
// compiled for the memory regions `near` and `far`. Reads input_0.bin, ...; writes output_0.bin,
// ....

#include HEADER

#include <stdalign.h>
#include <stdio.h>

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define VALUE(suffix) JOIN(MACRO_PREFIX, suffix)

#ifdef HAS_REGIONS
static alignas(VALUE(_ARENA_ALIGNMENT)) unsigned char nearBytes[VALUE(_REGION_NEAR_BYTES) + 1];
static alignas(VALUE(_ARENA_ALIGNMENT)) unsigned char farBytes[VALUE(_REGION_FAR_BYTES) + 1];
static void *const memory[VALUE(_REGIONS)] = {nearBytes, farBytes};

static int areSizesSame(void) {
  return JOIN(MODEL_PREFIX, _region_bytes)(0) == VALUE(_REGION_NEAR_BYTES) &&
         JOIN(MODEL_PREFIX, _region_bytes)(1) == VALUE(_REGION_FAR_BYTES) &&
         JOIN(MODEL_PREFIX, _region_bytes)(2) == 0;
}
#else
static alignas(VALUE(_ARENA_ALIGNMENT)) unsigned char memory[VALUE(_ARENA_BYTES) + 1];

static int areSizesSame(void) { return JOIN(MODEL_PREFIX, _arena_bytes)() == VALUE(_ARENA_BYTES); }
#endif
static alignas(64) unsigned char input[VALUE(_INPUT_0_BYTES)];
static alignas(64) unsigned char output[VALUE(_OUTPUT_0_BYTES)];

int main(void) {
  if (VALUE(_INPUTS) != 1 || VALUE(_OUTPUTS) != 1 || !areSizesSame())
    return 2;
  FILE *file = fopen("input_0.bin", "rb");
  if (!file || fread(input, 1, sizeof input, file) != sizeof input)
    return 3;
  fclose(file);
  const void *inputs[] = {input};
  void *outputs[] = {output};
  if (JOIN(MODEL_PREFIX, _run)(memory, inputs, outputs) != 0)
    return 4;
  file = fopen("output_0.bin", "wb");
  if (!file || fwrite(output, 1, sizeof output, file) != sizeof output)
    return 5;
  return fclose(file) != 0;
}
