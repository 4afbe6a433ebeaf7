// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Versions of kernels for launches that want their buffers treated in different ways.
#ifndef PEBBLE_PASSES_SCHEDULE_KERNELVERSIONS_H
#define PEBBLE_PASSES_SCHEDULE_KERNELVERSIONS_H

#include "passes/Passes.h"

#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/MapVector.h"

#include <map>

namespace pebble {

/// Collects the launches of each kernel by what they want: numbers that become an attribute of the
/// kernel.
class KernelVersions {
public:
  using Numbers = llvm::SmallVector<int64_t>;

  /// `attribute` is set where the numbers are not those of a launch that wants `nothing`; the names
  /// of versions are built with `suffix`.
  KernelVersions(mlir::SymbolTable &symbols, llvm::StringRef attribute, llvm::StringRef suffix,
                 int64_t nothing)
      : symbols(symbols), attribute(attribute), suffix(suffix), nothing(nothing) {}

  void add(mem::LaunchOp launch, llvm::ArrayRef<int64_t> numbers);
  /// Lets the launches call kernels with the attribute: the kernel itself where all want the same.
  /// Calls `changed` for each of them.
  void apply(llvm::function_ref<void(mem::LaunchOp, mlir::DenseI64ArrayAttr)> changed);

private:
  mlir::SymbolTable &symbols;
  llvm::StringRef attribute, suffix;
  int64_t nothing;
  llvm::MapVector<mlir::Operation *, std::map<Numbers, llvm::SmallVector<mem::LaunchOp>>> launches;
};

} // namespace pebble

#endif // PEBBLE_PASSES_SCHEDULE_KERNELVERSIONS_H
