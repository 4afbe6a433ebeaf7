// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "targets/cortexm/Layout.h"

#include "llvm/Support/raw_ostream.h"

using namespace pebble;

std::string pebble::regionSymbol(size_t memory) {
  return "pebble_region_" + std::to_string(memory);
}

std::string pebble::linkerScript(const Board &board, const MemoryNeeds &needs) {
  std::string text;
  llvm::raw_string_ostream out(text);
  auto region = [&](const char *flags, const Region &place) {
    out << "  " << place.name << " (" << flags << ") : ORIGIN = " << place.origin
        << ", LENGTH = " << place.bytes << "\n";
  };
  auto reserve = [&](const std::string &symbol, uint64_t bytes, size_t memory) {
    out << "  ." << symbol << " (NOLOAD) : ALIGN(64) { " << symbol << " = .; . += " << bytes
        << "; } > " << board.memories[memory].name << "\n";
  };
  out << "ENTRY(pebble_reset)\nMEMORY {\n";
  region("rx", board.flash);
  for (const Region &memory : board.memories)
    region("rwx", memory);
  // The stack grows down from its top: at the bottom of the RAM, an overflow faults instead of
  // overwriting the arena.
  out << "}\n"
         "SECTIONS {\n"
         "  .vectors : { KEEP(*(.vectors)) } > flash\n"
         "  .text : { *(.text .text.*) } > flash\n"
         "  .rodata : { *(.rodata .rodata.*) } > flash\n"
         "  .stack (NOLOAD) : ALIGN(8) { . += "
      << board.stackBytes
      << "; pebble_stack_top = .; } > ram\n"
         "  .data : ALIGN(4) {\n"
         "    pebble_data_begin = .; *(.data .data.*) . = ALIGN(4); pebble_data_end = .;\n"
         "  } > ram AT> flash\n"
         "  pebble_data_load = LOADADDR(.data);\n"
         "  .bss (NOLOAD) : ALIGN(4) {\n"
         "    pebble_bss_begin = .; *(.bss .bss.* COMMON) . = ALIGN(4); pebble_bss_end = .;\n"
         "  } > ram\n";
  for (size_t memory = 0; memory < needs.regionBytes.size(); ++memory)
    reserve(regionSymbol(memory), needs.regionBytes[memory], memory);
  reserve("pebble_buffers", needs.bufferBytes, needs.bufferMemory);
  out << "  /DISCARD/ : { *(.comment) *(.ARM.exidx .ARM.exidx.*) *(.ARM.extab*) *(.note*) }\n"
         "}\n";
  return text;
}
