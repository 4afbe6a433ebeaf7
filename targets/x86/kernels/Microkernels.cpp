// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "targets/x86/kernels/Microkernels.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

#include <vector>

using namespace pebble::x86;

namespace {

struct Level {
  const char *name, *features;
};
constexpr Level levels[] = {
#define PEBBLE_X86_LEVEL(name, features) {#name, features},
#include "targets/x86/kernels/Levels.def"
#undef PEBBLE_X86_LEVEL
};

struct Operation {
  const char *op, *input, *output, *types;
};
constexpr Operation operations[] = {
#define PEBBLE_X86_PRODUCT(op, OP, input, output) {#op, #input, #output, #input "_" #output},
#define PEBBLE_X86_ELEMENTWISE(op, OP, type) {#op, #type, #type, #type},
#include "targets/x86/kernels/Kernels.def"
};

std::vector<Microkernel> makeTable() {
  std::vector<Microkernel> table;
  for (const Operation &operation : operations)
    for (const Level &level : levels) {
      Microkernel row{operation.op, operation.input, operation.output, {}, {}};
      llvm::SplitString(level.features, row.features, ",");
      row.symbol =
          (llvm::Twine("pebble_x86_") + operation.op + "_" + operation.types + "_" + level.name)
              .str();
      table.push_back(std::move(row));
    }
  return table;
}

} // namespace

llvm::ArrayRef<Microkernel> pebble::x86::microkernels() {
  static const std::vector<Microkernel> table = makeTable();
  return table;
}

const Microkernel *pebble::x86::selectMicrokernel(llvm::StringRef op, llvm::StringRef input,
                                                  llvm::StringRef output,
                                                  llvm::ArrayRef<std::string> features) {
  auto has = [&](llvm::StringRef feature) { return llvm::is_contained(features, feature); };
  for (const Microkernel &row : microkernels())
    if (row.op == op && row.input == input && row.output == output &&
        llvm::all_of(row.features, has))
      return &row;
  return nullptr;
}
