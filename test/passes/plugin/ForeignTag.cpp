// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A plugin that claims to be built for something else.

extern "C" const char *pebblePluginTag() { return "Pebble plugin ABI 0, LLVM 14.0.0"; }
