// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "targets/cortexm/Layout.h"

#include "llvm/Support/raw_ostream.h"

using namespace pebble;

std::string pebble::linkerScript(const Board &board, const MemoryNeeds &needs) {
  std::string text;
  llvm::raw_string_ostream out(text);
  auto region = [&](const char *name, const char *flags, const Region &place) {
    out << "  " << name << " (" << flags << ") : ORIGIN = " << place.origin
        << ", LENGTH = " << place.bytes << "\n";
  };
  out << "ENTRY(pebble_reset)\nMEMORY {\n";
  region("FLASH", "rx", board.flash);
  region("RAM", "rwx", board.ram);
  // The stack grows down from its top: at the bottom of the RAM, an overflow faults instead of
  // overwriting the arena.
  out << "}\n"
         "SECTIONS {\n"
         "  .vectors : { KEEP(*(.vectors)) } > FLASH\n"
         "  .text : { *(.text .text.*) } > FLASH\n"
         "  .rodata : { *(.rodata .rodata.*) } > FLASH\n"
         "  .stack (NOLOAD) : ALIGN(8) { . += "
      << board.stackBytes
      << "; pebble_stack_top = .; } > RAM\n"
         "  .data : ALIGN(4) {\n"
         "    pebble_data_begin = .; *(.data .data.*) . = ALIGN(4); pebble_data_end = .;\n"
         "  } > RAM AT> FLASH\n"
         "  pebble_data_load = LOADADDR(.data);\n"
         "  .bss (NOLOAD) : ALIGN(4) {\n"
         "    pebble_bss_begin = .; *(.bss .bss.* COMMON) . = ALIGN(4); pebble_bss_end = .;\n"
         "  } > RAM\n"
         "  .arena (NOLOAD) : ALIGN(64) { pebble_arena = .; . += "
      << needs.arenaBytes
      << "; } > RAM\n"
         "  .buffers (NOLOAD) : ALIGN(64) { pebble_buffers = .; . += "
      << needs.bufferBytes
      << "; } > RAM\n"
         "  /DISCARD/ : { *(.comment) *(.ARM.exidx .ARM.exidx.*) *(.ARM.extab*) *(.note*) }\n"
         "}\n";
  return text;
}
