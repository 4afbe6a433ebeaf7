// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Models as plain C functions: constants inside the object, memory from the caller, no runtime.
#ifndef PEBBLE_TARGETS_CODEGEN_EMBED_H
#define PEBBLE_TARGETS_CODEGEN_EMBED_H

#include "targets/Target.h"

namespace llvm {
class Module;
} // namespace llvm

namespace pebble {

/// Where an embedded model wants its arena; constants lie so too.
inline constexpr uint64_t embeddedAlignment = 64;

/// Whether the program can be embedded: every size known at compile time.
bool embeddable(const Program &program, llvm::StringRef kind, std::string &error);

/// Whether the model takes a table of memory regions instead of one arena.
bool hasRegions(const package::Manifest &manifest);

/// Adds `<prefix>_run` and `<prefix>_arena_bytes`, or with regions `<prefix>_region_bytes` (see
/// embeddedHeader), around `entry`, and the constants; returns the names that are to stay visible.
std::vector<std::string> embedModel(llvm::Module &module, const Program &program,
                                    llvm::StringRef entry);

/// The C11 header that declares what embedModel defines.
std::string embeddedHeader(const Program &program);

/// Bytes of a tensor whose dims are all known.
uint64_t bytesOf(const package::TensorSpec &tensor);

} // namespace pebble

#endif // PEBBLE_TARGETS_CODEGEN_EMBED_H
