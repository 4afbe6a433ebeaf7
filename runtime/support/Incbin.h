// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// PEBBLE_INCBIN(symbol, "file") puts a file's bytes between symbol##_begin and symbol##_end,
// without a generated source as large as the file. A zero follows them.
#ifndef PEBBLE_RUNTIME_SUPPORT_INCBIN_H
#define PEBBLE_RUNTIME_SUPPORT_INCBIN_H

#define PEBBLE_INCBIN(symbol, file)                                                                \
  __asm__(".section .rodata\n"                                                                     \
          ".balign 16\n"                                                                           \
          ".global " #symbol "_begin\n"                                                            \
          ".hidden " #symbol "_begin\n" #symbol "_begin:\n"                                        \
          ".incbin \"" file "\"\n"                                                                 \
          ".global " #symbol "_end\n"                                                              \
          ".hidden " #symbol "_end\n" #symbol "_end:\n"                                            \
          ".byte 0\n"                                                                              \
          ".previous\n");                                                                          \
  extern "C" __attribute__((visibility("hidden"))) const char symbol##_begin[], symbol##_end[];

#endif // PEBBLE_RUNTIME_SUPPORT_INCBIN_H
