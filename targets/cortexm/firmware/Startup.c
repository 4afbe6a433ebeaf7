// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From reset to C, for Armv7E-M with FPU.

#include "targets/cortexm/firmware/Firmware.h"

extern uint32_t pebble_data_begin[], pebble_data_end[], pebble_bss_begin[], pebble_bss_end[];
extern const uint32_t pebble_data_load[];
extern uint8_t pebble_stack_top[];

__attribute__((noreturn, used)) static void start(void) {
  const uint32_t *from = pebble_data_load;
  for (uint32_t *to = pebble_data_begin; to < pebble_data_end;)
    *to++ = *from++;
  for (uint32_t *to = pebble_bss_begin; to < pebble_bss_end;)
    *to++ = 0;
  pebble_host_exit(pebble_firmware_main());
}

// Naked: the FPU must be on before any function may save its registers.
__attribute__((naked, noreturn)) void pebble_reset(void) {
  __asm__ volatile("ldr r0, =0xE000ED88\n" // CPACR
                   "ldr r1, [r0]\n"
                   "orr r1, r1, #(0xF << 20)\n" // full access to CP10 and CP11
                   "str r1, [r0]\n"
                   "dsb\n"
                   "isb\n"
                   "b %c0\n"
                   ".ltorg\n"
                   :
                   : "i"(start));
}

static void fault(void) {
  pebble_host_print("fault: the stack may be too small; the board file's [stack] sets its size\n");
  pebble_host_exit(PEBBLE_FIRMWARE_FAULT);
}

// A fault with a bad stack pointer must still report: reset the stack first.
__attribute__((naked)) static void faultEntry(void) {
  __asm__ volatile("ldr r0, =pebble_stack_top\n"
                   "mov sp, r0\n"
                   "b %c0\n"
                   ".ltorg\n"
                   :
                   : "i"(fault));
}

__attribute__((section(".vectors"), used)) static const void *const vectors[16] = {
    pebble_stack_top,         (const void *)pebble_reset,
    (const void *)faultEntry, // NMI
    (const void *)faultEntry, // HardFault
    (const void *)faultEntry, // MemManage
    (const void *)faultEntry, // BusFault
    (const void *)faultEntry, // UsageFault
};
